"""`bench data duplicates`: counts, names, a page, and JSON."""

import json

import pytest


@pytest.fixture(autouse=True)
def _own_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("BENCH_CACHE", str(tmp_path / "cache"))


def test_groups_are_counted_and_named(bench, whole_phantom_root, tmp_path):
    page = tmp_path / "copies.html"
    done = bench("data", "duplicates", "brain_tumor", "--data-root", whole_phantom_root, "--html", page)
    assert done.code == 0
    assert "equal pixels or voxels: 4 groups of 8 cases" in done.out
    assert "equal or nearly equal: 4 groups of 8 cases" in done.out
    assert "2 on both sides of the owner's split: 2 of 80 test cases are training images too" in done.out
    assert "Testing/no_tumor/image.jpg = " in done.out
    assert page.read_text().count("<img") == 8


def test_exact_looks_for_nothing_else(bench, phantom_root, monkeypatch):
    monkeypatch.setattr("bench.data.near_duplicates.groups.near_pairs", lambda *a: pytest.fail("searched"))
    out = bench("data", "duplicates", "brain_tumor", "--exact", "--data-root", phantom_root).out
    assert "equal pixels" in out
    assert "nearly" not in out


def test_json_has_all_groups(bench, phantom_root):
    facts = json.loads(bench("data", "duplicates", "brain_tumor", "--json", "--data-root", phantom_root).out)
    assert facts["data_set"] == "brain_tumor"
    assert facts["exact"]["n_groups"] == len(facts["exact"]["groups"]) == 4
    assert facts["near"]["groups"] == facts["exact"]["groups"]
    assert facts["pairs"] == []


def test_several_tasks_are_refused(bench, segmentation_root):
    done = bench("data", "duplicates", "drive,jsrt", "--data-root", segmentation_root)
    assert (done.code, "Name one task" in done.err) == (2, True)


@pytest.mark.slow
@pytest.mark.real_data
def test_real_brain_tumor(bench, real_root):
    out = bench("data", "duplicates", "brain_tumor", "--exact", "--data-root", real_root).out
    assert "300 groups of 694 cases of 3264" in out
    assert "251 of 394 test cases are training images too" in out
