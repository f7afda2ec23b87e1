"""Makes records for tests of the store and the leaderboard, without running anything."""

from __future__ import annotations

from typing import Any

from bench.identity import digest
from bench.records import CaseScores, CorpusRecord, Record, SplitRecord


def record(method: str = "simclr", seed: int = 0, score: float = 0.5, **changes: Any) -> Record:
    corpus = CorpusRecord(
        label="pool(brain_tumor)", fingerprint="f", images=10, sources={"brain_tumor": 10}, excluded=0
    )
    fields: dict[str, Any] = {
        "schema_version": 1,
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
        "metrics_without_duplicates": {"accuracy": score - 0.1},
        "selection": {"epoch": 1, "validation_accuracy": 0.5},
        "duplicates": {"n_groups": 0},
        "split": SplitRecord(fingerprint="s", file="splits/x.csv", train=2, validation=1, test=1),
        "corpus": None if method == "random" else corpus,
        "config": {},
        "overrides": {},
        "hashes": {"evaluation": "e" * 64, "pretraining": digest(method)},
        "warnings": [],
        "cost": {"adapt": {"seconds": 1.0}},
        "provenance": {},
        "cases": CaseScores(id=["a"], target=[0], prediction=[[1.0, 0.0]]),
    } | changes
    fields.setdefault("identity", digest([str(v) for v in fields.values()]))
    return Record(**fields)
