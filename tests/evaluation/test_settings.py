"""Settings of probes: ranges are checked, and profile and kind say which head is fitted."""

import pytest
from pydantic import ValidationError

from bench.core.errors import UsageError
from bench.core.registry import tasks
from bench.evaluation.settings import (
    LinearProbeSettings,
    MlpProbeSettings,
    PaperHeadSettings,
    PaperMlpSettings,
    ProtocolSettings,
)
from bench.runs.config import resolve_config


@pytest.mark.parametrize("wrong", [(), (0.0, 1.0), (1.0, 0.1), (1.0, 1.0)])
def test_candidates_are_positive_and_ascend(wrong):
    with pytest.raises(ValidationError, match="from the smallest to the largest"):
        LinearProbeSettings(regularisations=wrong)
    with pytest.raises(ValidationError, match="from the smallest to the largest"):
        MlpProbeSettings(rates=wrong)


def resolved(task, protocol, profile, **own):
    return resolve_config("random", tasks().get(task), protocol, profile, "resnet18", {"protocol": own}).protocol


def test_quick_sweeps_and_paper_has_the_papers_head():
    assert type(resolved("brain_tumor", "linear", "quick")) is LinearProbeSettings
    assert type(resolved("brain_tumor", "mlp", "quick")) is MlpProbeSettings
    paper = resolved("brain_tumor_linear", "linear", "paper")
    assert type(paper) is PaperHeadSettings
    assert (paper.head, paper.lr) == ("paper", 5e-4)
    assert type(resolved("brain_tumor", "mlp", "paper")) is PaperMlpSettings


def test_a_head_can_be_chosen_and_a_decoder_has_none():
    assert type(resolved("brain_tumor", "linear", "paper", head="swept")) is LinearProbeSettings
    assert resolved("brain_tumor", "linear", "quick", head="paper", lr=0.1).lr == 0.1
    assert type(resolved("drive", "linear", "quick")) is ProtocolSettings
    with pytest.raises(UsageError, match="expected one of swept, paper, found 'best'"):
        resolved("brain_tumor", "linear", "quick", head="best")
    with pytest.raises(UsageError, match="protocol 'linear' with head=swept has no setting 'lr'"):
        resolved("brain_tumor", "linear", "quick", lr=0.1)
    with pytest.raises(UsageError, match="no setting 'head'"):
        resolved("drive", "linear", "quick", head="swept")
