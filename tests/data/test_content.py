"""Content is the same however a file was written without loss, and another where a value is another."""

import gzip
import shutil
from dataclasses import replace

import nibabel
import numpy as np
import pytest
from PIL import Image

from bench.core.console import Report
from bench.core.errors import DataError
from bench.data.cache import DiskCache
from bench.data.content import Source, content_keys, image_key, make_thumbnail, read_contents, sources_of
from bench.data.dataset import read_data
from bench.data.decoding.images import read_image, read_stored
from tasks.brain_tumor import BRAIN_TUMOR
from tasks.jsrt import JSRT

QUIET = Report(quiet=True)


def contents_of(*paths, cache=None):
    return [c for path in paths for c in read_contents({str(path): Source(path)}, QUIET, cache).values()]


def keys_of(*paths):
    return [content.key for content in contents_of(*paths)]


@pytest.fixture
def colours():
    return np.random.default_rng(0).integers(0, 8, (20, 30, 3), np.uint8) * 36


def test_lossless_files_of_one_image_have_one_key(tmp_path, colours):
    image = Image.fromarray(colours)
    exif = Image.Exif()
    exif[0x0112] = 6  # "turn by 90 degrees", which readers here do not heed
    image.save(tmp_path / "a.png")
    image.save(tmp_path / "b.tif", compression="tiff_deflate")
    image.save(tmp_path / "c.bmp")
    image.save(tmp_path / "d.png", exif=exif, dpi=(300, 300), compress_level=1)
    reds = Image.fromarray(colours[..., :1] * np.array([1, 0, 0], np.uint8))
    reds.save(tmp_path / "e.png")
    reds.quantize(256).save(tmp_path / "f.png")
    with Image.open(tmp_path / "f.png") as palette:
        assert palette.mode == "P"
    a, b, c, d, e, f = keys_of(*(tmp_path / name for name in ("a.png", "b.tif", "c.bmp", "d.png", "e.png", "f.png")))
    assert a == b == c == d != e == f


def test_grey_is_grey_as_rgb_and_as_palette(tmp_path, colours):
    grey = Image.fromarray(colours[..., 0])
    for name, image in {
        "l": grey,
        "rgb": grey.convert("RGB"),
        "p": grey.convert("P"),
        "la": grey.convert("LA"),
    }.items():
        image.save(tmp_path / f"{name}.png")
    assert len(set(keys_of(*tmp_path.iterdir()))) == 1


def test_what_shows_something_else_has_another_key(tmp_path, colours):
    changed = colours.copy()
    changed[3, 4, 1] ^= 1
    images = [colours, changed, colours[:, ::-1], colours.transpose(1, 0, 2), colours[..., ::-1], colours[:-1]]
    assert len({image_key(image) for image in images}) == len(images)
    flat = np.zeros((4, 6), np.uint8)
    assert image_key(flat) != image_key(flat.reshape(6, 4)), "the size counts"


def test_deep_images_go_by_their_values(tmp_path):
    values = np.random.default_rng(1).integers(0, 60000, (12, 9)).astype(np.uint16)
    Image.fromarray(values).save(tmp_path / "a.png")
    Image.fromarray(values).save(tmp_path / "b.tif")
    Image.fromarray(values + np.uint16(1)).save(tmp_path / "c.png")
    Image.fromarray(values.astype(np.float32)).save(tmp_path / "d.tif")
    a, b, c, d = keys_of(*(tmp_path / name for name in ("a.png", "b.tif", "c.png", "d.tif")))
    assert a == b == d != c


def test_volumes_go_by_voxels_and_place(tmp_path):
    voxels = np.random.default_rng(2).integers(0, 900, (6, 5, 4)).astype(np.int16)

    def save(name, array, affine):
        nibabel.save(nibabel.Nifti1Image(array, affine), tmp_path / name)
        return tmp_path / name

    affine = np.diag([1.0, 1.5, 3.0, 1.0])
    plain = save("a.nii", voxels, affine)
    again = tmp_path / "b.nii.gz"
    again.write_bytes(gzip.compress(plain.read_bytes(), 1))
    same = save("c.nii.gz", voxels.astype(np.float32), affine)
    other = save("d.nii", voxels + np.int16(1), affine)
    moved = save("e.nii", voxels, np.diag([1.0, 1.5, 2.0, 1.0]))
    turned = save("f.nii", voxels[::-1], affine)
    keys = keys_of(plain, again, same, other, moved, turned)
    assert keys[0] == keys[1] == keys[2]
    assert len(set(keys)) == 4
    assert contents_of(plain)[0].thumbnail is None


def test_a_second_start_decodes_nothing(tmp_path, colours, monkeypatch):
    Image.fromarray(colours).save(tmp_path / "a.png")
    first = contents_of(tmp_path / "a.png", cache=DiskCache(tmp_path / "cache"))
    monkeypatch.setattr("bench.data.content.read_stored", lambda path: pytest.fail("decoded again"))
    second = contents_of(tmp_path / "a.png", cache=DiskCache(tmp_path / "cache"))
    assert first[0].key == second[0].key
    np.testing.assert_array_equal(first[0].thumbnail, second[0].thumbnail)
    np.testing.assert_array_equal(first[0].thumbnail, make_thumbnail(colours))


def test_a_broken_image_is_named(tmp_path):
    (tmp_path / "x.png").write_bytes(b"no image")
    with pytest.raises(DataError, match=r"x\.png.*cannot be decoded"):
        contents_of(tmp_path / "x.png")


def test_films_without_a_header_are_decoded_by_their_reader(segmentation_root):
    data = read_data(JSRT, segmentation_root)
    contents = read_contents(sources_of(data), QUIET)
    assert len(set(content_keys(data, contents).values())) == len(data.cases)
    assert all(content.thumbnail.std() > 5 for content in contents.values())


def test_a_lossless_copy_of_a_case_has_its_key(phantom_root, tmp_path):
    data = read_data(BRAIN_TUMOR, phantom_root)
    case = data.cases[0]
    shutil.copyfile(case.image, tmp_path / "same.jpg")
    read_image(case.image).save(tmp_path / "again.png")
    one = replace(data, cases=(case,), hashes={case.id: data.hashes[case.id]})
    keys = content_keys(one, read_contents(sources_of(one), QUIET))
    assert [keys[case.id]] * 2 == keys_of(tmp_path / "same.jpg", tmp_path / "again.png")


def test_dicom_files_have_the_content_of_what_they_show(tmp_path):
    pytest.importorskip("pydicom")
    from tests.data.decoding.dicom_files import write, write_series

    grey = np.arange(64, dtype=np.uint8).reshape(8, 8)
    Image.fromarray(grey).save(tmp_path / "a.png")
    write(tmp_path / "a.dcm", grey)
    keys = [image_key(read_stored(tmp_path / name)) for name in ("a.png", "a.dcm")]
    assert keys[0] == keys[1]
    source = Source(write_series(tmp_path / "s", np.arange(24, dtype=np.int16).reshape(4, 3, 2)))
    contents = read_contents({"series": source}, Report(quiet=True))
    assert contents["series"].thumbnail is None, "a volume"
