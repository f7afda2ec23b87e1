"""Trials of a method: settings from a seeded sampler, scored on validation, one after the other."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from bench.core.console import Report
from bench.core.errors import TrainingError
from bench.core.settings import settings_text
from bench.results.record import Record
from bench.runs.config import RunConfig, resolve_config
from bench.runs.plan import PlannedRun
from bench.runs.request import RunRequest
from bench.runs.tuning.space import Space, find_space

if TYPE_CHECKING:
    from optuna import Study

SAMPLERS = ("tpe", "random")
SAMPLER_SEED = 0
Values = Mapping[str, Any]
"""section.key -> value."""
Made = Callable[[list[PlannedRun]], list[Record]]
"""Makes the runs of a trial, or finds them stored."""


@dataclass(frozen=True)
class Trial:
    """Settings that were tried, and their mean score on validation over the seeds; NaN where training failed."""

    settings: Values
    """What differs from the method's own."""
    score: float
    problem: str = ""


class Contestant:
    """A method with its own settings and what they are tuned over."""

    def __init__(self, plan: PlannedRun, run: RunRequest) -> None:
        self.plan, self.run = plan, run
        self.config: RunConfig = resolve_config(
            plan.method, plan.task, plan.protocol, run.profile, plan.backbone, plan.overrides
        )
        self.space: Space = find_space(plan.method, self.config, plan.overrides)

    def plans(self, values: Values) -> list[PlannedRun]:
        """The runs of a trial, one for each seed."""
        overrides = {section: dict(settings) for section, settings in self.plan.overrides.items()}
        for section, settings in sections_of_values(values).items():
            overrides.setdefault(section, {}).update(settings)
        return [replace(self.plan, seed=seed, overrides=overrides, tuned=None) for seed in self.run.seeds]


def try_settings(contestant: Contestant, count: int, sampler: str, made: Made, report: Report) -> list[Trial]:
    """All trials of a method in their order, the first with its own settings."""
    space = contestant.space
    study = _study(sampler)
    distributions = {name: dimension.distribution for name, dimension in space.items()}
    trials: list[Trial] = []
    method = contestant.plan.method
    with report.live(), report.stage(f"trials of {method}", count) as advance:
        for number in range(count):
            asked = study.ask(distributions) if number else None
            drawn = asked.params if asked else {}
            values = {name: space[name].value(value) for name, value in drawn.items()}
            report.say(f"trial {number + 1} of {count} of {method}: {_shown(values)}")
            trial = _try(contestant, values, made)
            if trial.problem:
                report.warn(f"This trial has no score: {trial.problem}")
            trials.append(trial)
            _tell(study, asked, trial, space)
            advance(f"best {max((t.score for t in trials if not t.problem), default=math.nan):.4f}")
    return trials


def _shown(values: Values) -> str:
    return settings_text(sections_of_values(values)) or "its own settings"


def _study(sampler: str) -> Study:
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    chosen = {"tpe": optuna.samplers.TPESampler, "random": optuna.samplers.RandomSampler}[sampler]
    return optuna.create_study(direction="maximize", sampler=chosen(seed=SAMPLER_SEED))


def _tell(study: Study, asked: Any, trial: Trial, space: Space) -> None:
    """Let the sampler know a score. The method's own settings are told where they may be drawn."""
    from optuna.trial import TrialState, create_trial

    if asked is not None:
        failed = bool(trial.problem)
        study.tell(asked, None if failed else trial.score, TrialState.FAIL if failed else TrialState.COMPLETE)
    elif not trial.problem and all(dimension.holds(dimension.own) for dimension in space.values()):
        distributions = {name: dimension.distribution for name, dimension in space.items()}
        own = {name: dimension.own for name, dimension in space.items()}
        study.add_trial(create_trial(params=own, distributions=distributions, value=trial.score))


def _try(contestant: Contestant, values: Values, made: Made) -> Trial:
    """One trial. A training that diverges, or scores nothing on validation, is a trial without a score."""
    try:
        records = made(contestant.plans(values))
    except TrainingError as error:
        return Trial(values, math.nan, str(error))
    scores = [record.selection.get(f"validation_{record.metric}", math.nan) for record in records]
    score = sum(scores) / len(scores)
    return Trial(values, score, "its score on validation is undefined" if math.isnan(score) else "")


def sections_of_values(values: Values) -> dict[str, dict[str, Any]]:
    """section.key -> value as section -> key -> value."""
    sections: dict[str, dict[str, Any]] = {}
    for name, value in values.items():
        section, _, key = name.partition(".")
        sections.setdefault(section, {})[key] = value
    return sections
