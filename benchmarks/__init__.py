"""Speed and accuracy: scratchnet and PyTorch in the same run."""
