"""Crops of many sizes at once are Pillow's, within two levels: in tall images it rounds columns first."""

import numpy as np
import pytest
import torch
from PIL import Image

from bench.pretraining.views import batched_resize
from bench.pretraining.views.batched_resize import Images, parts, resized
from bench.pretraining.views.resize import crop_resized
from tests.pretraining.views.conftest import photograph


def together(pictures):
    height, width = np.array([p.shape[:2] for p in pictures]).T
    start = np.cumsum(height * width) - height * width
    flat = torch.from_numpy(np.concatenate([p.reshape(-1, 3) for p in pictures]))
    return Images(flat, start, height, width, width)


@pytest.mark.parametrize("resample", [Image.Resampling.BILINEAR, Image.Resampling.BICUBIC], ids=lambda f: f.name)
@pytest.mark.parametrize("limit_bytes", [1, 2**18, 2**30])
def test_crops_of_any_size_are_pillows_within_two_levels_however_the_batch_is_cut(monkeypatch, resample, limit_bytes):
    monkeypatch.setitem(batched_resize.LIMIT_BYTES, "cpu", limit_bytes)
    pictures, random = [np.asarray(photograph(i)) for i in range(24)], np.random.default_rng(0)
    crops, mirrored = [], random.random(24) < 0.5
    for picture in pictures:
        rows, columns = (int(random.integers(1, side + 1)) for side in picture.shape[:2])
        top, left = (int(random.integers(0, a - b + 1)) for a, b in zip(picture.shape, (rows, columns), strict=False))
        crops.append((top, left, rows, columns))
    side = np.full(24, 32)
    found = resized(together(pictures), np.array(crops), side, side, resample, mirrored).numpy()
    for number, (picture, crop) in enumerate(zip(pictures, crops, strict=True)):
        expected = crop_resized(picture, crop, 32, 32, resample, flipped=bool(mirrored[number])).transpose(2, 0, 1)
        distance = np.abs(found[number] - expected)
        assert distance.max() <= 2
        assert distance.mean() < 0.6, "of a tall image columns come first in Pillow, which rounds otherwise"


def test_results_may_have_sizes_of_their_own():
    pictures = [np.asarray(photograph(i)) for i in range(6)]
    images = together(pictures)
    crops = np.stack([0 * images.height + 3, 0 * images.height + 2, images.height - 9, images.width - 7], 1)
    found = resized(images, crops, images.height, images.width, Image.Resampling.BILINEAR, np.zeros(6, bool)).numpy()
    for picture, crop, made in zip(pictures, crops.tolist(), found, strict=True):
        high, wide = picture.shape[:2]
        expected = crop_resized(picture, tuple(crop), high, wide, Image.Resampling.BILINEAR)
        assert np.abs(made[:, :high, :wide] - expected.transpose(2, 0, 1)).max() <= 2


def test_parts_hold_every_item_once_and_fit_the_limit():
    rows, columns = np.random.default_rng(0).integers(1, 50, (2, 40))
    found = list(parts(rows, columns, 12 * 5000))
    assert sorted(np.concatenate(found).tolist()) == list(range(40))
    assert len(found) > 5
    assert all(len(part) == 1 or len(part) * rows[part].max() * columns[part].max() <= 5000 for part in found)
