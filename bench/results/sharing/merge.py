"""`bench results merge`: take the records of bundles or other results folders into one, each source whole or not."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench.core.console import Report
from bench.core.digest import digest
from bench.core.errors import Problems, StorageError, UsageError
from bench.core.files import require_writable, write_together
from bench.core.storage.turns import one_at_a_time
from bench.results.record import Record
from bench.results.sharing.conflicts import Sorted, same_content, sort_out
from bench.results.sharing.findings import listed
from bench.results.sharing.form import alike
from bench.results.sharing.references import files_of
from bench.results.sharing.validate import check, opened
from bench.results.store import Store


@dataclass
class Merged:
    """What became of the records of all sources."""

    added: list[Path] = field(default_factory=list)
    replaced: list[Path] = field(default_factory=list)
    """Files that gave way to those of a source."""
    known: int = 0
    conflicts: list[str] = field(default_factory=list)
    """Records of the sources that were not taken, for something else is there."""

    @property
    def summary(self) -> str:
        """How many of each."""
        kept = f", {len(self.conflicts)} in conflict with what is there, which was kept" if self.conflicts else ""
        return f"{len(self.added)} records added, {len(self.replaced)} replaced, {self.known} there already{kept}"


def merge(sources: Sequence[Path], results: Path, report: Report, *, replace: bool = False) -> Merged:
    """Take in the records of bundles and folders, with their cases and what they refer to.

    A source that does not hold is an error, and nothing of it is taken; the others are. Of a record that is in conflict
    with one that is there, the one that is there stays, or gives way with `replace`. What is written of a source comes
    together: where that fails, the folder is as it was.

    Raises:
        UsageError: a source is not there, or is the results folder itself.
        StorageError: a source does not hold, or the results cannot be written.
    """
    require_writable(results / "runs", "results")
    merged, problems = Merged(), Problems()
    lock = Path(tempfile.gettempdir()) / f"bench-merge-{digest(str(results.resolve()))[:16]}.lock"
    with one_at_a_time(lock, lambda: report.say(f"waiting for another command that merges into {results}")):
        for source in sources:
            with problems.noted():
                _take(source, Store(results), report, merged, replace=replace)
    if merged.added or merged.replaced:
        report.say(merged.summary)
    problems.raise_all()
    return merged


def _take(source: Path, ours: Store, report: Report, merged: Merged, *, replace: bool) -> None:
    if source.resolve() == ours.results.resolve():
        raise UsageError(f"{source}: this is the results folder itself. Name another one, or a bundle.")
    with opened(source) as (theirs, bundle):
        found = check(theirs, report, bundle=bundle)
        if not found.holds:
            raise StorageError(
                f"{source}: nothing of it was merged, for {len(found.findings)} things do not hold:\n"
                f"{listed(found.findings)}\nRestore what is named from where it was made, and bundle it again."
            )
        records = [theirs.read(path) for path in theirs.paths()]
        sorted_out = sort_out(records, ours)
        _write(source, sorted_out, theirs, ours, replace=replace)
    merged.known += len(sorted_out.known)
    merged.added += [ours.path(record) for record in sorted_out.new]
    for conflict in sorted_out.conflicts:
        if replace:
            merged.replaced.append(conflict.path)
        else:
            merged.conflicts.append(f"{conflict} ({source})")


def _write(source: Path, found: Sorted, theirs: Store, ours: Store, *, replace: bool) -> None:
    """Write what is taken of a source, records last, so that each finds what it refers to."""
    given_way = found.conflicts if replace else []
    records = [*found.new, *(conflict.theirs for conflict in given_way)]
    files = {ours.results / name: content for name, content in _beside(source, records, theirs, ours).items()}
    files |= {
        ours.path(r).with_suffix(".parquet"): theirs.path(r).with_suffix(".parquet").read_bytes() for r in records
    }
    files |= {ours.path(record): theirs.path(record).read_bytes() for record in records}
    old = [one for c in given_way for one in (c.path, c.path.with_suffix(".parquet")) if one not in files]
    _require_names(source, list(files), ours)
    write_together(files, old)


def _beside(source: Path, records: Sequence[Record], theirs: Store, ours: Store) -> dict[str, bytes]:
    """The files that records refer to and that are not there yet. Raises `StorageError` where another one is."""
    found: dict[str, bytes] = {}
    for file in (one for record in records for one in files_of(record).values()):
        place = ours.results / file.file
        if file.file in found or same_content(place, file.sha256):
            continue
        if place.exists():
            raise StorageError(
                f"{place}: {source} has another content of it, and nothing of that was merged.\nRestore it, or delete "
                "it where no record refers to it (bench results verify), and merge again."
            )
        found[file.file] = theirs.content(file)
    return found


def _require_names(source: Path, files: Sequence[Path], ours: Store) -> None:
    """Raise `StorageError` where a new file's name differs from one that is there in case alone."""
    there = [p for name in ("runs", "splits") for p in (ours.results / name).rglob("*") if p.is_file()]
    known, names = ([p.relative_to(ours.results).as_posix() for p in paths] for paths in (there, files))
    if wrong := alike([name for name in names if name not in set(known)], known):
        raise StorageError(
            f"{source}: nothing of it was merged, for names would not be told apart on every system:\n{listed(wrong)}\n"
            "Rename the method, task or data set in one of the two, and run it again."
        )
