"""What is committed under results/ follows from the records alone, and the README shows it."""

import shutil
from pathlib import Path

from bench.report import write_leaderboards
from bench.session import regenerate
from bench.store import Store

REPOSITORY = Path(__file__).parents[1]


def test_committed_tables_are_what_the_committed_records_give(tmp_path):
    for part in ("runs/real", "published"):
        shutil.copytree(REPOSITORY / "results" / part, tmp_path / part)
    records, problems = Store(tmp_path).load()
    assert problems == []
    assert records
    assert {r.data for r in records} == {"real"}
    for path in write_leaderboards(tmp_path, records):
        assert path.read_bytes() == (REPOSITORY / "results" / "leaderboard" / path.name).read_bytes(), path.name


def test_committed_records_come_from_clean_commits_and_name_existing_splits():
    records, _ = Store(REPOSITORY / "results").load()
    for record in (r for r in records if r.data == "real"):
        assert record.provenance["dirty"] is False
        assert (REPOSITORY / "results" / record.split.file).is_file()


def test_readme_shows_the_committed_table(tmp_path):
    for part in ("runs/real", "published"):
        shutil.copytree(REPOSITORY / "results" / part, tmp_path / part)
    assert regenerate(tmp_path).markdown.strip() in (REPOSITORY / "README.md").read_text()
