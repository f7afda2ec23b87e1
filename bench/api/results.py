"""Results that are checked, packed and merged: what `bench results` does."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from bench.core.console import Report
from bench.results.sharing import bundle as bundles
from bench.results.sharing import merge as merges
from bench.results.sharing import validate as validation
from bench.results.sharing.findings import Verified
from bench.results.written.chosen import Chosen
from bench.runs.request import names_of
from bench.runs.sharing import verify as verifying

AnyPath = str | Path
Names = str | Iterable[str] | None


def verify_results(
    results: AnyPath = "results",
    *,
    data_root: AnyPath | None = None,
    data: Iterable[AnyPath] = (),
    plugins: Iterable[AnyPath] = (),
    cache: AnyPath | None = None,
    quiet: bool = True,
) -> Verified:
    """Check every record of a results folder and compute its scores again; `findings` says what does not hold.

    Args:
        results: Folder with the records.
        data_root: Where data sets lie, which records are held against; default: `BENCH_DATA`, else none.
        data, plugins: Files that declare tasks and kinds of one's own.
        cache: Folder of decoded images.
        quiet: Show no progress.

    Raises:
        UsageError: there are no records.
        DataError: the data root is not there.
    """
    return verifying.verify_results(
        Path(results),
        Report(quiet=quiet),
        data_root=Path(data_root) if data_root else None,
        data=map(Path, data),
        plugins=map(Path, plugins),
        cache=Path(cache) if cache else None,
    )


def bundle_results(
    output: AnyPath,
    results: AnyPath = "results",
    *,
    task: Names = None,
    protocol: Names = None,
    method: Names = None,
    backbone: Names = None,
    study: AnyPath | None = None,
    quiet: bool = True,
) -> bundles.Bundled:
    """Write records, with all that they refer to, as one zip file (docs/submit.md).

    Args:
        output: The file.
        results: Folder with the records.
        task, protocol, method, backbone: Only these; default: all.
        study: TOML file of the study that made them.
        quiet: Show no progress.

    Raises:
        UsageError: no such records, or a study file that is none.
        StorageError: a record does not hold, or the file cannot be written.
    """
    chosen = Chosen(names_of(task), names_of(protocol), names_of(method), names_of(backbone))
    return bundles.write_bundle(
        Path(results), Path(output), Report(quiet=quiet), chosen, Path(study) if study else None
    )


def merge_results(
    sources: AnyPath | Iterable[AnyPath], results: AnyPath = "results", *, replace: bool = False, quiet: bool = True
) -> merges.Merged:
    """Take the records of bundles or other results folders into one; `conflicts` names what was not taken.

    Args:
        sources: Bundles and results folders; each is taken as a whole or not at all.
        results: The folder that takes them.
        replace: Whether a record of a source replaces one that it is in conflict with.
        quiet: Show no progress.

    Raises:
        UsageError: a source is not there.
        StorageError: a source does not hold, or the results cannot be written.
    """
    given = [sources] if isinstance(sources, str | Path) else sources
    return merges.merge([Path(one) for one in given], Path(results), Report(quiet=quiet), replace=replace)


def validate_results(source: AnyPath, *, quiet: bool = True) -> validation.Validated:
    """Check form and records of a bundle or a results folder, without data; `verified.holds` is the answer.

    Raises:
        UsageError: there is nothing of that name, or a folder without results.
        StorageError: it is no bundle, or one that must not be unpacked.
    """
    return validation.validate(Path(source), Report(quiet=quiet))
