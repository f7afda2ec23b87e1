"""Contact sheets: the right cases, a place for every picture, and every kind of this project."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageColor

from bench.core.kind import Shown, TaskKind
from bench.core.task import Case
from bench.evaluation.pictures.overlay import COLOURS
from bench.evaluation.pictures.sheet import FILE, NAMES, TILE, chosen, draw_sheet, write_contact_sheet
from tasks.brain_tumor import TASK
from tasks.kinds.classification import Classification, ClassificationSettings
from tests.tasks.detection import worlds as boxes
from tests.tasks.segmentation import worlds as masks
from tests.tasks.segmentation.test_segmentation_3d import perfect_batches


def test_worst_median_and_best_are_chosen_by_score():
    scores = [0.1 * i for i in range(11)]
    found = chosen(scores)
    assert [i for sort, i in found if sort == "worst"] == [0, 1, 2]
    assert [i for sort, i in found if sort == "median"] == [4, 5, 6]
    assert [i for sort, i in found if sort == "best"] == [8, 9, 10]


@pytest.mark.parametrize("n", range(12))
def test_no_case_is_shown_twice_and_none_without_a_score(n):
    scores = [None, float("nan"), *np.random.default_rng(n).uniform(size=n)]
    found = [i for _, i in chosen(scores)]
    assert len(set(found)) == len(found) == min(n, 9 if n >= 9 else len(found))
    assert not {0, 1} & set(found)
    assert bool(found) == (n > 0)
    assert Counter(sort for sort, _ in chosen(scores))["worst"] == min(3, -(-n // 3))


def picture(colour, width=40, height=40):
    return Image.new("RGB", (width, height), colour)


def test_every_picture_has_its_place_and_the_legend_its_colours():
    rows = [
        (["worst", "a", "dice 0.1"], Shown(picture("red"), picture("lime"), picture("blue"))),
        (["best", "b\x1b" * 80, "dice 0.9"], Shown(picture("red", 300, 100), "glioma", "none 0.5\nglioma 0.3")),
    ]
    legend = {f"structure {i}": COLOURS[i % len(COLOURS)] for i in range(30)}
    sheet = draw_sheet(rows, legend)
    drawn = Counter(map(tuple, np.asarray(sheet).reshape(-1, 3).tolist()))
    assert drawn[(0, 255, 0)] == drawn[(0, 0, 255)] == TILE * TILE
    assert drawn[(255, 0, 0)] == TILE * TILE + 768 * 256
    assert all(ImageColor.getrgb(colour) in drawn for colour in COLOURS)
    plain = draw_sheet(rows, {})
    assert plain.height < sheet.height
    dark = (np.asarray(plain.convert("L")) < 100).any(axis=0)
    assert dark[:NAMES].any()


def test_a_kind_that_draws_nothing_has_no_sheet(tmp_path):
    class Silent(Classification):
        show = TaskKind.show

        def case_scores(self, cases, predictions):
            raise AssertionError("nothing is scored for it")

    kind = Silent(TASK, ClassificationSettings(image_size=16))
    assert write_contact_sheet(kind, [Case("a", Path("a"), 0, None)], np.eye(4)[:1], tmp_path) is None


def test_classification_shows_names_and_probabilities(tmp_path):
    Image.new("RGB", (30, 20), "red").save(tmp_path / "a.png")
    kind = Classification(TASK, ClassificationSettings(image_size=16))
    cases = [Case(str(i), tmp_path / "a.png", i % 2, None) for i in range(4)]
    predictions = np.array([[0.7, 0.1, 0.15, 0.05], [0.7, 0.1, 0.15, 0.05]] * 2, dtype=np.float32)
    assert kind.case_scores(cases, predictions) == pytest.approx([0.7, 0.1, 0.7, 0.1])
    shown = kind.show(cases[1], predictions[1], tmp_path)
    names = TASK.data.classes
    assert (shown.truth, shown.prediction) == (names[1], f"{names[0]} 0.700\n{names[2]} 0.150\n{names[1]} 0.100")
    assert write_contact_sheet(kind, cases, predictions, tmp_path / "out") == tmp_path / "out" / FILE
    with Image.open(tmp_path / "out" / FILE) as sheet:
        assert sheet.width > 3 * TILE


def test_detection_shows_true_boxes_beside_predicted_ones(tmp_path):
    kind = boxes.kind_of()
    cases = boxes.cases_of(tmp_path, ["c0", "c1"])
    found = kind.sample_predictions(cases)
    shown = kind.show(cases[0], found[0], tmp_path)
    true, predicted = (set(map(tuple, np.asarray(part).reshape(-1, 3).tolist())) for part in shown[1:])
    green, amber = map(ImageColor.getrgb, kind.legend.values())
    assert (green in true, amber in true, green in predicted, amber in predicted) == (True, False, False, True)
    assert write_contact_sheet(kind, cases, found, tmp_path) == tmp_path / FILE


def test_volumes_are_shown_by_slices_with_what_was_saved(tmp_path):
    kind = masks.kind_of(masks.DrawnVolumes(2))
    cases = masks.cases_of(tmp_path, ["v0", "v1"])
    logits = torch.cat([perfect_batches(kind, case, 4) for case in cases])
    scores = kind.collect(cases, [(logits, logits)], test=True, save=tmp_path / "out")
    shown = kind.show(cases[0], scores[0], tmp_path / "out")
    assert shown.image.width == 3 * masks_width(kind, cases[0])
    assert np.array_equal(np.asarray(shown.truth), np.asarray(shown.prediction)), "the prediction is perfect"
    assert not np.array_equal(np.asarray(shown.truth), np.asarray(shown.image.convert("RGB")))
    assert write_contact_sheet(kind, cases, scores, tmp_path / "out") == tmp_path / "out" / FILE


def masks_width(kind, case):
    """Columns of one slice."""
    return perfect_batches(kind, case, 4).shape[-1]


def test_images_are_shown_with_what_was_saved(tmp_path):
    kind = masks.kind_of(masks.DrawnImages())
    cases = masks.cases_of(tmp_path, ["c0", "c1"])
    saved = [np.zeros_like(kind.load_truth(case)[0]) for case in cases]
    for case, none in zip(cases, saved, strict=True):
        kind._save(case, none, tmp_path / "out")
    shown = kind.show(cases[0], {"dice": 0.0}, tmp_path / "out")
    assert np.array_equal(np.asarray(shown.prediction), np.asarray(shown.image)), "nothing was found"
    assert not np.array_equal(np.asarray(shown.truth), np.asarray(shown.image))
    assert set(kind.legend) == set(kind.classes)
    scores = kind.sample_predictions(cases)
    kind = type(kind)(replace(kind.task, metric="dice"), kind.settings)
    assert kind.case_scores(cases, scores) == [one["dice"] for one in scores]
