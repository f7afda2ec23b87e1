"""Groups by content and by near duplicates, also through third cases, and where they stand."""

from dataclasses import replace

import pytest

from bench.core.console import Report
from bench.core.errors import DataError
from bench.data.cache import DiskCache
from bench.data.dataset import read_data
from bench.data.decoding.images import read_image
from bench.data.near_duplicates.groups import components, copied_test_cases, describe_groups, find_copies, join
from tasks.brain_tumor import BRAIN_TUMOR
from tasks.dr_patient600 import DR_PATIENT600
from tasks.drive import DRIVE
from tasks.jsrt import JSRT
from tasks.kvasir_seg import KVASIR_SEG
from tests.data.near_duplicates.planted import CHANGES, head

QUIET = Report(quiet=True)


@pytest.fixture
def planted_root(tmp_path):
    """Training: two heads. Testing: the mirror image of one, a PNG of its pixels, and another head; and four others."""
    folder = tmp_path / "data" / "brain_tumor"
    images = {
        "Training/glioma_tumor/a.jpg": head(0),
        "Training/no_tumor/b.jpg": head(1),
        "Testing/glioma_tumor/far.jpg": head(2),
    }
    for place, image in images.items():
        (folder / place).parent.mkdir(parents=True, exist_ok=True)
        image.save(folder / place)
    for name in BRAIN_TUMOR.classes:
        for side in ("Training", "Testing"):
            (folder / side / name).mkdir(parents=True, exist_ok=True)
    stored = read_image(folder / "Training/glioma_tumor/a.jpg")
    stored.save(folder / "Testing/glioma_tumor/again.png")
    CHANGES["mirrored"](stored).save(folder / "Testing/no_tumor/mirror.png")
    for number, place in enumerate(
        f"{side}/{name}" for side in ("Training", "Testing") for name in ("meningioma_tumor", "pituitary_tumor")
    ):
        head(10 + number).save(folder / place / "x.jpg")
    return tmp_path / "data"


def test_planted_copies_are_grouped(planted_root, tmp_path):
    data = read_data(BRAIN_TUMOR, planted_root)
    copies = find_copies(data, QUIET, DiskCache(tmp_path / "cache"))
    original, again = "Training/glioma_tumor/a.jpg", "Testing/glioma_tumor/again.png"
    mirror = "Testing/no_tumor/mirror.png"
    assert copies.exact == ((again, original),)
    assert copies.near == ((again, mirror, original),)
    assert [(p.first, p.second, p.mirrored) for p in copies.pairs] == [(again, mirror, True)]
    counts = describe_groups(copies.near, data)
    assert counts == {
        "n_groups": 1,
        "n_cases": 3,
        "n_crossing_owner_split": 1,
        "n_contradictory": 1,
        "n_test_cases_in_training": 2,
    }
    assert copied_test_cases(copies.exact, data) == [again]
    assert find_copies(data, QUIET, near=False).near == copies.exact


def test_a_second_search_reads_the_first_ones_result(planted_root, tmp_path, monkeypatch):
    data = read_data(BRAIN_TUMOR, planted_root)
    first = find_copies(data, QUIET, DiskCache(tmp_path / "cache"))
    monkeypatch.setattr(
        "bench.data.near_duplicates.groups.near_pairs", lambda *arguments: pytest.fail("searched again")
    )
    again = find_copies(data, QUIET, DiskCache(tmp_path / "cache"))
    assert (again.near, again.pairs) == (first.near, first.pairs)


def test_components_join_through_third_contents():
    keys = {"a": "1", "b": "2", "c": "3", "d": "3", "e": "4"}
    near = [("1", "2", False, 0.95), ("2", "3", True, 0.93), ("4", "unknown", False, 0.99)]
    assert join(keys, near) == (("a", "b", "c", "d"),)
    assert components(keys, near) == {"a": "1", "b": "1", "c": "1", "d": "1", "e": "4"}
    assert join(keys, []) == (("c", "d"),)


def test_an_undecodable_image_is_an_error(tiny, tiny_root):
    with pytest.raises(DataError, match="cannot be decoded"):
        find_copies(read_data(tiny, tiny_root), QUIET)


@pytest.mark.slow
@pytest.mark.real_data
def test_real_brain_tumor(real_root):
    data = read_data(BRAIN_TUMOR, real_root)
    copies = find_copies(data, QUIET)
    exact = describe_groups(copies.exact, data)
    assert (exact["n_groups"], exact["n_test_cases_in_training"]) == (300, 251)
    copied = set(copied_test_cases(copies.exact, data))
    clean = {case.id for case in data.cases if case.owner_split == "test"} - copied
    assert len(clean) == 143
    nearly = clean & set(copied_test_cases(copies.near, data))
    assert 18 <= len(nearly) <= 24
    assert describe_groups(copies.near, data)["n_contradictory"] >= 2
    assert max(map(len, copies.near)) <= 12, "head MRIs that look alike do not chain"


@pytest.mark.slow
@pytest.mark.real_data
def test_real_sets_with_few_copies_or_none(real_root):
    near = {}
    for data_set in (KVASIR_SEG, DRIVE, JSRT, DR_PATIENT600):
        near[data_set.name] = find_copies(read_data(data_set, real_root), QUIET)
    kvasir = near["kvasir_seg"]
    assert kvasir.exact == ()
    assert len(kvasir.pairs) == 4
    assert 1 <= sum("images/test_" in name for group in kvasir.near for name in group) <= 2
    assert near["jsrt"].near == near["drive"].near == ()
    assert near["dr_patient600"].pairs == ()
    eyes = "Seg-set/Original_Images/Patient{}_{}.jpg".format
    pairs = tuple((eyes(299, side), eyes(300, side)) for side in "LR")
    assert near["dr_patient600"].exact == pairs, "two patients with the same two files"


def test_targets_that_are_no_class_contradict_nothing(planted_root):
    data = read_data(BRAIN_TUMOR, planted_root)
    copies = find_copies(data, QUIET)
    masks = replace(data, cases=tuple(replace(case, target=None) for case in data.cases))
    assert describe_groups(copies.near, masks)["n_contradictory"] == 0
