"""The supervised loop: what is frozen stays, selection never sees the test split, the test split is predicted once."""

from dataclasses import replace

import pandas as pd
import pytest
import torch
from torch import nn

from bench.core.console import Report
from bench.core.errors import DataError, StorageError, TrainingError
from bench.core.kind import Features
from bench.engine.compute import Compute
from bench.engine.logs.place import LogPlace
from bench.engine.resume import StateFile
from bench.engine.seeding import seed_all
from bench.evaluation import supervised as adapt
from bench.evaluation.protocols import PROTOCOLS
from bench.evaluation.settings import ProtocolSettings
from bench.evaluation.supervised import Supervised
from bench.runs.world import World
from tasks.brain_tumor import BRAIN_TUMOR, TASK
from tasks.kinds.classification import Classification, ClassificationSettings

REPORT = Report(quiet=True)


class Tiny(nn.Module):
    embedding_dim = 8

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, stride=4)
        self.norm = nn.BatchNorm2d(8)

    def forward(self, images):
        maps = self.norm(self.conv(images)).relu()
        return Features([maps], maps.mean((2, 3)))


class Dense(Classification):
    pooled_only = False


@pytest.fixture(scope="module")
def split(phantom_root):
    whole = World(phantom_root, REPORT).split(BRAIN_TUMOR, 0)
    return replace(whole, train=whole.train[::7], validation=whole.validation[::5], test=whole.test[::8])


def supervised(split, protocol, epochs=3, kind=Classification, lr=1e-2, seed=0, **more):
    seed_all(1)
    backbone = Tiny()
    settings = ProtocolSettings(epochs=epochs, batch_size=8, lr=lr, **more)
    chosen = kind(TASK, ClassificationSettings(image_size=32))
    return backbone, Supervised(backbone, chosen, split, PROTOCOLS[protocol], settings, seed, Compute("cpu"), REPORT)


def changed(backbone, before):
    return {k for k, v in backbone.state_dict().items() if not torch.equal(v, before[k])}


@pytest.mark.parametrize("kind", [Classification, Dense])
def test_linear_leaves_every_weight_and_statistic_of_the_encoder(split, kind):
    backbone, run = supervised(split, "linear", kind=kind)
    before = {k: v.clone() for k, v in backbone.state_dict().items()}
    head = [p.clone() for p in run.model.head.parameters()]
    run.fit("linear")
    assert changed(backbone, before) == set()
    assert all(not torch.equal(a, b) for a, b in zip(head, run.model.head.parameters(), strict=True))


def test_both_ways_of_the_frozen_protocol_agree(split):
    """Embedding once, and passing images through the frozen encoder, differ only in the training augmentation."""
    embedded = supervised(split, "linear")[1].evaluate("test")[0]
    passed = supervised(split, "linear", kind=Dense)[1].evaluate("test")[0]
    assert embedded == pytest.approx(passed, abs=1e-5)


def test_finetune_trains_the_encoder(split):
    backbone, run = supervised(split, "finetune")
    before = {k: v.clone() for k, v in backbone.state_dict().items()}
    run.fit("finetune")
    assert {"conv.weight", "norm.weight", "norm.running_mean"} <= changed(backbone, before)


def test_test_split_is_predicted_once_after_selection(split, monkeypatch):
    _, run = supervised(split, "finetune")
    asked = []
    evaluate = run.evaluate
    monkeypatch.setattr(run, "evaluate", lambda name: (asked.append(name), evaluate(name))[1])
    run.fit("x")
    assert asked == ["validation"] * 3 + ["test"]


@pytest.mark.parametrize(
    ("validation", "best"),
    [
        ([(0.5, 1.0), (0.7, 1.0), (0.6, 0.1)], 2),
        ([(0.5, 1.0), (0.5, 0.9), (0.5, 0.95)], 2),  # equal scores: lower loss
        ([(0.5, 1.0), (0.5, 1.0), (0.5, 1.0)], 1),  # all equal: the earliest
    ],
)
def test_selected_epoch_is_best_on_validation_and_its_weights_predict(split, monkeypatch, validation, best):
    _, run = supervised(split, "finetune")
    states, answers = [], iter(validation)

    def validate(cases):
        assert cases is run.split.validation
        states.append({k: v.clone() for k, v in run.model.state_dict().items()})
        return next(answers)

    monkeypatch.setattr(run, "_validation", validate)
    outcome = run.fit("x")
    assert (outcome.best_epoch, outcome.validation) == (best, validation[best - 1][0])
    assert all(torch.equal(v, states[best - 1][k]) for k, v in run.model.state_dict().items())
    assert len(outcome.predictions) == len(split.test)


def test_same_seed_same_predictions_whether_it_is_logged_or_not(split, tmp_path):
    logs = (None, LogPlace(tmp_path, "x", "id"), None)
    first, again, other = (
        supervised(split, "finetune", seed=s)[1].fit("x", log=log).predictions
        for s, log in zip((3, 3, 4), logs, strict=True)
    )
    assert (first == again).all()
    assert list(tmp_path.glob("tensorboard/events*"))
    assert (first != other).any()


class Interrupted(Exception):
    pass


@pytest.mark.parametrize("protocol", ["linear", "finetune"])
def test_interrupted_and_resumed_equals_uninterrupted(split, tmp_path, monkeypatch, protocol):
    monkeypatch.setattr(adapt, "SECONDS_BETWEEN_SAVES", -1.0)
    state = StateFile(tmp_path / "a" / "last.ckpt", "id", "adaptation", REPORT)
    logs = [LogPlace(tmp_path / name, name, name) for name in ("whole", "parts")]
    whole = supervised(split, protocol, epochs=4)[1].fit("x", log=logs[0])
    _, run = supervised(split, protocol, epochs=4)
    epoch = run.train_epoch

    def stop_in_third(number, advance):
        if number == 3:
            epoch(number, advance)
            torch.rand(7)
            raise Interrupted
        return epoch(number, advance)

    monkeypatch.setattr(run, "train_epoch", stop_in_third)
    with pytest.raises(Interrupted):
        run.fit("x", state, logs[1])
    _, run = supervised(split, protocol, epochs=4, seed=5)  # another start, which the file replaces
    run.batches.seed = 0
    epochs = []
    monkeypatch.setattr(run, "train_epoch", lambda n, a: (epochs.append(n), Supervised.train_epoch(run, n, a))[1])
    parts = run.fit("x", state, logs[1])
    assert epochs == [3, 4]
    assert (parts.predictions == whole.predictions).all()
    assert (parts.best_epoch, parts.validation) == (whole.best_epoch, whole.validation)
    assert parts.cost["seconds"] > 0
    steps, epochs = ([pd.read_csv(place.folder / name) for place in logs] for name in ("log.csv", "epochs.csv"))
    pd.testing.assert_frame_equal(*steps)
    assert list(steps[1]["step"]) == list(range(4 * len(run.batches)))
    timed = ["seconds", "images_per_second", "waiting_for_data"]
    pd.testing.assert_frame_equal(*(one.drop(columns=timed) for one in epochs))
    assert list(epochs[1]["epoch"]) == [1, 2, 3, 4]
    assert epochs[1]["validation_accuracy"].max() == whole.validation


def test_state_of_another_adaptation_is_refused_and_short_ones_write_none(split, tmp_path, monkeypatch, capsys):
    path = tmp_path / "last.ckpt"
    states, others = (StateFile(path, name, "adaptation", Report()) for name in ("id", "other"))
    supervised(split, "finetune")[1].fit("x", states)
    assert not path.exists()
    monkeypatch.setattr(adapt, "SECONDS_BETWEEN_SAVES", -1.0)
    whole = supervised(split, "finetune")[1].fit("x", states)
    with pytest.raises(StorageError, match="belongs to another adaptation"):
        supervised(split, "finetune")[1].fit("x", others)
    path.write_bytes(b"damaged")
    again = supervised(split, "finetune")[1].fit("x", states)
    assert (again.predictions == whole.predictions).all()
    assert "last.ckpt is damaged: " in capsys.readouterr().err


def test_a_state_that_cannot_be_saved_does_not_end_the_adaptation(split, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(adapt, "SECONDS_BETWEEN_SAVES", -1.0)
    (tmp_path / "a").write_text("a file where a folder should be")
    states = StateFile(tmp_path / "a" / "last.ckpt", "id", "adaptation", Report())
    assert supervised(split, "finetune")[1].fit("x", states).best_epoch
    assert capsys.readouterr().err.count("Warning: ") == 1


@pytest.mark.parametrize("mixed_head", [True, False])
def test_mixed_precision_computes_in_bfloat16_and_gives_single(split, mixed_head):
    seen = {}

    class Watched(Dense):
        def build_head(self, backbone):
            head = super().build_head(backbone)
            head.register_forward_hook(lambda m, i, o: seen.update(embedding=i[0].pooled.dtype, logits=o.dtype))
            return head

    Watched.mixed_head = mixed_head
    _, run = supervised(split, "finetune", kind=Watched, precision="bf16-mixed")
    outcome = run.fit("x")
    inner = torch.bfloat16 if mixed_head else torch.float32
    assert seen == {"embedding": inner, "logits": inner}
    images = torch.stack([run.data["test"][i][0] for i in range(4)])
    assert run.model(images).dtype == torch.float32
    assert run.model.backbone(images).pooled.dtype == torch.float32
    assert all(p.dtype == torch.float32 for p in run.model.parameters())
    assert torch.isfinite(torch.from_numpy(outcome.predictions)).all()


def test_diverging_training_is_an_error_with_advice(split):
    _, run = supervised(split, "finetune")
    with torch.no_grad():
        run.model.head.linear.weight.fill_(float("inf"))
    with pytest.raises(TrainingError, match=r"loss is not finite in epoch 1. Lower protocol\.lr"):
        run.fit("x")


def test_an_engine_that_raises_where_it_diverges_gives_the_same_error(split, monkeypatch):
    def diverged(*_):
        raise FloatingPointError("Predicted boxes or scores contain Inf/NaN. Training has diverged.")

    _, run = supervised(split, "finetune")
    monkeypatch.setattr(Classification, "loss", diverged)
    with pytest.raises(TrainingError, match=r"loss is not finite in epoch 1. Lower protocol\.lr"):
        run.fit("x")


@pytest.mark.parametrize("side", ["validation", "test"])
def test_a_side_on_which_no_score_is_defined_is_an_error_before_any_training(split, side):
    class Nowhere(Dense):
        def has_truth(self, case):
            return case not in split.sides[side]

    n = len(split.sides[side])
    with pytest.raises(DataError, match=rf"brain_tumor: none of the {n} {side} cases holds .* accuracy is undefined"):
        supervised(split, "finetune", kind=Nowhere)
    assert supervised(split, "finetune", kind=Dense)
