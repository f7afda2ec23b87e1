"""Which cases of a run are shown, and what is said of them."""

import numpy as np
import pandas as pd
import pytest

from bench.results.report.cases import MOST_BOXES, boxes_of, case_scores, chosen, shown_cases
from bench.results.report.extras import Picture
from tests.records_of import record


def table(**columns):
    return pd.DataFrame({"case": [f"c{i}" for i in range(len(next(iter(columns.values()))))], **columns})


CLASSES = table(target=[0, 1, 1, 0, 1], prediction=[[0.9, 0.1], [0.8, 0.2], [0.45, 0.55], [0.5, 0.5], [0.0, 1.0]])


def test_worst_median_and_best_are_by_score_and_no_case_stands_twice():
    found = chosen(np.array([0.5, 0.1, np.nan, 0.9, 0.1, 0.7, 0.3]), 1)
    assert found == [("worst", 1), ("median", 6), ("best", 3)]
    assert [row for _, row in chosen(np.array([0.5, 0.1]), 3)] == [1, 0]
    assert chosen(np.array([0.5, 0.1]), 0) == []


def test_a_classified_case_is_scored_by_its_true_class():
    shown = shown_cases(CLASSES, record(), ("no", "yes"), lambda one, case: None, 1)
    assert shown.score == "probability of the true class"
    assert [(c.place, c.case, c.target, c.prediction) for c in shown.lines] == [
        ("worst", "c1", "yes", "no (0.80)"),
        ("median", "c2", "yes", "yes (0.55)"),
        ("best", "c4", "yes", "yes (1.00)"),
    ]
    assert shown.lines[0].score == pytest.approx(0.2)


def test_classes_without_names_have_numbers():
    (line, *_) = shown_cases(CLASSES, record(), (), lambda one, case: None, 1).lines
    assert line.target == "class 1"


def test_a_segmented_case_is_scored_by_the_headline_metric():
    cases = table(**{"metric:dice": [0.5, 0.9, None], "metric:iou": [0.3, 0.8, None]})
    one = record(metric="dice", metrics={"dice": 0.7})
    shown = shown_cases(cases, one, (), lambda one, case: Picture("data:,", 2, 1), 1)
    assert [(c.case, c.prediction) for c in shown.lines] == [
        ("c0", "dice 0.500, iou 0.300"),
        ("c1", "dice 0.900, iou 0.800"),
    ]
    assert shown.lines[0].picture == Picture("data:,", 2, 1)


def test_detections_are_scored_alone_and_their_boxes_drawn():
    box = [0, 10.0, 10.0, 30.0, 20.0]
    cases = table(
        target=[[box], [box]],
        prediction=[
            [[0, 0.9, 10.0, 10.0, 30.0, 20.0]],
            [[0, 0.1, 0.0, 0.0, 5.0, 5.0], [0, 0.8, 50.0, 50.0, 60.0, 60.0]],
        ],
    )
    one = record(metric="ap50", metrics={"ap50": 0.5}, kind="detection")
    assert case_scores(cases, one)[1].tolist() == [1.0, 0.0]
    worst, best = shown_cases(cases, one, (), lambda one, case: None, 1).lines
    assert (worst.case, worst.prediction) == ("c1", "2 boxes, 1 with a score of 0.3 or more")
    assert (best.truth, best.found) == (((10.0, 10.0, 20.0, 10.0),), ((10.0, 10.0, 20.0, 10.0),))
    assert worst.found == ((50.0, 50.0, 10.0, 10.0),)


def test_cases_of_an_unknown_form_are_left_out():
    assert shown_cases(table(anything=["x"]), record(), (), lambda one, case: None, 3).lines == ()


def test_the_surest_boxes_are_drawn():
    found = boxes_of([[0, score, 0.0, 0.0, score, 1.0] for score in np.linspace(0.2, 1, 30)], "prediction")
    assert len(found) == MOST_BOXES
    assert found[0] == (0.0, 0.0, 1.0, 1.0)
