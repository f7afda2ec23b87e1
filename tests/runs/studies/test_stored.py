"""Stored runs that a plan finds: every study of a committed table finds its records, with and without its data."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.api import grids
from bench.data.grouped_split import GROUPED_VERSION
from bench.data.published.named_splits import given_of_named
from bench.results.store import Store
from bench.runs.studies.stored import given_of, records_by_settings

REPOSITORY = Path(__file__).parents[3]
STUDIES = sorted((REPOSITORY / "docs" / "studies").glob("*.toml"))
STORED = ("ablation", "owner_split", "results")
"""Studies whose records are committed."""


def study(name: str) -> Path:
    return REPOSITORY / "docs" / "studies" / f"{name}.toml"


def planned(name, **options):
    return grids.plan(config=study(name), results=REPOSITORY / "results", quiet=True, **options)


def test_every_committed_record_of_real_data_is_of_a_study_and_found_without_data():
    found = {}
    for name in STORED:
        plan = planned(name, from_records=True)
        assert plan.problems.found == []
        assert {cell.state for cell in plan.cells} == {"stored"}, name
        found[name] = {cell.record for cell in plan.cells}
    committed = {str(Store(REPOSITORY / "results").path(r)) for r in records()}
    assert set().union(*found.values()) == committed
    assert len(found["results"] | found["owner_split"]) == 135


def records():
    return [record for record in Store(REPOSITORY / "results").load()[0] if record.data == "real"]


@pytest.mark.parametrize("path", STUDIES, ids=[path.stem for path in STUDIES])
def test_every_study_can_be_planned_and_says_how_it_is_run(path):
    plan = grids.plan(config=path, from_records=True, results=REPOSITORY / "results", quiet=True)
    assert plan.problems.found == []
    assert plan.cells
    assert f"bench run --config docs/studies/{path.name}" in path.read_text()
    assert path.name in (REPOSITORY / "docs" / "studies.md").read_text()


def test_what_differs_is_not_found():
    for options in ({"seeds": [9]}, {"corpus": "pool"}, {"settings": {"pretrain.epochs": 6}}):
        plan = planned("results", from_records=True, methods="simclr", **options)
        assert {cell.state for cell in plan.cells} == {"to run"}, options
    own = planned("owner_split", from_records=True, split="grouped")
    assert {cell.state for cell in own.cells} == {"stored"}, "the floors are stored on both splits"
    mlp = planned("owner_split", from_records=True, protocols="mlp")
    assert {cell.state for cell in mlp.cells} == {"to run"}


def test_outdated_records_are_not_found(monkeypatch):
    some = [record for record in records() if record.corpus][:2]
    assert len(records_by_settings(some)) == 2
    monkeypatch.setattr("bench.runs.studies.stored.PARTS", {"images": 99})
    assert records_by_settings(some) == {}


def test_a_split_is_known_by_its_content(tmp_path):
    assert given_of(None) is None
    assert given_of(Path("grouped")) == GROUPED_VERSION
    assert given_of(Path("lvmmed"), "buid") == given_of_named("lvmmed", "buid") != given_of_named("lvmmed", "fgadr")
    (tmp_path / "a.csv").write_text("case,split\n")
    (tmp_path / "b.csv").write_text("case,split\n")
    assert given_of(tmp_path / "a.csv") == given_of(tmp_path / "b.csv")


@pytest.mark.real_data
@pytest.mark.slow
@pytest.mark.parametrize("name", STORED)
def test_every_committed_record_is_found_by_its_identity(real_root, tmp_path, name):
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "brain_tumor").symlink_to(real_root / "brain_tumor")
    plan = planned(name, data_root=tmp_path / "root", cache=tmp_path / "cache")
    assert {cell.state for cell in plan.cells} == {"stored"}


@pytest.mark.real_data
@pytest.mark.slow
def test_a_study_makes_its_committed_records_again(real_root, tmp_path):
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "brain_tumor").symlink_to(real_root / "brain_tumor")
    places = {"data_root": tmp_path / "root", "cache": tmp_path / "cache", "results": tmp_path / "results"}
    made = grids.run("pixels", config=study("owner_split"), seeds=[0], quiet=True, **places)
    committed = {record.identity: record for record in records()}
    assert made.made == len(made.records) == 2
    for record in made.records:
        assert record.metrics == pytest.approx(committed[record.identity].metrics, abs=0.01)
