"""Containers: modules that hold modules, or parameters."""

from scratchnet.nn.container.modules import ModuleDict, ModuleList, Sequential
from scratchnet.nn.container.parameters import ParameterDict, ParameterList

__all__ = ["ModuleDict", "ModuleList", "ParameterDict", "ParameterList", "Sequential"]
