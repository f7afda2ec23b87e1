"""Shrinking before images are kept, normalisation before they are embedded."""

import pytest
import torch
from PIL import Image

from bench.engine.images import MEAN, STD, normalise, shrink


def test_small_images_are_not_enlarged():
    assert shrink(Image.new("RGB", (10, 7)), 20).size == (10, 7)
    assert shrink(Image.new("RGB", (100, 50)), 20).size == (40, 20)


def test_normalisation_of_bytes_fractions_and_grey():
    pixels = torch.randint(0, 256, (3, 5, 4), dtype=torch.uint8)
    expected = torch.stack([(pixels[c] / 255 - MEAN[c]) / STD[c] for c in range(3)])
    before = pixels.clone()
    fractions = pixels.float() / 255
    for image in (pixels, fractions, pixels.permute(1, 2, 0).contiguous().permute(2, 0, 1)):
        done = normalise(image)
        assert done.dtype == torch.float32
        assert done.is_contiguous()
        assert torch.allclose(done, expected, atol=1e-6)
    assert torch.equal(pixels, before)
    assert torch.equal(fractions, before.float() / 255)
    grey = normalise(pixels[:1])
    assert grey.shape == (3, 5, 4)
    assert grey[2, 0, 0].item() == pytest.approx((pixels[0, 0, 0].item() / 255 - MEAN[2]) / STD[2], abs=1e-5)
