"""Names of encoders that a library builds, `timm:NAME` and `torchvision:NAME`. Importing this imports no torch."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import version

LIBRARIES: Mapping[str, str] = {
    "timm": "any model of timm that gives feature maps, as timm:convnext_tiny or timm:vit_small_patch16_224",
    "torchvision": "any classifier of torchvision that gives feature maps, as torchvision:densenet121",
}
"""Library -> what `bench list backbones` says of it."""
ADAPTER = 1
"""Raised whenever the same weights give other features than before, or a seed other weights, under one version of the
library."""


def library_of(name: str) -> str:
    """The library of a name like `timm:convnext_tiny`; empty for the name of a backbone of another sort."""
    library, colon, _ = name.partition(":")
    return library if colon and library in LIBRARIES else ""


def library_version(library: str) -> str:
    """What the identity of a run knows of the code of its encoder: the library's public version and the adapter's."""
    return f"{library} {version(library).partition('+')[0]}, adapter {ADAPTER}"
