"""Bad files of every sort, for every data set: `verify` and a run say the same, with a clear error."""

import shutil

import pytest

from bench.data.phantom import ensure_phantom
from tests.faults.inputs import data_sets, kinds_of_files, try_inputs
from tests.faults.outcomes import Tally

EVERY = 5
"""Of all changes; the long form makes all of them."""


@pytest.mark.parametrize("name", data_sets())
def test_bad_files_of_a_data_set(tmp_path, name):
    tally, data_set = Tally(), data_sets()[name]
    root = ensure_phantom(data_set, tmp_path)
    try_inputs(data_set, root, tally, slice(sum(map(ord, name)) % EVERY, None, EVERY))
    assert tally.counts["clear error"] > 0
    assert tally.bad == []
    shutil.rmtree(root)


def test_a_sort_of_files_is_a_suffix_in_a_folder(tmp_path):
    for name in ("a/1/x.png", "a/2/x.png", "b/x.nii.gz", "t/t.csv"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert set(kinds_of_files(tmp_path)) == {"a*.png", "b*.nii.gz", "*.csv"}
