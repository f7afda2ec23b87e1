"""Masks: palettes by index, transparency where it is the mask, colours told apart, never one made of two."""

import numpy as np
import pytest
from PIL import Image

from bench.core.errors import DataError
from bench.data.decoding.masks import BRIGHT_BACKGROUND, codes
from bench.data.decoding.remarks import collected_remarks
from bench.data.images import read_mask_values
from tests.data.decoding.written import write_png16, write_tiff

MASK = np.zeros((6, 8), bool)
MASK[1:3, 2:7] = True
GREY = MASK * np.uint8(255)


def layers(*channels):
    return np.dstack([np.broadcast_to(np.asarray(c, np.uint8), MASK.shape) for c in channels])


def seen(path):
    """Which pixels are not 0, or not black."""
    return codes(read_mask_values(path)) != 0


@pytest.mark.parametrize("colour", [0, 255, 17])
@pytest.mark.parametrize("name", ["a.png", "a.tif", "a.webp"])
def test_transparency_is_the_mask_of_one_colour(tmp_path, colour, name):
    options = {"lossless": True, "exact": True} if name == "a.webp" else {}
    Image.fromarray(layers(colour, colour, colour, GREY)).save(tmp_path / name, **options)
    assert np.array_equal(read_mask_values(tmp_path / name), GREY)
    if name != "a.webp":
        Image.fromarray(layers(colour, GREY)).save(tmp_path / name)
        assert np.array_equal(read_mask_values(tmp_path / name), GREY)


def test_16_bit_transparency_is_the_mask_too(tmp_path):
    alpha = MASK * np.uint16(65535)
    write_png16(tmp_path / "la.png", np.dstack([np.full_like(alpha, 65535), alpha]))
    write_png16(tmp_path / "rgba.png", np.dstack([np.zeros_like(alpha)] * 3 + [alpha]))
    assert np.array_equal(seen(tmp_path / "la.png"), MASK)
    assert np.array_equal(seen(tmp_path / "rgba.png"), MASK)


def test_colours_are_the_mask_of_an_opaque_image(tmp_path):
    Image.fromarray(layers(GREY, 255)).save(tmp_path / "la.png")
    Image.fromarray(layers(GREY, GREY, GREY, 255)).save(tmp_path / "rgba.png")
    Image.fromarray(layers(GREY, GREY, GREY, 0)).save(tmp_path / "unused.png")
    for name in ("la.png", "rgba.png", "unused.png"):
        assert np.array_equal(read_mask_values(tmp_path / name), GREY), name


def test_an_empty_mask_of_transparency_is_empty(tmp_path):
    Image.fromarray(layers(255, 255, 255, 0)).save(tmp_path / "a.png")
    assert not seen(tmp_path / "a.png").any()
    Image.fromarray(layers(255, 255, 255, 255)).save(tmp_path / "a.png")
    assert seen(tmp_path / "a.png").all()


def test_colours_and_transparency_that_agree_are_one_mask(tmp_path):
    """Programs blacken what is transparent."""
    Image.fromarray(layers(GREY, GREY, GREY, GREY)).save(tmp_path / "a.png")
    assert np.array_equal(seen(tmp_path / "a.png"), MASK)
    write_tiff(tmp_path / "a.tif", layers(GREY, GREY, GREY, GREY), t338=1)
    assert np.array_equal(seen(tmp_path / "a.tif"), MASK), "premultiplied"


@pytest.mark.parametrize("alpha", [255 - GREY, np.arange(48).reshape(6, 8), np.roll(GREY, 1)])
def test_colours_and_transparency_that_differ_are_refused(tmp_path, alpha):
    for pixels in (layers(GREY, alpha), layers(GREY, GREY, GREY, alpha), layers(GREY, 0, 0, alpha)):
        Image.fromarray(pixels).save(tmp_path / "a.png")
        with pytest.raises(
            DataError, match=r"a\.png: is a mask whose colours and whose transparency differ.*\nSave it"
        ):
            read_mask_values(tmp_path / "a.png")
    Image.fromarray(GREY).save(tmp_path / "a.png")
    assert np.array_equal(seen(tmp_path / "a.png"), MASK), "what the advice says"


@pytest.mark.parametrize("name", ["a.png", "a.gif", "a.tif", "a.bmp"])
@pytest.mark.parametrize("second", [(0, 0, 3), (255, 0, 0), (255, 255, 255), (0, 0, 0)])
def test_palettes_go_by_index(tmp_path, name, second):
    image = Image.fromarray(MASK.astype(np.uint8), "L").convert("P")
    image.putpalette([0, 0, 0, *second] + [9, 9, 9] * 254)
    image.save(tmp_path / name, **({"optimize": False} if name == "a.gif" else {}))
    assert np.array_equal(read_mask_values(tmp_path / name), MASK)


def test_a_palette_that_draws_background_bright_is_remarked_on(tmp_path):
    image = Image.fromarray(MASK.astype(np.uint8), "L").convert("P")
    image.putpalette([255, 255, 255, 0, 0, 0] + [0] * 762)
    image.save(tmp_path / "a.png")
    with collected_remarks() as remarks:
        assert np.array_equal(read_mask_values(tmp_path / "a.png"), MASK)
    assert [remark.what for remark in remarks] == [BRIGHT_BACKGROUND]
    image.putpalette([0, 0, 0, 255, 255, 255] + [0] * 762)
    image.save(tmp_path / "a.png")
    with collected_remarks() as remarks:
        read_mask_values(tmp_path / "a.png")
    assert remarks == []


def test_palettes_with_transparency_go_by_index(tmp_path):
    image = Image.fromarray(MASK.astype(np.uint8), "L").convert("P")
    image.putpalette([7, 7, 7] * 256)
    image.save(tmp_path / "a.png", transparency=bytes([0, 255]))
    assert np.array_equal(read_mask_values(tmp_path / "a.png"), MASK)
    Image.merge("LA", [image.convert("L"), Image.fromarray(GREY)]).save(tmp_path / "b.png")
    assert np.array_equal(seen(tmp_path / "b.png"), MASK)
    image.convert("PA").save(tmp_path / "c.tif")
    assert np.array_equal(seen(tmp_path / "c.tif"), MASK)


def test_one_bit_is_black_and_white_as_shown(tmp_path):
    image = Image.fromarray(GREY).convert("1")
    for name in ("a.png", "a.tif", "a.bmp", "a.pbm"):
        image.save(tmp_path / name)
        assert np.array_equal(read_mask_values(tmp_path / name), GREY), name
    image.save(tmp_path / "b.tif", tiffinfo={262: 0})
    with Image.open(tmp_path / "b.tif") as stored:
        assert stored.tag_v2[262] == 0, "white is the smallest value"
        shown = np.asarray(stored.convert("L"))
    assert np.array_equal(read_mask_values(tmp_path / "b.tif"), shown)


def test_colours_are_told_apart(tmp_path):
    first, second = GREY, np.roll(GREY, 3, axis=0)
    Image.fromarray(layers(0, 0, MASK * 3)).save(tmp_path / "dark.png")
    assert np.array_equal(seen(tmp_path / "dark.png"), MASK)
    equally_bright = layers(MASK * 100, np.roll(MASK, 3, axis=0) * 51, 0)
    assert len(np.unique(np.asarray(Image.fromarray(equally_bright).convert("L")))) == 2, "Pillow would unite them"
    Image.fromarray(equally_bright).save(tmp_path / "two.png")
    assert len(np.unique(codes(read_mask_values(tmp_path / "two.png")))) == 3
    Image.fromarray(layers(first, first, first)).save(tmp_path / "grey.png")
    assert np.array_equal(read_mask_values(tmp_path / "grey.png"), GREY)
    assert (first != second).any()


def test_deep_masks_keep_their_values(tmp_path):
    for name, values in {
        "a.png": MASK * np.uint16(1),
        "b.tif": MASK * np.float32(0.5),
        "c.tif": MASK * np.int32(300),
    }.items():
        Image.fromarray(values).save(tmp_path / name)
        assert np.array_equal(read_mask_values(tmp_path / name), values), name
    write_png16(tmp_path / "d.png", np.dstack([MASK * np.uint16(1)] * 3))
    assert np.array_equal(read_mask_values(tmp_path / "d.png"), MASK), "Pillow would read 0 everywhere"


def test_inks_are_no_labels(tmp_path):
    Image.fromarray(GREY).convert("CMYK").save(tmp_path / "a.tif")
    with pytest.raises(DataError, match=r"a\.tif: is a mask in CMYK.*\nSave it as grey"):
        read_mask_values(tmp_path / "a.tif")
