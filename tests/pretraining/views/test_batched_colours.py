"""Each change of a batch is OpenCV's of one image, by each item's own factor."""

import numpy as np
import pytest
import torch

from bench.engine.images import normalise
from bench.pretraining.views import batched_colours, levels, opencv
from tests.pretraining.views.conftest import photograph

PICTURES = np.stack([np.asarray(photograph(i).resize((48, 40))) for i in range(5)])
BATCH = torch.from_numpy(PICTURES).permute(0, 3, 1, 2).float()


def distance(found, expected):
    return np.abs(found.permute(0, 2, 3, 1).numpy() - np.stack(expected).astype(float))


@pytest.mark.parametrize(("number", "most"), [(0, 0.01), (1, 0.2), (2, 0.2), (3, 2.0)])
def test_changes_of_colour(number, most):
    factors = [-0.2, 0.0, 0.01, 0.13, 0.5] if number == 3 else [0.0, 0.4, 1.0, 1.3, 1.8]
    found = batched_colours.CHANGES[number](BATCH, torch.tensor(factors))
    expected = [opencv.CHANGES[number](p, f) for p, f in zip(PICTURES, factors, strict=True)]
    assert distance(found, expected).mean((1, 2, 3)).max() < most
    assert torch.equal(found, found.round())


def test_greys_and_black_have_no_hue():
    greys = torch.arange(256.0).view(1, 1, 16, 16).expand(1, 3, 16, 16)
    assert torch.equal(batched_colours.shift_hue(greys, torch.tensor([0.3])), greys)


def test_blur_by_kernels_of_several_widths():
    sigmas = [0.1, 0.4, 0.9, 2.0, 4.0]
    reach = max(map(batched_colours.reach_of, sigmas))
    found = batched_colours.gaussian_blur(BATCH, torch.tensor(sigmas), reach)
    expected = [opencv.gaussian_blur(p, s) for p, s in zip(PICTURES, sigmas, strict=True)]
    assert distance(found, expected).max() <= 2
    assert distance(found, expected).mean() < 0.3


def test_solarise_and_normalise():
    assert distance(batched_colours.solarise(BATCH), [levels.solarise(p) for p in PICTURES]).max() == 0
    expected = torch.stack([normalise(torch.from_numpy(p).permute(2, 0, 1)) for p in PICTURES])
    torch.testing.assert_close(batched_colours.normalised(BATCH), expected, rtol=0, atol=1e-6)
