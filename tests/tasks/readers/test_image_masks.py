"""Readers of images with masks: every owner's layout from phantoms, and one clear error for every bad file."""

import shutil

import numpy as np
import pytest
from PIL import Image

from bench.core.errors import DataError
from tasks.buid import BUID
from tasks.drive import DRIVE
from tasks.isic2018 import ISIC2018
from tasks.jsrt import JSRT
from tasks.kvasir_seg import KVASIR_SEG
from tasks.readers.chest_films import read_film
from tasks.readers.image_masks import read_mask

SETS = {d.name: d for d in (BUID, DRIVE, ISIC2018, JSRT, KVASIR_SEG)}


def message_of(function, *args, **options) -> str:
    with pytest.raises(DataError) as caught:
        function(*args, **options)
    return str(caught.value)


def load_all(data_set, folder):
    reader = data_set.reader
    return [(reader.load_image(c), reader.load_masks(c), reader.load_region(c)) for c in reader.read(folder)]


@pytest.mark.parametrize("data_set", SETS.values(), ids=SETS)
def test_masks_fit_their_images(data_set, segmentation_root):
    for image, masks, region in load_all(data_set, segmentation_root / (data_set.folder or data_set.name)):
        assert image.mode == "RGB"
        assert masks.shape == (len(data_set.classes), image.height, image.width)
        assert masks.dtype == bool
        assert all(0 < channel.mean() < 0.7 for channel in masks)
        assert (region is None) == (data_set is not DRIVE)
        if region is not None:
            assert region.shape == masks.shape[1:]
            assert not (masks[0] & ~region).any()
            assert 0.5 < region.mean() < 0.9


def test_drive_truth_is_the_first_observers(copy):
    folder = copy(DRIVE)
    test_case = DRIVE.reader.read(folder)[0]
    assert (test_case.id, test_case.owner_split) == ("test/images/01_test.tif", "test")
    assert [path.name for path in test_case.labels] == ["01_manual1.gif", "01_test_mask.gif"]
    before = DRIVE.reader.load_masks(test_case)
    shutil.rmtree(folder / "test" / "2nd_manual")
    assert np.array_equal(DRIVE.reader.load_masks(DRIVE.reader.read(folder)[0]), before)


def test_buid_unites_masks_and_drops_normal(copy):
    folder = copy(BUID)
    cases = {case.id.rpartition("/")[2]: case for case in BUID.reader.read(folder)}
    assert len(cases) == 26
    assert not any("normal" in name for name in cases)
    two = cases["benign (4).png"]
    assert [path.name for path in two.labels] == ["benign (4)_mask.png", "benign (4)_mask_1.png"]
    parts = [read_mask(path) for path in two.labels]
    assert not (parts[0] & parts[1]).all()
    assert np.array_equal(BUID.reader.load_masks(two)[0], parts[0] | parts[1])


@pytest.mark.parametrize("data_set", [BUID, KVASIR_SEG], ids=["buid", "kvasir_seg"])
def test_the_archives_own_folder_may_be_left_out(data_set, copy):
    folder = copy(data_set)
    inner = next(path for path in folder.iterdir() if path.is_dir())
    wanted = [masks.sum() for _, masks, _ in load_all(data_set, folder)]
    for entry in list(inner.iterdir()):
        entry.rename(folder / entry.name)
    inner.rmdir()
    assert [masks.sum() for _, masks, _ in load_all(data_set, folder)] == wanted
    assert data_set.reader.matches(folder)


def test_kvasir_masks_are_cut_at_half(segmentation_root):
    case = KVASIR_SEG.reader.read(segmentation_root / "kvasir")[0]
    values = np.asarray(Image.open(case.labels[0]))
    assert len(np.unique(values)) > 2, "the phantom has no compression noise"
    assert np.array_equal(KVASIR_SEG.reader.load_masks(case)[0], values >= 128)
    assert "is no binary mask: found the values" in message_of(read_mask, case.labels[0])


def test_films_are_inverted_and_reduced_to_the_masks(segmentation_root):
    case = JSRT.reader.read(segmentation_root / "jsrt")[0]
    assert case.image.name == "JPCLN001.IMG"
    words = np.frombuffer(case.image.read_bytes(), dtype=">u2").reshape(128, 128)
    film = np.asarray(read_film(case.image))[..., 0]
    assert np.array_equal(film, np.rint((4095 - words.astype(float)) * 255 / 4095))
    image, masks = JSRT.reader.load_image(case), JSRT.reader.load_masks(case)
    assert image.size == (64, 64)
    grey = np.asarray(image, dtype=float)[..., 0]
    assert np.allclose(grey, film.reshape(64, 2, 64, 2).mean(axis=(1, 3)), atol=0.51)
    assert grey[masks[2]].mean() > grey[masks[0]].mean() + 20, "hearts are brighter than lungs"
    right, left = (np.argwhere(masks[i])[:, 1].mean() for i in (0, 1))
    assert right < left, "the patient's right is on the left"


def test_jsrt_without_films_and_clavicles(copy):
    folder = copy(JSRT)
    for case in JSRT.reader.read(folder):
        JSRT.reader.load_image(case).convert("L").save(case.image.with_suffix(".png"))
    assert {case.image.suffix for case in JSRT.reader.read(folder)} == {".IMG"}, "films come first"
    for film in list((folder / "All247images").glob("*.IMG")):
        film.unlink()
    for place in list(folder.rglob("* clavicle")):
        shutil.rmtree(place)
    cases = JSRT.reader.read(folder)
    assert {case.image.suffix for case in cases} == {".png"}
    masks = JSRT.reader.load_masks(cases[0])
    assert masks.shape == (5, 64, 64)
    assert masks.any(axis=(1, 2)).tolist() == [True, True, True, False, False]
    (remark,) = JSRT.reader.remarks(cases)
    assert "no masks of right clavicle, left clavicle" in remark


def test_one_missing_clavicle_is_an_error_where_others_are_there(copy):
    folder = copy(JSRT)
    path = next(folder.rglob("left clavicle/JPCLN004.gif"))
    path.unlink()
    message = message_of(JSRT.reader.read, folder)
    assert message.startswith(f"{folder / 'All247images/JPCLN004.IMG'}: this image has no label file of the form")
    assert "left clavicle" in message


@pytest.mark.parametrize("data_set", SETS.values(), ids=SETS)
def test_image_without_mask_and_mask_without_image(data_set, copy):
    folder = copy(data_set)
    cases = data_set.reader.read(folder)
    cases[-1].labels[0].rename(folder / "elsewhere")
    message = message_of(data_set.reader.read, folder)
    if len(cases[-1].labels) == 1 or data_set is not BUID:
        assert message.startswith(f"{cases[-1].image}: this image has no label file of the form ")
        assert "remove this image" in message
    (folder / "elsewhere").rename(cases[-1].labels[0])
    cases[2].image.unlink()
    message = message_of(data_set.reader.read, folder)
    assert message.startswith(str(cases[2].labels[0]))
    assert "this label has no image of the form" in message


def test_image_without_field_of_view(copy):
    folder = copy(DRIVE)
    (folder / "training/mask/22_training_mask.gif").unlink()
    message = message_of(DRIVE.reader.read, folder)
    assert message.startswith(f"{folder / 'training/images/22_training.tif'}: this image has no region file")


@pytest.mark.parametrize("data_set", SETS.values(), ids=SETS)
def test_sizes_that_differ(data_set, copy):
    case = data_set.reader.read(copy(data_set))[0]
    with Image.open(case.labels[-1]) as mask:
        mask.resize((mask.width + 1, mask.height), Image.Resampling.NEAREST).save(case.labels[-1])
    load = data_set.reader.load_region if data_set is DRIVE else data_set.reader.load_masks
    message = message_of(load, case)
    assert message.startswith(f"{case.labels[-1]}: this mask has ")
    assert str(case.image) in message
    assert "Restore both files" in message


@pytest.mark.parametrize("data_set", SETS.values(), ids=SETS)
def test_photograph_instead_of_a_mask(data_set, copy):
    case = data_set.reader.read(copy(data_set))[0]
    with Image.open(case.labels[0]) as mask:
        grey = np.linspace(0, 255, mask.width * mask.height).reshape(mask.height, mask.width)
    Image.fromarray(grey.astype(np.uint8)).save(case.labels[0])
    message = message_of(data_set.reader.load_masks, case)
    assert message.startswith(f"{case.labels[0]}: this is no binary mask: found ")
    assert "Restore this mask" in message


@pytest.mark.parametrize(("values", "inside"), [([0, 255], 1), ([0, 1], 1), ([0, 0], 0), ([255, 255], 2)])
def test_any_two_values_are_a_mask(tmp_path, values, inside):
    Image.fromarray(np.array([values], dtype=np.uint8)).save(tmp_path / "m.png")
    assert read_mask(tmp_path / "m.png").sum() == inside


@pytest.mark.parametrize("fault", ["0 bytes", "not an image", "truncated"])
@pytest.mark.parametrize("which", ["image", "mask"])
def test_files_that_cannot_be_decoded(copy, fault, which):
    case = ISIC2018.reader.read(copy(ISIC2018))[0]
    path = case.image if which == "image" else case.labels[0]
    content = {"0 bytes": b"", "not an image": b"<html>404</html>", "truncated": path.read_bytes()[:-60]}[fault]
    path.write_bytes(content)
    load = ISIC2018.reader.load_image if which == "image" else ISIC2018.reader.load_masks
    message = message_of(load, case)
    assert message.startswith(f"{path}: cannot be decoded: ")
    assert fault in message
    assert "Restore this file" in message


def test_bad_films(copy):
    case = JSRT.reader.read(copy(JSRT))[0]
    whole = case.image.read_bytes()
    for content, expected in (
        (whole[:-2], "has 32766 bytes; expected 8388608 (2048 x 2048"),
        (b"", "has 0 bytes"),
        (np.frombuffer(whole, dtype=">u2").astype("<u2").tobytes(), "16-bit big-endian words of 12 bits"),
    ):
        case.image.write_bytes(content)
        message = message_of(JSRT.reader.load_image, case)
        assert message.startswith(f"{case.image}: ")
        assert expected in message
        assert "Restore this file" in message


@pytest.mark.parametrize("data_set", SETS.values(), ids=SETS)
def test_missing_and_empty_folders(data_set, copy):
    folder = copy(data_set)
    case = data_set.reader.read(folder)[0]
    place = case.image.parent
    for path in list(place.iterdir()):
        if path != case.labels[0]:
            path.unlink()
    message = message_of(data_set.reader.read, folder)
    assert message.startswith(f"{place}: no files of the form ")
    assert data_set.reader.layout in message
    shutil.rmtree(place)
    message = message_of(data_set.reader.read, folder)
    assert ": this folder is missing." in message.splitlines()[0]
    assert message.startswith(f"{place}: ")


def test_junk_is_ignored(copy):
    folder = copy(ISIC2018)
    place = folder / "ISIC2018_Task1-2_Training_Input"
    (place / "._ISIC_0000003.jpg").write_bytes(b"junk")
    (folder / "__MACOSX").mkdir()
    shutil.copytree(place, folder / "__MACOSX" / place.name)
    assert len(ISIC2018.reader.read(folder)) == 24


@pytest.mark.parametrize("part", ["image", "mask"])
def test_names_that_differ_in_letter_case_alone_are_one_error_with_an_advice_that_works(
    segmentation_root, tmp_path, part
):
    folder = shutil.copytree(segmentation_root / "isic2018", tmp_path / "isic2018")
    case = ISIC2018.reader.read(folder)[0]
    path = case.image if part == "image" else case.labels[0]
    other = path.with_name(path.stem + path.suffix.upper())
    shutil.copy(path, other)
    said = message_of(ISIC2018.reader.read, folder)
    assert path.name in said
    assert other.name in said
    other.rename(tmp_path / "away")
    assert ISIC2018.reader.read(folder)[0] == case
