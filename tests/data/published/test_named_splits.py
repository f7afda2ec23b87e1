"""Published splits by name: their sizes, their place in the identity, and copies that are not the whole data set."""

import json
from pathlib import Path

import pytest

from bench.core.console import Report
from bench.core.errors import DataError, UsageError
from bench.data.dataset import read_data
from bench.data.published.known import FACTS
from bench.data.published.named_splits import (
    SPLITS,
    given_of_named,
    is_named,
    named_splits_of,
    read_named_split,
    require_named,
    sizes_of,
)
from bench.data.split_files import SELECTED_ON_TEST, selection_note
from tasks.mmwhs_ct import MMWHS_CT
from tests.data.published.made_up import data_of

FOLDERS = {
    "fgadr": "Seg-set/Original_Images/{}",
    "buid": "Dataset_BUSI_with_GT/{}",
    "mmwhs_ct": "ct_train/{}_image.nii.gz",
}


def published(data_set):
    """The names of a published split's cases, as the data set has them."""
    sides = json.loads((FACTS / "lvmmed" / "splits" / f"{SPLITS['lvmmed'][data_set]}.json").read_text())
    form = FOLDERS.get(data_set, "images/{}")
    return sorted({form.format(name) for names in sides.values() for name in names})


@pytest.mark.parametrize(
    ("data_set", "sizes"),
    [
        ("kvasir_seg", (640, 160, 200)),
        ("kvasir_det", (640, 160, 200)),
        ("buid", (413, 104, 130)),
        ("mmwhs_ct", (13, 3, 4)),
        ("fgadr", (1500, 341, 341)),
    ],
)
def test_sizes(data_set, sizes, capsys):
    split = read_named_split(data_of(published(data_set), data_set), "lvmmed", 0, Report())
    assert tuple(map(len, split.sides.values())) == sizes == tuple(sizes_of("lvmmed", data_set).values())
    assert split.given == given_of_named("lvmmed", data_set)
    assert split.given.startswith("lvmmed-")
    same = split.validation == split.test
    assert same == (data_set == "fgadr")
    assert (SELECTED_ON_TEST.format(n=341) in " ".join(capsys.readouterr().err.split())) == same
    assert bool(selection_note(split)) == same
    assert not {case.id for case in split.train} & {case.id for case in split.test}


def test_seeds_share_it_and_data_sets_with_the_same_images():
    data = data_of(published("kvasir_seg"), "kvasir_seg")
    first, second = (read_named_split(data, "lvmmed", seed, Report(quiet=True)) for seed in (0, 1))
    assert first.fingerprint == second.fingerprint
    assert given_of_named("lvmmed", "kvasir_seg") == given_of_named("lvmmed", "kvasir_det")


def test_some_cases_may_lack_or_be_unknown_which_is_said(capsys):
    names = [*published("buid")[5:], "Dataset_BUSI_with_GT/benign (9999).png"]
    split = read_named_split(data_of(names, "buid"), "lvmmed", 0, Report())
    said = capsys.readouterr().err
    assert "5 of its 647 cases are not in this copy of buid" in said
    assert f"leaves out 1 of {len(names)} cases of buid" in said
    assert sum(map(len, split.sides.values())) == 642


def test_too_many_unknown_cases_are_an_error(segmentation_root):
    with pytest.raises(DataError, match=r"5 of its 20 cases .* does not know 0 of the 15 .*at most 10%"):
        read_named_split(data_of(published("mmwhs_ct")[5:], "mmwhs_ct"), "lvmmed", 0, Report(quiet=True))
    strange = [f"images/{n}.jpg" for n in range(200)]
    with pytest.raises(DataError, match=r"0 of its 1000 cases .* does not know 200 of the 1200"):
        read_named_split(data_of([*published("kvasir_seg"), *strange], "kvasir_seg"), "lvmmed", 0, Report(quiet=True))
    with pytest.raises(DataError, match="10 of its 20 cases"):  # though the phantom has names of the owner's
        read_named_split(read_data(MMWHS_CT, segmentation_root), "lvmmed", 0, Report(quiet=True))


def test_an_empty_side_is_an_error(monkeypatch):
    names = [name for name in published("mmwhs_ct") if not name.startswith("ct_train/ct_train_1002")]
    names = [name for name in names if name[18:22] not in ("1010", "1012", "1019")]
    monkeypatch.setattr("bench.data.published.named_splits.MOST_UNKNOWN", 0.5)
    with pytest.raises(DataError, match="--split lvmmed: no case is in 'test'"):
        read_named_split(data_of(names, "mmwhs_ct"), "lvmmed", 0, Report(quiet=True))


def test_which_data_sets_have_one():
    assert named_splits_of("buid") == ["lvmmed"]
    assert named_splits_of("drive") == []
    assert is_named(Path("lvmmed"))
    assert not is_named(None)
    assert not is_named(Path("lvmmed.csv"))
    with pytest.raises(UsageError, match="no split of drive is published under this name; there are those of buid, fg"):
        require_named("lvmmed", "drive")
