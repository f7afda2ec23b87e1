"""LVM-Med: self-supervised pretraining as second-order graph matching (Nguyen et al., NeurIPS 2023)."""

from typing import TYPE_CHECKING, Any

from methods.lvmmed.imle import hamming_distance
from methods.lvmmed.layer import GraphMatching

if TYPE_CHECKING:
    from methods.lvmmed.method import LVMMed

__all__ = ["GraphMatching", "LVMMed", "hamming_distance"]


def __getattr__(name: str) -> Any:
    """`LVMMed` is imported when it is asked for, so that the layer alone needs torch, numpy and scipy."""
    if name == "LVMMed":
        from methods.lvmmed.method import LVMMed

        return LVMMed
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
