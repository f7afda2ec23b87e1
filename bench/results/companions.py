"""The files beside a split under results/splits, each written once for all runs that share it."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.core.files import write_text
from bench.results.case_table import file_hash
from bench.results.record import DuplicatesRecord, FileRecord


@dataclass(frozen=True)
class SplitFiles:
    """Files whose names begin with the split's and end with their content's hash: no run changes another's."""

    results: Path
    start: str
    """Path of the split file relative to `results`, without its suffix."""
    dry_run: bool = False
    """Write nothing."""

    def write_duplicates(self, groups: Mapping[str, Sequence[Any]], counts: Mapping[str, int]) -> DuplicatesRecord:
        """The groups of identical files, by what is the matter with them. Raises `StorageError`."""
        text = json.dumps({k: list(map(_plain, v)) for k, v in groups.items()}, indent=0, sort_keys=True)
        written = self._write("duplicates", ".json", text + "\n")
        return DuplicatesRecord.model_validate({**written.model_dump(), **counts})

    def write_seen(self, seen: Mapping[str, Mapping[str, str]]) -> FileRecord:
        """Side -> case that the weights were pretrained on -> the list that it is in. Raises `StorageError`."""
        return self._write("seen", ".json", json.dumps(seen, indent=0, sort_keys=True) + "\n")

    def write_labelled(self, draws: Sequence[Sequence[str]]) -> FileRecord | None:
        """The labelled training cases of each draw, columns `draw` and `case`; None where there are no draws."""
        if not draws:
            return None
        text = io.StringIO()
        rows = csv.writer(text, lineterminator="\n")
        rows.writerow(["draw", "case"])
        rows.writerows((number, case) for number, draw in enumerate(draws) for case in draw)
        return self._write("labelled", ".csv", text.getvalue())

    def write_subjects(self, subjects: Mapping[str, str | None]) -> FileRecord | None:
        """The subject of each case, columns `case` and `subject`; None where no case has a known one."""
        known = {case: subject for case, subject in subjects.items() if subject is not None}
        if not known:
            return None
        text = io.StringIO()
        rows = csv.writer(text, lineterminator="\n")
        rows.writerow(["case", "subject"])
        rows.writerows(sorted(known.items()))
        return self._write("subjects", ".csv", text.getvalue())

    def _write(self, what: str, suffix: str, text: str) -> FileRecord:
        sha256 = file_hash(text.encode())
        file = f"{self.start}-{what}-{sha256[:8]}{suffix}"
        if not self.dry_run:
            write_text(self.results / file, text)
        return FileRecord(file=file, sha256=sha256)


def _plain(group: Any) -> Any:
    return group if isinstance(group, str) else list(group)
