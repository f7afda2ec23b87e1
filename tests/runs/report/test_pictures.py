"""Pictures are those of the data that a run was scored on, or there are none and one warning."""

import shutil

import pytest

from bench.core.console import Report
from bench.core.registry import tasks
from bench.data.dataset import read_data
from bench.results.store import Store
from bench.runs.report import pictures
from bench.runs.report.pictures import CasePictures
from tests.records_of import record


class Said(Report):
    """Remembers warnings."""

    def __init__(self):
        super().__init__(quiet=True)
        self.lines = []

    def warn(self, text):
        self.lines.append(text)


@pytest.fixture(scope="module")
def data(phantom_root):
    return read_data(tasks().get("brain_tumor").data, phantom_root)


@pytest.fixture
def found(phantom_root, tmp_path):
    said = Said()
    return CasePictures(phantom_root, Store(tmp_path), said), said


def run_on(found, **changes):
    return record(**({"data": "phantom", "fingerprints": {"data": found.fingerprint, "declaration": "d"}} | changes))


def test_a_case_has_the_same_picture_in_all_runs(data, found):
    picture_of, said = found
    case = data.cases[0].id
    one = picture_of(run_on(data), case)
    assert one.uri.startswith("data:image/jpeg;base64,")
    assert picture_of(run_on(data, seed=1, task="brain_tumor_linear"), case) is one
    assert picture_of(run_on(data), "no such case") is None
    assert said.lines == []


def test_other_data_give_no_pictures_and_one_warning(data, found):
    picture_of, said = found
    other = run_on(data, fingerprints={"data": "other", "declaration": "d"})
    assert [picture_of(other, data.cases[0].id) for _ in range(3)] == [None] * 3
    assert len(said.lines) == 1
    assert "not that of the runs" in said.lines[0]
    assert picture_of(run_on(data, data="real"), data.cases[0].id) is None
    assert len(said.lines) == 1, "phantoms are never taken for real data"


def test_an_unknown_task_or_a_missing_data_set_is_a_warning(data, phantom_root, tmp_path):
    said = Said()
    (tmp_path / "root").mkdir()
    shutil.copy(phantom_root / "PHANTOM.json", tmp_path / "root")
    empty = CasePictures(tmp_path / "root", Store(tmp_path), said)
    assert empty(run_on(data), data.cases[0].id) is None
    assert empty(run_on(data, task="nothing", data_set="nothing"), "x") is None
    assert [line.split(":")[0] for line in said.lines] == ["brain_tumor", "nothing"]


def test_pictures_are_bounded(data, found, monkeypatch):
    monkeypatch.setattr(pictures, "MOST_BYTES", 1)
    picture_of, said = found
    first, second, third = (picture_of(run_on(data), case.id) for case in data.cases[:3])
    assert first is not None
    assert (second, third) == (None, None)
    assert len(said.lines) == 1


def test_a_damaged_image_is_a_warning(data, found, monkeypatch):
    picture_of, said = found
    picture_of(run_on(data), data.cases[0].id)
    known = picture_of._data["brain_tumor"][2]
    broken = data.cases[1]
    monkeypatch.setitem(known, broken.id, type(broken)(broken.id, broken.image / "missing", 0, None))
    assert picture_of(run_on(data), broken.id) is None
    assert len(said.lines) == 1
