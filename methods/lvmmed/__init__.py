"""LVM-Med: self-supervised pretraining as second-order graph matching (Nguyen et al., NeurIPS 2023)."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from methods.lvmmed.imle import hamming_distance
    from methods.lvmmed.layer import GraphMatching
    from methods.lvmmed.method import LVMMed

__all__ = ["GraphMatching", "LVMMed", "hamming_distance"]
_MODULES = {"GraphMatching": "layer", "LVMMed": "method", "hamming_distance": "imle"}


def __getattr__(name: str) -> Any:
    """Import a name when it is asked for: the method's class needs no torch, the layer nothing of the benchmark."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
