"""Trials: seeded, the same for the same scores, the first with the method's own settings, failures among them."""

import math

import pytest

from bench.core.console import Report
from bench.core.errors import TrainingError
from bench.runs.plan import make_plan
from bench.runs.request import RunRequest
from bench.runs.tuning.trials import Contestant, try_settings

REPORT = Report(quiet=True)


def contestant(seeds=(1000,), settings=None):
    run = RunRequest(methods=("simclr",), tasks=("brain_tumor",), seeds=seeds, settings=settings or {})
    plans, _ = make_plan("simclr", "brain_tumor", ("knn",), None, seeds, "quick", settings)
    return Contestant(plans[0], run)


def scored(made=None, fail=()):
    """Runs whose score is greatest at temperature 0.2; what was asked for goes to `made`, these trials fail."""
    made = [] if made is None else made

    def make(plans):
        made.append(plans)
        if len(made) - 1 in fail:
            raise TrainingError("the loss is not finite")
        temperature = plans[0].overrides.get("method", {}).get("temperature", 0.1)
        score = 1 - abs(math.log(temperature / 0.2))
        return [score + plan.seed for plan in plans]

    return make


def test_the_first_trial_has_the_methods_own_settings_and_all_have_every_seed():
    made = []
    trials = try_settings(contestant((1000, 1001), {"pretrain": {"epochs": 1}}), 4, "random", scored(made), REPORT)
    assert len(trials) == 4
    assert trials[0].settings == {}
    assert made[0][0].overrides == {"pretrain": {"epochs": 1}}
    assert [[p.seed for p in plans] for plans in made] == [[1000, 1001]] * 4
    assert trials[0].score == pytest.approx(1 - math.log(2) + 1000.5)
    for trial, plans in zip(trials[1:], made[1:], strict=True):
        assert set(trial.settings) == {"method.lr", "method.temperature", "method.weight_decay"}
        assert plans[0].overrides["method"]["lr"] == trial.settings["method.lr"]
        assert plans[0].overrides["pretrain"] == {"epochs": 1}
        assert plans[0].tuned is None


@pytest.mark.parametrize("sampler", ["tpe", "random"])
def test_the_same_command_asks_for_the_same_trials_and_more_add_to_them(sampler):
    one = try_settings(contestant(), 14, sampler, scored(), REPORT)
    assert try_settings(contestant(), 14, sampler, scored(), REPORT) == one
    assert try_settings(contestant(), 16, sampler, scored(), REPORT)[:14] == one
    assert len({t.settings["method.lr"] for t in one[1:]}) == 13


def test_tpe_is_led_by_the_scores():
    def distances(sampler):
        late = try_settings(contestant(), 40, sampler, scored(), REPORT)[25:]
        return sum(abs(math.log(t.settings["method.temperature"] / 0.2)) for t in late) / len(late)

    assert distances("tpe") < distances("random")


def test_a_trial_that_fails_counts_and_has_no_score():
    trials = try_settings(contestant(), 4, "tpe", scored(fail={0, 2}), REPORT)
    assert [math.isnan(t.score) for t in trials] == [True, False, True, False]
    assert "not finite" in trials[2].problem
    assert trials[1].problem == ""


def test_an_undefined_score_is_a_failure():
    def make(plans):
        return [math.nan for _ in plans]

    (first, _) = try_settings(contestant(), 2, "random", make, REPORT)
    assert first.problem == "its score on validation is undefined"
