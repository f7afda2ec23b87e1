"""Makes records for tests of the store and the leaderboard, without running anything."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.core.identity import digest
from bench.results.case_table import case_table, file_hash, to_bytes
from bench.results.leaderboard import to_frame
from bench.results.record import SCHEMA_VERSION, CasesRecord, CorpusRecord, DuplicatesRecord, Record, SplitRecord
from bench.results.tables import write_leaderboards

CASES = to_bytes(case_table({"target": [0]}))
"""The Parquet file of the one test case that each of these records has; without predictions it bears any score out."""


def record(method: str = "simclr", seed: int = 0, score: float = 0.5, **changes: Any) -> Record:
    """A record of one run; its hashes are the same for all runs of a method, so that they are compared."""
    fields: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "status": "complete",
        "profile": "quick",
        "data": "real",
        "method": method,
        "backbone": "resnet18",
        "task": "brain_tumor",
        "data_set": "brain_tumor",
        "kind": "classification",
        "protocol": "finetune",
        "seed": seed,
        "metric": "accuracy",
        "metrics": {"accuracy": score, "macro_auroc": None},
        "metrics_without_duplicates": {"accuracy": max(score - 0.1, 0.0)},
        "metrics_without_near_duplicates": {"accuracy": max(score - 0.2, 0.0)},
        "selection": {"epoch": 1, "validation_accuracy": 0.5},
        "duplicates": _no_duplicates(),
        "split": SplitRecord(fingerprint="s", file="splits/x.csv", train=2, validation=1, test=1),
        "corpus": None if method == "random" else _corpus(),
        "config": {},
        "overrides": {},
        "versions": {"pretraining": {f"method {method}": 1}, "evaluation": {"kind classification": 1}},
        "fingerprints": {"data": "d", "declaration": "d"},
        "hashes": {"evaluation": "e" * 64, "pretraining": digest(method)},
        "warnings": [],
        "cost": {"adapt": {"seconds": 1.0}},
        "provenance": {},
        "cases": CasesRecord(sha256=file_hash(CASES), rows=1, columns=["target"]),
    } | changes
    fields["config"] = {"method": {}, "pretrain": {}, "task": {}, "protocol": {}} | fields["config"]
    fields.setdefault("identity", digest([str(v) for v in fields.values()]))
    return Record(**fields)


def consistent(one: Record) -> Record:
    """The record with the hashes and the identity that follow from its fields, as the store demands."""
    sections = {name: one.config.get(name, {}) for name in ("method", "pretrain", "task", "protocol")}
    hashes = one.model_copy(update={"config": sections}).facts.hashes
    return one.model_copy(update={"config": sections, "identity": hashes.pop("identity"), "hashes": hashes})


def _no_duplicates() -> DuplicatesRecord:
    counts = ("n_groups", "n_files", "n_crossing_split", "n_crossing_owner_split", "n_contradictory")
    names = {"file": "splits/x-duplicates.json", "sha256": "h"}
    affected = ("n_affected_test_cases", "n_near_affected_test_cases")
    return DuplicatesRecord(**names, **dict.fromkeys((*counts, *affected), 0))


def _corpus() -> CorpusRecord:
    return CorpusRecord(
        label="pool(brain_tumor)", fingerprint="f", origin="o", images=10, sources={"brain_tumor": 10}, excluded=0
    )


def write_boards(results: Path, records: Sequence[Record]) -> list[Path]:
    """The leaderboards of some records, as `write_leaderboards` writes them."""
    return write_leaderboards(results, to_frame(records))
