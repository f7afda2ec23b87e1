"""Similarity: high for copies, low for other images of the same outline."""

import numpy as np
import pytest

from bench.data.content import make_thumbnail
from bench.data.near_duplicates.alignment import THRESHOLD, similarity
from tests.data.near_duplicates.planted import CHANGES, head, texture


def small(image):
    return make_thumbnail(np.asarray(image))


@pytest.mark.parametrize("change", [name for name in CHANGES if name != "mirrored"])
@pytest.mark.parametrize("make", [head, texture])
def test_copies_are_similar_in_both_directions(make, change):
    original, copy = small(make(3)), small(CHANGES[change](make(3)))
    assert similarity(original, copy) >= THRESHOLD
    assert similarity(copy, original) >= THRESHOLD


@pytest.mark.parametrize("make", [head, texture])
def test_others_are_not(make):
    assert max(similarity(small(make(0)), small(make(seed))) for seed in range(1, 30)) < THRESHOLD - 0.1


def test_a_common_round_edge_is_not_enough():
    y, x = np.mgrid[-1:1:64j, -1:1:64j]
    disc = np.where(np.hypot(x, y) < 0.95, 120.0, 0.0)
    rng = np.random.default_rng(0)
    inside = [np.clip(disc + (disc > 0) * rng.normal(0, 3, disc.shape), 0, 255).astype(np.uint8) for _ in range(2)]
    assert similarity(*inside) < THRESHOLD


def test_flat_images_are_like_nothing():
    flat = np.full((64, 64), 7, np.uint8)
    assert similarity(flat, flat) < THRESHOLD
    assert similarity(flat, small(head(0))) < THRESHOLD
