"""Numbers are drawn as torchvision draws them, and a row holds all of them."""

import pytest
import torch
from torchvision.transforms import ColorJitter, RandomResizedCrop

from bench.engine.seeding import seeded
from bench.pretraining.views.drawn import NO_CHANGE, ROW, Box, Drawn, draw_changes, draw_crop

RATIO = [3 / 4, 4 / 3]


@pytest.mark.parametrize("shape", [(40, 60), (300, 7), (7, 300), (33, 33)], ids=str)
@pytest.mark.parametrize(("scale", "ratio"), [((0.08, 1.0), RATIO), ((0.85, 0.95), [1.0, 1.0])], ids=str)
def test_crops_are_torchvisions_and_leave_the_generator_as_it_does(shape, scale, ratio):
    for seed in range(60):
        with seeded(seed):
            expected = RandomResizedCrop.get_params(torch.empty(3, *shape, device="meta"), list(scale), ratio)
            after = torch.rand(1)
        with seeded(seed):
            assert draw_crop(*shape, scale, ratio) == expected
            assert torch.equal(torch.rand(1), after)


def test_changes_are_torchvisions_in_its_order_without_those_of_strength_0():
    with seeded(3):
        order, *factors = ColorJitter.get_params([0.6, 1.4], [0.2, 1.8], [1.0, 1.0], [-0.1, 0.1])
    with seeded(3):
        drawn = draw_changes((0.4, 0.8, 0.0, 0.1))
    assert drawn == tuple((n, factors[n]) for n in order.tolist() if n != 2)


def test_a_row_has_every_number():
    drawn = Drawn((1, 2, 30, 40), True, ((3, 0.1), (0, 1.2)), False, 0.7, True)
    row = [1, 2, 30, 40, 1, 0, 1, 0.7, 3, 0, NO_CHANGE, NO_CHANGE, 0.1, 1.2, 0, 0]
    assert drawn.row() == row
    assert len(row) == ROW


def test_a_box_is_in_fractions_of_the_image():
    assert Drawn((5, 2, 30, 40), True, (), False, 0, False).box(60, 80) == Box(5 / 60, 2 / 80, 0.5, 0.5, True)
