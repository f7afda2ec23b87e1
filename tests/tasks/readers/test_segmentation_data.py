"""What holds for every segmentation data set as a whole: counts, fingerprints, empty files, and where it should lie."""

import json
import shutil
from pathlib import Path

import pytest

from bench.core import registry
from bench.core.errors import DataError
from bench.data.dataset import find_data_sets, read_data
from bench.data.duplicates import find_duplicates
from bench.data.phantom import ensure_phantoms
from bench.data.root import data_kind
from bench.data.splits import draw_split
from bench.data.status import data_status

NAMES = ("brats", "buid", "drive", "isic2018", "jsrt", "kvasir_seg", "mmwhs_ct", "mmwhs_mri", "prostate")
SETS = {name: registry.tasks().get(name).data for name in NAMES}
COUNTS = {"brats": 11, "buid": 26, "isic2018": 24, "jsrt": 20, "kvasir_seg": 24, "mmwhs_ct": 10, "mmwhs_mri": 10}


@pytest.fixture(params=SETS.values(), ids=SETS)
def data_set(request):
    return request.param


@pytest.fixture
def folder(data_set, segmentation_root, tmp_path) -> Path:
    """A copy of the data set's folder in a data root of its own."""
    name = data_set.folder or data_set.name
    return Path(shutil.copytree(segmentation_root / name, tmp_path / "data" / name))


def message_of(function, *args) -> str:
    with pytest.raises(DataError) as caught:
        function(*args)
    return str(caught.value)


def test_counts_of_phantoms(data_set, segmentation_root):
    data = read_data(data_set, segmentation_root)
    expected = {"all": {"cases": COUNTS.get(data_set.name)}}
    if data_set.name == "drive":
        expected = {"train": {"cases": 10}, "test": {"cases": 6}}
    if data_set.name == "prostate":
        expected = {site: {"cases": n} for site, n in zip(data_set.domains, (8, 3, 3, 3), strict=True)}
    assert data.counts == expected
    assert data.warnings == ()
    assert (data.kind, data_kind(segmentation_root)) == ("phantom", "phantom")
    assert set(data.hashes) == set(data.label_hashes) == {case.id for case in data.cases}


def test_counts_differ_from_the_published(data_set, folder):
    data = read_data(data_set, folder.parent)
    first = next(iter(sorted(data_set.expected_counts)))
    found, expected = data.counts[first]["cases"], data_set.expected_counts[first]["cases"]
    assert data.warnings[0] == (
        f"{data_set.name}: {first}/cases has {found} cases; {expected} were expected (as published)."
    )


def test_fingerprint_covers_labels(data_set, folder):
    before = read_data(data_set, folder.parent)
    assert read_data(data_set, folder.parent).fingerprint == before.fingerprint
    case = before.cases[0]
    for path in case.labels:
        content = path.read_bytes()
        path.write_bytes(content + b" ")
        after = read_data(data_set, folder.parent)
        assert after.fingerprint != before.fingerprint
        assert after.hashes == before.hashes, "an image is known by its own content"
        assert [i for i in after.label_hashes if after.label_hashes[i] != before.label_hashes[i]] == [case.id]
        path.write_bytes(content)


def test_empty_label_file_is_named(data_set, folder):
    path = data_set.reader.read(folder)[0].labels[-1]
    path.write_bytes(b"")
    message = message_of(read_data, data_set, folder.parent)
    assert message.startswith(f"{path}: this file is empty (0 bytes).")
    assert "Restore this file from the owner's archive" in message


def test_root_at_the_wrong_level(data_set, folder):
    low = message_of(read_data, data_set, folder)
    assert low.startswith(f"{folder}: this is the data set's own folder, one level too low.")
    assert low.endswith(f"give --data-root {folder.parent}")
    inside = data_set.reader.read(folder)[0].image.parent
    lower = message_of(read_data, data_set, inside)
    assert f"{inside}: this lies inside the data set's folder {folder}, one level too low." in lower
    high = message_of(read_data, data_set, folder.parents[1])
    assert high.startswith(f"{folder.parents[1]}: this is one level too high for {folder.name!r}.")


def test_archive_unpacked_into_the_root_itself(data_set, folder):
    for entry in list(folder.iterdir()):
        entry.rename(folder.parent / entry.name)
    folder.rmdir()
    message = message_of(read_data, data_set, folder.parent)
    assert f"move the data set into {folder}" in message


def test_folder_of_another_name_and_one_level_deeper(data_set, folder):
    other = folder.rename(folder.with_name("download"))
    message = message_of(read_data, data_set, folder.parent)
    assert message.startswith(f"{other}: this folder must be named exactly {folder.name!r}.")
    folder.mkdir()
    other.rename(folder / "download")
    assert f"move the content of {folder / 'download'} into {folder}" in message_of(data_set.reader.read, folder)


def test_missing(data_set, tmp_path):
    (tmp_path / "something").mkdir()
    message = message_of(read_data, data_set, tmp_path)
    assert message.startswith(f"{tmp_path / (data_set.folder or data_set.name)}: this folder is missing")
    assert message.endswith(data_set.obtain)


def test_splits_keep_subjects_and_give_every_part(data_set, segmentation_root):
    data = read_data(data_set, segmentation_root)
    split = draw_split(data, 0)
    assert all((split.train, split.validation, split.test))
    subjects = [{c.subject for c in side if c.subject} for side in (split.train, split.validation, split.test)]
    assert sum(map(len, subjects)) == len(set().union(*subjects))
    assert find_duplicates(data, split).groups == ()


def test_modalities_share_a_folder_but_not_their_fate(segmentation_root, tmp_path):
    ct, mri = SETS["mmwhs_ct"], SETS["mmwhs_mri"]
    shutil.copytree(segmentation_root / "mmwhs" / "ct_train", tmp_path / "mmwhs" / "ct_train")
    assert set(find_data_sets(tmp_path, [ct, mri])) == {"mmwhs_ct"}
    rows = {row.name: row for row in data_status(tmp_path, [ct, mri])}
    assert (rows["mmwhs_ct"].state, rows["mmwhs_mri"].state) == ("found", "missing")
    assert rows["mmwhs_mri"].message.startswith(f"{tmp_path / 'mmwhs' / 'mr_train'}: this folder is missing")


def test_phantoms_that_share_a_folder_are_repaired_apart(tmp_path):
    ct, mri = SETS["mmwhs_ct"], SETS["mmwhs_mri"]
    root = ensure_phantoms([ct, mri], tmp_path)
    before = read_data(ct, root).fingerprint
    kept = read_data(mri, root).cases[0].image.stat().st_mtime_ns
    read_data(ct, root).cases[0].labels[0].write_bytes(b"")
    ensure_phantoms([ct, mri], tmp_path)
    assert read_data(ct, root).fingerprint == before
    assert read_data(mri, root).cases[0].image.stat().st_mtime_ns == kept
    assert not [path for path in root.iterdir() if path.name.startswith(".")]


def test_identical_images_with_other_masks_contradict(segmentation_root, tmp_path):
    data_set = SETS["isic2018"]
    root = tmp_path / "data"
    shutil.copytree(segmentation_root / "isic2018", root / "isic2018")
    first, second = data_set.reader.read(root / "isic2018")[:2]
    shutil.copyfile(first.image, second.image)
    data = read_data(data_set, root)
    assert find_duplicates(data, draw_split(data, 0)).contradictory == ((first.id, second.id),)
    shutil.copyfile(first.labels[0], second.labels[0])
    data = read_data(data_set, root)
    assert find_duplicates(data, draw_split(data, 0)).contradictory == ()


def test_status_and_description_from_the_command_line(bench, segmentation_root):
    facts = json.loads(bench("data", "status", "--data-root", segmentation_root, "--json").out)
    found = {row["name"] for row in facts["data_sets"] if row["state"] == "found"}
    assert found == {*NAMES, "kvasir_det"}, "the boxes of kvasir_det lie beside the masks of kvasir_seg"
    text = bench("data", "status", "--data-root", segmentation_root).out
    assert "BIDMC: 3 found of 3 expected (cases 3 of 3)" in text
    shown = bench("show", "prostate").out
    for part in ("folder prostate/", "RUNMC/{case}.nii{.gz,}", "RUNMC, BIDMC, HK are only tested on", "0.001"):
        assert part in shown
    assert "(optional)" in bench("show", "jsrt").out


def test_phantoms_from_the_command_line(bench, tmp_path):
    done = bench("data", "phantom", "drive,mmwhs_ct", "--cache", tmp_path)
    assert done.code == 0, done.err
    root = Path(done.out.strip())
    assert sorted(path.name for path in root.iterdir()) == ["PHANTOM.json", "drive", "mmwhs"]
    assert bench("data", "phantom", "drve", "--cache", tmp_path).code == 2
