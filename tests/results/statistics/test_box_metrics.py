"""Average precision under weights is COCO's on images that stand as often as their weight says."""

import numpy as np
import pytest

from bench.core.task import Box, BoxTarget
from bench.results.statistics.box_metrics import box_metrics, match
from tasks.kinds.detection.scores import coco_scores


def made_up(n_images=30, n_classes=2, seed=0):
    """Truth rows (label, box) and detections (label, score, box): some right, some shifted, some of nothing."""
    generator = np.random.default_rng(seed)
    truth, found = [], []
    for _ in range(n_images):
        n = generator.integers(0, 4)
        corner, size = generator.uniform(0, 60, (n, 2)), generator.uniform(10, 40, (n, 2))
        labels = generator.integers(0, n_classes, n)
        truth.append(np.column_stack([labels, corner, corner + size]).reshape(-1, 5))
        moved = np.tile(truth[-1], (2, 1))[generator.uniform(size=2 * n) < 0.8]
        moved[:, 1:] += generator.normal(0, 4, (len(moved), 4))
        scores = generator.choice([0.3, 0.5, 0.7, 0.9], len(moved))
        found.append(np.column_stack([moved[:, :1], scores, moved[:, 1:]]).reshape(-1, 6))
    return truth, found


def coco(truth, found):
    targets = [BoxTarget(200, 200, tuple(Box(int(b[0]), *b[1:]) for b in boxes)) for boxes in truth]
    detected = [{"boxes": f[:, 2:], "scores": f[:, 1], "labels": f[:, 0].astype(int)} for f in found]
    return coco_scores(targets, detected, ["a", "b"])


def test_weighted_metrics_are_those_of_repeated_images():
    truth, found = made_up()
    weights = np.random.default_rng(1).poisson(1, (len(truth), 4)).astype(np.float32)
    ours = box_metrics(truth, found, weights)
    for draw in range(weights.shape[1]):
        times = [i for i, n in enumerate(weights[:, draw]) for _ in range(int(n))]
        expected = coco([truth[i] for i in times], [found[i] for i in times])
        got = {name: ours[name][draw] for name in ("ap50", "map", "ar100")}
        # COCO orders detections of equal score by image, and copies of an image stand together here
        assert got == pytest.approx({name: expected[name] for name in got}, abs=0.02)


def test_unit_weights_give_the_scores_of_the_evaluation():
    truth, found = made_up(seed=2)
    ours = box_metrics(truth, found, np.ones((len(truth), 1), np.float32))
    expected = coco(truth, found)
    assert {name: one[0] for name, one in ours.items()} == pytest.approx({n: expected[n] for n in ours}, abs=0.004)
    assert ours["ar100"][0] == pytest.approx(expected["ar100"], abs=1e-6)


def test_draws_without_an_object_are_undefined_and_without_a_hit_zero():
    truth, found = [np.array([[0, 0, 0, 10, 10]]), np.empty((0, 5))], [np.empty((0, 6))] * 2
    ours = box_metrics(truth, found, np.array([[0, 1], [1, 1]], np.float32))
    assert ours["ap50"].tolist() == pytest.approx([np.nan, 0], nan_ok=True)
    none = box_metrics([np.empty((0, 5))], [np.empty((0, 6))], np.ones((1, 2), np.float32))
    assert np.isnan(none["map"]).all()


def test_a_box_is_found_once_and_by_the_surest():
    box = np.array([[0, 0, 10, 10]])
    hits = match(box, np.array([[0, 0, 10, 9], [0, 0, 10, 10]]))
    assert hits[:, 0].tolist() == [True, False]
    assert hits[:, -1].tolist() == [False, True], "the first does not reach 0.95"
    assert match(np.empty((0, 4)), box).shape == (1, 10)
