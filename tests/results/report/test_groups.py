"""Sections: one for each group of the board, with disagreements of its methods."""

import pytest

from bench.results.comparison.all_pairs import all_pairs
from bench.results.index import read_frame
from bench.results.leaderboard import detailed_board
from bench.results.report.case_tables import CaseTables
from bench.results.report.groups import groups_of
from tests.results.stores_of import add_run, three_methods


@pytest.fixture
def groups(tmp_path, monkeypatch):
    monkeypatch.setenv("BENCH_CACHE", str(tmp_path / "cache"))
    store = three_methods(tmp_path)
    for seed in range(3):
        add_run(store, "random", seed, 0.5, protocol="knn")
    frame = read_frame(store)[0]
    board = detailed_board(frame)
    tables = CaseTables(store, {path: store.read(store.runs / path) for path in frame["path"]})
    return list(groups_of(frame, board, all_pairs(frame, board), tables, {"brain_tumor": ("no", "yes")}, 2))


def test_groups_are_sections(groups):
    assert [(g.protocol, len(g.rows)) for g in groups] == [("finetune", 3), ("knn", 1)]
    assert [g.anchor for g in groups] == ["group-1", "group-2"]
    assert groups[0].title == "brain_tumor · finetune · resnet18 · owner"
    assert groups[0].test_cases == "40"


def test_each_pair_of_methods_has_its_disagreements(groups):
    assert len(groups[0].versus) == 3
    (one,) = [v for v in groups[0].versus if {v.a.method, v.b.method} == {"simclr", "random"}]
    assert one.a.method == "simclr"
    assert one.found.only_a > one.found.only_b
    assert {line.target for line in one.found.lines} <= {"no", "yes"}
    assert groups[0].disagreement_of(one.b, one.a) == f"group-1-{one.a.number}-{one.b.number}"
    assert groups[1].disagreement_of(one.a, one.b) == ""
    assert groups[1].versus == ()
    assert groups[1].matrix is None
