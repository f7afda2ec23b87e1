"""Hidden layers at several rates, trained together: each as it would be alone."""

import pandas as pd
import pytest
import torch
from torch.utils.data import TensorDataset

from bench.core.console import Report
from bench.engine.logs.place import LogPlace
from bench.engine.meter import Meter
from bench.evaluation.mlp_probe import MlpProbe
from bench.evaluation.settings import MlpProbeSettings
from bench.runs.world import World
from tasks.brain_tumor import BRAIN_TUMOR, TASK
from tasks.kinds.classification import Classification, ClassificationSettings

REPORT = Report(quiet=True)


@pytest.fixture(scope="module")
def split(whole_phantom_root):
    return World(whole_phantom_root, REPORT).split(BRAIN_TUMOR, 0)


@pytest.fixture(scope="module")
def rings(split):
    """Classes by the radius in two of six units: no linear layer reads them."""
    generator, sides = torch.Generator().manual_seed(0), {}
    for name, cases in split.sides.items():
        targets = torch.tensor([c.target for c in cases])
        angle = 6.2832 * torch.rand(len(cases), generator=generator)
        radius = 1 + targets + 0.1 * torch.randn(len(cases), generator=generator)
        noise = 0.1 * torch.randn(len(cases), 4, generator=generator)
        sides[name] = TensorDataset(
            torch.cat([(radius * angle.cos())[:, None], (radius * angle.sin())[:, None], noise], dim=1), targets
        )
    return sides


def fit(split, sides, seed=0, log=None, **settings):
    kind = Classification(TASK, ClassificationSettings(image_size=32))
    own = MlpProbeSettings(**{"hidden": (32, 16), "epochs": 25, "batch_size": 32} | settings)
    probe = MlpProbe(sides, kind, split, own, seed, Meter(torch.device("cpu")), REPORT)
    return probe, probe.fit("mlp", log)


def test_it_reads_what_no_linear_layer_does(split, rings):
    probe, outcome = fit(split, rings, epochs=60)
    assert probe.kind.score(split.test, outcome.predictions)["accuracy"] > 0.6, (
        "a fifth to a third without hidden layers"
    )
    assert probe.parameters == 6 * 32 + 32 + 32 * 16 + 16 + 16 * 4 + 4


def test_each_rate_is_what_it_is_alone(split, rings):
    rates = (1e-3, 1e-2)
    together = fit(split, rings, rates=rates, epochs=4)[1]
    for i, rate in enumerate(rates):
        alone = fit(split, rings, rates=(rate,), epochs=4)[1]
        assert together.sweep[i]["epoch"] == alone.sweep[0]["epoch"] == alone.best_epoch
        assert together.sweep[i]["validation"] == pytest.approx(alone.validation, abs=0.02)
    chosen = max(together.sweep, key=lambda one: one["validation"])
    assert together.chosen == {"rate": chosen["rate"]}
    assert together.validation == chosen["validation"]


def test_same_seed_same_predictions_and_every_rate_is_logged(split, rings, tmp_path):
    logs = (None, LogPlace(tmp_path, "mlp", "id"), None)
    first, again, other = (
        fit(split, rings, seed, log, epochs=2, rates=(1e-3, 1e-2))[1].predictions
        for seed, log in zip((0, 0, 1), logs, strict=True)
    )
    rows = pd.read_csv(tmp_path / "epochs.csv")
    assert list(rows)[:6] == [
        "epoch", "step", "loss@0.001", "loss@0.01", "validation_loss@0.001", "validation_loss@0.01"
    ]  # fmt: skip
    assert len(rows) == 2
    assert rows["loss@0.01"].is_monotonic_decreasing
    assert (first == again).all()
    assert (first != other).any()


def test_training_that_has_not_ended_says_so(split, rings):
    notes = fit(split, rings, epochs=1)[1].notes
    assert any("the best epoch is the last of 1" in note for note in notes)
