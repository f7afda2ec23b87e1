"""Values as stored: depth is kept, white is white, what is not finite is refused."""

import cv2
import numpy as np
import pytest
from PIL import Image

from bench.core.errors import DataError
from bench.data.decoding.values import eight_bits
from bench.data.images import read_image, read_mask_values, read_pixels
from tests.data.decoding.written import write_png16, write_tiff


@pytest.fixture
def colours():
    """(7, 9, 3) uint16 of 12 bits, as cameras and scanners put them into 16."""
    return np.random.default_rng(0).integers(0, 4096, (7, 9, 3)).astype(np.uint16)


def channels(path):
    return np.asarray(read_image(path))


def test_deep_colours_are_scaled_as_deep_grey_is(tmp_path, colours):
    grey = np.repeat(colours[..., :1], 3, axis=2)
    opaque = np.full_like(grey[..., :1], 65535)
    files = [
        write_png16(tmp_path / "grey.png", grey[..., 0]),
        write_png16(tmp_path / "grey alpha.png", np.dstack([grey[..., :1], opaque])),
        write_png16(tmp_path / "rgb.png", grey),
        write_png16(tmp_path / "rgba.png", np.dstack([grey, opaque])),
        write_tiff(tmp_path / "rgb.tif", grey),
        write_tiff(tmp_path / "rgba.tif", np.dstack([grey, opaque]), t338=2),
        write_tiff(tmp_path / "rgbx.tif", np.dstack([grey, opaque]), t338=0),
        write_tiff(tmp_path / "grey.tif", grey[..., 0]),
    ]
    cv2.imwrite(str(tmp_path / "lzw.tif"), grey)
    wanted = np.rint((grey - float(grey.min())) * 255 / (grey.max() - float(grey.min())))
    assert len(np.unique(wanted)) > 40
    for path in [*files, tmp_path / "lzw.tif"]:
        assert np.array_equal(channels(path), wanted), path.name
        stored = read_pixels(path)
        assert stored.dtype.itemsize == 2
        assert np.array_equal(stored if stored.ndim == 3 else np.dstack([stored] * 3), grey), path.name


def test_deep_colours_keep_their_balance(tmp_path, colours):
    wanted = np.rint((colours - float(colours.min())) * 255 / (colours.max() - float(colours.min())))
    assert np.array_equal(channels(write_png16(tmp_path / "a.png", colours)), wanted)
    assert np.array_equal(channels(write_tiff(tmp_path / "a.tif", colours)), wanted)


def test_eight_bit_colours_are_left_alone(tmp_path):
    values = np.random.default_rng(0).integers(90, 120, (7, 9, 3), dtype=np.uint8)
    for name in ("a.png", "a.tif", "a.ppm", "a.bmp", "a.tga"):
        Image.fromarray(values).save(tmp_path / name)
        assert np.array_equal(channels(tmp_path / name), values)
    write_tiff(tmp_path / "b.tif", values)
    assert np.array_equal(channels(tmp_path / "b.tif"), values)


@pytest.mark.parametrize("read", [read_image, read_pixels, read_mask_values])
@pytest.mark.parametrize("form", ["PPM", "planar TIFF", "premultiplied TIFF", "SGI", "CMYK TIFF", "JPEG 2000"])
def test_deep_colours_in_other_forms_are_refused_and_never_cut(tmp_path, colours, form, read):
    path = tmp_path / "a"
    if form == "PPM":
        path.write_bytes(b"P6 9 7 4095\n" + colours.astype(">u2").tobytes())
    elif form == "planar TIFF":
        write_tiff(path, colours, t284=2)
    elif form == "premultiplied TIFF":
        alpha = np.full_like(colours[..., :1], 20000)
        write_tiff(path, np.dstack([colours, alpha]), t338=1)
    elif form == "CMYK TIFF":
        write_tiff(path, np.dstack([colours, colours[..., 0]]), photometric=5)
    elif form == "JPEG 2000":
        Image.fromarray(colours.astype(np.uint8)).save(path, "JPEG2000", no_jp2=True)
        content = path.read_bytes()
        at = content.find(b"\xff\x4f\xff\x51") + 42
        path.write_bytes(content[:at] + b"\x0b" + content[at + 1 :])
    else:
        Image.fromarray(colours.astype(np.uint8)).save(path, "SGI", bpc=2)
    with pytest.raises(DataError, match=r"(colours of more than 8 bits a channel|a TIFF of a kind|CMYK).*\n.*ave it"):
        read(path)


def test_the_advice_for_deep_colours_works(tmp_path, colours):
    assert len(np.unique(channels(write_tiff(tmp_path / "a.tif", colours)))) > 40
    assert len(np.unique(channels(write_png16(tmp_path / "a.png", colours)))) > 40


def test_white_may_be_the_smallest_value(tmp_path):
    values = np.array([[0, 50, 200]])
    for kind, name in ((np.uint8, "a.tif"), (np.uint16, "b.tif"), (np.float32, "c.tif")):
        write_tiff(tmp_path / name, values.astype(kind), photometric=0)
        pixels = channels(tmp_path / name)[0, :, 0].astype(int)
        assert pixels[0] > pixels[1] > pixels[2], name
    assert channels(tmp_path / "b.tif")[0, :, 0].tolist() == [255, 191, 0]
    assert read_pixels(tmp_path / "b.tif").tolist() == [[65535, 65485, 65335]]


@pytest.mark.parametrize("kind", [np.int8, np.uint16, np.int16, np.int32, np.uint32, np.float32])
def test_every_number_type_of_grey_keeps_its_values(tmp_path, kind):
    low, high = (np.iinfo(kind).min, np.iinfo(kind).max) if np.dtype(kind).kind != "f" else (-1.5, 3e4)
    values = np.array([[low, high, 7]], dtype=kind)
    write_tiff(tmp_path / "a.tif", values)
    assert np.array_equal(read_pixels(tmp_path / "a.tif"), values)
    assert channels(tmp_path / "a.tif")[0, :2, 0].tolist() == [0, 255]


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("read", [read_image, read_pixels, read_mask_values])
def test_values_that_are_not_finite_are_refused_as_those_of_volumes(tmp_path, value, read):
    values = np.ones((4, 5), np.float32)
    values[1, 2] = value
    write_tiff(tmp_path / "a.tif", values)
    with pytest.raises(DataError, match=r"a\.tif: holds values that are not finite \(1 of 20 pixels\)\.\nRestore"):
        read(tmp_path / "a.tif")


def test_colour_spaces_without_a_rule_are_refused(tmp_path):
    Image.new("LAB", (4, 4)).save(tmp_path / "a.tif")
    for read in (read_image, read_pixels, read_mask_values):
        with pytest.raises(DataError, match=r"colours are of the kind LAB; expected grey.*\nSave it as grey or RGB"):
            read(tmp_path / "a.tif")


def test_eight_bits_of_extremes():
    assert eight_bits(np.array([[5, 5]], np.uint16)).tolist() == [[0, 0]]
    assert eight_bits(np.array([[-3.4e38, 0, 3.4e38]], np.float32)).tolist() == [[0, 128, 255]]
