"""The store: a JSON file and a Parquet file per run under results/runs, checked whenever they are read."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError
from pydantic_core import from_json

from bench.core.errors import StorageError
from bench.core.escape import in_file_name
from bench.core.files import require_writable, write_atomic, write_text
from bench.core.reading import Unusable, content_of, reading
from bench.results.record import EARLIER_VERSIONS, FileRecord, Record, fields_digest
from bench.results.statistics.metric_facts import facts_of

if TYPE_CHECKING:
    import pandas as pd


MODELS = "models"
"""Folder of a results folder with the adapted models that `--keep-model` writes, by run."""
PREDICTIONS = "predictions"
"""Folder of a results folder with what `--save-predictions` writes, by run."""


@dataclass(frozen=True)
class Problem:
    """A file in results/runs that is not a valid record; it is left alone and never counted."""

    path: Path
    reason: str

    def __str__(self) -> str:
        return f"{self.path} is not a valid record and was not counted: {self.reason}"


def lines_of(problems: Sequence[Problem]) -> list[str]:
    """One line for each reason: the file, or the first of them and how many there are."""
    by_reason: dict[str, list[Problem]] = {}
    for problem in problems:
        by_reason.setdefault(problem.reason, []).append(problem)
    others = {reason: f" ({len(found) - 1} more like it)" * (len(found) > 1) for reason, found in by_reason.items()}
    return [f"{found[0]}{others[reason]}" for reason, found in by_reason.items()]


PLACE = ("data", "profile", "method", "task", "backbone", "protocol", "seed", "identity")
"""Fields of a record that say where it lies."""


def place_of(
    data: str, profile: str, method: str, task: str, backbone: str, protocol: str, seed: int, identity: str
) -> Path:
    """Where a run's record lies among all, without the ending of its name, and what is kept beside it elsewhere.

    <data>/<profile>/<method>/<task>/<backbone>-<protocol>-seed<N>-<identity>, see `in_file_name`.
    """
    return Path(data, profile, method, task, f"{in_file_name(backbone)}-{protocol}-seed{seed}-{identity[:12]}")


def place_of_record(record: Record) -> Path:
    """That of a record."""
    return place_of(**{name: getattr(record, name) for name in PLACE})


VALIDATION = "validation_"
"""Start of the names in `selection` that are scores."""


class InvalidRecord(ValueError):
    """Why a file is no valid record."""


class Store:
    """Records under one results folder."""

    def __init__(self, results: Path) -> None:
        self.results = results
        self.runs = results / "runs"

    @property
    def there(self) -> bool:
        """Whether there is a folder of records; a name that no folder can have is none."""
        try:
            return self.runs.is_dir()
        except OSError:
            return False

    def require_writable(self) -> None:
        """Raise `StorageError` before any work when results could not be written."""
        require_writable(self.runs, "results")

    def path(self, record: Record) -> Path:
        """The file of a record below runs/, see `place_of`."""
        return self.runs / f"{place_of_record(record)}.json"

    def beside(self, record: Record, folder: str, suffix: str = "") -> Path:
        """What else is kept of a run: its record's path with `folder` for runs/ and `suffix` for .json."""
        return self.results / folder / f"{place_of_record(record)}{suffix}"

    def add(self, record: Record, cases: bytes) -> Path:
        """Write a record and the Parquet file of its cases, each atomically; returns the record's path.

        The record comes last: cases without a record are no run. Raises `StorageError`.
        """
        path = self.path(record)
        write_atomic(path.with_suffix(".parquet"), lambda file: file.write(cases))
        write_text(path, record.sealed().to_json())
        return path

    def paths(self) -> Iterator[Path]:
        """The files of the store that should be records, in the order of their paths."""
        files = (p for p in self.runs.rglob("*") if not p.name.startswith(".") and p.suffix != ".parquet")
        return iter(sorted(p for p in files if p.is_file()))

    def load(self) -> tuple[list[Record], list[Problem]]:
        """All valid records in the order of their paths, and the files that are none."""
        records, problems = [], []
        for path in self.paths():
            try:
                records.append(self.read(path))
            except InvalidRecord as error:
                problems.append(Problem(path, str(error)))
        return records, problems

    def read(self, path: Path) -> Record:
        """One record: its form, its digest, its identity, its place and the file of its cases are checked.

        Raises:
            InvalidRecord: with what is wrong.
        """
        try:
            record = parse(path.read_bytes())
        except OSError as error:
            raise InvalidRecord(error.strerror or str(error)) from error
        if path != self.path(record):
            raise InvalidRecord(f"its content belongs at {self.path(record)}")
        self._check_cases(path.with_suffix(".parquet"), record)
        return record

    def cases(self, record: Record) -> pd.DataFrame:
        """One row a test case: `case` (its id), `target`, `prediction`, `domain`, `metric:...` where there are such.

        Raises:
            StorageError: the file of its cases or its split file is missing or not the one that it was made with.
        """
        from bench.results.case_table import read_cases

        frame = read_cases(self.path(record).with_suffix(".parquet"))
        frame.insert(0, "case", self.names_of(record.split.file, record.split.fingerprint))
        return frame

    def names_of(self, split_file: str, fingerprint: str) -> list[str]:
        """Ids of the test cases of a split file. Raises `StorageError` as `cases` does."""
        rows = self.rows(FileRecord(file=split_file, sha256=fingerprint))
        return [row["case"] for row in rows if row["split"] == "test"]

    def rows(self, file: FileRecord) -> list[dict[str, str]]:
        """The rows of a CSV file that a record refers to. Raises `StorageError` as `content` does."""
        import csv
        import io

        content = self.content(file)
        with reading(self.results / file.file, "Records refer to it; restore it.", StorageError):
            return list(csv.DictReader(io.StringIO(content.decode(), newline=""), strict=True))

    def content(self, file: FileRecord) -> bytes:
        """A file that a record refers to. Raises `StorageError` where it is missing or has another content."""
        path = self.results / file.file
        with reading(path, "Records refer to it; restore it.", StorageError):
            if Path(file.file).is_absolute() or ".." in Path(file.file).parts:
                raise Unusable("it is outside the results folder")
            content = content_of(path)
        if hashlib.sha256(content).hexdigest() != file.sha256:
            raise StorageError(f"{path} was changed: records refer to another content of it. Restore it.")
        return content

    def _check_cases(self, path: Path, record: Record) -> None:
        try:
            found = hashlib.sha256(path.read_bytes()).hexdigest()
        except OSError as error:
            raise InvalidRecord(f"the file of its cases, {path.name}: {error.strerror}") from error
        if found != record.cases.sha256:
            raise InvalidRecord(f"the file of its cases, {path.name}, is not the one that it was stored with")


def parse(content: bytes) -> Record:
    """The record in the content of a file. Raises `InvalidRecord` where its form, digest or identity is wrong."""
    fields, record = read_form(content)
    if fields_digest(fields) != record.digest:
        raise InvalidRecord("its digest is not that of its fields: the file was edited or damaged")
    if wrong := unfollowed(record):
        raise InvalidRecord(f"{', '.join(wrong)} do not follow from its fields: they were edited")
    for _, reason in out_of_range(record):
        raise InvalidRecord(reason)
    return record


def read_form(content: bytes) -> tuple[dict[str, Any], Record]:
    """The fields of a record as JSON has them, and the record. Raises `InvalidRecord` where the form is wrong."""
    try:
        fields: Any = from_json(content, allow_inf_nan=False)
        if isinstance(fields, dict) and (version := fields.get("schema_version")) in EARLIER_VERSIONS:
            raise InvalidRecord(
                f"schema_version {version} is of an earlier release, whose scores are not comparable with those of "
                "today (docs/records.md); delete it and run it again"
            )
        return fields, Record.model_validate(fields)
    except ValidationError as error:
        raise InvalidRecord(": ".join(filter(None, faults_of(error)[0]))) from error
    except ValueError as error:
        raise InvalidRecord(f"Invalid JSON: {error}" if not isinstance(error, InvalidRecord) else str(error)) from error


def faults_of(error: ValidationError) -> list[tuple[str, str]]:
    """Each field that has another form than the schema says, and what is wrong with it."""
    return [(".".join(map(str, one["loc"])), one["msg"]) for one in error.errors()]


def out_of_range(record: Record) -> Iterator[tuple[str, str]]:
    """Scores that lie outside the range of their metric, wherever they stand: field, and what is wrong."""
    parts: list[tuple[str, Mapping[str, float | None]]] = [
        ("metrics", record.metrics),
        ("metrics_without_duplicates", record.metrics_without_duplicates),
        ("metrics_without_near_duplicates", record.metrics_without_near_duplicates),
        ("metrics_without_seen", record.metrics_without_seen or {}),
        ("selection", record.selection),
        *((f"domains.{domain}", scores) for domain, scores in record.domains.items()),
        *((f"draws.{number}.metrics", draw.metrics) for number, draw in enumerate(record.draws)),
    ]
    for where, scores in parts:
        for key, value in scores.items():
            name = key.removeprefix(VALIDATION)
            facts = facts_of(name)
            if value is not None and not facts.low <= value <= facts.high:
                yield f"{where}.{key}", f"{name} is {value:g}; it lies from {facts.low:g} to {facts.high:g}"


def unfollowed(record: Record) -> list[str]:
    """Which of `pretraining`, `checkpoint`, `evaluation` and `identity` do not follow from the record's fields."""
    found = record.facts.hashes
    stated: dict[str, str] = {**record.hashes, "identity": record.identity}
    return [name for name in found if found[name] != stated.get(name)]
