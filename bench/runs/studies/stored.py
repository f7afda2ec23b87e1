"""Which cells of a plan are stored: by identity where the data are at hand, else by all that needs no data."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path

from bench.core.identity import declaration_fingerprint, digest
from bench.core.registry import methods
from bench.core.versions import PARTS
from bench.data.grouped_split import GROUPED, GROUPED_VERSION
from bench.data.published.named_splits import given_of_named, is_named
from bench.data.split_files import read_content
from bench.results.record import Record
from bench.runs.config import RunConfig
from bench.runs.plan import PlannedRun
from bench.runs.resolve import evaluation_versions, pretraining_versions
from bench.runs.studies.costs import plain
from bench.runs.studies.study import NO_FILES

Versions = Mapping[str, int | str]


def settings_key(plan: PlannedRun, config: RunConfig, corpus: str, given_split: str | None) -> str:
    """Hash of all of a run's identity that needs no data: settings, versions, and how split and corpus are drawn.

    `corpus` as the command names it; `given_split` as `given_of` gives it.
    """
    pretrains = methods().get(plan.method).pretrains
    sections = config.sections
    return digest(
        [
            [plan.method, plan.backbone, plan.task.kind, plan.protocol, plan.task.metric, config.profile, plan.seed],
            [plain(sections["method"]), plain(sections["pretrain"]) if pretrains else None],
            [plain(sections["task"]), plain(sections["protocol"])],
            [plan.task.data.name, declaration_fingerprint(plan.task.data), given_split],
            _corpus_name(corpus, plan.task.data.name) if pretrains else None,
            dict(pretraining_versions(plan.method, plan.backbone, {} if pretrains else None, config.pretrain)),
            dict(evaluation_versions(plan.task, plan.protocol)),
        ]
    )


def records_by_settings(records: Iterable[Record]) -> dict[str, Record]:
    """`settings_key` of each record of real data -> the record; those of outdated versions are left out."""
    return {_key_of(record): record for record in records if record.data == "real" and _is_current(record)}


def given_of(split: Path | None, data_set: str = "") -> str | None:
    """What a record's `split.given` is for `--split` and a data set."""
    if split is None:
        return None
    if split == Path(GROUPED):
        return GROUPED_VERSION
    if is_named(split):
        return given_of_named(str(split), data_set)
    return hashlib.sha256(read_content(split).encode()).hexdigest()


def _key_of(record: Record) -> str:
    sections, corpus = record.config, record.corpus
    own = {name: v for name, v in record.versions.pretraining.items() if _is_own(name)}
    return digest(
        [
            [
                record.method,
                record.backbone,
                record.kind,
                record.protocol,
                record.metric,
                record.profile,
                record.seed,
            ],
            [plain(sections["method"]), plain(sections["pretrain"]) if corpus else None],
            [plain(sections["task"]), plain(sections["protocol"])],
            [record.data_set, record.fingerprints["declaration"], record.split.given],
            _label_name(corpus.label) if corpus else None,
            own,
            record.versions.evaluation,
        ]
    )


def _is_own(component: str) -> bool:
    """Whether a component of a pretraining is one that does not depend on its images."""
    return component in ("views", "device_views", "pretraining") or component.startswith(("method ", "backbone "))


def _is_current(record: Record) -> bool:
    """Whether the parts of the harness that chose and decoded its images have the versions that they have now."""
    found = record.versions.pretraining
    return all(PARTS.get(name, version) == version for name, version in found.items())


def _corpus_name(corpus: str, data_set: str) -> str:
    return f"task({data_set})" if corpus == "task" else corpus if corpus in NO_FILES else Path(corpus).stem


def _label_name(label: str) -> str:
    return label if label.startswith("task(") else label.partition("(")[0]
