"""Records of two stores: new, known, or in conflict."""

import json

import pytest

from bench.results.sharing.conflicts import sort_out
from bench.results.store import Store
from tests.results.sharing.stores import edit, whole_run


@pytest.fixture
def ours(tmp_path):
    return Store(tmp_path / "ours")


def test_new_and_known(tmp_path, ours):
    theirs = [whole_run(tmp_path / "theirs", seed=seed) for seed in (0, 1)]
    whole_run(ours.results, seed=0)
    found = sort_out(theirs, ours)
    assert (found.new, found.known, found.conflicts) == ([theirs[1]], [theirs[0]], [])


def test_the_same_run_made_another_time_is_known(tmp_path, ours):
    one = whole_run(tmp_path / "theirs")
    whole_run(ours.results, provenance={"dirty": False, "finished": "later"}, cost={"adapt": {"seconds": 9.0}})
    assert sort_out([one], ours).known == [one]


def test_the_same_run_with_other_scores_is_a_conflict(tmp_path, ours):
    one, own = whole_run(tmp_path / "theirs", right=0.9), whole_run(ours.results, right=0.3)
    (conflict,) = sort_out([one], ours).conflicts
    values = f"{own.metrics['accuracy']:.6g} there, {one.metrics['accuracy']:.6g} here"
    assert str(conflict) == f"{ours.path(own)}: the same run with other content: accuracy {values}"


def test_another_identity_of_the_same_run_is_a_conflict(tmp_path, ours):
    own = whole_run(ours.results)
    one = whole_run(tmp_path / "theirs", corpus=own.corpus.model_copy(update={"fingerprint": "other"}))
    (conflict,) = sort_out([one], ours).conflicts
    assert conflict.reason == "the same method, settings and seed with another identity: another corpus"
    assert conflict.path == ours.path(own)


def test_a_damaged_record_in_its_place_is_a_conflict(tmp_path, ours):
    own = whole_run(ours.results)
    edit(ours.results, own, lambda d: d["metrics"].update(accuracy=0.9))
    (conflict,) = sort_out([whole_run(tmp_path / "theirs")], ours).conflicts
    assert conflict.reason == "what is there is no valid record"
    assert json.loads(conflict.path.read_text())["metrics"]["accuracy"] == 0.9
