"""Name -> plugin through entry points. Asking for one name imports that plugin only; ours use the same door."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from bench.core.errors import BenchError, PluginError, unknown
from bench.core.escape import one_line
from bench.core.kind import TaskKind
from bench.core.layout import Layout
from bench.core.method import Method
from bench.core.plugins.checks import check_kind_class, check_method_class, check_task_object
from bench.core.plugins.files import plugins_in
from bench.core.reading import reason_of
from bench.core.task import Task

THIS_PROCESS = "this process"
"""Package of plugins that were made in this process."""
DECLARED = "a data set's file"
"""Package of tasks that files declare."""
GROUPS = {
    "method": "bench.methods",
    "task": "bench.tasks",
    "kind": "bench.kinds",
    "backbone": "bench.backbones",
    "layout": "bench.layouts",
}


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
        if not inspect.isclass(self.loaded):
            return self.package
        return f"{inspect.getsourcefile(self.loaded)}:{self.loaded.__name__}"


class Sort(NamedTuple):
    """What the plugins of one group are."""

    base: type
    classes: bool
    """Whether plugins are subclasses of `base`, or instances of it."""
    check: Callable[[Any, str], None]
    """Raises `PluginError` for what is no such plugin, from the place that the text says."""


class Registry:
    """Plugins of one group. Raises `PluginError` when two packages claim one name."""

    def __init__(self, noun: str, sort: Sort | None = None) -> None:
        self.noun = noun
        self._sort = sort or SORTS[noun]
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

    def add_module(self, module: ModuleType, path: Path) -> list[str]:
        """Register what a plugin file defines, see `plugins_in`; returns the names. The same file again replaces it.

        Raises:
            PluginError: one of them lacks something, or its name is taken.
        """
        origin = str(path.resolve())
        self.plugins = {n: p for n, p in self.plugins.items() if p.package != origin}
        names = []
        for plugin in plugins_in(module, self._sort.base, classes=self._sort.classes):
            self._sort.check(plugin, one_line(path))
            if not self._is_installed(plugin):
                self._add(Plugin(plugin.name, origin, None, plugin))
            names.append(str(plugin.name))
        return names

    def add_class(self, cls: type[Method], origin: str) -> None:
        """Register a `Method` subclass that was made in this process. Raises `PluginError` for a name that is taken."""
        check_method_class(cls, origin)
        self._add(Plugin(cls.name, origin, None, cls))

    def add_own(self, plugin: Any) -> str:
        """Register a method class or a task that was made in this process; returns its name.

        One that was registered under that name from this process before is replaced, as when a cell of a notebook is
        run again. Raises `PluginError` for a name that is taken by another plugin, or for what is no such plugin.
        """
        self._sort.check(plugin, f"this process ({plugin!r})")
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
                f"{type(error).__name__}: {reason_of(error)}. Repair or uninstall that package."
            ) from error
        self._sort.check(loaded, f"package {plugin.package} ({plugin.location})")
        if self.noun in ("method", "task", "backbone") and loaded.name != name:
            raise PluginError(
                f"{plugin.location} (from {plugin.package}) is registered as {name!r} but calls itself "
                f"{loaded.name!r}. Give both the same name."
            )
        return loaded

    def working(self, names: Iterable[str] | None = None, warn: Callable[[str], None] | None = None) -> dict[str, Any]:
        """Name -> plugin of those that can be used, for commands that did not ask for one by its name.

        One that cannot is a warning, said once in a process: on standard error, or as `warn` does.
        """
        found = {}
        for name in self.plugins if names is None else names:
            try:
                found[name] = self.get(name)
            except BenchError as error:
                _say_once(str(error), warn)
        return found


_SAID: set[str] = set()


def _say_once(text: str, warn: Callable[[str], None] | None) -> None:
    if text in _SAID:
        return
    _SAID.add(text)
    if warn is None:
        from bench.core.console import Report

        warn = Report().warn
    warn(f"left out: {text}")


def _installed(group: str) -> list[EntryPoint]:
    """Entry points of a group; the same entry seen twice (editable install on the path twice) counts once."""
    unique = {(e.name, e.value): e for e in entry_points(group=group)}
    return list(unique.values())


def _check_layout(layout: Any, origin: str) -> None:
    if not (inspect.isclass(layout) and issubclass(layout, Layout)):
        raise PluginError(f"{origin} is not a subclass of bench.core.layout.Layout.")


SORTS: Mapping[str, Sort] = {
    "method": Sort(Method, True, check_method_class),
    "task": Sort(Task, False, check_task_object),
    "kind": Sort(TaskKind, True, check_kind_class),
    "layout": Sort(Layout, True, _check_layout),
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
