"""Encoders of libraries by name, measured and built."""

from __future__ import annotations

from types import ModuleType

from bench.models.libraries.backbone import Layout, LibraryBackbone
from bench.models.libraries.names import library_of


def layout_of(name: str) -> Layout:
    """Channels, strides and sizes of `timm:NAME` or `torchvision:NAME`.

    Raises:
        UsageError: the library has no such model, with the closest names, or no feature maps can be had of it.
    """
    layout: Layout = _library(name).layout_of(name)
    return layout


def build(name: str) -> LibraryBackbone:
    """Build it with weights from torch's generator; nothing is downloaded. Raises as `layout_of`."""
    backbone: LibraryBackbone = _library(name).build(name)
    return backbone


def _library(name: str) -> ModuleType:
    if library_of(name) == "timm":
        from bench.models.libraries import timm_models

        return timm_models
    from bench.models.libraries import torchvision_models

    return torchvision_models
