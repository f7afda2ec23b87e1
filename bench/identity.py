"""Identity: the hash of everything that can change a score. Same identity = reuse; any difference = a new run."""

from __future__ import annotations

import ast
import hashlib
import inspect
import json
import sys
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

from bench.interfaces import DataSet

SCORE_VERSION = 3
"""Raised whenever a change to the harness itself (loops, splits, metrics, backbones) changes scores."""

_NOT_PLUGINS = {"bench", *sys.stdlib_module_names}
"""Packages whose classes a plugin may inherit from without their source entering its hash: `SCORE_VERSION` is ours."""


def digest(value: Any) -> str:
    """SHA-256 (hex) of a JSON-serialisable value, independent of key order."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def code_fingerprint(plugin: type) -> str:
    """Hash of a plugin's source: its module, or every module of the package that exports it (as `methods/lvmmed`).

    The same of every class it inherits from, but for those of this package. Comments, docstrings, formatting and the
    table `ablations` do not enter, so that only a change of behaviour makes a new run: what an ablation sets stands in
    the settings of its runs.
    """
    units: list[list[list[str]]] = []
    seen: set[Path] = set()
    for cls in plugin.__mro__:
        if cls is not plugin and cls.__module__.partition(".")[0] in _NOT_PLUGINS:
            continue
        path = Path(inspect.getfile(cls))
        if path in seen:
            continue
        files = _files_of(cls, path)
        seen.update(files)
        units.append([[f.relative_to(path.parent).as_posix(), _bare_source(f)] for f in files])
    return digest(units[0] if len(units) == 1 else units)


def declared_fingerprint(data_set: DataSet) -> str:
    """Hash of how a data set's files become images and targets: its reader (source and settings) and its classes.

    What the reader lists (which cases, their targets and domains) is in the fingerprint of the data; this is what it
    does when it loads one: thresholds of masks, values of labels, windows of intensities.
    """
    classes = [data_set.classes, data_set.ordered_classes, data_set.overlapping_classes, data_set.domains]
    return digest([code_fingerprint(type(data_set.reader)), _plain(data_set.reader), classes])


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


def _files_of(cls: type, path: Path) -> list[Path]:
    package = sys.modules.get(cls.__module__.rpartition(".")[0])
    exported = package is not None and getattr(package, cls.__name__, None) is cls
    return sorted(path.parent.rglob("*.py")) if exported else [path]


def _bare_source(path: Path) -> str:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            node.body = [part for part in node.body if not _is_ablations(part)] or [ast.Pass()]
        body = getattr(node, "body", None)
        if isinstance(body, list) and body and _is_text(body[0]) and not isinstance(node, ast.If | ast.For):
            node.body = body[1:] or [ast.Pass()]  # type: ignore[attr-defined]
    return ast.unparse(tree)


def _is_ablations(node: ast.AST) -> bool:
    return isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.target.id == "ablations"


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
