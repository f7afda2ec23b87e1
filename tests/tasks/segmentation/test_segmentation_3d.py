"""The 3D engine on drawn volumes: slices, sampling, stacking back, scores on the owner's grid."""

import nibabel
import numpy as np
import pytest
import torch

from bench.core.console import Report
from bench.core.errors import DataError, StorageError
from bench.engine.compute import Compute
from bench.engine.loaders import SeededDataset
from bench.evaluation.protocols import PROTOCOLS
from bench.evaluation.settings import ProtocolSettings
from bench.evaluation.supervised import Supervised
from tasks.kinds.segmentation.grid import cut, find_grid
from tests.tasks.segmentation.worlds import DrawnVolumes, Tiny, cases_of, kind_of, split_of

REPORT = Report(quiet=True)
IDS = [f"v{i}" for i in range(6)]


def perfect_batches(kind, case, batch):
    """Logits of the true labels, slice by slice at the original size, in batches that ignore where volumes end."""
    labels = kind.task.data.reader.load_labels(case)
    slices = cut(labels.array, find_grid(labels.affine, "auto"))
    if kind.sigmoid:
        logits = torch.from_numpy((slices == 1).copy()).float()[:, None] * 40 - 20
    else:
        planes = slices[:, None] == np.arange(len(kind.classes) + 1).reshape(1, -1, 1, 1)
        logits = torch.from_numpy(planes).float() * 40 - 20
    return logits


def test_training_learns_and_scores_in_3d(tmp_path):
    kind = kind_of(DrawnVolumes(), tmp_path / "cache")
    torch.manual_seed(1)
    settings = ProtocolSettings(epochs=12, batch_size=8, lr=5e-3)
    split = split_of(cases_of(tmp_path, IDS))
    run = Supervised(
        Tiny(), kind, split, PROTOCOLS["finetune"], settings, 0, Compute("cpu"), REPORT, save=tmp_path / "out"
    )
    outcome = run.fit("x")
    scores = kind.score(split.test, outcome.predictions)
    assert {"iou_3d", "dice_3d", "hd95_mm", "dice", "dice_3d/inner", "false_positive_rate_absent"} <= set(scores)
    assert scores["iou_3d"] > 0.4
    assert scores["dice_3d"] > scores["iou_3d"]
    saved = nibabel.load(tmp_path / "out" / "v5-prediction.nii.gz")
    labels = kind.task.data.reader.load_labels(split.test[1])
    assert np.allclose(saved.affine, labels.affine)
    prediction = np.asarray(saved.dataobj)
    overlap = (prediction == 1) & (labels.array == 1)
    union = (prediction == 1) | (labels.array == 1)
    assert overlap.sum() / union.sum() == pytest.approx(outcome.predictions[1]["iou_3d/outer"])


@pytest.mark.parametrize("n_classes", [1, 2])
def test_perfect_slices_in_any_batches_give_perfect_volumes(tmp_path, n_classes):
    kind = kind_of(DrawnVolumes(n_classes))
    cases = cases_of(tmp_path, IDS[:3])
    logits = torch.cat([perfect_batches(kind, case, 4) for case in cases])
    batches = [(part, torch.zeros(len(part), 1, 32, 32)) for part in logits.split(4)]
    entries = kind.collect(cases, batches, test=True, save=tmp_path / "out")
    for case, scores in zip(cases, entries, strict=True):
        assert (scores["iou_3d"], scores["dice_3d"], scores["dice"], scores["hd95_mm"]) == (1, 1, 1, 0)
        saved = np.asarray(nibabel.load(tmp_path / "out" / f"{case.id}-prediction.nii.gz").dataobj)
        assert (saved == kind.task.data.reader.load_labels(case).array).all()


def test_slices_are_across_the_widest_spacing_and_never_all_in_memory(tmp_path):
    kind = kind_of(DrawnVolumes(), tmp_path / "cache")
    case = cases_of(tmp_path, ["v1"])[0]
    slices = kind.kept(case)["slices"]
    assert slices.shape == (9, 32, 32)
    assert isinstance(slices, np.memmap)
    assert slices["image"].dtype == np.float16
    image = slices["image"].astype(float)
    assert image.min() >= 0
    assert image.max() <= 1
    assert (
        image[slices["target"] == 2].mean() > image[slices["target"] == 1].mean() > image[slices["target"] == 0].mean()
    )
    labels = kind.task.data.reader.load_labels(case).array
    assert (kind.kept(case)["present"] == labels.any(axis=(0, 2))).all()


def test_training_takes_slices_with_and_without_target_equally(tmp_path):
    kind = kind_of(DrawnVolumes(), tmp_path / "cache")
    cases = cases_of(tmp_path, [*IDS[:2], "e1"])
    data = kind.dataset(cases, train=True)
    n_target = sum(int(kind.kept(case)["present"].sum()) for case in cases)
    assert len(data) == 2 * n_target
    seeded = SeededDataset(data)
    kind.augment = None
    data.augment = None
    targets = [bool((seeded[i, 5][1] > 0).any()) for i in range(len(data))]
    assert targets == [True] * n_target + [False] * n_target
    first, again, other = (torch.stack([seeded[n_target + i, s][0] for i in range(4)]) for s in (5, 5, 6))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_evaluation_has_every_slice_once_in_order(tmp_path):
    kind = kind_of(DrawnVolumes(), tmp_path / "cache")
    cases = cases_of(tmp_path, IDS[:2])
    data = kind.dataset(cases, train=False)
    assert len(data) == 18
    expected = np.concatenate([kind.kept(case)["slices"]["target"] for case in cases])
    assert all((data[i][1][0].numpy() == expected[i]).all() for i in range(18))


def test_training_without_any_target_is_one_error(tmp_path):
    kind = kind_of(DrawnVolumes())
    with pytest.raises(DataError, match="masks of all 2 training cases are empty"):
        kind.dataset(cases_of(tmp_path, ["e1", "e2"]), train=True).check()


def test_slices_of_a_kind_without_cache_go_away_with_it(tmp_path):
    kind = kind_of(DrawnVolumes())
    dict(kind.kept(cases_of(tmp_path, ["v1"])[0]))
    folder = kind.kept.files.folder
    assert list(folder.rglob("*.npy"))
    del kind
    import gc

    gc.collect()
    assert not folder.exists()


def test_a_cache_too_small_for_the_slices_is_one_error(tmp_path, monkeypatch):
    monkeypatch.setenv("BENCH_DECODED_GIB", "0.00001")
    kind = kind_of(DrawnVolumes(), tmp_path / "cache")
    with pytest.raises(StorageError, match=r"more than its limit of 1e-05 GiB. Raise the limit with BENCH_DECODED_GIB"):
        dict(kind.kept(cases_of(tmp_path, ["v1"])[0]))


def test_unusable_volumes(tmp_path, monkeypatch):
    kind = kind_of(DrawnVolumes())
    case = cases_of(tmp_path, ["v1"])[0]
    volume = kind.task.data.reader.load_volume(case)
    volume.array[0, 0, 0] = np.nan
    monkeypatch.setattr(DrawnVolumes, "load_volume", lambda self, case: volume)
    with pytest.raises(DataError, match=r"v1: holds values that are not finite"):
        kind.prepare(case)
    short = type(volume)(np.zeros((3, 4, 5), np.float32), volume.affine)
    monkeypatch.setattr(DrawnVolumes, "load_volume", lambda self, case: short)
    with pytest.raises(DataError, match=r"shape \(3, 4, 5\) and its labels \(40, 9, 32\)"):
        kind.prepare(case)
