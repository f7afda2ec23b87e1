"""Opening images: one frame, the right way up in every format, and advice that fits what is wrong."""

import numpy as np
import pytest
from PIL import Image

from bench.core.errors import DataError
from bench.data.decoding.files import TURNED, opened, upright
from bench.data.decoding.remarks import collected_remarks
from bench.data.images import read_image, read_mask_values, read_pixels, read_size
from tests.data.decoding.written import ORIENTATION, STORED, chunk, exif_of, write_png16, write_tiff

FORMATS = {
    "a.png": {},
    "b.tif": {},
    "c.tiff": {"compression": "tiff_lzw"},
    "d.webp": {"lossless": True},
    "e.jpg": {"quality": 100, "subsampling": 0},
}


@pytest.fixture
def picture():
    """(12, 20, 3), another in each quarter, and smooth enough for JPEG."""
    y, x = np.mgrid[:12, :20]
    return np.dstack([x * 12, y * 20, (x + y) * 8]).astype(np.uint8)


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("orientation", STORED)
def test_images_and_masks_are_read_as_viewers_show_them(tmp_path, picture, name, orientation):
    stored = np.ascontiguousarray(STORED[orientation](picture))
    Image.fromarray(stored).save(tmp_path / name, exif=exif_of(orientation), **FORMATS[name])
    with collected_remarks() as remarks:
        seen = np.asarray(read_image(tmp_path / name))
    assert seen.shape == picture.shape
    assert np.abs(seen.astype(int) - picture).max() <= 4
    assert read_size(tmp_path / name) == (12, 20)
    assert np.array_equal(read_pixels(tmp_path / name), seen)
    assert np.array_equal(read_mask_values(tmp_path / name), seen)
    assert [(r.what, r.path) for r in remarks] == [(TURNED, tmp_path / name)] * (orientation > 1)


@pytest.mark.parametrize("orientation", STORED)
def test_deep_images_are_turned_too(tmp_path, orientation):
    colours = np.random.default_rng(0).integers(0, 65536, (6, 9, 3)).astype(np.uint16)
    stored = STORED[orientation](colours)
    write_tiff(tmp_path / "a.tif", stored, t274=orientation)
    exif = chunk(b"eXIf", exif_of(orientation).tobytes()[6:])
    write_png16(tmp_path / "b.png", stored, extra=exif)
    write_png16(tmp_path / "c.png", stored[..., 0], extra=exif)
    write_tiff(tmp_path / "d.tif", stored[..., 0].astype(np.float32), t274=orientation)
    for name, wanted in {
        "a.tif": colours,
        "b.png": colours,
        "c.png": colours[..., 0],
        "d.tif": colours[..., 0],
    }.items():
        assert np.array_equal(read_pixels(tmp_path / name), wanted), name
        assert read_image(tmp_path / name).size == (9, 6)
        assert read_size(tmp_path / name) == (6, 9)


@pytest.mark.parametrize("mode", ["L", "P", "1", "LA", "RGBA", "CMYK", "I;16", "I", "F"])
@pytest.mark.parametrize("compression", [None, "tiff_deflate"])
@pytest.mark.parametrize("orientation", STORED)
def test_tiffs_of_every_mode_are_turned(tmp_path, picture, mode, compression, orientation):
    """Pillow scrambles some that are not compressed where it maps them into memory."""
    grey = np.ascontiguousarray(picture[..., 2])

    def image_of(pixels):
        if mode in ("I;16", "I", "F"):
            return Image.fromarray(pixels.astype({"I;16": np.uint16, "I": np.int32, "F": np.float32}[mode]))
        return Image.fromarray(pixels).convert(mode, dither=Image.Dither.NONE)

    image_of(grey).save(tmp_path / "upright.tif", compression=compression)
    image_of(np.ascontiguousarray(STORED[orientation](grey))).save(
        tmp_path / "a.tif", compression=compression, exif=exif_of(orientation)
    )
    for read in (read_pixels, read_image, read_size, *([] if mode in ("1", "CMYK") else [read_mask_values])):
        assert np.array_equal(read(tmp_path / "a.tif"), read(tmp_path / "upright.tif")), read.__name__


def test_upright_follows_pillow(picture):
    from PIL import ImageOps

    for orientation in range(1, 9):
        image = Image.fromarray(picture)
        image.getexif()[ORIENTATION] = orientation
        assert np.array_equal(upright(picture, orientation), np.asarray(ImageOps.exif_transpose(image)))


@pytest.mark.parametrize("orientation", [0, 9, 700])
def test_an_orientation_that_is_none_turns_nothing(tmp_path, picture, orientation):
    Image.fromarray(picture).save(tmp_path / "a.png", exif=exif_of(orientation))
    assert np.array_equal(read_pixels(tmp_path / "a.png"), picture)
    assert read_size(tmp_path / "a.png") == (12, 20)


@pytest.mark.parametrize("exif", [b"Exif\0\0 no table of tags", b"Exif\0\0II*\0\x08\0\0\0\x05\0junk"])
def test_metadata_that_cannot_be_read_turns_nothing(tmp_path, picture, exif):
    Image.fromarray(picture).save(tmp_path / "a.png", exif=exif)
    assert np.array_equal(read_pixels(tmp_path / "a.png"), picture)


def frames(n):
    return [Image.fromarray(np.full((8, 8, 3), 40 * i, np.uint8)) for i in range(n)]


@pytest.mark.parametrize("name", ["a.gif", "a.png", "a.webp", "a.tif", "a.mpo"])
@pytest.mark.parametrize("read", [read_image, read_pixels, read_mask_values, read_size])
def test_every_frame_or_none(tmp_path, name, read):
    first, *others = frames(3)
    first.save(tmp_path / name, save_all=True, append_images=others)
    with pytest.raises(
        DataError, match=r"holds 3 frames, pages or layers; expected one image\.\nSave the one"
    ) as caught:
        read(tmp_path / name)
    assert str(caught.value).startswith(str(tmp_path / name))
    first.save(tmp_path / name, save_all=True)
    read(tmp_path / name)


def test_the_advice_for_several_frames_works(tmp_path):
    first, second = frames(2)
    first.save(tmp_path / "a.tif", save_all=True, append_images=[second])
    with Image.open(tmp_path / "a.tif") as image:
        image.seek(1)
        image.save(tmp_path / "b.tif")
    assert read_pixels(tmp_path / "b.tif").max() == 40


def test_a_smaller_copy_of_the_page_is_no_frame(tmp_path):
    first, second = frames(2)
    first.encoderinfo, second.encoderinfo = {}, {"tiffinfo": {254: 1}}
    first.save(tmp_path / "a.tif", save_all=True, append_images=[second])
    with Image.open(tmp_path / "a.tif") as image:
        assert image.n_frames == 2
    assert read_pixels(tmp_path / "a.tif").max() == 0


def test_a_tiff_of_an_unknown_kind_is_not_called_no_image(tmp_path):
    colours = np.random.default_rng(0).random((5, 6, 3)).astype(np.float32)
    write_tiff(tmp_path / "a.tif", colours)
    with pytest.raises(DataError, match=r"a TIFF of a kind that is not read\.\nRestore it .*or save it as grey"):
        read_image(tmp_path / "a.tif")
    for array in (colours[..., 0], (colours * 65535).astype(np.uint16), (colours * 255).astype(np.uint8)):
        write_tiff(tmp_path / "a.tif", array)
        assert read_image(tmp_path / "a.tif").size == (6, 5)


def test_an_error_keeps_its_own_words(tmp_path):
    Image.new("L", (4, 4)).save(tmp_path / "a.png")
    with pytest.raises(DataError, match=r"^my own$"), opened(tmp_path / "a.png"):
        raise DataError("my own")
