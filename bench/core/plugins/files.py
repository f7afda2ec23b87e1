"""Python files of a user's own (`--plugin FILE`): imported once, and searched for what they define."""

from __future__ import annotations

import importlib.util
import inspect
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from bench.core.digest import digest
from bench.core.errors import PluginError
from bench.core.escape import one_line
from bench.core.reading import reason_of


def import_file(path: Path) -> ModuleType:
    """Import a Python file as a module of its own; modules beside it can be imported by it.

    Raises:
        PluginError: there is no such file, it is no Python file, or it fails to import.
    """
    if not path.is_file():
        raise PluginError(f"Plugin file {one_line(path)} does not exist.")
    place = path.resolve()
    name = f"bench_plugin_{path.stem}_{digest(str(place))[:8]}"
    spec = importlib.util.spec_from_file_location(name, place) if path.suffix == ".py" else None
    if spec is None or spec.loader is None:
        raise PluginError(f"Plugin file {one_line(path)} is not a Python file (expected a name ending in .py).")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    if str(place.parent) not in sys.path:
        sys.path.append(str(place.parent))  # last: it hides no installed module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[name]
        raise PluginError(
            f"Plugin file {one_line(path)} failed to import: {type(error).__name__}: {reason_of(error)}.\n"
            f"Try it alone: python {one_line(path)}"
        ) from error
    return module


def plugins_in(module: ModuleType, base: type, *, classes: bool) -> list[Any]:
    """What a module defines: subclasses of `base`, or instances of it, in its order, each once.

    A name that begins with an underscore is private; a class that was imported is its own module's.
    """
    values = {id(value): value for name, value in vars(module).items() if not name.startswith("_")}.values()
    if not classes:
        return [value for value in values if isinstance(value, base)]
    return [
        value
        for value in values
        if inspect.isclass(value)
        and issubclass(value, base)
        and value.__module__ == module.__name__
        and not value.__name__.startswith("_")
    ]
