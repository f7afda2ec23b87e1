"""The 2D engine on drawn images: what is trained on, at which resolution it is scored, what it keeps."""

import numpy as np
import pytest
import torch
from PIL import Image

from bench.core.console import Report
from bench.core.errors import DataError, TrainingError, UsageError
from bench.engine.compute import Compute
from bench.evaluation.protocols import PROTOCOLS
from bench.evaluation.settings import ProtocolSettings
from bench.evaluation.supervised import Supervised
from tasks.kinds.segmentation.loss import IGNORE
from tests.tasks.segmentation.worlds import DrawnImages, Tiny, cases_of, kind_of, split_of

REPORT = Report(quiet=True)
IDS = [f"c{i}" for i in range(10)]


def supervised(kind, cases, protocol="finetune", epochs=2, seed=0, save=None):
    torch.manual_seed(1)
    settings = ProtocolSettings(epochs=epochs, batch_size=4, lr=5e-3)
    return Supervised(
        Tiny(), kind, split_of(cases), PROTOCOLS[protocol], settings, seed, Compute("cpu"), REPORT, save=save
    )


def perfect(kind, case):
    """Logits at the original resolution's own size that are the truth."""
    masks = kind.task.data.reader.load_masks(case)
    if kind.sigmoid:
        return torch.from_numpy(masks).float()[None] * 40 - 20
    labels = np.concatenate([~masks.any(axis=0, keepdims=True), masks])
    return torch.from_numpy(labels).float()[None] * 40 - 20


@pytest.mark.parametrize("n_classes", [1, 2])
@pytest.mark.parametrize("overlapping", [True, False])
def test_training_learns_and_scores_every_case(tmp_path, n_classes, overlapping):
    kind = kind_of(DrawnImages(n_classes), tmp_path / "cache", changes={"overlapping_classes": overlapping})
    run = supervised(kind, cases_of(tmp_path, IDS), epochs=12)
    before = kind.score(run.split.validation, run.evaluate("validation")[0])["dice"]
    outcome = run.fit("x")
    assert outcome.validation > max(before, 0.5)
    scores = kind.score(run.split.test, outcome.predictions)
    names = {"dice", "iou", "hd95_px", "false_positive_rate_absent"}
    assert names <= set(scores)
    assert {f"dice/{c}" for c in kind.classes} <= set(scores)
    assert 0.4 < scores["dice"] <= 1
    assert len(outcome.predictions) == 2
    assert kind.case_columns(run.split.test, outcome.predictions)["metrics"][0].keys() == scores.keys()


def test_scored_on_the_pixels_of_the_owner_inside_the_region(tmp_path):
    kind = kind_of(DrawnImages(region=True), image_size=32)
    case = cases_of(tmp_path, ["c3"])[0]
    truth, region = kind.load_truth(case)
    assert not truth[:, ~region].any()
    (scores,) = kind.collect([case], [(perfect(kind, case), torch.zeros(1, 1, 32, 32))], test=True)
    assert (scores["dice"], scores["iou"], scores["hd95_px"]) == (1, 1, 0), "outside the region nothing counts"
    everywhere = torch.full((1, 1, 32, 32), 9.0)
    (scores,) = kind.collect([case], [(everywhere, torch.zeros(1, 1, 32, 32))], test=True)
    assert scores["iou"] == pytest.approx(truth.sum() / region.sum())


@pytest.mark.parametrize("changes", [{}, {"overlapping_classes": True}])
def test_prepared_targets_mark_structures_and_what_is_left_out(tmp_path, changes):
    kind = kind_of(DrawnImages(2, region=True), changes=changes, image_size=64)
    case = cases_of(tmp_path, ["c1"])[0]
    planes = kind.prepare(case)["planes"]
    assert planes.shape == ((2 if changes else 1), 64, 64)
    assert (planes[..., 40:] == IGNORE).all()
    assert not (planes[..., :36] == IGNORE).any()
    masks = kind.task.data.reader.load_masks(case)[..., :40]
    share = (planes[1] == 1) if changes else (planes[0] == 2)
    assert share[:, :36].mean() * 36 * 64 / (64 * 64) == pytest.approx(masks[1].sum() / (50 * 70), abs=0.02)


def test_empty_case_counts_nowhere_but_in_false_positives(tmp_path):
    kind = kind_of(DrawnImages())
    full, empty = cases_of(tmp_path, ["c1", "e2"])
    nothing = torch.full((1, 1, 32, 32), -9.0)
    everything = torch.full((1, 1, 32, 32), 9.0)
    target = torch.zeros(1, 1, 32, 32)
    entries = kind.collect([full, empty], [(perfect(kind, full), target), (everything, target)], test=True)
    scores = kind.score([full, empty], entries)
    assert (scores["dice"], scores["false_positive_rate_absent"]) == (1, 1)
    entries = kind.collect([full, empty], [(nothing, target), (nothing, target)], test=True)
    scores = kind.score([full, empty], entries)
    assert (scores["dice"], scores["false_positive_rate_absent"]) == (0, 0)
    assert scores["hd95_px"] == pytest.approx(np.hypot(50, 70))
    assert kind.score([empty], entries[1:])["dice"] is None


def test_training_without_any_target_is_one_error(tmp_path):
    kind = kind_of(DrawnImages(), tmp_path / "cache")
    cases = cases_of(tmp_path, ["e1", "e2", "e3", "c1", "c2", "c3", "c4"])
    with pytest.raises(DataError, match=r"masks of all 3 training cases are empty \(structures: outer\)"):
        supervised(kind, cases)


def test_structures_that_overlap_undeclared_are_an_error(tmp_path, monkeypatch):
    kind = kind_of(DrawnImages(2))
    monkeypatch.setattr(DrawnImages, "load_masks", lambda self, case: np.ones((2, 50, 70), dtype=bool))
    with pytest.raises(DataError, match=r"(?s)c1: its structures overlap.*declare DataSet\.overlapping_classes"):
        kind.prepare(cases_of(tmp_path, ["c1"])[0])


def test_masks_of_another_size_are_an_error(tmp_path, monkeypatch):
    kind = kind_of(DrawnImages())
    monkeypatch.setattr(DrawnImages, "load_masks", lambda self, case: np.ones((1, 70, 50), dtype=bool))
    with pytest.raises(DataError, match=r"50 x 70 pixels.*expected \(1, 50, 70\)"):
        kind.prepare(cases_of(tmp_path, ["c1"])[0])


def test_saved_masks_are_the_predictions_at_the_original_resolution(tmp_path):
    kind = kind_of(DrawnImages(2))
    cases = cases_of(tmp_path, IDS)
    supervised(kind, cases, epochs=1, save=tmp_path / "masks").fit("x")
    files = sorted(p.name for p in (tmp_path / "masks").iterdir())
    assert files == ["c8-inner.png", "c8-outer.png", "c9-inner.png", "c9-outer.png"]
    case = cases[0]
    kind.collect([case], [(perfect(kind, case), torch.zeros(1, 1, 32, 32))], test=True, save=tmp_path / "own")
    saved = np.asarray(Image.open(tmp_path / "own" / "c0-inner.png"))
    assert (saved == 255 * kind.task.data.reader.load_masks(case)[1]).all()


def test_augmentation_moves_image_and_mask_alike(tmp_path):
    kind = kind_of(DrawnImages(), image_size=64, brightness=0)
    data = kind.dataset(cases_of(tmp_path, ["c3"]), train=True)
    plain = kind.dataset(cases_of(tmp_path, ["c3"]), train=False)[0]
    torch.manual_seed(0)
    moved = 0
    for _ in range(8):
        image, target = data[0]
        inside, outside = image[0][target[0] == 1], image[0][target[0] == 0]
        assert inside.mean() - outside.mean() > 1.5, "the disc is brighter by about 120 / 255 / 0.229"
        moved += not torch.equal(target, plain[1])
    assert moved == 8


def test_linear_trains_the_decoder_only_and_same_seed_gives_same_scores(tmp_path):
    cases = cases_of(tmp_path, IDS)
    results = []
    for seed in (3, 3, 4):
        run = supervised(kind_of(DrawnImages()), cases, "linear", seed=seed)
        before = {k: v.clone() for k, v in run.model.backbone.state_dict().items()}
        head = [p.clone() for p in run.model.head.parameters()]
        results.append(list(run.fit("x").predictions))
        assert all(torch.equal(v, before[k]) for k, v in run.model.backbone.state_dict().items())
        assert any(not torch.equal(a, b) for a, b in zip(head, run.model.head.parameters(), strict=True))
    assert results[0] == results[1] != results[2]


@pytest.mark.parametrize("architecture", ["unet", "unetplusplus", "unet_attention", "unet_scse"])
def test_every_architecture_uses_the_stem_and_gives_full_resolution(architecture):
    from bench.models.build import build_backbone

    kind = kind_of(DrawnImages(2), architecture=architecture)
    backbone = build_backbone("resnet18")
    head = kind.build_head(backbone)
    features = backbone(torch.randn(2, 3, 64, 96))
    assert features.stem.shape == (2, 64, 32, 48)
    output = head(features)
    assert output.shape == (2, 3, 64, 96)
    assert not torch.equal(head(features._replace(stem=features.stem * 0)), output)


def test_unusable_backbones_settings_and_outputs(tmp_path):
    backbone = Tiny()
    backbone.strides = (16,)
    with pytest.raises(UsageError, match=r"strides \(4, 8, 16, 32\); this backbone has \(16,\)"):
        kind_of(DrawnImages()).build_head(backbone)
    with pytest.raises(ValueError, match="multiple of 32"):
        kind_of(DrawnImages(), image_size=100)
    with pytest.raises(TrainingError, match="not finite"):
        kind_of(DrawnImages()).predict(torch.full((1, 1, 4, 4), float("nan")))
