"""The data sets that a command is about."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from bench.cli.options import listed
from bench.core.errors import UsageError

if TYPE_CHECKING:
    from bench.core.task import DataSet
    from bench.data.dataset import Data
    from bench.data.splits import SplitCases


def found_data_sets(
    task: str,
    data_root: Path | None,
    data: Sequence[Path] | None = None,
    plugins: Sequence[Path] | None = None,
) -> tuple[Path, list[DataSet]]:
    """The data root and the data sets of some tasks; `all` is what lies under the root. Raises `BenchError`.

    Those of the files `data` are among them, and are all there are where no task is named; they need no data root.
    """
    from bench.core.errors import DataError
    from bench.core.registry import tasks
    from bench.data.dataset import find_data_sets
    from bench.data.root import ROOT_VARIABLE, resolve_root
    from bench.runs.plan import expand_names
    from bench.runs.plugin_files import add_files
    from bench.runs.request import declared_tasks

    add_files(plugins or ())
    declared = declared_tasks(data or (), data_root)
    every = task.strip() == "all" or not (task.strip() or declared)
    names = () if every else expand_names([*listed(task), *declared], tasks())
    wanted = tasks().working() if every else {name: tasks().get(name) for name in names}
    known = {one.data.name: one.data for one in wanted.values()}
    root = resolve_root(data_root)
    if root is None:
        places = [d.declared.folder if d.declared else None for d in known.values()]
        if every or not places or None in places:
            raise DataError(f"No data root is set.\nGive --data-root, or set {ROOT_VARIABLE}.")
        return places[0] or Path(), list(known.values())
    if every:
        known = {name: known[name] for name in sorted(find_data_sets(root, known.values()))}
    if not known:
        raise DataError(f"{root}: no known data set is in this data root.\nList them: bench data status.")
    return root, list(known.values())


def found_data_set(
    task: str, data_root: Path | None, data: Sequence[Path] | None, plugins: Sequence[Path] | None
) -> tuple[Path, DataSet]:
    """The data root and the one data set of a command. Raises `UsageError` for several, and as `found_data_sets`."""
    root, data_sets = found_data_sets(task, data_root, data, plugins)
    if len(data_sets) != 1:
        raise UsageError(f"Name one task; these are of the data sets {', '.join(d.name for d in data_sets)}.")
    return root, data_sets[0]


def chosen_split(
    data: Data, seed: int, file: Path | None, cache: Path | None, *, grouped: bool, quiet: bool
) -> SplitCases:
    """The split that options ask for: of a file or a name, grouped, or as the data set says. Raises `DataError`."""
    from bench.core.cache_folder import default_cache
    from bench.core.console import Report
    from bench.data.cache import FOLDER, DiskCache
    from bench.data.grouped_split import draw_grouped_split
    from bench.data.near_duplicates.groups import find_copies
    from bench.data.published.named_splits import is_named, read_named_split
    from bench.data.split_import import import_split
    from bench.data.splits import draw_split

    report = Report(quiet=quiet)
    if is_named(file):
        return read_named_split(data, str(file), seed, report)
    if file:
        return import_split(data, file, seed, report)
    contents = DiskCache((cache or default_cache()) / FOLDER, report)
    with report.live():
        copies = find_copies(data, report, contents)
    return (
        draw_grouped_split(data, copies.near, seed)
        if grouped
        else draw_split(data, seed, copies.labels(data, near=True))
    )
