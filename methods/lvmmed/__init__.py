"""LVM-Med: self-supervised pretraining as second-order graph matching (Nguyen et al., NeurIPS 2023)."""

from methods.lvmmed.method import LVMMed

__all__ = ["LVMMed"]
