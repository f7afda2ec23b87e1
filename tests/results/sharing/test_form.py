"""Names that a bundle may hold, and those that lead elsewhere."""

import os

import pytest

from bench.results.sharing.form import alike, folder_findings, name_findings, wrong_name

GOOD = [
    "manifest.json",
    "study.toml",
    "runs/real/quick/lvmmed/brain_tumor/timm%3Aresnet18-knn-seed0-0624da40dd56.json",
    "runs/real/quick/a/b/c.parquet",
    "splits/real/brain_tumor-seed0-0fa83031.csv",
    "splits/phantom/größe-seed0.json",
]


@pytest.mark.parametrize("name", GOOD)
def test_names_of_results(name):
    assert wrong_name(name) == ""


@pytest.mark.parametrize(
    "name",
    [
        "", "/", "/etc/passwd", "../x.json", "runs/../../x.json", "runs//x.json", "runs/./x.json", "runs/a/..", "..",
        "runs\\x.json", "C:/x.json", "runs/a:b.json", "runs/.hidden.json", "runs/x.json ", "runs/a./x.json",
        "runs/con.json", "runs/NUL/x.json", "runs/x.py", "runs/x", "splits/x.parquet", "x.json", "leaderboard/x.csv",
        "runs/a\nb.json", "runs/\x1b[2J.json", "runs/\u202egnp.json", "runs/a\x00.json", f"runs/{'a' * 300}.json",
        "Manifest.json", "runs/real/x.json/",
    ],
)  # fmt: skip
def test_names_that_are_none(name):
    assert wrong_name(name)


def test_names_that_differ_in_case_alone():
    assert [one.path for one in alike(["runs/A/x.json", "runs/a/y.json"])] == ["runs/a/y.json"]
    assert [one.path for one in alike(["splits/X.csv"], ["splits/x.csv"])] == ["splits/X.csv"]
    assert [one.path for one in alike(["splits/e\u0301.csv", "splits/\u00e9.csv"])] == ["splits/\u00e9.csv"]
    assert [one.reason for one in alike(["a", "a"])] == ["its name is there twice"]
    assert alike(["runs/a/x.json", "runs/a/y.json"], ["runs/a/x.json"]) == []
    assert name_findings(GOOD) == []


def test_links_and_pipes_in_a_folder(tmp_path):
    (tmp_path / "runs" / "real").mkdir(parents=True)
    (tmp_path / "runs" / "real" / "x.json").write_text("{}")
    (tmp_path / "runs" / ".DS_Store").write_text("")
    assert folder_findings(tmp_path) == []
    (tmp_path / "runs" / "y.json").symlink_to("/etc/passwd")
    os.mkfifo(tmp_path / "runs" / "z.json")
    (tmp_path / "splits").symlink_to("runs")
    found = {one.path: one.reason for one in folder_findings(tmp_path)}
    assert found == {"runs/y.json": "it is a link", "runs/z.json": "it is no regular file", "splits": "it is a link"}
