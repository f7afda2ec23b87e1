"""The search finds planted copies of all kinds, and nothing among unrelated images of one organ."""

import numpy as np
import pytest

from bench.core.console import Report
from bench.data.content import make_thumbnail, read_contents, sources_of
from bench.data.dataset import read_data
from bench.data.decoding.images import read_image
from bench.data.near_duplicates.search import near_pairs
from tasks.brain_tumor import BRAIN_TUMOR
from tasks.kvasir_seg import KVASIR_SEG
from tests.data.near_duplicates.planted import CHANGES, head, texture

QUIET = Report(quiet=True)


def found_and_others(originals, planted_on, seed=0):
    """Plant a copy of some images, the kinds in turn; (kind of each found, kinds planted, pairs of originals)."""
    kinds = list(CHANGES)
    thumbnails = [make_thumbnail(np.asarray(image)) for image in originals]
    planted = {}
    for number, place in enumerate(planted_on):
        kind = kinds[(number + seed) % len(kinds)]
        planted[(place, len(thumbnails))] = kind
        thumbnails.append(make_thumbnail(np.asarray(CHANGES[kind](originals[place]))))
    pairs = {pair[:2] for pair in near_pairs(np.stack(thumbnails), QUIET)}
    others = {pair for pair in pairs if pair[1] < len(originals)}
    return [kind for pair, kind in planted.items() if pair in pairs], list(planted.values()), others


@pytest.mark.parametrize("make", [head, texture])
def test_planted_copies_are_found_and_nothing_else(make):
    found, planted, others = found_and_others([make(seed) for seed in range(300)], range(0, 200))
    assert len(found) >= 0.99 * len(planted)
    assert set(found) == set(CHANGES)
    assert others == set()


def test_so_few_images_are_all_compared():
    found, planted, others = found_and_others([head(seed) for seed in range(12)], range(10))
    assert (found, others) == (planted, set())


def test_pairs_say_how_alike_they_are_and_whether_mirrored():
    images = [head(0), head(1), CHANGES["mirrored"](head(0))]
    (pair,) = near_pairs(np.stack([make_thumbnail(np.asarray(image)) for image in images]), QUIET)
    assert (pair.first, pair.second, pair.mirrored) == (0, 2, True)
    assert 0.92 <= pair.similarity <= 1 + 1e-6


@pytest.mark.real_data
@pytest.mark.slow
@pytest.mark.parametrize(("data_set", "pairs"), [(BRAIN_TUMOR, 130), (KVASIR_SEG, 4)])
def test_copies_planted_among_real_images(real_root, data_set, pairs):
    data = read_data(data_set, real_root)
    contents = read_contents(sources_of(data), QUIET)
    first = {contents[data.hashes[case.id]].key: case for case in reversed(data.cases)}
    cases = sorted(first.values(), key=lambda case: case.id)[:1000]
    originals = [read_image(case.image) for case in cases]
    found, planted, others = found_and_others(originals, range(0, 1000, 2))
    assert len(found) >= 0.99 * len(planted)
    assert len(others) <= pairs, "the copies that the owners left in it"
