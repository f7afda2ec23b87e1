"""`bench results bundle`: records with all that they refer to, in one file whose bytes follow from its content."""

from __future__ import annotations

import json
import tomllib
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from bench.core.console import Report
from bench.core.errors import StorageError, UsageError
from bench.core.escape import one_line
from bench.core.files import write_atomic
from bench.core.reading import Unusable, content_of, reading, toml_of
from bench.results.index import read_frame
from bench.results.record import Record
from bench.results.sharing.environment import environment
from bench.results.sharing.findings import listed
from bench.results.sharing.form import ENVIRONMENT, MANIFEST, STUDY, name_findings
from bench.results.sharing.manifest import manifest_text
from bench.results.sharing.references import files_of
from bench.results.sharing.verify import verify
from bench.results.store import Store, lines_of
from bench.results.written.chosen import Chosen

_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The earliest time that a zip file knows; one for all members, so that equal results are equal bytes."""
_MODE = 0o100644 << 16
_UNIX = 3


@dataclass(frozen=True)
class Bundled:
    """What was written."""

    path: Path
    records: int
    files: int
    n_bytes: int
    warnings: list[str]


def write_bundle(
    results: Path, output: Path, report: Report, chosen: Chosen | None = None, study: Path | None = None
) -> Bundled:
    """Write the chosen records, all by default, with cases and splits, environment, and a study file if given.

    The same results on the same installation give the same bytes. Every record is verified first.

    Raises:
        UsageError: there are no records, or none of a name; the study file is no study.
        StorageError: a record does not hold, a file that it refers to is missing, or the bundle cannot be written.
    """
    store = Store(results)
    frame, problems = read_frame(store)
    if frame.empty:
        nothing = f"No records under {store.runs}. Make some with bench run, or name the folder: --results DIR."
        raise UsageError("\n".join([nothing, *lines_of(problems)]))
    paths = sorted(store.runs / path for path in (chosen or Chosen()).of(frame)["path"])
    done = verify(store, report, paths=paths)
    if not done.holds:
        raise StorageError(
            f"{results}: these records cannot be shared, and nothing was written:\n{listed(done.findings)}\n"
            "Restore these files, or delete the records and run them again."
        )
    files = _files(store, [store.read(path) for path in paths])
    files[ENVIRONMENT] = (json.dumps(environment(), indent=1) + "\n").encode()
    if study is not None:
        files[STUDY] = _study(study)
    if wrong := name_findings(files):
        raise StorageError(f"{results}: these names cannot be in a bundle:\n{listed(wrong)}\nRename what they name.")
    files = {MANIFEST: manifest_text(files).encode(), **dict(sorted(files.items()))}
    write_atomic(output, lambda file: _write(file, files))
    return Bundled(output, len(paths), len(files), output.stat().st_size, [*lines_of(problems), *_homes(files)])


def _files(store: Store, records: list[Record]) -> dict[str, bytes]:
    """Name -> content of the files of records. Raises `StorageError`."""
    files: dict[str, bytes] = {}
    for record in records:
        path = store.path(record)
        for one in (path, path.with_suffix(".parquet")):
            with reading(one, "Restore it.", StorageError):
                files[one.relative_to(store.results).as_posix()] = content_of(one)
        for file in files_of(record).values():
            if file.file not in files:
                files[file.file] = store.content(file)
    return files


def _study(path: Path) -> bytes:
    """Content of a study file. Raises `UsageError` where it is none."""
    advice = "A study is a TOML file with a table [study] (docs/studies.md)."
    with reading(path, advice, UsageError, what="is not a study"):
        content = content_of(path)
        try:
            tables = toml_of(content.decode())
        except tomllib.TOMLDecodeError as error:
            raise Unusable(str(error)) from error
        if not isinstance(tables.get("study"), dict):
            raise Unusable("it has no table [study]")
    return content


def _write(file: IO[bytes], files: Mapping[str, bytes]) -> None:
    """A zip file of these members, as they are: packing them would depend on the version of zlib."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for name, content in files.items():
            member = zipfile.ZipInfo(name, _EPOCH)
            member.external_attr, member.create_system = _MODE, _UNIX
            archive.writestr(member, content)


def _homes(files: Mapping[str, bytes]) -> list[str]:
    """A warning where text of the bundle names the user's own folder."""
    home = str(Path.home())
    naming = [name for name, content in files.items() if len(home) > 1 and home.encode() in content]
    if not naming:
        return []
    more = f" and {len(naming) - 1} more" if len(naming) > 1 else ""
    return [f"{one_line(naming[0])}{more}: holds the name of your own folder, {home}. Look before you share it."]
