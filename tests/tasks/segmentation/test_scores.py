"""Scores against values worked out by hand, and the rules for empty masks."""

import math

import numpy as np
import pytest
from scipy import ndimage

from tasks.kinds.segmentation.scores import dice, false_positive_rate, hd95, iou, mean_scores, per_class, score_masks
from tasks.kinds.segmentation.volume_scores import score_volume


def square(rows, columns, shape=(20, 30)):
    mask = np.zeros(shape, dtype=bool)
    mask[slice(*rows), slice(*columns)] = True
    return mask


EMPTY = np.zeros((20, 30), dtype=bool)
A = square((5, 10), (5, 15))  # 50 pixels
B = square((5, 10), (10, 20))  # 50 pixels, 25 of them in A


def test_overlap_by_hand():
    assert dice(A, B) == pytest.approx(2 * 25 / 100)
    assert iou(A, B) == pytest.approx(25 / 75)
    assert (dice(A, A), iou(A, A), hd95(A, A, (1, 1))) == (1, 1, 0)
    assert (dice(A, EMPTY), iou(A, EMPTY)) == (0, 0)


def test_distance_by_hand_in_units_of_spacing():
    shifted = square((5, 10), (8, 18))  # three columns further
    assert hd95(A, shifted, (1, 1)) == pytest.approx(3)
    assert hd95(A, shifted, (5, 0.5)) == pytest.approx(1.5)
    assert hd95(A[None], shifted[None], (9, 1, 2)) == pytest.approx(6)


@pytest.mark.filterwarnings("ignore::FutureWarning")  # of MONAI about itself
@pytest.mark.parametrize("shape", [(24, 31), (9, 14, 11)])
def test_distance_agrees_with_monai(shape):
    from monai.metrics import compute_hausdorff_distance
    from torch import from_numpy

    rng = np.random.default_rng(0)
    for _ in range(5):
        spacing = rng.uniform(0.5, 3, len(shape)).tolist()
        truth, prediction = (ndimage.gaussian_filter(rng.normal(size=shape), 2) > 0.05 for _ in range(2))
        pair = [from_numpy(mask)[None, None] for mask in (prediction, truth)]
        theirs = compute_hausdorff_distance(*pair, include_background=True, percentile=95, spacing=spacing)
        assert hd95(truth, prediction, spacing) == pytest.approx(float(theirs), rel=1e-5)


def test_a_structure_absent_from_the_truth_is_undefined_whatever_is_predicted():
    for prediction in (EMPTY, A):
        assert (dice(EMPTY, prediction), iou(EMPTY, prediction), hd95(EMPTY, prediction, (1, 1))) == (None, None, None)
    assert false_positive_rate(EMPTY, EMPTY) == 0
    assert false_positive_rate(EMPTY, A) == pytest.approx(50 / 600)
    assert false_positive_rate(EMPTY, A, valid=square((0, 10), (0, 30))) == pytest.approx(50 / 300)
    assert false_positive_rate(A, B) is None


def test_a_missed_structure_is_as_far_as_the_grid_is_long():
    assert hd95(A, EMPTY, (2, 1)) == pytest.approx(math.hypot(40, 30))


def test_case_means_are_over_structures_present_and_task_means_over_cases_that_define_them():
    first = score_masks(np.stack([A, EMPTY]), np.stack([B, A]), ("a", "b"))
    case = per_class("dice", ("a", "b"), first["dice"])
    assert case == {"dice": pytest.approx(0.5), "dice/a": pytest.approx(0.5), "dice/b": None}
    assert first["false_positive_rate_absent"] == [None, pytest.approx(50 / 600)]
    other = {"dice": 1.0, "dice/a": None, "dice/b": 1.0}
    nothing = {"dice": None, "dice/a": None, "dice/b": None}
    assert mean_scores([case, other, nothing]) == pytest.approx({"dice": 0.75, "dice/a": 0.5, "dice/b": 1.0})
    assert mean_scores([nothing]) == nothing
    assert mean_scores([]) == {}


def test_shapes_must_agree():
    with pytest.raises(ValueError, match="2 classes"):
        score_masks(A[None], A[None], ("a", "b"))


def test_volume_in_3d_and_by_slice():
    truth, prediction = np.zeros((4, 20, 30), np.uint8), np.zeros((4, 20, 30), np.uint8)
    truth[1][A], truth[2][A] = 1, 1
    truth[2][15:17, 5:10] = 2  # 10 pixels
    prediction[1][A], prediction[2][B] = 1, 1
    prediction[3][A] = 1  # a slice without target
    scores = score_volume(truth, prediction, ("a", "b"), (3.0, 1.0, 1.0))
    overlap, union = 50 + 25, 50 + 75 + 50
    assert scores["iou_3d/a"] == pytest.approx(overlap / union)
    assert scores["dice_3d/a"] == pytest.approx(2 * overlap / (100 + 150))
    assert scores["iou_3d/b"] == scores["dice_3d/b"] == 0
    assert scores["iou_3d"] == pytest.approx(overlap / union / 2)
    assert scores["dice/a"] == pytest.approx((1 + 0.5) / 2)
    assert scores["dice"] == pytest.approx((1 + (0.5 + 0) / 2) / 2), "slices with target only"
    assert scores["hd95_mm/b"] == pytest.approx(math.hypot(12, 20, 30))
    assert 0 < scores["hd95_mm/a"] <= 10
    assert "hd95_mm" not in score_volume(truth, prediction, ("a", "b"), None)
