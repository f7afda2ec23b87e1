"""Cases that say what each of their files is."""

import numpy as np
import pytest
from PIL import Image

from bench.core.errors import DataError
from bench.core.task import Case
from tasks.readers.mask_files import MAP, REGION, MaskFiles


@pytest.fixture
def files(tmp_path):
    """An image of 6 x 4 pixels, and masks with one pixel each."""
    paths = {}
    for i, name in enumerate(("image", "first", "second", "map")):
        values = np.zeros((4, 6), np.uint8)
        values.flat[i] = 255 if name != "map" else 7
        paths[name] = tmp_path / f"{name}.png"
        Image.fromarray(values).save(paths[name])
    return paths


def case(files, *labels):
    names, what = [name for name, _ in labels], tuple(index for _, index in labels)
    return Case("x", files["image"], what, None, labels=tuple(files[name] for name in names))


def test_masks_of_one_structure_are_united_and_others_are_empty(files):
    read = MaskFiles(("a", "b"), (), False)
    masks = read.load_masks(case(files, ("first", 0), ("second", 0)))
    assert (masks.shape, masks[0].sum(), masks[1].any()) == ((2, 4, 6), 2, np.False_)
    assert read.load_region(case(files, ("first", 0))) is None
    assert read.load_region(case(files, ("first", 0), ("second", REGION))).sum() == 1


def test_values_of_a_map_are_structures(files):
    assert MaskFiles(("a", "b"), (3, 7), False).load_masks(case(files, ("map", MAP))).sum(axis=(1, 2)).tolist() == [
        0,
        1,
    ]
    with pytest.raises(DataError, match="this label map has the value 7; known: 0 for background, a = 3"):
        MaskFiles(("a",), (3,), False).load_masks(case(files, ("map", MAP)))


def test_remarks_say_what_only_some_cases_have(files):
    read = MaskFiles(("a", "b"), (), False)
    cases = [case(files, ("first", 0), ("second", REGION)), case(files, ("first", 0))]
    assert read.remarks(cases) == (
        "1 of 2 cases have a region (field of view); of the others, as x, every pixel counts.",
        "no case has a mask of b: nothing is learned or scored for them.",
    )
    assert read.remarks([case(files, ("first", 0)), case(files, ("second", 1))]) == ()
    assert MaskFiles(("a",), (7,), False).remarks([case(files, ("map", MAP))]) == ()
