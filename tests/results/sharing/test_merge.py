"""Merging: two stores give the board of all runs; conflicts are named; each source is taken whole or not at all."""

import shutil

import pytest

from bench.core import files
from bench.core.errors import StorageError, UsageError
from bench.results.boards import regenerate
from bench.results.sharing.bundle import write_bundle
from bench.results.sharing.merge import merge
from bench.results.store import Store
from tests.results.sharing.stores import edit, whole_run

RUNS = [("simclr", 0), ("simclr", 1), ("random", 0), ("random", 1)]


def store_of(folder, runs):
    for method, seed in runs:
        whole_run(folder, method, seed)
    return folder


def contents(folder):
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_bundles_of_two_stores_give_the_board_of_all_runs(tmp_path, quiet):
    whole = store_of(tmp_path / "whole", RUNS)
    bundles = []
    for name, runs in (("a", RUNS[:3]), ("b", RUNS[2:])):
        bundles.append(write_bundle(store_of(tmp_path / name, runs), tmp_path / f"{name}.zip", quiet).path)
    done = merge(bundles, tmp_path / "merged", quiet)
    assert (len(done.added), done.known, done.conflicts) == (4, 1, [])
    assert contents(tmp_path / "merged") == contents(whole)
    for folder in (whole, tmp_path / "merged"):
        assert regenerate(folder).records == 4
    assert "leaderboard/real-quick.csv" in contents(whole)
    assert contents(tmp_path / "merged") == contents(whole)
    again = merge(bundles, tmp_path / "merged", quiet)
    assert (again.added, again.known) == ([], 5)


def test_a_folder_is_a_source_too(results, tmp_path, quiet):
    assert len(merge([results], tmp_path / "merged", quiet).added) == 3
    with pytest.raises(UsageError, match="the results folder itself"):
        merge([tmp_path / "merged"], tmp_path / "merged", quiet)


def test_conflicts_are_named_and_what_is_there_stays(tmp_path, quiet):
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    own, other = whole_run(ours, "simclr", 0, 0.3), whole_run(theirs, "simclr", 0, 0.9)
    whole_run(theirs, "simclr", 1)
    done = merge([theirs], ours, quiet)
    assert len(done.added) == 1
    assert len(done.conflicts) == 1
    assert "the same run with other content: accuracy" in done.conflicts[0]
    assert str(theirs) in done.conflicts[0]
    assert Store(ours).read(Store(ours).path(own)).metrics == own.metrics
    replaced = merge([theirs], ours, quiet, replace=True)
    assert replaced.replaced == [Store(ours).path(own)]
    assert Store(ours).read(Store(ours).path(own)).metrics == other.metrics
    assert merge([theirs], ours, quiet).known == 2


def test_a_run_of_another_identity_gives_way_with_its_cases(tmp_path, quiet):
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    own = whole_run(ours)
    other = whole_run(theirs, corpus=own.corpus.model_copy(update={"fingerprint": "other"}))
    assert len(merge([theirs], ours, quiet).conflicts) == 1
    merge([theirs], ours, quiet, replace=True)
    assert [one.identity for one in Store(ours).load()[0]] == [other.identity]
    assert len(list((ours / "runs").rglob("*.parquet"))) == 1


def test_nothing_of_a_source_that_does_not_hold_is_taken_and_the_others_are(results, tmp_path, quiet):
    bad = shutil.copytree(results, tmp_path / "bad")
    edit(bad, whole_run(bad, "simclr", 0), lambda d: d["metrics"].update(accuracy=0.99), reseal=True)
    with pytest.raises(StorageError, match=r"metrics\.accuracy: it states accuracy 0\.99") as caught:
        merge([bad], tmp_path / "merged", quiet)
    assert str(bad) in str(caught.value)
    assert contents(tmp_path / "merged") == {} if (tmp_path / "merged").exists() else True
    with pytest.raises(StorageError):
        merge([bad, results], tmp_path / "merged", quiet)
    assert len(Store(tmp_path / "merged").load()[0]) == 3


def test_where_a_file_cannot_be_written_the_folder_is_as_it_was(results, tmp_path, quiet, monkeypatch):
    merged = store_of(tmp_path / "merged", [("byol", 0)])
    before, written = contents(merged), []
    original = files.write_atomic

    def full(path, write, **more):
        written.append(path)
        if len(written) == 5:
            raise StorageError("no space left")
        original(path, write, **more)

    monkeypatch.setattr(files, "write_atomic", full)
    with pytest.raises(StorageError, match="no space left"):
        merge([results], merged, quiet)
    assert contents(merged) == before


def test_another_content_of_a_split_is_an_error_and_its_advice_helps(results, tmp_path, quiet):
    merged = tmp_path / "merged"
    split = merged / whole_run(results, "simclr", 0).split.file
    split.parent.mkdir(parents=True)
    split.write_text("case,split\n")
    with pytest.raises(StorageError, match="another content of it") as caught:
        merge([results], merged, quiet)
    assert str(split) in str(caught.value)
    assert contents(merged) == {split.relative_to(merged).as_posix(): b"case,split\n"}
    split.unlink()  # no record refers to it
    assert len(merge([results], merged, quiet).added) == 3


def test_names_that_differ_in_case_alone_are_an_error(tmp_path, quiet):
    ours, theirs = store_of(tmp_path / "ours", [("simclr", 0)]), store_of(tmp_path / "theirs", [("SimCLR", 0)])
    before = contents(ours)
    with pytest.raises(StorageError, match="differs from runs/real/quick/simclr in case alone"):
        merge([theirs], ours, quiet)
    assert contents(ours) == before
