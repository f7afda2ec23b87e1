"""Fingerprint of a plugin's source: what its code does, not how it is laid out or which Python reads it."""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Iterator
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from bench.digest import digest

_NOT_PLUGINS = {"bench", *sys.stdlib_module_names}
"""Packages whose classes a plugin may inherit from without their source entering its hash: `SCORE_VERSION` is ours."""

_SHARED = {"methods", "tasks"}
"""Packages of this project that any plugin may build on, by inheritance or not."""


def code_fingerprint(plugin: type) -> str:
    """Hash (SHA-256, hex) of a plugin's source, the same on every machine and Python.

    Its module, or every module of the package that exports it (as `methods/lvmmed`); the same of the classes it
    inherits from; and whatever these modules import, in turn, of the plugin's own package, of `methods` and of `tasks`.
    Not `bench`, whose changes `SCORE_VERSION` counts, and not other libraries.

    Comments, docstrings, formatting, the texts of errors and the table `ablations` do not enter, so that only a change
    of behaviour makes a new run: what an ablation sets stands in the settings of its runs.
    """
    return digest([[name, _behaviour(text)[0]] for name, text in sorted(_sources_of(plugin).items())])


def _sources_of(plugin: type) -> dict[str, str]:
    """Module -> its text, for all modules that `code_fingerprint` names."""
    classes = [c for c in plugin.__mro__ if c is plugin or _top(c.__module__) not in _NOT_PLUGINS]
    followed = {_top(plugin.__module__)} | _SHARED
    waiting = {name: path for c in classes for name, path in _modules_of(c)}
    found: dict[Path, tuple[str, str]] = {}
    while waiting:
        name, path = waiting.popitem()
        if path in found:
            continue
        found[path] = name, path.read_text(encoding="utf-8")
        for imported in _behaviour(found[path][1])[1]:
            absolute = _absolute(imported, name, path)
            if _top(absolute) in followed and (file := _file_of(absolute)):
                waiting[absolute] = file
    return dict(found.values())


def _top(module: str) -> str:
    return module.partition(".")[0]


def _modules_of(cls: type) -> Iterator[tuple[str, Path]]:
    """The module of a class, or every module of the package that exports it."""
    path = Path(inspect.getfile(cls)).resolve()
    package = cls.__module__.rpartition(".")[0]
    if getattr(sys.modules.get(package), cls.__name__, None) is not cls:
        yield cls.__module__, path
        return
    for file in path.parent.rglob("*.py"):
        parts = file.relative_to(path.parent).with_suffix("").parts
        yield ".".join([package, *parts]).removesuffix(".__init__"), file


def _absolute(imported: str, module: str, path: Path) -> str:
    """`..a.b`, as the module at `path` names it, as a full name."""
    name = imported.lstrip(".")
    levels = len(imported) - len(name)
    if not levels:
        return name
    package = module.split(".") if path.name == "__init__.py" else module.split(".")[:-1]
    return ".".join([*package[: len(package) - levels + 1], name]).rstrip(".")


def _file_of(module: str) -> Path | None:
    """The source of a module; None for what is no module (a name imported from one), or not there."""
    try:
        spec = find_spec(module)
    except (ImportError, ValueError):
        return None
    return Path(spec.origin).resolve() if spec and spec.origin and spec.origin.endswith(".py") else None


@lru_cache(maxsize=512)
def _behaviour(text: str) -> tuple[str, tuple[str, ...]]:
    """Hash of what a module does, and what it imports: `a`, `.b`, and for `from a import b` both `a` and `a.b`."""
    tree = ast.parse(text)
    return digest(_shape(tree)), tuple(dict.fromkeys(name for node in ast.walk(tree) for name in _imports(node)))


def _imports(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        source = "." * node.level + (node.module or "")
        yield source
        yield from (f"{source}{'.' if node.module else ''}{alias.name}" for alias in node.names)


def _shape(value: Any) -> Any:
    """A syntax tree as lists, without strings that stand alone, which are documentation, and arguments of errors.

    Empty fields are left out, and empty parts of f-strings, for versions of Python differ in these.
    """
    if isinstance(value, list):
        return [_shape(item) for item in value]
    if not isinstance(value, ast.AST):
        return repr(value)
    if isinstance(value, ast.Raise) and isinstance(value.exc, ast.Call):
        return ["Raise", _shape(value.exc.func)]
    fields = {name: part for name, part in ast.iter_fields(value) if part is not None and part != []}
    if isinstance(fields.get("body"), list):
        in_class = isinstance(value, ast.ClassDef)
        fields["body"] = [p for p in fields["body"] if not _is_text(p) and not (in_class and _is_ablations(p))]
    if isinstance(value, ast.JoinedStr):
        fields["values"] = [p for p in value.values if not (isinstance(p, ast.Constant) and p.value == "")]
    return [type(value).__name__, *([name, _shape(part)] for name, part in fields.items())]


def _is_ablations(node: ast.AST) -> bool:
    return isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.target.id == "ablations"


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
