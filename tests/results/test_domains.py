"""Scores by site, in and out of distribution."""

import math

import pytest

from bench.results.domains import domain_scores, is_domain_column
from bench.results.leaderboard import task_board
from tests.records_of import record, write_boards


def scores(method, values, **changes):
    return [record(method, seed, value, **changes) for seed, value in enumerate(values)]


def row(board, method):
    return board[board["method"] == method].iloc[0]


def test_domains_have_columns_of_their_own(tmp_path):
    def on_sites(a, b, c):
        domains = {name: {"accuracy": v} for name, v in zip("ABC", (a, b, c), strict=True)}
        return {"domains": domains, "trained_domain": "B", "distribution": "in+out"}

    several = [record("simclr", 0, 0.6, **on_sites(0.4, 0.9, 0.5)), record("simclr", 1, 0.6, **on_sites(0.5, 0.8, 0.5))]
    r = row(task_board(several), "simclr")
    assert (r["in_distribution"], r["out_of_distribution"]) == (pytest.approx(0.85), pytest.approx(0.475))
    assert r["drop"] == pytest.approx(0.375)
    missing = row(task_board([record("simclr", 0, 0.6, **on_sites(None, 0.9, 0.5))]), "simclr")
    assert missing["in_distribution"] == pytest.approx(0.9)
    assert math.isnan(missing["out_of_distribution"])
    assert math.isnan(missing["drop"]), "a missing site is no smaller mean"
    write_boards(tmp_path, several)
    assert "drop" in (tmp_path / "leaderboard" / "real-quick.csv").read_text().splitlines()[0]
    write_boards(tmp_path, scores("simclr", [0.5]))
    assert "drop" not in (tmp_path / "leaderboard" / "real-quick.csv").read_text().splitlines()[0]


@pytest.mark.parametrize("changes", [{"trained_domain": "X"}, {"trained_domain": None}])
def test_records_must_name_the_trained_domain(changes):
    with pytest.raises(ValueError, match="trained domain"):
        record("simclr", 0, 0.6, **({"domains": {"A": {"accuracy": 0.6}}} | changes))


def sites(**scores):
    domains = {name: {"accuracy": v} for name, v in scores.items()}
    return record("simclr", 0, 0.6, domains=domains, trained_domain="A", distribution="in+out")


def test_the_trained_site_is_held_against_the_mean_of_the_others():
    assert domain_scores(sites(A=0.9, B=0.4, C=0.6)) == {
        "in_distribution": 0.9, "out_of_distribution": pytest.approx(0.5), "drop": pytest.approx(0.4),
        "site:A": 0.9, "site:B": 0.4, "site:C": 0.6,
    }  # fmt: skip
    missing = domain_scores(sites(A=0.9, B=None, C=0.6))
    assert (missing["out_of_distribution"], missing["drop"], missing["site:C"]) == (None, None, 0.6)
    assert domain_scores(record()) == {"in_distribution": None, "out_of_distribution": None, "drop": None}


@pytest.mark.parametrize("name", ["drop", "drop_ci95_low", "site:A", "reported_site:A", "in_distribution"])
def test_columns_about_sites_are_known(name):
    assert is_domain_column(name)
    assert not is_domain_column(f"x_{name}")
