from __future__ import annotations

import numpy as np
import pytest
import torch
from lightly.transforms.utils import IMAGENET_NORMALIZE
from PIL import Image

from bench.core.settings import ViewSettings
from methods.lvmmed.views import TwoViews, cell_centres
from methods.views import alike

PLAIN = ViewSettings(crop_min=0.4, jitter=(0, 0, 0, 0), grey=0, blur=0)


def test_centres_of_a_hand_made_crop():
    box = torch.tensor([[0.2, 0.5, 0.4, 0.3, 0.0]])
    expected = [[0.3, 0.55], [0.3, 0.65], [0.3, 0.75], [0.5, 0.55], [0.5, 0.65], [0.5, 0.75]]
    torch.testing.assert_close(cell_centres(box, rows=2, columns=3)[0], torch.tensor(expected))


def test_a_flip_mirrors_columns_inside_the_crop():
    plain = torch.tensor([[0.2, 0.5, 0.4, 0.3, 0.0]])
    flipped = torch.tensor([[0.2, 0.5, 0.4, 0.3, 1.0]])
    mirrored = cell_centres(plain, 2, 3).view(2, 3, 2).flip(1)
    torch.testing.assert_close(cell_centres(flipped, 2, 3).view(2, 3, 2), mirrored)


def test_lightlys_grid_leaves_the_crop():
    """The reason for `cell_centres`; if this fails, lightly was mended and its grid may be used."""
    module = pytest.importorskip("lightly.transforms.random_crop_and_flip_with_grid")
    location = module.Location(top=0, left=0, height=10, width=10, image_height=10, image_width=10)
    grid = module.RandomResizedCropAndFlip(grid_size=2).location_to_NxN_grid(location)
    assert grid[0, :, 0].tolist() == [2.5, 12.5]


def position_image() -> Image.Image:
    """Red is the column, green the row, in fractions of 255; 60 rows, 100 columns."""
    rows, columns = np.mgrid[0:60, 0:100]
    pixels = np.stack([(columns + 0.5) / 100, (rows + 0.5) / 60, np.zeros((60, 100))], axis=2)
    return Image.fromarray(np.round(255 * pixels).astype(np.uint8))


def test_boxes_say_where_each_cell_was_cut_from():
    transform = TwoViews(alike(32, PLAIN))
    torch.manual_seed(0)
    flips = set()
    for _ in range(10):
        views = transform(position_image())
        for image, box in zip(views["images"], views["boxes"], strict=True):
            assert image.shape == (3, 32, 32)
            std, mean = (torch.tensor(IMAGENET_NORMALIZE[k])[:, None, None] for k in ("std", "mean"))
            pixels = image * std + mean
            cells = torch.nn.functional.avg_pool2d(pixels, 8)  # (3, 4, 4): mean position inside each cell
            seen = torch.stack([cells[1], cells[0]], dim=-1).flatten(0, 1)  # (16, 2) as (y, x)
            torch.testing.assert_close(seen, cell_centres(box[None], 4, 4)[0], rtol=0, atol=0.015)
            flips.add(box[4].item())
    assert flips == {0.0, 1.0}


def test_views_collate_and_follow_the_global_generators():
    transform = TwoViews(alike(24, ViewSettings()))

    def batch():
        torch.manual_seed(3)
        np.random.seed(3)  # noqa: NPY002
        return torch.utils.data.default_collate([transform(position_image()) for _ in range(3)])

    first, second = batch(), batch()
    assert [x.shape for x in first["images"]] == [(3, 3, 24, 24)] * 2
    assert [x.shape for x in first["boxes"]] == [(3, 5)] * 2
    assert not torch.equal(first["images"][0], first["images"][1])
    torch.testing.assert_close(first, second, rtol=0, atol=0)
