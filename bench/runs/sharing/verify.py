"""`bench results verify`: records checked by themselves, and against the data sets at hand."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from bench.core.cache_folder import default_cache
from bench.core.console import Report
from bench.core.errors import UsageError
from bench.data.root import resolve_root
from bench.results.sharing.findings import Verified
from bench.results.sharing.verify import verify
from bench.results.store import Store
from bench.runs.listing import add_declared
from bench.runs.plugin_files import add_files


def verify_results(
    results: Path,
    report: Report,
    *,
    data_root: Path | None = None,
    data: Iterable[Path] = (),
    plugins: Iterable[Path] = (),
    cache: Path | None = None,
) -> Verified:
    """Check every record of a results folder, and rescore it from its cases and, with a data root, from its data set.

    `data` and `plugins` are files that declare tasks and kinds of one's own.

    Raises:
        UsageError: there are no records.
        DataError: the data root is not there.
        PluginError: a file of `plugins` fails to import.
    """
    store = Store(results)
    if not any(store.paths()):
        raise UsageError(f"No records under {store.runs}. Make some with bench run, or name the folder: --results DIR.")
    root = resolve_root(data_root)
    add_files(plugins)
    add_declared(data, root)
    if root is None:
        return verify(store, report)
    from bench.runs.sharing.against_data import AgainstData

    return verify(store, report, AgainstData(root, store, cache or default_cache(), report))
