"""`bench results migrate`: what it says, as text and as data."""

import json
import shutil
from pathlib import Path

import pytest

SCHEMA_1 = Path(__file__).parents[1] / "runs" / "schema_1"
N_RECORDS = len(list((SCHEMA_1 / "runs").rglob("*.json")))


@pytest.fixture
def migrate(bench, tmp_path):
    results = shutil.copytree(SCHEMA_1, tmp_path / "results")

    def call(*more):
        return bench("results", "migrate", f"--results={results}", f"--cache={tmp_path / 'cache'}", *more)

    call.results = results
    return call


def test_it_says_what_was_moved_and_writes_the_tables(migrate):
    would = migrate("--dry-run")
    assert (would.code, f"{N_RECORDS} records and 0 checkpoints would be moved" in would.out) == (0, True)
    assert not (migrate.results / "leaderboard").exists()
    done = migrate()
    assert done.code == 0, done.err
    assert f"{N_RECORDS} records and 0 checkpoints moved to schema 2" in done.out
    assert f"Leaderboard: {migrate.results / 'leaderboard' / 'phantom-quick.csv'}" in done.out
    assert migrate().out == "0 records and 0 checkpoints moved to schema 2\n"


def test_data_has_both_places_of_each_record(migrate):
    facts = json.loads(migrate("--json").out)
    assert len(facts["moved"]) == N_RECORDS
    assert all(Path(row["to"]).exists() for row in facts["moved"])
    assert (facts["apart"], facts["problems"]) == (0, [])


def test_what_cannot_be_moved_ends_with_the_code_of_storage(migrate):
    (migrate.results / "runs" / "x.json").write_text("{")
    done = migrate("--json")
    assert done.code == 6
    assert "x.json is not a valid record" in json.loads(done.out)["problems"][0]
