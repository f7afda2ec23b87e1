"""What a pretraining logs besides its scalars."""

import numpy as np
import torch

from bench.engine.images import normalise
from bench.pretraining.log import LastTenth, picture_of_views


def test_means_over_the_last_tenth_of_the_steps():
    last = LastTenth(20)
    for step in range(20):
        last.add({"epoch": 0.0, "loss": 9.0 if step < 18 else step - 17.0, "late": float("nan")})
    assert last.means() == {"loss": 1.5}
    one = LastTenth(3)
    for loss in (1.0, 2.0, 3.0):
        one.add({"loss": loss})
    assert one.means() == {"loss": 3}, "at least one step"
    assert LastTenth(5).means() == {}


def test_a_picture_of_views_has_a_column_an_image_and_a_row_a_view_in_their_own_colours():
    grey = normalise(torch.full((3, 8, 8), 100, dtype=torch.uint8))
    views = {"large": torch.stack([grey] * 10), "small": [torch.stack([grey[:, :4, :4]] * 10)], "boxes": torch.ones(10)}
    pixels = np.asarray(picture_of_views(views))
    assert pixels.shape == (2 * 8 + 3 * 2, 8 * 8 + 9 * 2, 3), "eight images at most; small views are enlarged"
    assert {tuple(p) for p in pixels.reshape(-1, 3)} == {(100, 100, 100), (255, 255, 255)}


def test_views_that_are_no_images_have_no_picture():
    assert picture_of_views([torch.ones(4, 2), torch.ones(4, 1, 8, 8)]) is None
