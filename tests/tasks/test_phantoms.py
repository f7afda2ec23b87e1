import re
from collections import Counter

import pytest

from bench.images import read_image
from tasks import phantoms
from tasks.brain_tumor import BRAIN_TUMOR


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


def test_same_seed_same_bytes(folder, tmp_path):
    phantoms.brain_tumor(tmp_path / "again", 0)
    phantoms.brain_tumor(tmp_path / "other", 1)
    for path in sorted(folder.rglob("*.jpg")):
        inside = path.relative_to(folder)
        assert path.read_bytes() == (tmp_path / "again" / inside).read_bytes()
        assert path.read_bytes() != (tmp_path / "other" / inside).read_bytes()
