"""What is said of a choice at the end of its range."""

import pytest

from bench.evaluation.adaptation import edge_notes


@pytest.mark.parametrize(("chosen", "said"), [(1.0, "smallest C"), (100.0, "largest C"), (10.0, None)])
def test_an_end_of_the_range_is_named(chosen, said):
    notes = edge_notes("linear", "C", (1.0, 10.0, 100.0), chosen)
    assert [said in note for note in notes] == ([True] if said else [])


def test_a_single_candidate_is_no_range():
    assert edge_notes("knn", "k", (5,), 5) == ()
