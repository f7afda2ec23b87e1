"""Which files declare tasks: those that a command names, and those under the data root."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from bench.core.console import Report
from bench.core.errors import BenchError, DataError, closest
from bench.core.escape import one_line
from bench.core.reading import text_of, toml_of
from bench.core.registry import DECLARED, tasks
from bench.core.task import Task
from bench.data.own.declaration import FILE, Declaration, is_declaration, read_declaration
from bench.data.own.made import make_task
from bench.data.own.sites import add_sites


def declare_tasks(files: Iterable[Path], root: Path | None) -> tuple[str, ...]:
    """Register the tasks that files declare, and those of files under a data root; returns the names of the former.

    What was declared before is forgotten. Files that say `site_of` one task are one task: that one with these sites. A
    file under the root that is wrong is a warning, for other tasks do not need it.

    Raises:
        DataError: a file of `files` is not as it should be; the message names it.
        PluginError: a name is taken.
    """
    tasks().declare({})
    given = list(dict.fromkeys(declaration_file(path) for path in files))
    declared = {path: read_declaration(path) for path in given}
    if not given and not (root and files_under(root)):
        return ()
    under = _under(root, {path.resolve() for path in given}) if root else {}
    made = _make(declared, {task.name: task for task in under.values()})
    named = {path: task for path, task in under.items() if task.name not in {t.name for t in made.values()}}
    _check_names(made | named)
    tasks().declare(named | made)
    return tuple(dict.fromkeys(task.name for task in made.values()))


def declaration_file(path: Path) -> Path:
    """The file that a user names, or that of the folder that is named."""
    path = path.expanduser()
    return path / FILE if path.is_dir() else path


def files_under(root: Path) -> list[Path]:
    """`ROOT/*/bench.toml` and `ROOT/*.toml` that declare a data set, sorted."""
    try:
        found = [*root.glob("*.toml"), *root.glob(f"*/{FILE}")]
    except OSError:
        return []
    return sorted(path for path in found if is_declaration(path))


def _make(declared: Mapping[Path, Declaration], others: Mapping[str, Task]) -> dict[Path, Task]:
    """Path -> task, those of sites made one task for each that they are sites of, which may be one of `others`."""
    made = {path: make_task(path, one) for path, one in declared.items() if not one.site_of}
    names: dict[str, Path] = {}
    for path, one in declared.items():
        if one.name in names:
            raise DataError(
                f"{one_line(path)}: the name {one.name!r} is that of {one_line(names[one.name])} too.\n"
                'Give one of them another name = "...".'
            )
        names[one.name] = path
    own = {**others, **{task.name: task for task in made.values()}}
    sites: dict[str, dict[Path, Task]] = {}
    for path, one in declared.items():
        if one.site_of:
            base = own.get(one.site_of) or _shipped(path, one.site_of)
            sites.setdefault(one.site_of, {})[path] = make_task(path, one, base)
    for name, added in sites.items():
        base = own.get(name) or tasks().get(name)
        made[next(iter(added))] = add_sites(base, [task.data for task in added.values()])
    return made


def _shipped(path: Path, name: str) -> Task:
    known = tasks().plugins
    if name not in known:
        raise DataError(
            f"{one_line(path)}: site_of {one_line(name)!r} is no task.{closest(name, known)}\n"
            "Name a task of bench list tasks, or give the file of that task with --data too."
        )
    task: Task = tasks().get(name)
    return task


def _under(root: Path, known: set[Path]) -> dict[Path, Task]:
    """The tasks of files under a data root but those that are `known`; what is wrong with one is said."""
    found: dict[Path, Task] = {}
    paths = [path for path in files_under(root) if path.resolve() not in known]
    for path in sorted(paths, key=_is_site):
        try:
            found |= _make({path: read_declaration(path)}, {task.name: task for task in found.values()})
            _check_names(found)
        except BenchError as error:
            found.pop(path, None)
            Report().warn(f"{error}\nThis data set is left out.")
    return found


def _is_site(path: Path) -> bool:
    return "site_of" in toml_of(text_of(path))


def _check_names(made: Mapping[Path, Task]) -> None:
    """Raise `DataError` where a file's name is that of a task or data set of a package, or of another file."""
    taken: dict[str, str] = {}
    for name, plugin in tasks().plugins.items():
        if plugin.package == DECLARED:
            continue
        taken[name] = f"a task of {plugin.package}"
        try:
            taken.setdefault(tasks().get(name).data.name, f"a data set of {plugin.package}")
        except BenchError:  # which says so itself where it is asked for
            continue
    for path, task in made.items():
        if task.name in taken:
            raise DataError(
                f'{one_line(path)}: the name {task.name!r} is taken by {taken[task.name]}.\nAdd name = "..." to it.'
            )
        taken[task.name] = one_line(path)
