"""Where all that belongs to a run lies."""

from pathlib import Path

import pytest

from bench.core.cache_folder import encoder_folder, log_folder
from bench.core.errors import UsageError
from bench.results.store import Store, place_of_record
from bench.runs.kept.find import names_run
from bench.runs.kept.places import run_facts
from tests.results.stores_of import add_run


@pytest.mark.parametrize(
    ("name", "run"),
    [
        ("a/b.json", True),
        ("abcdef", True),
        ("ABCDEF012345", True),
        ("abcde", False),
        ("simclr", False),
        ("a.pth", False),
    ],
)
def test_what_can_only_be_a_run(name, run):
    assert names_run(name) is run


def test_places_that_are_there(tmp_path):
    store, cache = Store(tmp_path / "results"), tmp_path / "cache"
    record = add_run(store)
    facts = run_facts(record.identity[:8], store.results, cache)
    assert (facts["name"], facts["method"], facts["accuracy"]) == (
        record.identity,
        "simclr",
        record.metrics["accuracy"],
    )
    assert facts["record"] == str(store.path(record))
    names = ("log", "log_of_pretraining", "predictions", "model")
    assert [facts[name] for name in names] == [None] * 4
    made = [log_folder(place_of_record(record), cache), encoder_folder("simclr", record.hashes["checkpoint"], cache)]
    for folder in made:
        folder.mkdir(parents=True)
    facts = run_facts(str(store.path(record)), Path("elsewhere"), cache)
    assert [facts[name] for name in names] == [*map(str, made), None, None]


def test_a_method_without_pretraining_has_no_log_of_it(tmp_path):
    record = add_run(Store(tmp_path / "results"), "random")
    assert run_facts(record.identity, tmp_path / "results", tmp_path)["log_of_pretraining"] is None


def test_no_such_run(tmp_path):
    with pytest.raises(UsageError, match="no run has the identity abcdef"):
        run_facts("abcdef", tmp_path, tmp_path)
