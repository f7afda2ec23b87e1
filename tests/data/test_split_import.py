"""Published splits that name volumes: without `.nii.gz`, by the case's folder, and what stays ambiguous."""

import json

import pytest

from bench.core.console import Report
from bench.core.errors import DataError
from bench.data.dataset import read_data
from bench.data.split_import import import_split
from tasks.brats import BRATS
from tasks.mmwhs_ct import MMWHS_CT
from tasks.prostate import PROSTATE

REPORT = Report(quiet=True)


def imported(data, path, train, test):
    path.write_text(json.dumps({"training": train, "testing": test}))
    split = import_split(data, path, 0, REPORT)
    return {case.id for case in split.test}


def test_names_without_suffix(segmentation_root, tmp_path):
    data = read_data(MMWHS_CT, segmentation_root)
    ids = [case.id for case in data.cases]
    names = [case_id.rpartition("/")[2].removesuffix(".nii.gz") for case_id in ids]
    assert imported(data, tmp_path / "s.json", names[:-2], names[-2:]) == set(ids[-2:])


def test_paths_without_suffix_where_sites_share_names(segmentation_root, tmp_path):
    data = read_data(PROSTATE, segmentation_root)
    ids = [case.id for case in data.cases if case.domain == "BMC"]
    names = [case_id.removesuffix(".nii.gz") for case_id in ids]
    foreign = {case.id for case in data.cases if case.domain != "BMC"}
    assert imported(data, tmp_path / "s.json", names[2:], names[:2]) == {*ids[:2], *foreign}
    shared = names[0].rpartition("/")[2]
    with pytest.raises(DataError, match=rf"{shared!r} fits \d cases of prostate"):
        imported(data, tmp_path / "s.json", [shared], names[1:])
    with pytest.raises(DataError, match="prostate has no case 'BMC'"):
        imported(data, tmp_path / "s.json", ["BMC"], names[1:])


def test_folders_of_cases(segmentation_root, tmp_path):
    data = read_data(BRATS, segmentation_root)
    folders = {case.id: case.id.split("/")[1] for case in data.cases}
    test = {case.id for case in data.cases if case.subject == "Brats18_TCIA01_131"}
    assert len(test) == 2
    train = [folder for case_id, folder in folders.items() if case_id not in test]
    assert imported(data, tmp_path / "s.json", train, [folders[case_id] for case_id in test]) == test


@pytest.mark.parametrize("content", ["[" * 100_000, '{"train": [' + "1" * 5000 + "]}", '{"train"'])
def test_what_is_no_json_is_one_error(segmentation_root, tmp_path, content):
    data = read_data(PROSTATE, segmentation_root)
    (tmp_path / "s.json").write_text(content)
    with pytest.raises(DataError, match=r"s\.json: this is no JSON: .*\n.*For example"):
        import_split(data, tmp_path / "s.json", 0, REPORT)


def test_lists_of_labels_are_ignored(segmentation_root, tmp_path):
    data = read_data(MMWHS_CT, segmentation_root)
    names = [case.id.rpartition("/")[2].removesuffix("_image.nii.gz") for case in data.cases]
    labels = {"train_labels": ["x"], "val_mask": [], "label": {}}
    sides = {"train": names[:6], "val": names[6:8], "test": names[8:], **labels}
    (tmp_path / "s.json").write_text(json.dumps(sides))
    split = import_split(data, tmp_path / "s.json", 0, REPORT)
    assert [len(cases) for cases in split.sides.values()] == [6, 2, len(names) - 8]
