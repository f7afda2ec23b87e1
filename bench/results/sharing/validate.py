"""`bench results validate`: whether a bundle, or a results folder, is what it says, and what its owner does next."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.core.console import Report
from bench.core.errors import UsageError
from bench.core.escape import one_line
from bench.core.reading import reading
from bench.results.record import Record
from bench.results.sharing.archive import unpack
from bench.results.sharing.findings import Finding, Verified
from bench.results.sharing.form import MANIFEST, folder_findings
from bench.results.sharing.manifest import manifest_findings
from bench.results.sharing.references import files_of
from bench.results.sharing.verify import verify
from bench.results.store import InvalidRecord, Store


@dataclass(frozen=True)
class Validated:
    """What came of it."""

    source: Path
    bundle: bool
    verified: Verified
    advice: list[str]
    """What a submitter does next."""


@contextmanager
def opened(source: Path) -> Iterator[tuple[Store, bool]]:
    """The store of a results folder or of a bundle, which is unpacked while the block runs; whether it is a bundle.

    Raises:
        UsageError: there is nothing of that name, or a folder without results.
        StorageError: it is no bundle, or one that must not be unpacked.
    """
    with reading(source, "Name a bundle, or a results folder.", UsageError):
        folder = source.is_dir()
        if not folder:
            source.stat()
    if folder:
        if not (source / "runs").is_dir():
            raise UsageError(f"{one_line(source)}: there is no folder runs/ in it. Name a results folder or a bundle.")
        yield Store(source), (source / MANIFEST).exists()
        return
    with tempfile.TemporaryDirectory(prefix="bench-results-") as place:
        unpack(source, Path(place))
        yield Store(Path(place)), True


def validate(source: Path, report: Report) -> Validated:
    """Check form and records of a bundle or a results folder, without any data. Raises as `opened` does."""
    with opened(source) as (store, bundle):
        found = check(store, report, bundle=bundle)
    return Validated(source, bundle, found, _advice(source, found, bundle=bundle))


def check(store: Store, report: Report, *, bundle: bool) -> Verified:
    """The form of an opened source, and its records; of one with a wrong form no file is read."""
    form = folder_findings(store.results)
    if bundle and not form:
        form = manifest_findings(store.results)
    if form:
        return Verified(findings=form)
    found = verify(store, report)
    if found.records == 0:
        found.findings.append(Finding("runs", "", "there are no records"))
    records = _records(store)
    found.notes += _notes(records)
    if bundle:
        found.findings += _unused(store, records)
    return found


def _records(store: Store) -> list[Record]:
    found = []
    for path in store.paths():
        try:
            found.append(store.read(path))
        except InvalidRecord:
            continue
    return found


def _unused(store: Store, records: list[Record]) -> list[Finding]:
    """Files of a bundle that no record refers to; what should be a record was looked at already."""
    used = {store.results / file.file for record in records for file in files_of(record).values()}
    used |= {store.path(record).with_suffix(".parquet") for record in records}
    there = [*store.runs.rglob("*.parquet"), *(p for p in (store.results / "splits").rglob("*") if p.is_file())]
    return [
        Finding(path.relative_to(store.results).as_posix(), "", "no record refers to it")
        for path in sorted(set(there) - used)
    ]


def _notes(records: list[Record]) -> list[str]:
    """What keeps records out of this repository, and is no fault of theirs."""
    phantoms = sum(one.data == "phantom" for one in records)
    dirty = sum(one.provenance.get("dirty") is not False for one in records)
    notes = []
    if phantoms:
        notes.append(f"{phantoms} records are of phantoms: they merge, and are not taken into the repository")
    if dirty:
        notes.append(
            f"{dirty} records do not come from a clean checkout of the harness: they merge, and are not taken into the "
            "repository"
        )
    return notes


def _advice(source: Path, found: Verified, *, bundle: bool) -> list[str]:
    if not found.holds:
        return [
            "Restore what is named from where it was made, or delete those records and run them again; records are "
            "never mended by hand.",
            "Then bundle again with bench results bundle." if bundle else "Then validate again.",
        ]
    take = f"bench results merge {one_line(source)}" if bundle else "bench leaderboard"
    return [
        "In a checkout of the repository:",
        *(f"  {line}" for line in (take, "git add results")),
        "Then open a pull request, as docs/submit.md says.",
    ]
