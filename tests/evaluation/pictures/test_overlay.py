"""Masks over images: each structure in the colour of its legend, everything else as it was."""

import numpy as np
from PIL import Image, ImageColor

from bench.evaluation.pictures.overlay import COLOURS, legend_of, overlay


def test_pixels_of_a_structure_take_half_its_colour_and_others_stay():
    image = Image.fromarray(np.full((2, 3), 100, dtype=np.uint8))
    masks = np.zeros((2, 2, 3), dtype=bool)
    masks[0, 0, 0] = masks[1, 1, 2] = True
    drawn = np.asarray(overlay(image, masks)).astype(int)
    for number, place in enumerate([(0, 0), (1, 2)]):
        colour = np.array(ImageColor.getrgb(COLOURS[number]))
        assert np.abs(drawn[place] - (100 + colour) / 2).max() <= 1
    assert (drawn[0, 1] == 100).all()


def test_more_structures_than_colours_begin_anew():
    legend = legend_of([f"s{i}" for i in range(len(COLOURS) + 1)])
    assert legend["s0"] == legend[f"s{len(COLOURS)}"] == COLOURS[0]
    overlay(Image.new("RGB", (4, 4)), np.ones((len(COLOURS) + 1, 4, 4), dtype=bool))
