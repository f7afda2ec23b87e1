"""What lies under a data root: found, missing or broken."""

import shutil
from pathlib import Path

from bench.data.dataset import find_data_sets
from bench.data.status import data_status
from tasks.brain_tumor import BRAIN_TUMOR
from tasks.drive import DRIVE
from tasks.jsrt import JSRT


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


def test_status_counts_test_cases_that_are_training_images(whole_phantom_root, segmentation_root, tmp_path):
    (row,) = data_status(whole_phantom_root, [BRAIN_TUMOR], tmp_path)
    assert row.n_copied_test_cases == 2
    assert row.warnings[-1].startswith("brain_tumor: 2 of 80 test cases equal a training image by pixels")
    (row,) = data_status(segmentation_root, [DRIVE], tmp_path)
    assert (row.n_copied_test_cases, row.warnings) == (0, ())
    (row,) = data_status(segmentation_root, [JSRT], tmp_path)
    assert row.n_copied_test_cases is None, "the owner gives no test split"


def test_what_cannot_be_decoded_is_a_warning(tiny, tiny_root, tmp_path):
    (row,) = data_status(tiny_root, [tiny], tmp_path)
    assert (row.state, row.n_copied_test_cases) == ("found", None)
    assert "cannot be compared by pixels" in row.warnings[-1]
