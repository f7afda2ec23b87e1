"""Opening images: which way up, how many frames, how many bits."""

import cv2
import numpy as np
import pytest
from PIL import Image, ImageOps

from bench.core.errors import DataError
from bench.data.content import image_key
from bench.data.decoding.images import read_image, read_size, read_stored
from bench.data.decoding.labels import read_label_values
from tests.data.decoding.written import STORED, exif_of, write_png16

PICTURE = np.random.default_rng(0).integers(0, 256, (40, 56, 3), np.uint8)
RAMP = np.add.outer(np.arange(32), np.arange(48)).astype(np.uint16) * 52  # 0 to 4056: 12 bits


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", ["jpg", "png", "tif"])
def test_pixels_and_size_are_upright(tmp_path, suffix, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / f"a.{suffix}"
    Image.fromarray(PICTURE).save(path, exif=exif)
    with Image.open(path) as file:
        shown = np.asarray(ImageOps.exif_transpose(file))
    assert np.array_equal(np.asarray(read_image(path)), shown)
    assert read_size(path) == shown.shape[:2] == ((40, 56) if orientation < 5 else (56, 40))


def test_a_size_is_read_without_the_pixels(tmp_path, monkeypatch):
    Image.fromarray(PICTURE).save(tmp_path / "a.png")
    cv2.imwrite(str(tmp_path / "b.png"), np.dstack([RAMP] * 3))
    monkeypatch.setattr(Image.Image, "load", lambda self: pytest.fail("decoded"))
    assert (read_size(tmp_path / "a.png"), read_size(tmp_path / "b.png")) == ((40, 56), (32, 48))


def test_16_bit_colours_keep_their_range(tmp_path):
    grey = np.asarray(read_image(save_grey(tmp_path / "grey.png")))[..., 0]
    assert (grey.min(), grey.max(), len(np.unique(grey))) == (0, 255, 79)
    cv2.imwrite(str(tmp_path / "rgb.png"), np.dstack([RAMP] * 3))
    cv2.imwrite(str(tmp_path / "rgb.tif"), np.dstack([RAMP] * 3))
    cv2.imwrite(str(tmp_path / "rgba.png"), np.dstack([RAMP] * 3 + [np.full_like(RAMP, 65535)]))
    write_png16(tmp_path / "la.png", np.dstack([RAMP, np.full_like(RAMP, 65535)]))
    for name in ("rgb.png", "rgb.tif", "rgba.png", "la.png"):
        assert np.array_equal(np.asarray(read_image(tmp_path / name)), np.dstack([grey] * 3)), name
        assert image_key(read_stored(tmp_path / name)) == image_key(read_stored(tmp_path / "grey.png")), name


def save_grey(path):
    Image.fromarray(RAMP).save(path)
    return path


def test_16_bit_colours_are_red_green_blue_on_one_scale(tmp_path):
    red, green, blue = RAMP, RAMP // 2, np.full_like(RAMP, 100)
    cv2.imwrite(str(tmp_path / "a.png"), np.dstack([blue, green, red]))
    pixels = np.asarray(read_image(tmp_path / "a.png")).astype(float)
    most = int(RAMP.max())
    assert pixels[-1, -1].tolist() == [255, round(255 * (most // 2) / most), round(255 * 100 / most)]
    assert np.array_equal(read_stored(tmp_path / "a.png"), np.dstack([red, green, blue]))


@pytest.mark.parametrize("name", ["a.gif", "a.tif", "a.png"])
def test_several_frames_are_refused(tmp_path, name):
    frames = [Image.fromarray(np.roll(PICTURE, k, axis=1)) for k in range(3)]
    frames[0].save(tmp_path / name, save_all=True, append_images=frames[1:])
    for read in (read_image, read_size, read_stored):
        with pytest.raises(DataError, match=f"{name}: holds 3 frames; expected one image.\nSplit it into one file"):
            read(tmp_path / name)
    for number, frame in enumerate(frames):  # what the message says
        frame.save(tmp_path / f"{number}_{name}")
        assert read_size(tmp_path / f"{number}_{name}") == (40, 56)


def test_a_preview_is_no_frame(tmp_path):
    first, small = Image.fromarray(PICTURE), Image.fromarray(PICTURE[::2, ::2].copy())
    small.encoderinfo = {"tiffinfo": {254: 1}}
    first.save(tmp_path / "a.tif", save_all=True, append_images=[small])
    assert np.array_equal(np.asarray(read_image(tmp_path / "a.tif")), PICTURE)
    small.encoderinfo = {}
    first.save(tmp_path / "a.mpo", format="MPO", save_all=True, append_images=[small], quality=95)
    assert read_image(tmp_path / "a.mpo").size == (56, 40), "a camera's second picture"


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_values_that_are_not_finite_are_an_error(tmp_path, value):
    values = np.linspace(0, 1, 100, dtype=np.float32).reshape(10, 10)
    values[5, 5] = value
    Image.fromarray(values).save(tmp_path / "a.tif")
    for read in (read_image, read_stored):
        with pytest.raises(DataError, match=r"a\.tif: holds values that are not finite \(1 of 100 pixels\)"):
            read(tmp_path / "a.tif")


def test_a_picture_in_the_transparency_alone_is_refused(tmp_path):
    for name, colour in (("white.png", 255), ("black.png", 0)):
        flat = np.full((40, 56, 3), colour, np.uint8)
        Image.fromarray(np.dstack([flat, PICTURE[..., 0]])).save(tmp_path / name)
        with pytest.raises(DataError, match="has one colour everywhere, and its picture in the transparency"):
            read_image(tmp_path / name)
    Image.fromarray(np.dstack([PICTURE, PICTURE[..., :1]])).save(tmp_path / "both.png")
    assert np.array_equal(np.asarray(read_image(tmp_path / "both.png")), PICTURE)


def test_an_unknown_form_of_deep_colours_is_named(tmp_path, monkeypatch):
    cv2.imwrite(str(tmp_path / "a.png"), np.dstack([RAMP] * 3))
    monkeypatch.setattr(cv2, "imdecode", lambda *arguments: None)
    with pytest.raises(DataError, match=r"a\.png: cannot be decoded: its colours of more than 8 bits"):
        read_image(tmp_path / "a.png")


@pytest.mark.parametrize("orientation", STORED)
@pytest.mark.parametrize("values", [np.arange(200, dtype=np.uint8), np.arange(200, dtype=np.uint16)], ids=str)
def test_plain_tiff_pixels_are_turned_where_pillow_would_mix_them_up(tmp_path, orientation, values):
    upright = values.reshape(20, 10)
    Image.fromarray(np.ascontiguousarray(STORED[orientation](upright))).save(
        tmp_path / "a.tif", exif=exif_of(orientation)
    )
    assert np.array_equal(read_label_values(tmp_path / "a.tif"), upright)
    assert read_size(tmp_path / "a.tif") == (20, 10)
