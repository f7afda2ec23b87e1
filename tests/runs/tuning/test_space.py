"""Spaces: factors of what a profile sets, the method's own value always among what is tried, and errors."""

from typing import ClassVar

import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from bench.core import registry
from bench.core.errors import PluginError, UsageError
from bench.core.settings import Choice, Range
from bench.runs.config import resolve_config
from bench.runs.tuning.space import Dimension, find_space


def space_of(method, profile="quick", given=None):
    task = registry.tasks().get("brain_tumor")
    config = resolve_config(method, task, "knn", profile, "resnet18", given or {})
    return find_space(method, config, given or {})


@pytest.mark.parametrize("profile", ["quick", "paper"])
@pytest.mark.parametrize("method", sorted(n for n, m in registry.methods().working().items() if m.search_space))
def test_what_methods_declare_can_be_tuned_in_every_profile(method, profile):
    space = space_of(method, profile)
    assert len(space) == 3, "as many dimensions for each, so that as many trials are as much"
    for dimension in space.values():
        assert dimension.holds(dimension.own) or isinstance(dimension.source, Range)
        assert dimension.distribution is not None
    lr = space["method.lr"]
    assert (lr.source.low, lr.source.high) == pytest.approx((lr.own / 10, lr.own * 10))


def test_the_methods_own_value_is_among_the_choices():
    assert space_of("byol")["method.weight_decay"].holds(space_of("byol")["method.weight_decay"].own)


def test_what_the_user_set_is_not_tuned():
    space = space_of("simclr", given={"method": {"lr": 0.5}})
    assert set(space) == {"method.temperature", "method.weight_decay"}
    everything = {"method": {"lr": 0.5, "temperature": 0.2, "weight_decay": 0.0}}
    with pytest.raises(UsageError, match=r"Nothing is left to tune of 'simclr': .*method.temperature"):
        space_of("simclr", given=everything)


def test_a_method_without_a_space_is_an_error_that_names_those_with_one():
    with pytest.raises(UsageError, match=r"'random' declares nothing to tune. Methods that do: .*lvmmed"):
        space_of("random")


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        ({"method.lrr": Range(0, 1)}, "'method.lrr', which is no setting of it"),
        ({"protocol.neighbours": Choice((1, 2))}, "which is no setting of it"),
        ({"lr": Range(0, 1)}, "which is no setting of it"),
        ({"method.lr": (0, 1)}, r"has \(0, 1\) for 'method.lr'"),
        ({"method.lr": Range(1, 0.5)}, "Expected a range that rises"),
        ({"method.lr": Range(0, 1, log=True)}, "and begins above 0"),
        ({"method.lr": Range(-1, 1)}, "the value -1.0 for method.lr, which cannot be: .* greater than 0"),
        ({"method.optimizer": Choice(("adam", "adm"))}, "the value adm for method.optimizer, which cannot be"),
        ({"method.gradient_clip": Range(0.1, 10, relative=True)}, "own value is None. Expected a range that is not"),
        ({"method.gradient_clip": Choice((None, 1.0))}, "values without None"),
    ],
)
def test_a_wrong_declaration_is_an_error(monkeypatch, declared, message):
    monkeypatch.setattr(registry.methods().get("simclr"), "search_space", declared)
    with pytest.raises(PluginError, match=message):
        space_of("simclr")


def test_settings_of_the_pretraining_may_be_among_them(monkeypatch):
    declared = {"pretrain.crop_min": Range(0.5, 2, relative=True), "pretrain.epochs": Range(2, 9, whole=True)}
    monkeypatch.setattr(registry.methods().get("simclr"), "search_space", declared)
    space = space_of("simclr", given={"pretrain": {"batch_size": 8}})
    own = space["pretrain.crop_min"].own
    assert space["pretrain.crop_min"].text == f"{own / 2:g} to {own * 2:g}"
    assert space["pretrain.epochs"].distribution == IntDistribution(2, 9)


def test_a_setting_without_a_value_is_tuned_over_others_alone(monkeypatch):
    monkeypatch.setattr(registry.methods().get("simclr"), "search_space", {"method.gradient_clip": Choice((1.0, 3.0))})
    (clip,) = space_of("simclr").values()
    assert (clip.own, clip.text, clip.holds(None)) == (None, "1.0, 3.0", False)


class TestDimension:
    ranges: ClassVar = Dimension(0.5, Range(0.123456, 0.987654, log=True))

    def test_numbers_are_short_and_stay_inside(self):
        assert self.ranges.value(0.33333333) == 0.3333
        assert self.ranges.value(0.987654) == 0.9877 or self.ranges.value(0.987654) == 0.987654
        assert self.ranges.value(0.123456) >= 0.123456

    def test_distributions_and_texts(self):
        assert self.ranges.distribution == FloatDistribution(0.123456, 0.987654, log=True)
        assert self.ranges.text == "0.123456 to 0.987654 (log)"
        choice = Dimension("a", Choice(("a", "b")))
        assert choice.distribution == CategoricalDistribution(("a", "b"))
        assert (choice.text, choice.value("b")) == ("a, b", "b")
        whole = Dimension(3, Range(2, 9, whole=True))
        assert (whole.text, whole.value(4)) == ("2 to 9 (whole)", 4)
