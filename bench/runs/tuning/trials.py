"""Trials of a method: settings from a seeded sampler, scored on validation, one after the other."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from bench.core.console import Report
from bench.core.errors import TrainingError
from bench.core.settings import settings_text
from bench.runs.config import RunConfig, resolve_config
from bench.runs.plan import PlannedRun
from bench.runs.request import RunRequest
from bench.runs.tuning.space import Space, find_space

if TYPE_CHECKING:
    from optuna import Study
    from optuna.trial import Trial as Asked

SAMPLERS = ("tpe", "random")
SAMPLER_SEED = 0
Values = Mapping[str, Any]
"""section.key -> value."""
Scores = Callable[[Sequence[PlannedRun]], list[float]]
"""What the runs of a trial score on validation, made now or before; NaN: undefined. May raise `TrainingError`."""


@dataclass(frozen=True)
class Trial:
    """Settings that were tried, and their mean score on validation over the seeds; NaN where there is none."""

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


class Sampler:
    """Proposes settings by Optuna, seeded: told the same scores in the same order, it proposes the same."""

    def __init__(self, name: str, space: Space) -> None:
        self.space = space
        self.distributions = {name: dimension.distribution for name, dimension in space.items()}
        self.study = _study(name)

    def ask(self) -> tuple[Asked, Values]:
        """The next settings, and the trial that `tell` wants back."""
        asked = self.study.ask(self.distributions)
        return asked, {name: self.space[name].value(value) for name, value in asked.params.items()}

    def tell(self, asked: Asked, trial: Trial) -> None:
        """Let the sampler know what became of them."""
        from optuna.trial import TrialState

        if trial.problem:
            self.study.tell(asked, state=TrialState.FAIL)
        else:
            self.study.tell(asked, trial.score)

    def tell_own(self, trial: Trial) -> None:
        """Let it know the score of the method's own settings, where they may be drawn."""
        from optuna.trial import create_trial

        own = {name: dimension.own for name, dimension in self.space.items()}
        if not trial.problem and all(dimension.holds(dimension.own) for dimension in self.space.values()):
            self.study.add_trial(create_trial(params=own, distributions=self.distributions, value=trial.score))


def try_settings(contestant: Contestant, count: int, sampler: str, scores: Scores, report: Report) -> list[Trial]:
    """All trials of a method in their order, the first with its own settings."""
    chosen = Sampler(sampler, contestant.space)
    trials: list[Trial] = []
    method = contestant.plan.method
    with report.live(), report.stage(f"trials of {method}", count) as advance:
        for number in range(count):
            asked, values = chosen.ask() if number else (None, {})
            report.say(f"trial {number + 1} of {count} of {method}: {_shown(values)}")
            trial = _try(contestant, values, scores)
            if trial.problem:
                report.warn(f"This trial has no score: {trial.problem}")
            else:
                report.say(f"  validation {contestant.plan.task.metric} {trial.score:.4f}")
            if asked:
                chosen.tell(asked, trial)
            else:
                chosen.tell_own(trial)
            trials.append(trial)
            advance(f"best {max((t.score for t in trials if not t.problem), default=math.nan):.4f}")
    return trials


def _shown(values: Values) -> str:
    return settings_text(sections_of_values(values)) or "its own settings"


def _study(sampler: str) -> Study:
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    chosen = {"tpe": optuna.samplers.TPESampler, "random": optuna.samplers.RandomSampler}[sampler]
    return optuna.create_study(direction="maximize", sampler=chosen(seed=SAMPLER_SEED))


def _try(contestant: Contestant, values: Values, scores: Scores) -> Trial:
    """One trial. A training that diverges, or scores nothing on validation, is a trial without a score."""
    try:
        found = scores(contestant.plans(values))
    except TrainingError as error:
        return Trial(values, math.nan, str(error))
    score = sum(found) / len(found)
    return Trial(values, score, "" if math.isfinite(score) else "its score on validation is undefined")


def sections_of_values(values: Values) -> dict[str, dict[str, Any]]:
    """section.key -> value as section -> key -> value."""
    sections: dict[str, dict[str, Any]] = {}
    for name, value in values.items():
        section, _, key = name.partition(".")
        sections.setdefault(section, {})[key] = value
    return sections
