"""The detection kind on drawn images: it learns, scores on the owner's pixels, and is the same again."""

import json

import numpy as np
import pytest
import torch
from PIL import Image

from bench.core.console import Report
from bench.core.errors import DataError, TrainingError, UsageError
from bench.core.task import BoxTarget
from bench.data.splits import make_split
from bench.engine.compute import Compute
from bench.engine.kept import Memory
from bench.evaluation.protocols import PROTOCOLS
from bench.evaluation.settings import ProtocolSettings
from bench.evaluation.supervised import Supervised
from bench.models.build import build_backbone
from tasks.kinds.detection.scores import coco_scores
from tests.tasks.detection.worlds import HEIGHT, WIDTH, DrawnBoxes, both_engines, cases_of, kind_of
from tests.tasks.segmentation.worlds import Tiny

REPORT = Report(quiet=True)
IDS = [f"c{i}" for i in range(18)]


def supervised(kind, cases, protocol="finetune", epochs=1, seed=0, save=None, lr=1e-2):
    torch.manual_seed(1)
    settings = ProtocolSettings(epochs=epochs, batch_size=4, lr=lr)
    split = make_split(cases[:-6], cases[-6:-3], cases[-3:], 0)
    return Supervised(Tiny(), kind, split, PROTOCOLS[protocol], settings, seed, Compute("cpu"), REPORT, save=save)


def output_of(case, scale=1.0, score=0.9):
    """The true boxes as an engine would give them, on an input of 64 x 64 pixels."""
    boxes = torch.tensor([box[1:] for box in case.target.boxes]) * 64 / torch.tensor([WIDTH, HEIGHT] * 2) * scale
    labels = torch.tensor([box.label for box in case.target.boxes])
    return {"boxes": boxes, "scores": torch.full((len(boxes),), score), "labels": labels}


def test_training_learns_and_scores_every_image(tmp_path):
    kind = kind_of(tmp_path / "cache")
    run = supervised(kind, cases_of(tmp_path, IDS), epochs=25)
    before = kind.score(run.split.test, run.evaluate("test")[0])["ap50"]
    outcome = run.fit("x")
    scores = kind.score(run.split.test, outcome.predictions)
    assert scores["ap50"] > max(0.5, before)
    assert {"ap50", "map", "ar100", "ap50/bright", "ap50/dark", "map/bright"} <= set(scores)
    assert len(outcome.predictions) == 3
    assert kind.provenance()["detection"]["norm"] == "batch"
    assert kind.provenance()["detection"]["engine"] == "torchvision"


@both_engines
def test_a_transformer_trains_through_a_simple_pyramid(tmp_path, engine):
    kind = kind_of(engine=engine)
    split = make_split(*(cases_of(tmp_path, ids) for ids in (IDS[:4], IDS[4:5], IDS[5:6])), 0)
    settings = ProtocolSettings(epochs=1, batch_size=2, lr=1e-3)
    backbone = build_backbone("vit_tiny_8")
    before = {name: value.clone() for name, value in backbone.state_dict().items()}
    run = Supervised(backbone, kind, split, PROTOCOLS["finetune"], settings, 0, Compute("cpu"), REPORT)
    assert set(kind.score(split.test, run.fit("x").predictions)) >= {"ap50", "map"}
    assert kind.provenance()["detection"]["norm"] == "none"
    assert any(not torch.equal(value, before[name]) for name, value in backbone.state_dict().items())


def test_predictions_are_on_the_pixels_of_the_owner_and_in_the_record(tmp_path):
    kind = kind_of()
    cases = cases_of(tmp_path, ["c0", "e2", "c3"])
    outputs = [output_of(case) if case.target.boxes else output_of(cases[0], score=0.2) for case in cases]
    predictions = kind.collect(cases, [(outputs[:2], None), (outputs[2:], None)], test=True)
    assert predictions[0]["boxes"] == pytest.approx(np.array([cases[0].target.boxes[0][1:]]), abs=0.05)
    scores = kind.score(cases, predictions)
    assert (scores["ap50"], scores["map"]) == (1, 1), "the false box has the lowest score"
    columns = json.loads(json.dumps(kind.case_columns(cases, predictions)))
    assert columns["target"][1] == []
    assert columns["prediction"][2][0][:2] == [1, 0.9]
    found = [
        {"labels": np.array(rows)[:, 0].astype(int), "scores": np.array(rows)[:, 1], "boxes": np.array(rows)[:, 2:]}
        for rows in columns["prediction"]
    ]
    truth = [BoxTarget(WIDTH, HEIGHT, tuple(kind_box(row) for row in rows)) for rows in columns["target"]]
    assert coco_scores(truth, found, kind.task.data.classes) == scores, "the record alone gives its metrics"


def kind_box(row):
    from bench.core.task import Box

    return Box(int(row[0]), *row[1:])


@both_engines
@pytest.mark.parametrize("protocol", ["finetune", "linear"])
def test_what_is_frozen_stays(tmp_path, protocol, engine):
    run = supervised(kind_of(engine=engine), cases_of(tmp_path, IDS), protocol)
    before = {k: v.clone() for k, v in run.model.state_dict().items()}
    run.fit("x")
    after = run.model.state_dict()
    changed = {k for k in before if not torch.equal(before[k], after[k])}
    encoder = {k for k in changed if k.startswith("backbone.")}
    assert (encoder == set()) == (protocol == "linear")
    assert {k.split(".")[1] for k in changed if k.startswith("head.")} == {"pyramid", "proposals", "boxes"}


@both_engines
def test_same_seed_same_predictions(tmp_path, engine):
    cases = cases_of(tmp_path, IDS)
    first, again, other = (supervised(kind_of(engine=engine), cases, seed=s).fit("x").predictions for s in (3, 3, 4))
    assert all(np.array_equal(a["boxes"], b["boxes"]) for a, b in zip(first, again, strict=True))
    assert any(not np.array_equal(a["boxes"], b["boxes"]) for a, b in zip(first, other, strict=True))


@both_engines
def test_images_without_boxes_are_trained_on_and_a_set_of_them_is_an_error(tmp_path, engine):
    kind = kind_of(engine=engine)
    cases = cases_of(tmp_path, [f"e{i}" for i in range(8)] + IDS)
    run = supervised(kind, cases)
    run.train_epoch(1, lambda text: None)
    empty = [kind.dataset(cases[:4], train=False)[i] for i in range(4)]
    images, target = (torch.stack([item[part] for item in empty]) for part in (0, 1))
    run.model.train()
    kind.training_loss(run.model, images, target).backward()
    assert all(p.grad is None or torch.isfinite(p.grad).all() for p in run.model.parameters())
    losses = run.model(images, target)
    assert all(torch.isfinite(loss) for loss in losses.values())
    assert sorted(float(loss.detach()) for loss in losses.values())[:2] == [0, 0], "no box, no regression"
    run.model.eval()
    assert len(run.model(images)) == 4
    with pytest.raises(DataError, match="none of the 12 training images has a box"):
        supervised(kind, cases_of(tmp_path, [f"e{i}" for i in range(18)]))


def test_diverged_predictions_and_foreign_backbones_are_errors(tmp_path):
    kind = kind_of()
    (case,) = cases_of(tmp_path, ["c1"])
    with pytest.raises(TrainingError, match="diverged"):
        kind.collect([case], [([output_of(case, score=float("nan"))], None)], test=False)
    backbone = Tiny()
    backbone.strides = (8, 16, 32, 64)
    with pytest.raises(UsageError, match=r"\(4, 8, 16, 32\), or all at one; this backbone has \(8, 16, 32, 64\)"):
        kind.build_head(backbone)


def test_pictures_of_predictions(tmp_path):
    kind = kind_of()
    cases = cases_of(tmp_path, ["c0", "e2"])
    outputs = [output_of(cases[0], scale=0.8), {k: v[:0] for k, v in output_of(cases[0]).items()}]
    kind.collect(cases, [(outputs, None)], test=True, save=tmp_path / "pictures")
    drawn = np.asarray(Image.open(tmp_path / "pictures" / "c0.png")).reshape(-1, 3).tolist()
    assert [0, 200, 83] in drawn
    assert [255, 171, 0] in drawn
    with Image.open(tmp_path / "pictures" / "e2.png") as plain:
        assert min(plain.size) >= 256
    assert len(list((tmp_path / "pictures").iterdir())) == 2


def test_images_are_decoded_once(tmp_path, monkeypatch):
    cases = cases_of(tmp_path, ["c0"])
    first = kind_of(tmp_path / "cache").kept(cases[0])["image"]
    monkeypatch.setattr("bench.engine.kept.MEMORY", Memory())
    monkeypatch.setattr(DrawnBoxes, "load_image", lambda self, case: pytest.fail("decoded again"))
    assert np.array_equal(kind_of(tmp_path / "cache").kept(cases[0])["image"], first)
    assert first.shape == (3, 64, 64)
