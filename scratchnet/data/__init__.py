"""Data sets and the batches drawn from them: torch's batches, in torch's order.

The files are those of ``torch.utils.data``: what there is to learn from, the order in
which it is taken, and how it is put together.
"""

from scratchnet.data.dataloader import DataLoader, default_collate
from scratchnet.data.dataset import Dataset, Subset, TensorDataset, random_split
from scratchnet.data.sampler import BatchSampler, RandomSampler, SequentialSampler

__all__ = [
    "BatchSampler",
    "DataLoader",
    "Dataset",
    "RandomSampler",
    "SequentialSampler",
    "Subset",
    "TensorDataset",
    "default_collate",
    "random_split",
]
