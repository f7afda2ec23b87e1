"""The file that `bench report` writes."""

import pytest

from bench.core.console import Report
from bench.core.errors import DataError, StorageError, UsageError
from bench.results.store import Store
from bench.runs.report.write import ReportRequest, classes_of, write_report
from tests.results.stores_of import three_methods


@pytest.fixture(autouse=True)
def _cache(tmp_path, monkeypatch):
    monkeypatch.setenv("BENCH_CACHE", str(tmp_path / "cache"))


def asked(tmp_path, **more):
    return ReportRequest(**({"results": tmp_path / "results", "output": tmp_path / "out" / "report.html"} | more))


def test_the_file_has_names_of_classes_and_the_same_bytes_again(tmp_path):
    three_methods(tmp_path)
    quiet = Report(quiet=True)
    written = write_report(asked(tmp_path), quiet)
    content = written.path.read_bytes()
    assert (written.runs, written.n_bytes, written.problems) == (9, len(content), [])
    assert b"glioma" in content
    assert b'href="../results/runs/real/quick/simclr/' in content
    write_report(asked(tmp_path), quiet)
    assert written.path.read_bytes() == content


def test_what_is_no_record_is_named_in_the_file(tmp_path):
    store = three_methods(tmp_path)
    (store.runs / "real" / "x.json").write_text("{}")
    written = write_report(asked(tmp_path), Report(quiet=True))
    assert len(written.problems) == 1
    assert "is not a valid record" in written.path.read_text()


def test_what_cannot_be_done_is_said(tmp_path):
    quiet = Report(quiet=True)
    with pytest.raises(UsageError, match="No records under"):
        write_report(asked(tmp_path), quiet)
    store = three_methods(tmp_path)
    with pytest.raises(DataError, match="does not exist"):
        write_report(asked(tmp_path, data_root=tmp_path / "nowhere"), quiet)
    with pytest.raises(StorageError, match="Could not write"):
        write_report(asked(tmp_path, output=store.runs / "real"), quiet)
    next((store.results / "splits").iterdir()).write_text("case,split\n")
    with pytest.raises((StorageError, UsageError)):
        write_report(asked(tmp_path), quiet)


def test_unknown_tasks_have_no_names_of_classes():
    found = classes_of(["brain_tumor", "nothing", "brain_tumor"])
    assert list(found) == ["brain_tumor"]
    assert len(found["brain_tumor"]) == 4


def test_an_empty_store_is_no_report(tmp_path):
    assert not Store(tmp_path).there
