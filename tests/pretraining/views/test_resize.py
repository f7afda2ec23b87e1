"""The resize on arrays is Pillow's, to the bit."""

import numpy as np
import PIL
import pytest
from PIL import Image

from bench.pretraining.views.resize import crop_resized

RANDOM = np.random.default_rng(0)
FILTERS = (Image.Resampling.BILINEAR, Image.Resampling.BICUBIC, Image.Resampling.LANCZOS)
COLUMNS_FIRST = int(PIL.__version__.split(".")[0]) >= 13
"""Whether this Pillow ever resizes columns first, see `resize`."""


@pytest.mark.parametrize("resample", FILTERS, ids=lambda f: f.name)
@pytest.mark.parametrize("shape", [(70, 90), (90, 70), (200, 40)], ids=str)
def test_any_part_at_any_size_is_pillows_to_the_bit(resample, shape):
    pixels = RANDOM.integers(0, 256, (*shape, 3), dtype=np.uint8)
    whole = Image.fromarray(pixels)
    for number in range(300):
        rows, columns = (int(RANDOM.integers(1, side + 1)) for side in shape)
        top, left = int(RANDOM.integers(0, shape[0] - rows + 1)), int(RANDOM.integers(0, shape[1] - columns + 1))
        height, width = RANDOM.integers(1, 120, 2).tolist() if number % 2 else 2 * [int(RANDOM.integers(8, 100))]
        if shape[0] - height > 2 * max(shape[1] - width, 0) and not COLUMNS_FIRST:
            continue
        expected = np.asarray(whole.resize((width, height), resample, box=(left, top, left + columns, top + rows)))
        flipped, crop = number % 3 == 1, (top, left, rows, columns)
        found = crop_resized(pixels, crop, height, width, resample, flipped=flipped)
        assert np.array_equal(found, expected[:, ::-1] if flipped else expected), (crop, height, width)


@pytest.mark.parametrize("resample", FILTERS[:2], ids=lambda f: f.name)
def test_steep_edges_do_not_run_over(resample):
    """Bicubic weights are negative, so that sums leave 0 to 255."""
    edges = np.zeros((40, 40, 3), np.uint8)
    edges[10:30, 10:30] = 255
    expected = np.asarray(Image.fromarray(edges).resize((63, 63), resample))
    assert np.array_equal(crop_resized(edges, (0, 0, 40, 40), 63, 63, resample), expected)


def test_a_part_that_lies_apart_in_memory_and_one_that_is_not_to_be_written_to():
    apart = RANDOM.integers(0, 256, (90, 70, 3), dtype=np.uint8)[::2, ::-1]
    locked = apart.copy()
    locked.flags.writeable = False
    found = [crop_resized(each, (3, 4, 20, 30), 16, 16, FILTERS[0]) for each in (apart, locked, locked.copy())]
    assert np.array_equal(found[0], found[1])
    assert np.array_equal(found[1], found[2])
    assert locked.flags.writeable is False
