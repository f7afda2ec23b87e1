"""Every record of a store, checked for all that its files can tell, and not only for the first thing that is wrong."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

from bench.core.console import Report
from bench.results.frame import row_of
from bench.results.index import repeated
from bench.results.record import Record, fields_digest
from bench.results.sharing.edits import Fields, Siblings, digest_findings, edits, formed
from bench.results.sharing.findings import Finding, Verified, one_each
from bench.results.sharing.references import References
from bench.results.sharing.rescoring import rescore
from bench.results.store import Store, unfollowed

Against = Callable[[Record, str], tuple[list[Finding], str]]
"""A record that holds by itself, and its path -> what its data set says otherwise, and what came of asking it."""


def verify(
    store: Store, report: Report, against: Against | None = None, paths: Sequence[Path] | None = None
) -> Verified:
    """Check records of a store, all or those at `paths`, and rescore them; nothing is written.

    `against` holds a record against its data set besides.
    """
    done, references = Verified(), References(store)
    files = list(store.paths()) if paths is None else list(paths)
    known: dict[str, tuple[Fields, Record]] = {}
    with report.stage("reading records", len(files)) as advance:
        for file in files:
            path = file.relative_to(store.results).as_posix()
            _take_in(file, path, known, done)
            advance(path)
    done.records = len(files)
    sound = [(path, fields) for path, (fields, one) in known.items() if _by_right(fields, one)]
    siblings = Siblings(sound)
    with report.stage("scoring again", len(known)) as advance:
        for path, (fields, record) in known.items():
            done.add(path, _check(fields, record, path, references, siblings, done))
            if against and path not in done.wrong:
                found, what = against(record, path)
                done.against_data[what] += 1
                done.add(path, found)
            advance(path)
    rows = {path.removeprefix("runs/"): row_of(record) for path, (_, record) in known.items() if path not in done.wrong}
    for problem in repeated(store, rows):
        path = problem.path.relative_to(store.results).as_posix()
        done.add(path, [Finding(path, "", problem.reason)])
    done.notes += [] if paths is not None else _left_over(store)
    return done


def _take_in(file: Path, path: str, known: dict[str, tuple[Fields, Record]], done: Verified) -> None:
    try:
        read = formed(file.read_bytes(), path)
    except OSError as error:
        read = [Finding(path, "", error.strerror or str(error))]
    if isinstance(read, tuple):
        known[path] = read
    else:
        done.add(path, read)


def _by_right(fields: Fields, record: Record) -> bool:
    return fields_digest(fields) == record.digest and not unfollowed(record)


def _check(
    fields: Fields, record: Record, path: str, references: References, siblings: Siblings, done: Verified
) -> list[Finding]:
    """All that is wrong with one record."""
    found = edits(fields, record, path, references.store, siblings)
    found += references.check(record, path)
    cases = _cases(record, path, references.store)
    found += cases
    if not cases and not any(one.field in ("split", "duplicates", "seen") for one in found):
        scores, source = rescore(record, path, references)
        done.rescored[source] += 1
        found += scores
    found = one_each(found)
    return [*found, *digest_findings(fields, record, path, found, siblings)]


def _cases(record: Record, path: str, store: Store) -> list[Finding]:
    """Whether the file beside a record is the one that it was stored with."""
    file = (store.results / path).with_suffix(".parquet")
    try:
        found = hashlib.sha256(file.read_bytes()).hexdigest()
    except OSError as error:
        return [Finding(path, "cases", f"{file.name}: {error.strerror}")]
    if found == record.cases.sha256:
        return []
    reason = f"{file.name} is not the file that it was stored with: it has SHA-256 {found[:12]}..."
    return [Finding(path, "cases.sha256", reason, found)]


def _left_over(store: Store) -> list[str]:
    """Files of cases without a record, which are no run."""
    alone = [p for p in sorted(store.runs.rglob("*.parquet")) if not p.with_suffix(".json").is_file()]
    if not alone:
        return []
    more = f" (and {len(alone) - 1} more)" if len(alone) > 1 else ""
    return [f"{alone[0].relative_to(store.results).as_posix()}{more}: cases without a record, which are no run"]
