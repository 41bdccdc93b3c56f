"""The proof: every piece of scratchnet run beside its PyTorch twin."""

import os

#: What the libraries beneath NumPy and torch read the number of their threads from.
THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",  # Accelerate, on macOS
)

# The cases are small. With several threads NumPy's and torch's get in each other's way:
# fifty steps of a small LSTM took 45 s instead of 1 s on a busy machine.
for _variable in THREAD_VARIABLES:
    os.environ.setdefault(_variable, "1")
