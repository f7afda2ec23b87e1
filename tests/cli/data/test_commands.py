"""`bench data verify`, `fingerprint` and `splits`: what they find, what they write, and how they fail."""

from __future__ import annotations

import json
import shutil
from collections import Counter

import pytest

from bench.core.registry import tasks
from bench.data.dataset import read_data
from bench.data.phantom import ensure_phantoms
from bench.data.splits import draw_split
from tasks.drive import DRIVE
from tasks.fgadr import FGADR


@pytest.fixture(scope="module")
def clean_root(tmp_path_factory):
    return ensure_phantoms([DRIVE, FGADR], tmp_path_factory.mktemp("verify"))


@pytest.fixture
def root(clean_root, tmp_path):
    return shutil.copytree(clean_root, tmp_path / "data")


def test_verify_from_the_command_line(bench, root):
    done = bench("data", "verify", "--data-root", root, "--quiet")
    assert (done.code, done.err) == (0, "")
    assert "drive (phantom): 16 cases, 48 files opened: nothing wrong" in done.out
    bad = root / "fgadr/Seg-set/Original_Images/0000_1.png"
    bad.write_text("no image")
    done = bench("data", "verify", "fgadr,drive", "--data-root", root)
    assert done.code == 3
    assert "fgadr (phantom): 100 cases, 100 files opened: 1 problems" in done.out
    assert f"{bad}: cannot be decoded: it is not an image." in done.out
    facts = json.loads(bench("data", "verify", "fgadr", "--data-root", root, "--json").out)
    assert [len(row["problems"]) for row in facts] == [1]


def test_fingerprints_are_those_of_runs(bench, clean_root):
    done = bench("data", "fingerprint", "--data-root", clean_root)
    assert f"{read_data(FGADR, clean_root).fingerprint}  fgadr  phantom, 100 cases" in done.out.splitlines()
    facts = json.loads(bench("data", "fingerprint", "drive", "--data-root", clean_root, "--json").out)
    assert facts == [
        {
            "name": "drive", "kind": "phantom", "cases": 16, "fingerprint": read_data(DRIVE, clean_root).fingerprint,
            "error": None,
        }
    ]  # fmt: skip


def test_fingerprints_of_the_others_are_printed_where_one_set_is_broken(bench, root):
    bad = root / "drive/training/images/21_training.tif"
    bad.write_bytes(b"")
    done = bench("data", "fingerprint", "--data-root", root)
    assert done.code == 3
    assert [line.split()[1] for line in done.out.splitlines()] == ["fgadr"]
    assert f"Error: drive: {bad}: this file is empty (0 bytes)" in done.err
    as_json = bench("data", "fingerprint", "--data-root", root, "--json")
    drive, fgadr = json.loads(as_json.out)
    assert as_json.code == 3
    assert (drive["fingerprint"], drive["cases"], "is empty" in drive["error"]) == (None, None, True)
    assert (fgadr["fingerprint"], fgadr["error"]) == (read_data(FGADR, root).fingerprint, None)


def test_a_drawn_split_goes_out_and_comes_back(bench, clean_root, tmp_path):
    file = tmp_path / "split.csv"
    done = bench("data", "splits", "fgadr", "--seed", "3", "--export", file, "--data-root", clean_root)
    assert done.code == 0, done.err
    drawn = draw_split(read_data(FGADR, clean_root), 3)
    assert f"fingerprint {drawn.fingerprint}" in done.out
    assert f"test: {len(drawn.test)} cases of 10 subjects" in done.out
    back = bench("data", "splits", "fgadr", "--import", file, "--json", "--data-root", clean_root)
    assert json.loads(back.out)["fingerprint"] == drawn.fingerprint


def test_a_published_split_by_file_names_becomes_ours(bench, clean_root, tmp_path):
    names = [case.image.stem for case in read_data(FGADR, clean_root).cases]
    parts = {"train": names[:60], "val": [f"{name}.png" for name in names[60:80]], "test": names[80:]}
    (tmp_path / "theirs.json").write_text(json.dumps(parts))
    file = tmp_path / "ours.csv"
    done = bench(
        "data", "splits", "fgadr", "--import", tmp_path / "theirs.json", "--export", file, "--data-root", clean_root
    )
    assert done.code == 0, done.err
    rows = [line.split(",") for line in file.read_text().splitlines()[1:]]
    assert Counter(side for _, side in rows) == {"train": 60, "validation": 20, "test": 20}
    assert rows[0][0] == f"Seg-set/Original_Images/{names[0]}.png"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "this is no JSON"),
        ("[1]", "expected an object with a list of case names per split"),
        ('{"train": ["0000_1"], "tset": ["0001_1"]}', "unknown split 'tset'"),
        ('{"train": ["0000_1", "0000_9"], "test": []}', "train[1]: fgadr has no case '0000_9'. Did you mean"),
        (
            '{"train": ["0000_1"], "test": ["0000_1.png"]}',
            "test[0]: the case 'Seg-set/Original_Images/0000_1.png' stands",
        ),
        ('{"train": ["0000_1", "0001_1"], "test": ["0000_2"]}', "the subject '0000' is on 2 sides"),
        ('{"train": ["0000_1"]}', "no case is in 'test'"),
    ],
)
def test_a_wrong_published_split_is_one_error_and_writes_nothing(bench, clean_root, tmp_path, content, message):
    (tmp_path / "theirs.json").write_text(content)
    file = tmp_path / "ours.csv"
    done = bench(
        "data", "splits", "fgadr", "--import", tmp_path / "theirs.json", "--export", file, "--data-root", clean_root
    )
    assert (done.code, message in done.err) == (3, True), done.err
    assert "theirs.json" in done.err
    assert done.err.count("Error:") == 1
    assert not file.exists()


def test_an_ambiguous_name_is_an_error(bench, whole_phantom_root, tmp_path):
    (tmp_path / "theirs.json").write_text('{"train": ["image(1)"], "test": ["gg (1)"]}')
    done = bench(
        "data", "splits", "brain_tumor", "--import", tmp_path / "theirs.json", "--data-root", whole_phantom_root
    )
    assert done.code == 3
    assert "'image(1)' fits 5 cases of brain_tumor" in done.err


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["verify", "fgadrr"], 2, "Unknown task 'fgadrr'. Did you mean 'fgadr'?"),
        (["verify", "brats"], 3, "brats: this folder is missing"),
        (["fingerprint", "brats"], 3, "brats: this folder is missing"),
        (["splits", "fgadr,drive"], 2, "Name one task; these are of the data sets fgadr, drive."),
        (["splits", "fgadr", "--import", "nowhere.csv"], 3, "nowhere.csv: cannot be read: No such file"),
    ],
)
def test_bad_input(bench, clean_root, arguments, code, message):
    done = bench("data", *arguments, "--data-root", clean_root)
    assert (done.code, message in done.err + done.out) == (code, True), done.err


def test_no_data_root_and_an_empty_one(bench, tmp_path):
    done = bench("data", "verify")
    assert (done.code, "No data root is set.\nGive --data-root" in done.err) == (3, True)
    (tmp_path / "other").mkdir()
    done = bench("data", "fingerprint", "--data-root", tmp_path)
    assert (done.code, "no known data set is in this data root" in done.err) == (3, True)


def test_commands_are_described(bench):
    text = bench("data", "--help").out
    assert all(name in text for name in ("verify", "fingerprint", "splits", "status", "clean"))
    assert {"fgadr", "drive"} <= set(tasks().plugins)


def test_data_status_counts_found_against_expected(bench, whole_phantom_root, tmp_path):
    out = bench("data", "status", "--data-root", whole_phantom_root).out
    assert "brain_tumor: found (phantom data)" in out
    assert "train: 200 found of 200 expected" in out
    assert "4 groups, 2 of them on both sides" in out
    facts = json.loads(bench("data", "status", "--data-root", whole_phantom_root, "--json").out)
    assert facts["data_sets"][0]["counts"]["test"]["no_tumor"] == 20
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "file").touch()
    assert "brain_tumor: missing" in bench("data", "status", "--data-root", tmp_path / "x").out
    assert bench("data", "status", "--data-root", tmp_path / "nowhere").code == 3


@pytest.mark.real_data
def test_data_status_of_the_real_set(bench, real_root):
    out = bench("data", "status", "--data-root", real_root).out
    assert "train: 2870 found of 2870 expected" in out
    assert "166 groups, 64 of them on both sides" in out


def test_a_grouped_split_is_drawn_and_exported(bench, whole_phantom_root, tmp_path):
    def splits(*options):
        return bench("data", "splits", "brain_tumor", "--data-root", whole_phantom_root, "--cache", tmp_path, *options)

    file = tmp_path / "grouped.csv"
    done = splits("--grouped", "--export", file)
    assert "with --split grouped" in done.out
    rows = dict(line.rsplit(",", 1) for line in file.read_text().splitlines()[1:])
    assert len(rows) == 280
    assert {side for name, side in rows.items() if name.startswith("Testing/")} == {"train", "validation", "test"}
    grouped, usual = (json.loads(splits("--json", *more).out) for more in (["--grouped"], []))
    assert grouped["fingerprint"] != usual["fingerprint"]
    both = splits("--grouped", "--import", file)
    assert (both.code, "Give one of them" in both.err) == (2, True)


def test_tasks_may_be_named_in_one_text(bench, segmentation_root):
    out = bench("data", "fingerprint", "drive,jsrt", "--data-root", segmentation_root).out
    assert [line.split()[1] for line in out.splitlines()] == ["drive", "jsrt"]


@pytest.mark.slow
@pytest.mark.real_data
def test_data_status_names_test_images_that_are_training_images(bench, real_root, monkeypatch, tmp_path):
    monkeypatch.setenv("BENCH_CACHE", str(tmp_path))
    out = bench("data", "status", "--data-root", real_root).out
    assert "251 of 394 test cases equal a training image by pixels" in out
