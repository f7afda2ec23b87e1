"""`bench predict`: score a stored run's adapted model on its test split again, or on another task's data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from bench.core import registry
from bench.core.cache_folder import default_cache
from bench.core.console import Report
from bench.core.errors import DataError
from bench.core.kind import TaskKind
from bench.core.settings import settings_text
from bench.core.task import Case, Task
from bench.data.dataset import Data
from bench.data.root import Kind, resolve_root
from bench.engine.compute import Compute
from bench.engine.kept import keep_cases, name_contents
from bench.evaluation.adaptation import Adaptation
from bench.evaluation.kept.predicting import predict, rebuild
from bench.evaluation.pictures.sheet import write_contact_sheet
from bench.evaluation.protocols import PROTOCOLS
from bench.models.build import build_backbone
from bench.results.record import Record
from bench.results.store import PREDICTIONS, Store
from bench.runs.checks import lie_where_declared
from bench.runs.kept.find import find_run
from bench.runs.kept.model_file import kept_model
from bench.runs.kept.wanted import kind_of, wanted_task
from bench.runs.recording.scores import score_predictions
from bench.runs.resolve import evaluation_versions
from bench.runs.world import World


@dataclass(frozen=True, kw_only=True)
class PredictRequest:
    """A stored run, and what its model is to predict."""

    run: str
    """A record's file, or the beginning of its identity."""
    task: str | None = None
    """Of the same kind and classes; None: the one of `declared` that is not the run's own, else the run's own."""
    declared: tuple[str, ...] = ()
    """Tasks of the user's files."""
    every_case: bool = False
    """All cases of the data set instead of its test split."""
    data_root: Path | None = None
    results: Path = Path("results")
    cache: Path | None = None
    device: str = "auto"
    workers: int | None = None
    save_predictions: bool = False


@dataclass(frozen=True)
class Prediction:
    """What a kept model scored."""

    record: Record
    task: str
    data: Kind
    metrics: dict[str, float | None]
    domains: dict[str, dict[str, float | None]]
    cases: pd.DataFrame
    """One row a case: `case`, `domain` where there are any, and what records keep of it."""
    same_cases: bool
    """Whether these are the test cases of the run, with the content that they had."""
    folder: Path | None = None
    """Of predictions worth a file, where they were saved."""

    @property
    def lines(self) -> list[str]:
        """The scores for people."""
        metric = self.record.metric
        own, found = self.record.metrics[metric], self.metrics.get(metric)
        line = f"{metric} {_shown(found)} on {len(self.cases)} {self.data} cases of {self.task}"
        if self.same_cases:
            same = "equal" if self.metrics == self.record.metrics else f"not equal: the record has {_shown(own)}"
            line += f", the run's own test cases: {same}"
        else:
            line += f" (the run's own test cases: {_shown(own)})"
        others = [f"  {name} {_shown(value)}" for name, value in self.metrics.items() if name != metric]
        sites = [f"  {domain}: {metric} {_shown(scores.get(metric))}" for domain, scores in self.domains.items()]
        return [line, *others, *sites, *([f"predictions: {self.folder}"] if self.folder else [])]

    def to_json(self) -> dict[str, Any]:
        """The same for machines."""
        return {
            "run": self.record.identity,
            "task": self.task,
            "data": self.data,
            "cases": len(self.cases),
            "metrics": self.metrics,
            "domains": self.domains,
            "own_metrics": self.record.metrics,
            "same_cases": self.same_cases,
            "equal": self.metrics == self.record.metrics if self.same_cases else None,
            "folder": str(self.folder) if self.folder else None,
        }


def _shown(value: float | None) -> str:
    return "undefined" if value is None else f"{value:.4f}"


def execute_prediction(request: PredictRequest, *, quiet: bool) -> Prediction:
    """Take up a run's model, predict, and score; nothing is stored but predictions worth a file.

    Raises:
        UsageError: no such run or task, or a task of another kind or other classes.
        StorageError: the run kept no model, or its file is not the one that was written.
        DataError: the data are not there, or cannot be read.
    """
    report = Report(quiet=quiet)
    record, results = find_run(request.run, request.results)
    task = wanted_task(record, request.task, request.declared)
    tensors, provenance = kept_model(record, results)
    kind = kind_of(record, provenance.get("classes"), task)
    compute, cache = Compute(request.device, request.workers), request.cache or default_cache()
    world = _world(record, task, request, cache, report)
    data = world.data(task.data)
    cases = _cases(record, task, data, world, Store(results), every=request.every_case)
    keep_cases(kind, name_contents(data), world.decoded)
    protocol = PROTOCOLS[record.protocol]
    head = protocol.head_of(kind.pooled_only, record.profile, record.config["protocol"])
    settings = protocol.settings_for(head).model_validate(record.config["protocol"])
    report.say(f"taking up {record.method} on {record.task} ({record.protocol}, {record.backbone}, seed {record.seed})")
    adapted = rebuild(_architecture(record), kind, protocol, settings, tensors)
    folder = _folder(record, task, results) if request.save_predictions else None
    with report.live():
        adaptation = predict(adapted, kind, protocol, settings, cases, compute, report, folder)
    if folder is not None:
        write_contact_sheet(kind, cases, adaptation.predictions, folder)
    metrics, domains = score_predictions(kind, task.data.domains, cases, adaptation)
    unchanged = task.data.name == record.data_set and data.fingerprint == record.fingerprints["data"]
    same = unchanged and not request.every_case
    for line in warnings_of(record, task, data, every=request.every_case):
        report.warn(line)
    saved = folder if folder and folder.exists() else None
    return Prediction(record, task.name, data.kind, metrics, domains, _table(kind, cases, adaptation), same, saved)


def _world(record: Record, task: Task, request: PredictRequest, cache: Path, report: Report) -> World:
    root = resolve_root(request.data_root)
    if root is not None:
        return World(root, report, cache=cache)
    if lie_where_declared([task.data]):
        return World.declared([task.data], cache, report)
    if record.data == "real":
        raise DataError(
            "The run is of real data, and no data root is set.\nGive --data-root, the folder that has one folder per "
            "data set."
        )
    return World.phantom([task.data], cache, report)


def _cases(record: Record, task: Task, data: Data, world: World, store: Store, *, every: bool) -> Sequence[Case]:
    """The cases to predict: all, the run's own test cases, or another data set's test split for the run's seed.

    Raises:
        DataError: some of the run's test cases are not there.
    """
    if every:
        return data.cases
    if task.data.name != record.data_set:
        return world.split(task.data, record.seed).test
    known = {case.id: case for case in data.cases}
    names = store.names_of(record.split.file, record.split.fingerprint)
    missing = [name for name in names if name not in known]
    if missing:
        raise DataError(
            f"{data.folder}: {len(missing)} of the run's {len(names)} test cases are not there, as {missing[0]}.\n"
            "Give the data root that the run was made on, or --every-case for what is there."
        )
    return [known[name] for name in names]


def _architecture(record: Record) -> Any:
    """The encoder's network with any weights; the kept ones are loaded into it."""
    backbone = build_backbone(record.backbone)
    methods = registry.methods()
    if record.method not in methods.plugins:  # weights from a file: a backbone as it is
        return backbone
    cls = methods.get(record.method)
    if record.corpus is not None:
        return backbone
    return cls(cls.config_class.model_validate(record.config["method"])).substitute(backbone)


def _folder(record: Record, task: Task, results: Path) -> Path:
    place = Store(results).beside(record, PREDICTIONS)
    return place if task.name == record.task else place / task.name


def warnings_of(record: Record, task: Task, data: Data, *, every: bool) -> list[str]:
    """What makes these scores something else than those of a record."""
    found = []
    if task.data.name == record.data_set:
        now, then = evaluation_versions(task, record.protocol), record.versions.evaluation
        changed = {n: f"{then.get(n)} then, {version} now" for n, version in now.items() if then.get(n) != version}
        if changed:
            found.append(f"Parts of the evaluation have changed since the run: {settings_text({'version': changed})}.")
        if data.fingerprint != record.fingerprints["data"]:
            found.append(f"{data.folder}: its content is not that of the run; the scores are of what is there now.")
        if every:
            found.append("The run's own training cases are among these, so that the scores reward memory.")
    elif every and record.corpus and task.data.name in record.corpus.sources:
        found.append(
            f"The encoder was pretrained on images of {task.data.name} ({record.corpus.label}), without their labels."
        )
    return found


def _table(kind: TaskKind, cases: Sequence[Case], adaptation: Adaptation) -> pd.DataFrame:
    columns: dict[str, Any] = {"case": [case.id for case in cases]}
    if any(case.domain for case in cases):
        columns["domain"] = [case.domain for case in cases]
    return pd.DataFrame(columns | dict(kind.case_columns(cases, adaptation.predictions)))
