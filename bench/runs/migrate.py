"""`bench results migrate`: records of schema 1 become records of schema 2, with the checkpoints that they name.

Schema 1 hashed source text. Its records keep what they are: their old identity and hashes stand in
`provenance.schema_1`, runs that shared a pretraining, a checkpoint or an evaluation still do, and runs of plugins, or
of code, that this release does not know are never taken for runs of today's: a component `schema 1` in their versions
keeps them apart.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files as package_files
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from bench.core import registry
from bench.core.errors import BenchError
from bench.core.files import require_writable
from bench.core.identity import declaration_fingerprint, digest, reader_settings
from bench.core.method import Method
from bench.core.task import Task
from bench.core.versions import Versions, parts, plugin_versions
from bench.models.checkpoint_moves import move_checkpoint
from bench.results.case_table import case_table, file_hash, to_bytes
from bench.results.companions import SplitFiles
from bench.results.record import CasesRecord, Record
from bench.results.store import Problem, Store
from bench.runs.resolve import declared_ablations, evaluation_versions, pretraining_versions

MARK = "schema 1"
"""Component of the versions of runs whose code is not known here."""
Fields = dict[str, Any]


@dataclass
class Migration:
    """What `bench results migrate` did, or would do."""

    moved: list[tuple[Path, Path]] = field(default_factory=list)
    """Old and new place of each record."""
    apart: int = 0
    """Those of them whose code or plugins are not known here, so that no run of today's has their identity."""
    checkpoints: int = 0
    """Folders of checkpoints that were moved."""
    problems: list[Problem] = field(default_factory=list)
    """Files that are no records of schema 1 or 2; left alone."""


def migrate(results: Path, cache_folder: Path, *, dry_run: bool = False) -> Migration:
    """Move every record of schema 1 under `results`, its predictions, and its checkpoint under `cache_folder`.

    Each record is complete at its new place before the old file goes, so that an interrupted migration is finished by
    the same command. Records of schema 2 are left alone.

    Raises:
        StorageError: a file cannot be written.
    """
    store, done = Store(results), Migration()
    if not dry_run:
        require_writable(store.runs, "results")
    old = dict(_schema_1(store, done))
    data = _data_fingerprints(old.values())
    checkpoints: dict[tuple[str, str], str] = {}
    for path, fields in old.items():
        try:
            moved = _Move(store, fields, data, dry_run=dry_run)
        except (ValidationError, BenchError, LookupError, TypeError, ValueError) as error:
            done.problems.append(Problem(path, _first_line(error)))
            continue
        done.moved.append((path, store.path(moved.record)))
        done.apart += not moved.known
        checkpoints[fields["method"], fields["hashes"]["checkpoint"]] = moved.record.hashes["checkpoint"]
        if not dry_run:
            moved.store(path)
    for (method, before), after in checkpoints.items():
        done.checkpoints += move_checkpoint(cache_folder, method, before, after, dry_run=dry_run)
    return done


def _schema_1(store: Store, done: Migration) -> list[tuple[Path, Fields]]:
    found = []
    for path in store.paths():
        try:
            fields = json.loads(path.read_bytes())
        except (OSError, ValueError) as error:
            done.problems.append(Problem(path, f"Invalid JSON: {error}"))
            continue
        version = fields.get("schema_version") if isinstance(fields, dict) else None
        if version == 1:
            found.append((path, fields))
        elif version != 2:
            done.problems.append(Problem(path, f"schema_version is {version!r}; expected 1 or 2"))
    return found


def _data_fingerprints(records: Any) -> dict[tuple[str, str], str]:
    """(real or phantom, data set) -> fingerprint of its content, where all records agree on it."""
    found: dict[tuple[str, str], set[str]] = {}
    for fields in records:
        found.setdefault((fields["data"], fields["data_set"]), set()).add(fields["hashes"]["data"])
    return {key: next(iter(values)) for key, values in found.items() if len(values) == 1}


@cache
def known_code() -> frozenset[str]:
    """Beginnings of the hashes of source that the last release with schema 1 wrote for its own plugins."""
    return frozenset(package_files("bench.runs").joinpath("schema_1_code.txt").read_text(encoding="utf-8").split())


class _Move:
    """One record of schema 1 as a record of schema 2, and the files it refers to."""

    def __init__(self, store: Store, old: Fields, data: Mapping[tuple[str, str], str], *, dry_run: bool) -> None:
        self.results, self.old, self.data = store, old, data
        self.task: Task | None = _loaded(registry.tasks(), old["task"])
        self.method: type[Method] | None = _loaded(registry.methods(), old["method"])
        self.known = (
            old["hashes"]["code"][:16] in known_code()
            and self.task is not None
            and (self.method is not None or old["weights"] is not None)
        )
        table = case_table(
            {k: v for k, v in old["cases"].items() if k not in ("id", "domain") and v}, old["cases"]["domain"]
        )
        self.cases = to_bytes(table)
        self._check_names()
        split_files = SplitFiles(store.results, old["split"]["file"].removesuffix(".csv"), dry_run=dry_run)
        fields = self._fields(split_files)
        fields["cases"] = CasesRecord(
            sha256=file_hash(self.cases), rows=len(old["cases"]["id"]), columns=table.column_names
        ).model_dump()
        facts = Record.model_validate({**fields, "identity": "0" * 64, "hashes": {}}).facts
        hashes = facts.hashes
        self.record = Record.model_validate({**fields, "identity": hashes.pop("identity"), "hashes": hashes}).sealed()

    def store(self, path: Path) -> None:
        """Write the record, move its predictions, delete the old file."""
        new = self.results.add(self.record, self.cases)
        inside = path.relative_to(self.results.runs).with_suffix("")
        predictions = self.results.results / "predictions" / inside
        if predictions.is_dir():
            predictions.rename(predictions.with_name(new.stem))
        if path != new:
            path.unlink()

    def _check_names(self) -> None:
        """Raise `StorageError` or `ValueError` unless the split file names the test cases of this record."""
        split = self.old["split"]
        if self.results.names_of(split["file"], split["fingerprint"]) != self.old["cases"]["id"]:
            raise ValueError(f"{split['file']} names other test cases than the record")

    def _fields(self, split_files: SplitFiles) -> Fields:
        old = self.old
        overlap = {k: v for k, v in old["duplicates"].items() if not k.startswith("n_")}
        counts = {k: v for k, v in old["duplicates"].items() if k.startswith("n_")}
        labelled = split_files.write_labelled([draw["labelled"] for draw in old["draws"]])
        return {
            **{k: v for k, v in old.items() if k not in ("cases", "config", "hashes", "identity")},
            "schema_version": 2,
            "duplicates": split_files.write_duplicates(overlap, counts).model_dump(),
            "corpus": self._corpus(),
            "config": {s: old["config"][s] for s in ("method", "pretrain", "task", "protocol")},
            "ablations": self._ablations(),
            "versions": self._versions(),
            "fingerprints": {
                "data": old["hashes"]["data"],
                "declaration": declaration_fingerprint(self.task.data) if self.task and self.known else "",
            },
            "draws": [{**draw, "labelled": len(draw["labelled"])} for draw in old["draws"]],
            "labelled": labelled and labelled.model_dump(),
            "provenance": {
                **old["provenance"],
                "schema_1": {"identity": old["identity"], **old["hashes"]},
            },
        }

    def _corpus(self) -> Fields | None:
        corpus = self.old["corpus"]
        if corpus is None:
            return None
        balanced = self.old["config"]["pretrain"]["balance"]
        modalities = f"schema 1: {self.old['hashes']['checkpoint']}" if balanced else None
        return {**corpus, "origin": self._origin(list(corpus["sources"])), "modalities": modalities}

    def _origin(self, sources: Sequence[str]) -> str:
        """What `corpora.pool_corpus` says; of the old pretraining's hash where a source is not known here."""
        known = {(task := registry.tasks().get(name)).data.name: task.data for name in registry.tasks().plugins}
        prints = {name: self.data.get((self.old["data"], name)) for name in sources}
        if None in prints.values() or not known.keys() >= set(sources):
            return f"schema 1: {self.old['hashes']['pretraining']}"
        decoded = {
            n: reader_settings(known[n].reader) if hasattr(known[n].reader, "load_image") else None for n in sources
        }
        return digest(sorted([prints[name], decoded[name]] for name in sources))

    def _versions(self) -> Fields:
        old = self.old
        if not self.known or self.task is None:
            return {part: {MARK: old["hashes"][part][:16]} for part in ("pretraining", "evaluation")}
        own = pretraining_versions(old["method"], old["backbone"], self._corpus_versions()) if self.method else None
        return {
            "pretraining": own
            or {f"method {old['method']}": parts("weights")["weights"], f"backbone {old['backbone']}": 1},
            "evaluation": evaluation_versions(self.task, old["protocol"]),
        }

    def _corpus_versions(self) -> Versions | None:
        """What `Corpus.versions` gives for the sources of this one."""
        if self.old["corpus"] is None:
            return None
        tasks = [registry.tasks().get(name) for name in registry.tasks().plugins]
        drawn = [t for t in tasks if t.data.name in self.old["corpus"]["sources"]]
        used = {part for task in drawn for part in registry.kinds().get(task.kind).decoding} or {"images"}
        readers: Versions = {}
        for reader in (type(task.data.reader) for task in drawn):
            if hasattr(reader, "load_image"):
                readers |= plugin_versions("reader", reader.__name__, reader)
        return parts("corpus", *sorted(used)) | readers

    def _ablations(self) -> list[Fields]:
        declared = self.method.ablations if self.method else {}
        changed = self.old["overrides"].get("method", {})
        return [a.model_dump() for a in declared_ablations(declared, changed, self.old["config"]["method"])]


def _loaded(plugins: registry.Registry, name: str) -> Any:
    return plugins.get(name) if name in plugins.plugins else None


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
