"""Checks by name or file, as `bench check` makes them: everything of that name, or everything that a file defines."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bench.core import registry
from bench.core.errors import BenchError, unknown
from bench.data.own.register import declaration_file
from bench.models.specs import BACKBONES, own_backbones
from bench.runs.checking.backbones import check_backbone
from bench.runs.checking.blame import Checked
from bench.runs.checking.kinds import check_kind
from bench.runs.checking.methods import check_method
from bench.runs.checking.tasks import check_task
from bench.runs.plugin_files import add_files
from bench.runs.request import declared_tasks


@dataclass(frozen=True)
class Verdict:
    """What the check of one plugin came to."""

    noun: str
    name: str
    checked: Checked | None
    error: BenchError | None


def check_named(
    names: Iterable[str],
    plugins: Iterable[Path] = (),
    data_root: Path | None = None,
    backbone: str | None = None,
    data: Iterable[Path] = (),
) -> Iterator[Verdict]:
    """Check plugins by name, or all that a file defines, one after the other; a mistake does not end it.

    Args:
        names: Methods, tasks, kinds, backbones, or files: Python (.py), or data sets of a user's own (.toml).
        plugins: Further files whose names may be asked for.
        data_root: Where tasks find their data; without it they are checked on their phantoms.
        backbone: Check methods on this one alone.
        data: Further files of data sets whose names may be asked for.

    Raises:
        UsageError: nothing of that name. PluginError: a file that cannot be imported or registered.
        DataError: a file of a data set is not as it should be.
    """
    names = list(names)
    add_files(plugins)
    own = [Path(name) for name in names if name.endswith(".toml")]
    declared_tasks([*own, *data], data_root)
    files = {str(declaration_file(path)) for path in own}
    wanted = [("task", task) for task, plugin in registry.tasks().plugins.items() if plugin.file in files]
    for name in names:
        if name.endswith(".toml"):
            continue
        if name.endswith(".py"):
            wanted += [(noun, own) for noun, found in add_files([Path(name)]).items() for own in found]
        else:
            wanted += _nouns(name)
    for noun, name in dict.fromkeys(wanted):
        try:
            yield Verdict(noun, name, _check(noun, name, data_root, backbone)(), None)
        except BenchError as error:
            yield Verdict(noun, name, None, error)


def _nouns(name: str) -> list[tuple[str, str]]:
    """(noun, name) of everything that has the name."""
    known: dict[str, list[str]] = {
        "method": [*registry.methods().plugins],
        "task": [*registry.tasks().plugins],
        "kind": [*registry.kinds().plugins],
        "backbone": [*BACKBONES, *own_backbones().plugins],
    }
    found = [(noun, name) for noun, names in known.items() if name in names]
    if not found:
        every = [one for names in known.values() for one in names]
        raise unknown("method, task, kind, backbone or file", name, every, "List them: bench list methods, tasks, ...")
    return found


def _check(noun: str, name: str, data_root: Path | None, backbone: str | None) -> Callable[[], Checked]:
    if noun == "method":
        return lambda: check_method(registry.methods().get(name), backbone)
    if noun == "task":
        return lambda: check_task(registry.tasks().get(name), data_root)
    if noun == "kind":
        return lambda: check_kind(registry.kinds().get(name))
    return partial(check_backbone, name)
