"""What of torch is here: every public name, and why some are left out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from operator import attrgetter

import torch

import scratchnet
from parity import registry

#: The namespaces, and the public names that torch has in them.
PUBLIC: dict[str, list[str]] = {
    "nn": torch.nn.modules.__all__,
    "nn.init": torch.nn.init.__all__,
    "optim": torch.optim.__all__,
    "optim.lr_scheduler": torch.optim.lr_scheduler.__all__,
}
#: Those of them in which nothing may be missing.
COMPLETE = {"nn", "nn.init", "optim", "optim.lr_scheduler"}

#: Names, and patterns of names, that are not to be had, and why.
LEFT_OUT: dict[str, dict[str, str]] = {
    "nn": {
        "Lazy*": "the same layer, told its sizes by its first input",
        "Container": "deprecated in torch: Module does it",
        "NLLLoss2d": "deprecated in torch: NLLLoss does it",
        "SyncBatchNorm": "batch norm over several processes",
        "CrossMapLRN2d": "LocalResponseNorm, as older networks were saved",
        "FractionalMaxPool?d": "windows at random places, hardly in use",
        "LinearCrossEntropy*": "Linear and CrossEntropyLoss fused to save memory",
    },
    "nn.init": dict.fromkeys(
        [
            *("uniform", "normal", "constant", "eye", "dirac", "orthogonal", "sparse"),
            *("xavier_uniform", "xavier_normal", "kaiming_uniform", "kaiming_normal"),
        ],
        "deprecated in torch: the name with an underscore does it",
    ),
    "optim": {
        "SparseAdam": "for sparse gradients, which NumPy has not",
        "Muon": "computes in bfloat16, which NumPy has not",
        "swa_utils": "averages of weights, kept beside an optimiser",
        "swap_in_optimizer_params_and_state": "lends parameters to functional code",
    },
    "optim.lr_scheduler": {},
}
#: Bases, holders of modules, and a module: what they do is compared elsewhere.
NOTHING_TO_RUN = {
    "LRScheduler",
    "Module",
    "ModuleDict",
    "ModuleList",
    "Optimizer",
    "ParameterDict",
    "ParameterList",
    "RNNBase",
    "RNNCellBase",
    "lr_scheduler",
}


@dataclass(frozen=True)
class Name:
    """A public name of torch's.

    Attributes
    ----------
    status : str
        "present", "left out" or "missing".
    why : str
        For a name left out, the reason; for a missing one, what there is not.
    """

    namespace: str
    name: str
    status: str
    why: str = ""


def survey(namespace: str) -> Iterator[Name]:
    """Yield every public name of a namespace, in alphabetical order."""
    ours = attrgetter(namespace)(scratchnet).__all__
    compared = {p.name for p in registry.PAIRS if p.namespace == namespace}
    for name in sorted(PUBLIC[namespace], key=str.lower):
        if reason := reason_to_leave_out(namespace, name):
            yield Name(namespace, name, "left out", reason)
        elif name not in ours:
            yield Name(namespace, name, "missing", "not in scratchnet")
        elif name not in {*compared, *NOTHING_TO_RUN}:
            yield Name(namespace, name, "missing", "compared with nothing")
        else:
            yield Name(namespace, name, "present")


def reason_to_leave_out(namespace: str, name: str) -> str:
    """Return why `name` is left out, or an empty string."""
    reasons = LEFT_OUT[namespace].items()
    return next((why for pattern, why in reasons if fnmatchcase(name, pattern)), "")
