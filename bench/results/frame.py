"""Records -> a frame, one row per run: what boards and ablation tables are made of.

A group is what may be compared: data (real or phantom), profile, task, protocol, backbone and evaluation settings.
A contestant is a method with its own settings, its corpus and its pretraining budget.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from bench.core.digest import digest
from bench.core.settings import settings_text
from bench.results.domains import DISTRIBUTION, domain_scores, site_columns
from bench.results.record import Record
from bench.results.store import PLACE, place_of

GROUP = ["data", "profile", "task", "protocol", "backbone", "evaluation_hash"]
EFFICIENCY = [
    "parameters",
    "trained_parameters",
    "gflops_per_image",
    "images_per_second",
    "peak_memory_mib",
    "pretrain_seconds",
    "adapt_seconds",
]
"""What a record's `efficiency` may hold; means over seeds, empty where a record lacks it."""
CLEAN = ("without_duplicates", "without_near_duplicates")
"""The headline metric without test cases that have a training or validation case's content, or nearly."""
CASE_COUNTS = ("test_cases", "clean_cases", "near_clean_cases")
"""Test cases: all, and as many as each of `CLEAN` is of."""
SEEN = ("without_seen", "seen_cases")
"""The headline metric without test cases that the weights saw, and how many these are; empty where nothing is known."""
EMBEDDING = ("effective_rank", "mean_cosine", "dead_units", "collapsed")
"""What the record says of the encoder's embeddings; empty for kinds that read feature maps."""
TUNED = ("tuned", "tuned_over", "tuned_on_scored")
"""How many trials on which data set, the space, and whether that data set is the one that is scored."""
CONTESTANT = ["method", "settings", "corpus", "pretraining_hash"]
RUN = (*GROUP, *CONTESTANT, "seed")
"""What is one run of a board: two records that have all of it in common do not count."""
SCOPE = ["data", "profile", "backbone"]
BUDGET = [*SCOPE, "budget"]
RESULTS, CACHE = "results", "cache"
"""Attributes of a frame whose records lie in a store: the results folder, and the cache folder or an empty text."""


def to_frame(records: Sequence[Record], results: Path | None = None) -> pd.DataFrame:
    """One row per record: group, contestant, seed and scores, and what else boards and ablation tables are made of.

    `changed` and `method_settings` are the method's settings: what the user set, and all; `logged` are scalars of the
    pretraining. These columns hold dictionaries. With `results`, the folder of a store that holds the records, tables
    have intervals, which are made from the records' cases.
    """
    frame = frame_of([row_of(r) for r in records])
    if results is None:
        return frame
    return located(frame, [path_of(row, results) for row in frame.to_dict("records")], results)


def located(frame: pd.DataFrame, paths: Sequence[Path], results: Path, cache: Path | None = None) -> pd.DataFrame:
    """The frame with the `path` of each record below `results`/runs, and where that and the cache lie."""
    folder = results / "runs"
    found = frame.assign(path=[path.relative_to(folder).as_posix() for path in paths])
    found.attrs = {RESULTS: str(results), CACHE: str(cache or "")}
    return found


def path_of(row: Mapping[Any, Any], results: Path) -> Path:
    """Where the record of a row lies, as `Store.path` says."""
    return results / "runs" / f"{place_of(**{name: row[name] for name in PLACE})}.json"


def frame_of(rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """The frame of rows that `row_of` gave."""
    frame = pd.DataFrame(rows)
    numbers = ["score", *CLEAN, *SEEN, "validation", *DISTRIBUTION, *site_columns(frame), *EFFICIENCY, *EMBEDDING]
    return frame.astype(dict.fromkeys(numbers, float)) if rows else frame


def row_of(r: Record) -> dict[str, Any]:
    """What boards read of a record, as plain values."""
    return {
        "identity": r.identity,
        "digest": r.digest or r.sealed().digest,
        "data": r.data,
        "profile": r.profile,
        "task": r.task,
        "protocol": r.protocol,
        "backbone": r.backbone,
        "evaluation_hash": r.hashes["evaluation"][:8],
        "method": r.method,
        "settings": _settings(r),
        **_corpus(r),
        "pretraining_hash": r.hashes["pretraining"][:8],
        "data_set": r.data_set,
        "split": r.split.fingerprint,
        **_sort_of(r),
        "seed": r.seed,
        "metric": r.metric,
        "score": r.metrics[r.metric],
        "without_duplicates": r.metrics_without_duplicates.get(r.metric),
        "without_near_duplicates": r.metrics_without_near_duplicates.get(r.metric),
        "test_cases": r.split.test,
        "clean_cases": r.split.test - r.duplicates.n_affected_test_cases,
        "near_clean_cases": r.split.test - r.duplicates.n_near_affected_test_cases,
        **_seen(r),
        "validation": r.selection.get(f"validation_{r.metric}"),
        "source_hash": digest(r.versions.pretraining)[:8],
        "budget": _text(r, "pretrain"),
        "evaluation_settings": _text(r, "task", "protocol"),
        "changed": r.overrides.get("method", {}),
        "method_settings": r.config.get("method", {}) | r.overrides.get("method", {}),
        **_tuned(r),
        "ablations": [a.model_dump() for a in r.ablations],
        "logged": r.logged,
        **{name: r.efficiency.get(name) for name in EFFICIENCY},
        **{name: getattr(r.embedding, name, None) for name in EMBEDDING},
        **domain_scores(r),
    }


def _corpus(record: Record) -> dict[str, str]:
    """What a method was pretrained on, by its name and by its images; empty without pretraining."""
    corpus = record.corpus
    return {"corpus": corpus.label if corpus else "", "corpus_hash": corpus.origin[:8] if corpus else ""}


def _sort_of(record: Record) -> dict[str, bool]:
    """Whether the data stand in for others, and whether the encoder is weights from a file."""
    return {"stand_in": bool(record.stand_in_for), "weights": record.weights is not None}


def _seen(r: Record) -> dict[str, Any]:
    """What the weights saw of the test cases, the score without these, and by which split there are test cases."""
    without = (r.metrics_without_seen or {}).get(r.metric)
    return {"seen_cases": r.seen.n_test if r.seen else None, "without_seen": without, "split_used": _split_used(r)}


def _split_used(record: Record) -> str:
    """`owner` (or drawn as the data set says), `grouped`, a published one's name, or the hash of the user's file."""
    given = record.split.given
    if given is None:
        return "owner"
    return given.rpartition("-")[0] or f"file {given[:8]}"


def _tuned(record: Record) -> dict[str, Any]:
    """How `bench tune` chose the settings, over what, and whether on the data that are scored; empty without it."""
    tuned = record.tuned
    if tuned is None:
        return dict(zip(TUNED, ("", "", False), strict=True))
    return dict(
        zip(TUNED, (tuned.text, tuned.space_text, tuned.of(record.data_set, record.fingerprints["data"])), strict=True)
    )


def _text(record: Record, *sections: str) -> str:
    return settings_text({s: record.overrides.get(s, {}) for s in sections})


def _settings(record: Record) -> str:
    """What the user set, as text; settings of pretraining and method do not concern a method without pretraining."""
    return settings_text(record.overrides) if record.corpus else _text(record, "task", "protocol")
