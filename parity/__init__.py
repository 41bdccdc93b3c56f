"""The proof: every piece of scratchnet run beside its PyTorch twin."""
