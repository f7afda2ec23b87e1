"""Name -> plugin through entry points. Asking for one name imports that plugin only; ours use the same door."""

from __future__ import annotations

import importlib.util
import inspect
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

from bench.core.errors import PluginError, unknown
from bench.core.kind import TaskKind
from bench.core.layout import Layout
from bench.core.method import Method
from bench.core.task import Task

THIS_PROCESS = "this process"
"""Package of plugins that were made in this process."""
DECLARED = "a data set's file"
"""Package of tasks that files declare."""
GROUPS = {"method": "bench.methods", "task": "bench.tasks", "kind": "bench.kinds", "layout": "bench.layouts"}


@dataclass(frozen=True)
class Plugin:
    """One registered plugin, not imported yet (or a class that was loaded from a file)."""

    name: str
    package: str
    entry: EntryPoint | None
    loaded: Any = None
    file: str = ""
    """Of a task that a file declares."""

    @property
    def location(self) -> str:
        """`module:attribute` of the plugin, or the file that declares it."""
        if self.file:
            return self.file
        if self.entry is not None:
            return self.entry.value
        return f"{inspect.getsourcefile(self.loaded)}:{self.loaded.__name__}"


class Registry:
    """Plugins of one group. Raises `PluginError` when two packages claim one name."""

    def __init__(self, noun: str) -> None:
        self.noun = noun
        self.plugins: dict[str, Plugin] = {}
        for entry in sorted(_installed(GROUPS[noun]), key=lambda e: e.name):
            self._add(Plugin(entry.name, entry.dist.name if entry.dist else "unknown package", entry))

    def _add(self, plugin: Plugin) -> None:
        other = self.plugins.get(plugin.name)
        if other is not None:
            raise PluginError(
                f"Two plugins claim the {self.noun} name {plugin.name!r}: {other.location} (from {other.package}) and "
                f"{plugin.location} (from {plugin.package}). Rename one of them or uninstall its package."
            )
        self.plugins[plugin.name] = plugin

    def add_file(self, path: Path) -> list[str]:
        """Register every `Method` subclass defined in a Python file; returns their names."""
        classes = [c for c in vars(_import_file(path)).values() if _is_method_of(c, path)]
        if not classes:
            raise PluginError(f"{path} defines no subclass of bench.Method. See docs/add_a_method.md.")
        for cls in classes:
            _check_method(cls, str(path))
            self._add(Plugin(cls.name, str(path), None, cls))
        return [cls.name for cls in classes]

    def add_class(self, cls: type[Method], origin: str) -> None:
        """Register a `Method` subclass that was made in this process. Raises `PluginError` for a name that is taken."""
        _check_method(cls, origin)
        self._add(Plugin(cls.name, origin, None, cls))

    def add_own(self, plugin: Any) -> str:
        """Register a method class or a task that was made in this process; returns its name.

        One that was registered under that name from this process before is replaced, as when a cell of a notebook is
        run again. Raises `PluginError` for a name that is taken by another plugin, or for what is no such plugin.
        """
        _CHECKS[self.noun](plugin, f"this process ({plugin!r})")
        known = self.plugins.get(plugin.name)
        if known is not None and known.package == THIS_PROCESS:
            del self.plugins[plugin.name]
        if not self._is_installed(plugin):
            self._add(Plugin(plugin.name, THIS_PROCESS, None, plugin))
        return str(plugin.name)

    def declare(self, tasks: Mapping[Path, Any]) -> None:
        """Register the tasks that files declare, in place of all that were declared before.

        Raises `PluginError` for a name that is taken.
        """
        self.plugins = {name: plugin for name, plugin in self.plugins.items() if plugin.package != DECLARED}
        for path, task in tasks.items():
            self._add(Plugin(task.name, DECLARED, None, task, str(path)))

    def _is_installed(self, plugin: Any) -> bool:
        """Whether it is what an installed package registered under its name."""
        known = self.plugins.get(plugin.name)
        return known is not None and known.entry is not None and self.get(plugin.name) is plugin

    def plugin(self, name: str) -> Plugin:
        """Find a plugin by name without importing it."""
        if name not in self.plugins:
            raise unknown(self.noun, name, self.plugins, f"List them: bench list {self.noun}s.")
        return self.plugins[name]

    def get(self, name: str) -> Any:
        """Import and check one plugin; returns the method class, the `Task`, or the kind class."""
        plugin = self.plugin(name)
        if plugin.entry is None:
            return plugin.loaded
        try:
            loaded = plugin.entry.load()
        except Exception as error:
            raise PluginError(
                f"The {self.noun} {name!r} of package {plugin.package} could not be imported from {plugin.location}: "
                f"{type(error).__name__}: {error}. Repair or uninstall that package."
            ) from error
        _CHECKS[self.noun](loaded, f"package {plugin.package} ({plugin.location})")
        if self.noun in ("method", "task") and loaded.name != name:
            raise PluginError(
                f"{plugin.location} (from {plugin.package}) is registered as {name!r} but calls itself "
                f"{loaded.name!r}. Give both the same name."
            )
        return loaded


def _installed(group: str) -> list[EntryPoint]:
    """Entry points of a group; the same entry seen twice (editable install on the path twice) counts once."""
    unique = {(e.name, e.value): e for e in entry_points(group=group)}
    return list(unique.values())


def _import_file(path: Path) -> Any:
    if not path.is_file():
        raise PluginError(f"Plugin file {path} does not exist.")
    name = f"bench_plugin_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise PluginError(f"Plugin file {path} is not a Python file (expected a name ending in .py).")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise PluginError(f"Plugin file {path} failed to import: {type(error).__name__}: {error}") from error
    return module


def _is_method_of(candidate: Any, path: Path) -> bool:
    """Whether it is a method that the file defines; a name with a leading underscore is a base of others."""
    return (
        inspect.isclass(candidate)
        and not candidate.__name__.startswith("_")
        and issubclass(candidate, Method)
        and candidate is not Method
        and candidate.__module__ == f"bench_plugin_{path.stem}"
    )


def _check_method(cls: Any, origin: str) -> None:
    if not (inspect.isclass(cls) and issubclass(cls, Method)):
        raise PluginError(f"{origin} is not a subclass of bench.Method.")
    missing = [a for a in ("name", "title", "citation") if not isinstance(getattr(cls, a, None), str)]
    missing += [f"{m}()" for m in sorted(cls.__abstractmethods__)]
    if cls.pretrains and cls.view_transform is Method.view_transform:
        missing.append("view_transform()")
    if missing:
        raise PluginError(
            f"Method {cls.__name__} from {origin} lacks {', '.join(missing)}. "
            "A method needs name, title, citation, view_transform, build and loss; see docs/add_a_method.md."
        )


def _check_task(task: Any, origin: str) -> None:
    if not isinstance(task, Task):
        raise PluginError(f"{origin} is a {type(task).__name__}, expected a bench.Task.")


def _check_kind(kind: Any, origin: str) -> None:
    if not (inspect.isclass(kind) and issubclass(kind, TaskKind)):
        raise PluginError(f"{origin} is not a subclass of bench.TaskKind.")


def _check_layout(layout: Any, origin: str) -> None:
    if not (inspect.isclass(layout) and issubclass(layout, Layout)):
        raise PluginError(f"{origin} is not a subclass of bench.core.layout.Layout.")


_CHECKS: Mapping[str, Any] = {
    "method": _check_method,
    "task": _check_task,
    "kind": _check_kind,
    "layout": _check_layout,
}


@cache
def methods() -> Registry:
    """The pretraining methods."""
    return Registry("method")


@cache
def tasks() -> Registry:
    """The downstream tasks."""
    return Registry("task")


@cache
def kinds() -> Registry:
    """The task kinds."""
    return Registry("kind")


@cache
def layouts() -> Registry:
    """The layouts of data sets that files declare."""
    return Registry("layout")
