"""Bad files of every sort in every layout of the registry: `verify` and a run say the same, with a clear error."""

import pytest

pytest.importorskip("h5py")
pytest.importorskip("pydicom")

from bench.core.registry import layouts
from tests.faults.inputs import load_all, try_inputs
from tests.faults.layouts import forms, own_data_set
from tests.faults.outcomes import Tally

EVERY = {"dicom": 60, "nifti": 20}
"""Of all changes, by layout; else 7: those of one folder a case have many, and the long form makes all of them."""


def test_every_layout_has_a_form():
    assert {layout for layout, _ in forms()} == set(layouts().plugins)


@pytest.mark.parametrize("form", forms(), ids="-".join)
def test_bad_files_of_a_layout(tmp_path, form):
    data_set, tally = own_data_set(tmp_path, *form), Tally()
    assert load_all(data_set, tmp_path) >= 8
    every = EVERY.get(form[0], 7)
    try_inputs(data_set, tmp_path, tally, slice(sum(map(ord, "".join(form))) % every, None, every))
    assert tally.counts["clear error"] > 0
    assert tally.bad == []
