"""Masks are read by what their files hold: never a full, empty or inverted mask in silence."""

import cv2
import numpy as np
import pytest
from PIL import Image

from bench.core.errors import DataError
from bench.data.decoding.labels import read_label_values
from tasks.readers.image_masks import read_mask

MASK = np.zeros((6, 9), bool)
MASK[2:5, 3:8] = True


def palette(colours: list[int]) -> Image.Image:
    image = Image.fromarray(MASK.astype(np.uint8), "P")
    image.putpalette(colours + [0] * (768 - len(colours)))
    return image


def coloured(background: tuple[int, ...], structure: tuple[int, ...]) -> Image.Image:
    return Image.fromarray(np.where(MASK[..., None], structure, background).astype(np.uint8))


def grey_alpha(grey: np.ndarray, alpha: np.ndarray) -> Image.Image:
    return Image.merge("LA", [Image.fromarray(x.astype(np.uint8)) for x in (grey, alpha)])


FULL, SEEN = np.full(MASK.shape, 255), MASK * 255
WRITTEN = {
    "grey.png": Image.fromarray(SEEN.astype(np.uint8)),
    "one.png": Image.fromarray(MASK),
    "ones.png": Image.fromarray(MASK.astype(np.uint8)),
    "deep.png": Image.fromarray(MASK.astype(np.uint16) * 40_000),
    "ints.tif": Image.fromarray(MASK.astype(np.int32) * 100_000),
    "floats.tif": Image.fromarray(MASK.astype(np.float32)),
    "dark palette.png": palette([0, 0, 0, 0, 0, 3]),
    "inverted palette.png": palette([255, 255, 255, 0, 0, 0]),
    "palette.gif": palette([0, 0, 0, 255, 255, 255]),
    "rgb.png": coloured((0, 0, 0), (255, 255, 255)),
    "red.png": coloured((0, 0, 0), (255, 0, 0)),
    "dark blue.png": coloured((0, 0, 0), (0, 0, 1)),
    "white in alpha.png": coloured((255, 255, 255, 0), (255, 255, 255, 255)),
    "black in alpha.png": coloured((0, 0, 0, 0), (0, 0, 0, 255)),
    "opaque.png": coloured((0, 0, 0, 255), (255, 255, 255, 255)),
    "both alike.png": coloured((0, 0, 0, 0), (255, 255, 255, 255)),
    "grey, white in alpha.png": grey_alpha(FULL, SEEN),
    "grey, opaque.png": grey_alpha(SEEN, FULL),
    "cmyk.tif": coloured((0, 0, 0), (255, 255, 255)).convert("CMYK"),
}


@pytest.mark.parametrize("name", WRITTEN)
def test_one_mask_however_it_is_written(tmp_path, name):
    WRITTEN[name].save(tmp_path / name)
    assert np.array_equal(read_mask(tmp_path / name), MASK)


@pytest.mark.parametrize("colour", [0, 40_000])
def test_colours_of_16_bits(tmp_path, colour):
    pixels = np.dstack([MASK * 300, MASK * colour, MASK * 0 + 0]).astype(np.uint16)
    cv2.imwrite(str(tmp_path / "mask.png"), pixels)
    assert np.array_equal(read_mask(tmp_path / "mask.png"), MASK)


def test_two_masks_in_one_file_are_refused(tmp_path):
    other = np.roll(SEEN, 1, axis=0)
    for name, image in {
        "rgba.png": Image.fromarray(np.dstack([SEEN, SEEN, SEEN, other]).astype(np.uint8)),
        "inverted.png": Image.fromarray(np.dstack([SEEN, SEEN, SEEN, 255 - SEEN]).astype(np.uint8)),
        "la.png": grey_alpha(SEEN, other),
    }.items():
        image.save(tmp_path / name)
        with pytest.raises(DataError, match=f"{name}: its colours and its transparency are two different masks"):
            read_mask(tmp_path / name)


def test_several_colours_are_no_binary_mask(tmp_path):
    image = coloured((0, 0, 0), (255, 0, 0))
    image.putpixel((0, 0), (0, 76, 0))  # of nearly the same luminance
    image.save(tmp_path / "two.png")
    with pytest.raises(DataError, match="no binary mask"):
        read_mask(tmp_path / "two.png")


def test_a_lossy_mask_in_colour(tmp_path):
    large = coloured((0, 0, 0), (255, 0, 0)).resize((90, 60), Image.Resampling.NEAREST)
    large.save(tmp_path / "mask.jpg", quality=90, subsampling=0)
    found = read_mask(tmp_path / "mask.jpg", lossy=True)
    assert np.array_equal(found[5::10, 5::10], MASK)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_turned_upright_like_every_viewer_shows_it(tmp_path, orientation):
    image = Image.fromarray((np.arange(54).reshape(6, 9) * 3).astype(np.uint8))
    exif = Image.Exif()
    exif[0x0112] = orientation
    image.save(tmp_path / "mask.png", exif=exif)
    from PIL import ImageOps

    with Image.open(tmp_path / "mask.png") as file:
        shown = np.asarray(ImageOps.exif_transpose(file))
    assert np.array_equal(read_label_values(tmp_path / "mask.png"), shown)


def test_values_that_are_not_finite_are_an_error(tmp_path):
    values = MASK.astype(np.float32)
    values[0, 0] = np.nan
    Image.fromarray(values).save(tmp_path / "mask.tif")
    with pytest.raises(DataError, match=r"not finite \(1 of 54 pixels\)"):
        read_mask(tmp_path / "mask.tif")


@pytest.mark.parametrize("value", [1, 3, 100, 255])
def test_two_values_are_a_mask_where_masks_may_be_lossy(tmp_path, value):
    Image.fromarray(MASK.astype(np.uint8) * value).save(tmp_path / "mask.png")
    assert np.array_equal(read_mask(tmp_path / "mask.png", lossy=True), MASK)


def test_many_dark_values_are_no_empty_mask(tmp_path):
    Image.fromarray(MASK * np.arange(MASK.size, dtype=np.uint8).reshape(MASK.shape)).save(tmp_path / "mask.png")
    with pytest.raises(DataError, match=r"no binary mask: found the values 0, .*expected 0 and one other value"):
        read_mask(tmp_path / "mask.png", lossy=True)
