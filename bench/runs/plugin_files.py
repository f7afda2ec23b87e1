"""Files of a user's own (`--plugin`): whatever they define is registered, for every command that takes names."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from bench.core import registry
from bench.core.errors import PluginError
from bench.core.escape import one_line
from bench.core.plugins.files import import_file
from bench.models.specs import own_backbones


def add_files(paths: Iterable[Path]) -> dict[str, list[str]]:
    """Register the methods, tasks, kinds and backbones of plugin files; noun -> names.

    Raises:
        PluginError: a file that fails to import or defines none of these, or what is wrong with one of them.
    """
    found: dict[str, list[str]] = {}
    registries = (registry.methods(), registry.kinds(), registry.tasks(), own_backbones())
    for path in paths:
        module = import_file(path)
        names = {one.noun: one.add_module(module, path) for one in registries}
        if not any(names.values()):
            raise PluginError(
                f"{one_line(path)} defines no subclass of bench.Method or bench.TaskKind, and no bench.Task or "
                "bench.BackboneSpec under a public name. See docs/add_a_method.md and docs/add_a_task.md."
            )
        for noun, own in names.items():
            found.setdefault(noun, []).extend(own)
    return found
