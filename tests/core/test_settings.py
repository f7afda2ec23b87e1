"""Settings: frozen, typed, finite, and unknown keys are errors; and as text."""

import pytest
from pydantic import ValidationError

from bench.core.settings import Part, Settings, settings_text


class Own(Settings):
    lr: float = 0.1


class Fact(Part):
    score: float


def test_settings_cannot_be_changed_and_know_their_keys():
    own = Own()
    with pytest.raises(ValidationError, match="frozen"):
        own.lr = 0.2
    with pytest.raises(ValidationError, match="Extra inputs"):
        Own(rate=0.1)
    with pytest.raises(ValidationError, match="valid number"):
        Own(lr="fast")
    with pytest.raises(ValidationError, match="finite"):
        Own(lr=float("nan"))


def test_parts_of_a_record_cannot_be_changed_and_know_their_keys():
    with pytest.raises(ValidationError, match="frozen"):
        Fact(score=0.5).score = 0.6
    with pytest.raises(ValidationError, match="Extra inputs"):
        Fact(score=0.5, rank=1)


def test_text_is_in_alphabetical_order_and_lists_have_no_spaces():
    sections = {"protocol": {"lr": 0.1}, "method": {"scale": (0.2, 1), "alpha": 1, "name": "x"}}
    assert settings_text(sections) == "method.alpha=1 method.name=x method.scale=[0.2,1] protocol.lr=0.1"
    assert settings_text({}) == settings_text({"method": {}}) == ""
