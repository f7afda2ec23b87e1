"""The budget of a pretraining: the published one by default, and checked."""

import pytest
from pydantic import ValidationError

from bench.pretraining.settings import QUICK_PRETRAIN, PretrainSettings


def test_defaults_are_the_published_budget_and_quick_is_smaller():
    published, quick = PretrainSettings(), PretrainSettings(**QUICK_PRETRAIN)
    assert (published.epochs, published.batch_size, published.image_size) == (100, 3200, 224)
    assert (published.init, published.balance, published.precision) == ("imagenet", True, "32-true")
    assert quick.epochs < published.epochs
    assert quick.image_size < published.image_size
    assert quick.init == "random", "a laptop need not have ImageNet weights"


@pytest.mark.parametrize(
    "wrong",
    [{"epochs": 0}, {"batch_size": 1}, {"image_size": 8}, {"init": "clip"}, {"precision": "16-true"}, {"epoch": 3}],
)
def test_wrong_budgets_are_refused(wrong):
    with pytest.raises(ValidationError, match=next(iter(wrong))):
        PretrainSettings(**wrong)


def test_a_budget_cannot_be_changed():
    with pytest.raises(ValidationError, match="frozen"):
        PretrainSettings().epochs = 3
