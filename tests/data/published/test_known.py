"""Known pasts: every one has a source, and the lists that ship are made of the published ones."""

import importlib.util
import os
from pathlib import Path

import pytest

from bench.core.errors import UsageError
from bench.data.published.known import FACTS, KNOWN, find_past, pasts_of_format
from bench.data.published.names import HASH_BYTES
from bench.models.weights.formats import FORMATS

REPOSITORY = Path(__file__).parents[3]
PAPER = Path(os.environ.get("BENCH_TEST_PAPER") or REPOSITORY.parent / "shared" / "paper")


def test_every_past_has_a_source_and_formats_that_there_are():
    for one in KNOWN.values():
        assert one.sources, one.name
        assert one.data_sets, one.name
        assert set(one.formats) <= FORMATS.keys(), one.name
        assert one.facts.startswith(one.statement)
    assert {"lvmmed", "sam", "medsam", "clip", "dino", "dinov2", "imagenet"} <= KNOWN.keys()


def test_a_wrong_name_is_an_error():
    with pytest.raises(UsageError, match=r"Unknown past 'lvmmde'\. Did you mean 'lvmmed'"):
        find_past("lvmmde")


def test_a_format_tells_the_weights_that_may_be_in_it():
    assert [one.name for one in pasts_of_format("sam")] == ["sam", "medsam"]
    assert pasts_of_format("bench") == []


def test_sizes_of_the_lists():
    sizes = {one.label: len(one.names) for one in find_past("lvmmed").past.lists}
    assert sizes["BraTS 2018"] == 57
    assert sizes["MM-WHS (CT)"] == sizes["MM-WHS (MRI)"] == 5
    assert sizes["ISIC 2019"] == 5101
    assert sizes["VinBigData (VinDr-CXR)"] == 15_000
    assert sum(path.stat().st_size for path in FACTS.rglob("*") if path.is_file()) < 2**20
    assert all(path.stat().st_size % HASH_BYTES == 0 for path in FACTS.rglob("*.bin"))


def test_the_facts_are_made_of_the_published_lists():
    if not (PAPER / "pretraining_lists").is_dir():
        pytest.skip("needs the published lists, in $BENCH_TEST_PAPER or ../shared/paper")
    spec = importlib.util.spec_from_file_location("published_facts", REPOSITORY / "perf" / "published_facts.py")
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    made = script.facts(PAPER / "pretraining_lists", PAPER / "splits")
    shipped = {path.relative_to(FACTS).as_posix(): path.read_bytes() for path in FACTS.rglob("*") if path.is_file()}
    assert made == shipped
