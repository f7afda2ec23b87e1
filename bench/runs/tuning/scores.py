"""What trials score on validation. The test split is never read: an encoder is evaluated on a split without one.

A score is kept as a small file under RESULTS/tuning, by the identity of the run that it would be; no table reads it.
"""

from __future__ import annotations

import math
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import Field

from bench.core.cache_folder import CHECKPOINTS
from bench.core.console import Report
from bench.core.digest import digest
from bench.core.errors import DataError, StorageError
from bench.core.files import require_writable, sweep, write_text
from bench.core.reading import Unusable, reading, text_of
from bench.core.settings import Part
from bench.data.split_files import selection_note
from bench.data.splits import SplitCases
from bench.engine.kept import name_contents
from bench.evaluation.evaluate import Job, evaluate
from bench.evaluation.protocols import PROTOCOLS
from bench.runs.plan import PlannedRun
from bench.runs.resolve import Options, ResolvedRun, resolve
from bench.runs.run import open_caches, pretrained_backbone, unfinished, warn_of_precision
from bench.runs.world import World

ADVICE = "Remove the file: the trial is made again."


class TrialScore(Part):
    """The file of one trial with one seed."""

    identity: str = Field(description="Of the run with these settings.")
    method: str
    task: str
    protocol: str
    backbone: str
    seed: int
    settings: dict[str, dict[str, Any]] = Field(description="What differs from the profile's.")
    metric: str
    validation: float | None = Field(allow_inf_nan=False, description="The metric on validation; null: undefined.")


class ValidationScores:
    """Makes the scores of trials, or finds them in a folder. Raises `StorageError` where that cannot be written."""

    def __init__(self, options: Options, world: World, report: Report) -> None:
        self.options, self.world, self.report = options, world, report
        self.decoded, self.embeddings = open_caches(options, world, report)
        require_writable(options.results, "results")
        for place in (options.results, options.cache / CHECKPOINTS):
            sweep(place)
        self._warned = False

    def __call__(self, plans: Sequence[PlannedRun]) -> list[float]:
        """The headline metric of each run on its validation split; NaN where it is undefined.

        Raises:
            TrainingError: the loss is not finite.
            StorageError: a stored score cannot be read.
        """
        runs = [resolve(plan, self.options, self.world, self.decoded) for plan in plans]
        if not self._warned:
            warn_of_precision(runs, self.options, self.report)
            self._warned = True
        return [self._score(run) for run in runs]

    def _score(self, run: ResolvedRun) -> float:
        path = self.options.results / run.plan.method / f"{run.identity[:16]}.json"
        if path.exists():
            found = _read(path, run.identity).validation
            return math.nan if found is None else found
        score = self._evaluate(run)
        write_text(path, _file(run, score).model_dump_json(indent=1) + "\n")
        return score

    def _evaluate(self, run: ResolvedRun) -> float:
        plan = run.plan
        backbone, _ = pretrained_backbone(run, self.options, self.report)
        split = without_test(self.world.split(plan.task.data, plan.seed))
        contents = name_contents(self.world.data(plan.task.data))
        identity = digest(["validation alone", run.identity])
        protocol, settings = PROTOCOLS[plan.protocol], run.config.protocol
        job = Job(run.kind, protocol, settings, split, contents, plan.seed, plan.backbone, identity)
        state = unfinished(identity, self.options)
        done = evaluate(job, backbone, self.options.compute, self.embeddings, self.report, resume=state)
        shutil.rmtree(state.parent, ignore_errors=True)
        return done.adaptation.validation


def without_test(split: SplitCases) -> SplitCases:
    """The split with the validation cases in place of the test cases, so that whatever is evaluated reads no others.

    Raises:
        DataError: the validation cases are the test cases, as in a published split.
    """
    if note := selection_note(split):
        raise DataError(f"{note[0]}\nTune on another split: what is chosen here is chosen by the test cases.")
    return replace(split, test=split.validation)


def _file(run: ResolvedRun, score: float) -> TrialScore:
    plan = run.plan
    return TrialScore(
        identity=run.identity,
        method=plan.method,
        task=plan.task.name,
        protocol=plan.protocol,
        backbone=plan.backbone,
        seed=plan.seed,
        settings=run.config.overrides,
        metric=plan.task.metric,
        validation=score if math.isfinite(score) else None,
    )


def _read(path: Path, identity: str) -> TrialScore:
    with reading(path, ADVICE, StorageError, what="is no score of a trial"):
        found = TrialScore.model_validate_json(text_of(path))
        if found.identity != identity:
            raise Unusable("it is of another run")
    return found
