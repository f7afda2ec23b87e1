"""Changes by number are those of torchvision's order; their closeness to it is held in `test_augment.py`."""

import numpy as np
import pytest
from PIL import Image
from torchvision.transforms import functional as F

from bench.pretraining.views import drawn, opencv

PIXELS = np.asarray(
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (5, 6, 3), dtype=np.uint8)).resize((48, 40))
)


@pytest.mark.parametrize(
    ("number", "factor", "published"),
    [
        (drawn.BRIGHTNESS, 1.3, F.adjust_brightness),
        (drawn.CONTRAST, 0.6, F.adjust_contrast),
        (drawn.SATURATION, 1.5, F.adjust_saturation),
        (drawn.HUE, 0.1, F.adjust_hue),
    ],
)
def test_changes_stand_at_their_numbers(number, factor, published):
    expected = np.asarray(published(Image.fromarray(PIXELS), factor)).astype(int)
    assert np.abs(opencv.CHANGES[number](PIXELS, factor) - expected).mean() < 2
    assert np.abs(opencv.CHANGES[number](PIXELS, factor) - PIXELS.astype(int)).mean() > 4


def test_no_change_alters_its_input():
    before = PIXELS.copy()
    for change in opencv.CHANGES:
        change(PIXELS, 0.3)
    opencv.gaussian_blur(PIXELS, 1.0)
    assert np.array_equal(PIXELS, before)
