"""Scores against numbers worked out by hand, and against the reference COCO evaluation."""

import contextlib
import io

import numpy as np
import pytest
import torch

from bench.core.task import Box, BoxTarget
from tasks.kinds.detection.scores import coco_scores, detections_to_coco, missed_share, to_coco


def detected(*rows):
    """(label, score, x_min, y_min, x_max, y_max), best first."""
    table = np.array(sorted(rows, key=lambda row: -row[1]), dtype=np.float64).reshape(-1, 6)
    return {"labels": table[:, 0].astype(np.int64), "scores": table[:, 1], "boxes": table[:, 2:]}


ONE = BoxTarget(100, 80, (Box(0, 0, 0, 10, 10),))


def test_by_hand():
    """Perfect box at 0.9, a false one at 0.8, a box of IoU 0.62 at 0.7: two images with one box each."""
    found = [detected((0, 0.9, 0, 0, 10, 10), (0, 0.8, 50, 50, 70, 70)), detected((0, 0.7, 0, 0, 10, 6.2))]
    scores = coco_scores([ONE, ONE], found, ("polyp",))
    at_50, beyond = (51 + 50 * 2 / 3) / 101, 51 / 101
    assert scores["ap50"] == pytest.approx(at_50)
    assert scores["map"] == pytest.approx(0.3 * at_50 + 0.7 * beyond), "0.62 counts at 0.5, 0.55 and 0.6"
    assert scores["ar100"] == pytest.approx(0.3 * 1 + 0.7 * 0.5)
    assert set(scores) == {"ap50", "map", "ar100"}, "one class has no scores of its own"


def test_perfect_missed_and_false():
    box = (0, 0.5, 0, 0, 10, 10)
    assert coco_scores([ONE], [detected(box)], ("a",)) == {"ap50": 1.0, "map": 1.0, "ar100": 1.0}
    assert coco_scores([ONE], [detected()], ("a",)) == {"ap50": 0.0, "map": 0.0, "ar100": 0.0}
    empty = BoxTarget(100, 80, ())
    assert coco_scores([empty], [detected(box)], ("a",)) == {"ap50": None, "map": None, "ar100": None}
    alone = coco_scores([ONE, empty], [detected(box), detected()], ("a",))["ap50"]
    assert alone == 1
    spoilt = coco_scores([ONE, empty], [detected(box), detected((0, 0.9, 3, 3, 9, 9))], ("a",))["ap50"]
    assert spoilt == pytest.approx(0.5), "a detection on an image without boxes is false"


def test_a_class_without_truth_enters_no_mean():
    scores = coco_scores([ONE], [detected((0, 0.9, 0, 0, 10, 10), (1, 0.9, 0, 0, 10, 10))], ("a", "b"))
    assert (scores["ap50"], scores["ap50/a"], scores["ap50/b"], scores["map/b"]) == (1, 1, None, None)


def reference(truth, found, n_classes):
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    with contextlib.redirect_stdout(io.StringIO()):
        gold = COCO()
        gold.dataset = to_coco(truth, n_classes)
        gold.createIndex()
        evaluation = COCOeval(gold, gold.loadRes(detections_to_coco(found)), "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return evaluation


@pytest.mark.parametrize("seed", range(4))
def test_equals_the_reference_evaluation(seed):
    """Boxes of three classes and all sizes, some missed, some shifted, some false, on images with and without any."""
    rng = np.random.default_rng(seed)
    truth, found = [], []
    for _ in range(12):
        corners = rng.uniform(0, 400, size=(rng.integers(0, 5), 2))
        sizes = rng.uniform(5, 200, size=corners.shape)
        labels = rng.integers(0, 3, size=len(corners))
        true = np.hstack([corners, corners + sizes])
        truth.append(BoxTarget(640, 640, tuple(Box(int(k), *b) for k, b in zip(labels, true.tolist(), strict=True))))
        shifted = true + rng.normal(0, 0.12, size=true.shape) * np.tile(sizes, 2)
        false = np.hstack([(at := rng.uniform(0, 400, size=(3, 2))), at + rng.uniform(5, 200, size=(3, 2))])
        rows = [(k, rng.uniform(), *b) for k, b in zip(labels, shifted, strict=True) if rng.uniform() < 0.8]
        found.append(detected(*rows, *((rng.integers(0, 3), rng.uniform(), *b) for b in false)))
    scores = coco_scores(truth, found, ("a", "b", "c"))
    wanted = reference(truth, found, 3)
    assert 0.1 < scores["ap50"] < 1
    assert scores["map"] == pytest.approx(wanted.stats[0], abs=1e-9)
    assert scores["ap50"] == pytest.approx(wanted.stats[1], abs=1e-9)
    assert scores["ar100"] == pytest.approx(wanted.stats[8], abs=1e-9)
    for k, name in enumerate("abc"):
        precision = wanted.eval["precision"][0, :, k, 0, 2]
        assert scores[f"ap50/{name}"] == pytest.approx(precision[precision > -1].mean(), abs=1e-9)


def test_missed_share():
    found = {
        "boxes": torch.tensor([[0.0, 0, 10, 10], [0, 0, 10, 5]]),
        "scores": torch.tensor([0.5, 0.8]),
        "labels": torch.tensor([0, 1]),
    }
    box = torch.tensor([[0.0, 0, 10, 10]])
    assert missed_share(found, box, torch.tensor([0])) == pytest.approx(0.5)
    assert missed_share(found, box, torch.tensor([1])) == pytest.approx(1 - 0.8 * 0.5)
    assert missed_share(found, box, torch.tensor([2])) == 1
    assert missed_share(found, box[:0], torch.zeros(0)) == 0
    assert missed_share({k: v[:0] for k, v in found.items()}, box, torch.tensor([0])) == 1
