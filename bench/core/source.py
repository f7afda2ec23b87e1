"""Hashes of source: what code does, not how it is laid out or which Python reads it.

They stand for the version of a plugin that declares none, and tell in `behaviour.lock` whether a component's code is
the one that was checked.
"""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Iterable
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, packages_distributions
from importlib.metadata import distribution as find_distribution
from pathlib import Path
from typing import Any

from bench.core.digest import digest
from bench.core.errors import PluginError


def source_version(plugin: type) -> str:
    """`source:` and the hash of all that a plugin without a declared version may depend on.

    That is every module of its distribution: of its top-level package, or, of a single file, what it was installed
    with, or else the files and packages beside it.
    """
    return f"source:{source_hash(_distribution_of(plugin))[:16]}"


def source_hash(files: Iterable[Path], *, imports: bool = True) -> str:
    """SHA-256 (hex) of what some Python files do, whatever they are called and wherever they lie.

    Without `imports` it stays the same where modules are renamed.
    """
    texts = (path.read_text(encoding="utf-8", errors="surrogateescape") for path in set(files))
    return digest(sorted(_behaviour(text, imports) for text in texts))


def _distribution_of(plugin: type) -> list[Path]:
    try:
        path = Path(inspect.getfile(plugin)).resolve()
    except (TypeError, OSError) as error:  # a class of a notebook or of an interactive session
        raise PluginError(
            f"{plugin.__name__} is defined in no file, so that nothing tells when it changes. Declare a class "
            "attribute `version = 1` in it, and raise it whenever its results change."
        ) from error
    top = plugin.__module__.partition(".")[0]
    folders = [Path(folder).resolve() for folder in getattr(sys.modules.get(top), "__path__", ())]
    if folders:
        return _modules_in(folders)
    return _installed_with(top) or _beside(path)


def _modules_in(folders: Iterable[Path]) -> list[Path]:
    return sorted(path for folder in folders for path in folder.rglob("*.py"))


def _installed_with(module: str) -> list[Path]:
    """The Python files of the distribution that a top-level module belongs to; none where it is of no distribution."""
    names = packages_distributions().get(module, [])
    try:
        files = [file for name in names for file in find_distribution(name).files or ()]
    except PackageNotFoundError:
        return []
    located = [Path(str(file.locate())).resolve() for file in files if file.suffix == ".py"]
    return sorted(path for path in located if path.is_file())


def _beside(path: Path) -> list[Path]:
    """A file, the other Python files of its folder, and the packages that lie there."""
    packages = [folder for folder in path.parent.iterdir() if (folder / "__init__.py").is_file()]
    return sorted([*path.parent.glob("*.py"), *_modules_in(packages)])


@lru_cache(maxsize=1024)
def _behaviour(text: str, imports: bool) -> str:
    """Hash of what a module does; of its text where it is no Python of this version."""
    try:
        return digest(_shape(ast.parse(text), imports))
    except (SyntaxError, ValueError):
        return digest(text)


def _shape(value: Any, imports: bool) -> Any:
    """A syntax tree as lists, without strings that stand alone (documentation) and arguments of errors.

    Empty fields are left out, and empty parts of f-strings, for versions of Python differ in these.
    """
    if isinstance(value, list):
        return [_shape(item, imports) for item in value if not _is_silent(item, imports)]
    if not isinstance(value, ast.AST):
        return repr(value)
    if isinstance(value, ast.Raise) and isinstance(value.exc, ast.Call):
        return ["Raise", _shape(value.exc.func, imports)]
    fields = {name: part for name, part in ast.iter_fields(value) if part is not None and part != []}
    if isinstance(value, ast.JoinedStr):
        fields["values"] = [p for p in value.values if not (isinstance(p, ast.Constant) and p.value == "")]
    return [type(value).__name__, *([name, _shape(part, imports)] for name, part in fields.items())]


def _is_silent(node: Any, imports: bool) -> bool:
    """Whether a statement is left out: a text that stands alone, and an import where these do not count."""
    text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
    return text or (not imports and isinstance(node, ast.Import | ast.ImportFrom))
