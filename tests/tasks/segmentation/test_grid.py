from itertools import permutations, product

import nibabel
import numpy as np
import pytest
from pydantic import ValidationError

from tasks.kinds.segmentation.grid import cut, find_grid, scale_intensities, stack
from tasks.kinds.segmentation.settings import VolumeSettings


def affine_of(axes, flips, spacing):
    """Stored axis i runs along axes[i], backwards where flips[i], with spacing[i] mm."""
    affine = np.zeros((4, 4))
    affine[3, 3] = 1
    for i in range(3):
        affine[axes[i], i] = -spacing[i] if flips[i] else spacing[i]
    return affine


@pytest.mark.parametrize("axes", list(permutations(range(3))))
@pytest.mark.parametrize("flips", list(product([False, True], repeat=3)))
def test_any_orientation_gives_the_same_slices_and_comes_back(axes, flips):
    world = np.arange(3 * 4 * 5).reshape(3, 4, 5)  # RAS
    spacing = (1.0, 2.0, 6.0)
    ornt = nibabel.orientations.io_orientation(affine_of(axes, flips, [spacing[a] for a in axes]))
    inverse = nibabel.orientations.ornt_transform(nibabel.orientations.axcodes2ornt("RAS"), ornt)
    stored = nibabel.orientations.apply_orientation(world, inverse)
    grid = find_grid(affine_of(axes, flips, [spacing[a] for a in axes]), "auto")
    assert grid.spacing_mm == (6.0, 2.0, 1.0)
    slices = cut(stored, grid)
    assert slices.shape == (5, 4, 3)
    assert (slices == np.rot90(world.transpose(2, 0, 1), axes=(1, 2))).all()
    assert (stack(slices, grid) == stored).all()


def tilted(affine, degrees):
    """The same volume, turned about the first and then the last axis of space."""
    a, c = np.deg2rad(degrees)
    about_x = np.array([[1, 0, 0], [0, np.cos(a), -np.sin(a)], [0, np.sin(a), np.cos(a)]])
    about_z = np.array([[np.cos(c), -np.sin(c), 0], [np.sin(c), np.cos(c), 0], [0, 0, 1]])
    turned = affine.copy()
    turned[:3, :3] = about_z @ about_x @ affine[:3, :3]
    return turned


@pytest.mark.parametrize("degrees", [(8, 0), (20, -15), (-30, 25)])
@pytest.mark.parametrize("axes", [(0, 1, 2), (2, 0, 1), (1, 2, 0)])
def test_an_oblique_volume_is_cut_along_its_nearest_axes(axes, degrees):
    straight = affine_of(axes, (True, False, True), [(1.0, 2.0, 6.0)[a] for a in axes])
    oblique = tilted(straight, degrees)
    stored = np.arange(3 * 4 * 5).reshape([(3, 4, 5)[a] for a in axes])
    grid = find_grid(oblique, "auto")
    assert grid.axis == 2
    assert grid.spacing_mm == pytest.approx((6, 2, 1))
    slices = cut(stored, grid)
    assert np.array_equal(slices, cut(stored, find_grid(straight, "auto")))
    assert np.array_equal(stack(slices, grid), stored)


@pytest.mark.parametrize(
    ("spacing", "plane", "axis"),
    [
        ((1, 1, 1), "auto", 2),
        ((1, 3, 1), "auto", 1),
        ((3, 1, 2.99), "auto", 2),
        ((3, 1, 1), "auto", 0),
        ((3, 1, 1), "axial", 2),
        ((1, 1, 3), "coronal", 1),
        ((1, 1, 3), "sagittal", 0),
    ],
)
def test_slicing_axis(spacing, plane, axis):
    grid = find_grid(affine_of((0, 1, 2), (0, 0, 0), spacing), plane)
    assert grid.axis == axis
    assert grid.spacing_mm[0] == spacing[axis]
    slices = cut(np.zeros((3, 4, 5)), grid)
    assert slices.shape[0] == (3, 4, 5)[axis]
    sizes = dict(zip((3, 4, 5), spacing, strict=True))
    assert grid.spacing_mm == tuple(sizes[n] for n in slices.shape)


def test_intensities():
    array = np.linspace(-1000, 1000, 2001).reshape(3, 23, 29)
    windowed = scale_intensities(array, (-160, 240))
    assert (windowed.min(), windowed.max(), windowed.dtype) == (0, 1, np.float32)
    assert windowed[np.isclose(array, 40)] == pytest.approx(0.5)
    scaled = scale_intensities(array, None)
    assert scaled[np.isclose(array, 0)] == pytest.approx(0.5, abs=1e-3)
    assert 0.005 <= (scaled == 0).mean() <= 0.006
    assert (scale_intensities(np.full((2, 2, 2), 7.0), None) == 0).all()


@pytest.mark.parametrize("dtype", [np.float32, np.int16])
@pytest.mark.parametrize("window", [None, (-160.0, 240.0), (-160, 240)])
def test_intensities_stay_float32(dtype, window):
    array = np.linspace(-1000, 1000, 64).reshape(4, 4, 4).astype(dtype)
    assert scale_intensities(array, window).dtype == np.float32


@pytest.mark.parametrize("window", [(240, -160), (5, 5)])
def test_a_window_rises(window):
    with pytest.raises(ValidationError, match="the first intensity must be below the second"):
        VolumeSettings(window=window)
    assert VolumeSettings(window=(-160, 240)).window == (-160, 240)
