"""Where two classifiers disagree, by hand."""

import pandas as pd

from bench.results.report.disagreements import disagreement

TARGET = [0, 1, 1, 0]


def predicted(*classes, cases="abcd"):
    rows = [[1.0 - c, float(c)] for c in classes]
    return pd.DataFrame({"case": list(cases), "target": TARGET, "prediction": rows})


def test_counts_are_means_over_common_seeds_and_lines_say_which():
    a = {0: predicted(0, 1, 0, 0), 1: predicted(0, 1, 1, 0), 2: predicted(0, 1, 1, 0)}
    b = {0: predicted(1, 1, 1, 0), 1: predicted(1, 1, 1, 0), 5: predicted(1, 1, 1, 0)}
    found = disagreement(a, b, ("no", "yes"), 3)
    assert (found.seeds, found.cases, found.only_a, found.only_b, found.differ) == (2, 4, 1.0, 0.5, 1.5)
    first, second = found.lines
    assert (first.case, first.target, first.right_a, first.right_b) == ("a", "no", 2, 0)
    assert (first.predicted_a, first.predicted_b) == ("no", "yes")
    assert (second.case, second.right_a, second.right_b) == ("c", 1, 2)


def test_other_cases_or_no_classes_are_not_compared():
    a = {0: predicted(0, 1, 0, 0)}
    assert disagreement(a, {0: predicted(0, 1, 0, 0, cases="abcx")}, (), 3) is None
    assert disagreement(a, {1: predicted(0, 1, 0, 0)}, (), 3) is None
    assert disagreement(a, {0: a[0].drop(columns="prediction")}, (), 3) is None


def test_equal_predictions_have_no_lines():
    a = {0: predicted(0, 1, 0, 0)}
    found = disagreement(a, a, (), 3)
    assert (found.differ, found.lines) == (0.0, ())
