"""Mean ranks over data sets are tested where there are enough of them."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import friedmanchisquare

from bench.results.comparison.critical_difference import critical_difference, critical_differences


def test_critical_difference_is_that_of_demsar():
    """Table 6 of his paper: four classifiers, 14 data sets, CD = 2.569 sqrt(4 x 5 / (6 x 14))."""
    ranks = np.argsort(np.random.default_rng(0).normal(size=(14, 4)), axis=1) + 1.0
    found = critical_difference(ranks)
    assert found.distance == pytest.approx(2.569 * np.sqrt(20 / (6 * 14)), abs=1e-3)
    assert found.p == pytest.approx(friedmanchisquare(*ranks.T).pvalue)


@pytest.mark.parametrize(
    ("shape", "why"), [((4, 3), "4 independent data sets"), ((1, 3), "1 independent data set,"), ((6, 2), "2 methods")]
)
def test_it_says_why_there_is_none(shape, why):
    with pytest.raises(ValueError, match=why):
        critical_difference(np.ones(shape))


def overall(n_sets, methods="abc"):
    rows = {
        "data": "real",
        "profile": "quick",
        "backbone": "r",
        "budget": np.nan,
        "method": list(methods),
        "mean_rank": 2.0,
    }
    generator = np.random.default_rng(0)
    return pd.DataFrame(rows | {f"set_rank {i}": generator.permutation(len(methods)) + 1.0 for i in range(n_sets)})


def test_overall_boards_have_a_line_for_each_budget():
    [line] = critical_differences(overall(2))
    assert (
        line
        == "Critical difference of mean ranks, real quick r: none (2 independent data sets, at least 5 are needed)."
    )
    [line] = critical_differences(overall(6))
    assert "6 data sets)" in line
    incomplete = overall(6).assign(mean_rank=[2.0, np.nan, 2.0])
    assert "none (2 methods" in critical_differences(incomplete)[0]
