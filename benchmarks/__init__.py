"""Speed and accuracy: scratchnet and PyTorch in the same run."""

# Pins the threads of this process. What is timed runs in processes of its own, with as
# many threads as the recipe says.
import parity  # noqa: F401
