"""What lies under a data root: found, missing or broken."""

import shutil
from pathlib import Path

from bench.data.dataset import find_data_sets
from bench.data.status import data_status


def test_status_found_missing_broken(tiny, tiny_root):
    shutil.copyfile(tiny_root / "tiny/a/cat/0.jpg", tiny_root / "tiny/a/cat/1.jpg")
    shutil.copyfile(tiny_root / "tiny/a/dog/0.jpg", tiny_root / "tiny/b/dog/1.jpg")
    (row,) = data_status(tiny_root, [tiny, tiny])
    assert (row.state, row.kind, row.n_duplicate_groups, row.n_crossing_owner_split) == ("found", "real", 2, 1)
    assert find_data_sets(tiny_root, [tiny]) == {"tiny": tiny_root / "tiny"}
    shutil.rmtree(tiny_root / "tiny/b")
    (row,) = data_status(tiny_root, [tiny])
    assert (row.state, "this folder is missing" in row.message) == ("broken", True)
    shutil.rmtree(tiny_root / "tiny")
    (row,) = data_status(tiny_root, [tiny])
    assert (row.state, "Ask the zoo." in row.message) == ("missing", True)
    (row,) = data_status(None, [tiny])
    assert (row.state, row.expected) == ("missing", tiny.expected_counts)
    (row,) = data_status(Path(tiny_root / "gone"), [tiny])
    assert row.state == "missing"
