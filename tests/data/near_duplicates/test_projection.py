"""Points of crops of one image lie closer together than points of different images."""

import numpy as np
import pytest

from bench.data.content import make_thumbnail
from bench.data.near_duplicates.projection import DIMENSIONS, fit_projection
from tests.data.near_duplicates.planted import CHANGES, head


@pytest.fixture(scope="module")
def thumbnails():
    return np.stack([make_thumbnail(np.asarray(head(seed))) for seed in range(120)])


def test_points_are_of_unit_length_and_the_same_again(thumbnails):
    points = fit_projection(thumbnails).points(thumbnails)
    assert (points.shape, points.dtype) == ((120, DIMENSIONS), np.float32)
    np.testing.assert_allclose(np.linalg.norm(points, axis=1), 1, atol=1e-4)
    np.testing.assert_allclose(points, fit_projection(thumbnails).points(thumbnails), atol=1e-4)


def test_crops_are_nearer_than_other_heads(thumbnails):
    projection = fit_projection(thumbnails)
    crops = np.stack([make_thumbnail(np.asarray(CHANGES["5 % off two edges"](head(seed)))) for seed in range(40)])
    products = projection.points(crops) @ projection.points(thumbnails).T
    own = products[np.arange(40), np.arange(40)].copy()
    products[np.arange(40), np.arange(40)] = -1
    assert np.mean(own > products.max(axis=1)) >= 0.95
    plain = thumbnails.reshape(120, -1) - thumbnails.reshape(120, -1).mean(axis=1, keepdims=True)
    plain = plain / np.linalg.norm(plain, axis=1, keepdims=True)
    assert np.median(plain @ plain.T) > 0.6, "heads look alike"
    assert np.median(products) < 0.2, "and their points do not"
