"""Where in a file's nested dicts encoders of known layouts lie, whatever the dicts and prefixes are called."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePath
from typing import Any

from bench.models.weights.layouts import LAYOUTS, Layout

DEEPEST = 4
"""Dicts in dicts that are looked into."""
Place = tuple[str, str]
"""Keys to the dict, joined by `/` (empty for the file itself), and the prefix of the encoder's tensors."""


def encoder_places(tree: Mapping[str, Any], layouts: Sequence[Layout] = LAYOUTS) -> list[Place]:
    """Every dict and prefix behind which the anchor of a layout stands, those with the shortest names first."""
    found = {
        ("/".join(keys), name.removesuffix(layout.anchor)): None
        for keys, names in _dicts(tree, ())
        for layout in layouts
        for name in names
        if name == layout.anchor or name.endswith(f".{layout.anchor}")
    }
    return sorted(found, key=lambda place: (len("".join(place)), place))


def toml_entry(file: str, container: str, prefix: str) -> str:
    """The keys of a TOML entry that takes an encoder from a place."""
    pairs = {"file": PurePath(file).name, "container": container, "prefix": prefix}
    return ", ".join(f"{key} = {json.dumps(value)}" for key, value in pairs.items())


def _dicts(tree: Mapping[str, Any], keys: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], list[str]]]:
    from torch import Tensor

    yield keys, [str(name) for name, value in tree.items() if isinstance(value, Tensor)]
    for name, value in tree.items():
        if isinstance(value, Mapping) and len(keys) < DEEPEST and "/" not in str(name):
            yield from _dicts(value, (*keys, str(name)))
