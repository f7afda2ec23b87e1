"""Identity: the hash of everything that can change a score. Same identity = reuse; any difference = a new run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from bench.digest import digest as digest
from bench.interfaces import DataSet, Reader
from bench.source import code_fingerprint

SCORE_VERSION = 3
"""Raised whenever a change to the harness itself (loops, splits, metrics, backbones) changes scores."""


def declared_fingerprint(data_set: DataSet) -> str:
    """Hash of how a data set's files become images and targets: its reader (source and settings) and its classes.

    What the reader lists (which cases, their targets and domains) is in the fingerprint of the data; this is what it
    does when it loads one: thresholds of masks, values of labels, windows of intensities.
    """
    classes = [data_set.classes, data_set.ordered_classes, data_set.overlapping_classes, data_set.domains]
    return digest([reader_fingerprint(data_set.reader), classes])


def reader_fingerprint(reader: Reader) -> str:
    """Hash of a reader's source, class and settings, functions among these by name."""
    return digest([code_fingerprint(type(reader)), type(reader).__qualname__, _plain(reader)])


def _plain(value: Any) -> Any:
    """A setting without memory addresses: functions by name, objects by their fields, anything else by its `repr`."""
    if is_dataclass(value) and not isinstance(value, type):
        return _plain({f.name: getattr(value, f.name) for f in fields(value)})
    if isinstance(value, Mapping):
        return [[_plain(key), _plain(item)] for key, item in value.items()]
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, set | frozenset):
        return sorted(map(repr, value))
    if hasattr(value, "__qualname__"):
        return f"{value.__module__}.{value.__qualname__}"
    if type(value).__repr__ is object.__repr__:
        return [type(value).__qualname__, _plain(vars(value))]
    return repr(value)
