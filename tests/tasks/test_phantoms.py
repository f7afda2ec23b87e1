import re
from collections import Counter

import numpy as np
import pytest

from bench.core import registry
from bench.data.decoding.images import read_image
from tasks import phantoms
from tasks.brain_tumor import BRAIN_TUMOR

DATA_SETS = {name: registry.tasks().get(name).data for name in phantoms.__all__}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("phantom")
    phantoms.brain_tumor(folder, 0)
    return folder


def test_same_adapter_reads_it(folder):
    cases = BRAIN_TUMOR.reader.read(folder)
    counts = Counter((case.owner_split, case.target) for case in cases)
    assert counts == {(split, c): n for split, n in (("train", 50), ("test", 20)) for c in range(4)}


def test_owners_file_names(folder):
    names = {case.id for case in BRAIN_TUMOR.reader.read(folder)}
    for name in ("gg (1)", "m (1)", "m1(1)", "image(1)", "p (50)"):
        assert any(i.startswith("Training") and i.endswith(f"/{name}.jpg") for i in names)
    testing = [i for i in names if i.startswith("Testing")]
    assert all(re.search(r"/image(\(\d+\))?\.jpg$", i) for i in testing)
    assert sum(i.endswith("/image.jpg") for i in testing) == 4


def test_sizes_vary_within_bounds(folder):
    sizes = {read_image(path).size for path in (folder / "Testing/glioma_tumor").iterdir()}
    assert len(sizes) > 10
    assert all(150 <= side <= 230 for size in sizes for side in size)


@pytest.mark.parametrize("name", phantoms.__all__)
def test_same_seed_same_bytes(name, tmp_path):
    write = getattr(phantoms, name)
    for place, seed in (("one", 0), ("again", 0), ("other", 1)):
        (tmp_path / place).mkdir()
        write(tmp_path / place, seed)
    files = [path.relative_to(tmp_path / "one") for path in (tmp_path / "one").rglob("*") if path.is_file()]
    assert all((tmp_path / "one" / f).read_bytes() == (tmp_path / "again" / f).read_bytes() for f in files)
    images = [case.image for case in DATA_SETS[name].reader.read(tmp_path / "one")]
    others = [case.image for case in DATA_SETS[name].reader.read(tmp_path / "other")]
    assert not {path.read_bytes() for path in images} & {path.read_bytes() for path in others}
    assert sum((tmp_path / "one" / f).stat().st_size for f in files) < 4_000_000


def test_heart_structures_are_told_apart_by_their_brightness(tmp_path):
    phantoms.mmwhs_ct(tmp_path, 0)
    reader = DATA_SETS["mmwhs_ct"].reader
    case = reader.read(tmp_path)[0]
    volume, labels = reader.load_volume(case).array, reader.load_labels(case).array
    levels = [volume[labels == number].mean() for number in range(8)]
    assert np.diff(sorted(levels)).min() > 25, "more than the noise of 25 a voxel, averaged"


def test_pictures_of_a_declared_shape():
    from tasks.phantoms.shapes import draw_class, draw_objects, draw_structures

    rng = np.random.default_rng(0)
    means = [np.mean([draw_class(rng, label, 3).mean() for _ in range(4)]) for label in range(3)]
    assert means == sorted(means), "classes can be learned"
    for number in (1, 3, 40):
        image, masks = draw_structures(rng, number)
        assert image.shape == (64, 64, 3)
        assert len(masks) == number
        assert all(mask.any() for mask in masks)
        assert np.sum(masks, axis=0).max() <= 1, "structures do not overlap"
    for _ in range(20):
        _, objects = draw_objects(rng, 2)
        assert all(0 <= x1 < x2 <= 64 and 0 <= y1 < y2 <= 64 and k in (0, 1) for k, (x1, y1, x2, y2) in objects)
