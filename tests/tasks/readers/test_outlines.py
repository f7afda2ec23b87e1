"""Outlines as masks, against pycocotools; run lengths of any mask come back."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycocotools import mask as pycoco

from bench.core.errors import DataError
from tasks.readers.outlines import Outline, draw_outline, read_outline

POINTS = st.lists(st.tuples(st.floats(-20, 60), st.floats(-20, 60)), min_size=3, max_size=8)


def outline_or_error(found, width, height) -> Outline | str:
    try:
        return read_outline(found, 0, width, height, "here")
    except DataError as error:
        return str(error)


@settings(deadline=None, max_examples=60)
@given(st.integers(1, 9), st.integers(1, 9), st.data())
def test_run_lengths_come_back(height, width, data):
    bits = data.draw(st.lists(st.booleans(), min_size=height * width, max_size=height * width))
    mask = np.array(bits).reshape(height, width)
    mask[0, 0] |= not mask.any()
    counts = pycoco.encode(np.asfortranarray(mask.astype(np.uint8)))["counts"].decode()
    outline = read_outline({"size": [height, width], "counts": counts}, 2, width, height, "here")
    assert outline.label == 2
    assert draw_outline(outline, width, height).tolist() == mask.tolist()


@settings(deadline=None, max_examples=60)
@given(POINTS)
def test_polygons_are_drawn_inside_the_image_or_one_error(points):
    outline = outline_or_error([[value for point in points for value in point]], 40, 30)
    if isinstance(outline, str):
        assert outline.startswith("here: this outline has no area inside its image of 40 x 30 pixels.")
    else:
        assert draw_outline(outline, 40, 30).shape == (30, 40)
        assert all(0 <= x <= 40 for x in outline.polygons[0][::2])


@settings(deadline=None, max_examples=200)
@given(st.text(alphabet=st.characters(min_codepoint=40, max_codepoint=120), max_size=30))
def test_any_text_is_run_lengths_or_one_error(text):
    outline = outline_or_error({"size": [5, 4], "counts": text}, 4, 5)
    assert outline.startswith("here: ") if isinstance(outline, str) else sum(outline.runs) == 20


def test_several_polygons_are_one_object():
    outline = Outline(0, ((0, 0, 4, 0, 4, 4, 0, 4), (6, 6, 9, 6, 9, 9, 6, 9)), ())
    mask = draw_outline(outline, 10, 10)
    assert mask[1, 1]
    assert mask[7, 7]
    assert not mask[5, 5]


@pytest.mark.parametrize("found", [3, "text", [[]], [None], {"size": [5, 4]}, {}, [{"x": 1}]])
def test_other_things_are_errors(found):
    with pytest.raises(DataError, match=r"^here: "):
        read_outline(found, 0, 4, 5, "here")
