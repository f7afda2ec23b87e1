"""LVM-Med: self-supervised pretraining as second-order graph matching (Nguyen et al., NeurIPS 2023)."""

from methods.lvmmed.imle import hamming_distance
from methods.lvmmed.layer import GraphMatching
from methods.lvmmed.method import LVMMed

__all__ = ["GraphMatching", "LVMMed", "hamming_distance"]
