"""Remarks on files: collected in the thread that asks for them, else said once."""

from pathlib import Path
from threading import Thread

import pytest

from bench.data.decoding import remarks
from bench.data.decoding.remarks import Remark, collected_remarks, count_remarks, remark


@pytest.fixture(autouse=True)
def nothing_said(monkeypatch):
    monkeypatch.setattr(remarks, "_SAID", set())


def test_a_remark_is_said_once_and_names_the_first_file(capsys):
    for name in ("a\n.png", "b.png"):
        remark(Path(name), "is odd")
    remark(Path("c.png"), "is even")
    lines = capsys.readouterr().err.splitlines()
    assert [line.partition(". This")[0] for line in lines] == [r"Warning: a\n.png: is odd", "Warning: c.png: is even"]
    assert "`bench data verify` counts" in lines[0]


def test_remarks_are_collected_in_their_thread(capsys):
    other = Thread(target=remark, args=(Path("x"), "from elsewhere"))
    with collected_remarks() as found:
        remark(Path("a"), "is odd")
        other.start()
        other.join()
    remark(Path("b"), "after")
    assert found == [Remark("is odd", Path("a"))]
    assert capsys.readouterr().err.count("Warning") == 2


def test_files_are_counted_each_once():
    found = [
        Remark("is odd", Path("a")),
        Remark("is odd", Path("b")),
        Remark("is odd", Path("a")),
        Remark("x", Path("c")),
    ]
    assert count_remarks(found) == ("2 files: is odd; first a.", "1 files: x; first c.")
    assert count_remarks([]) == ()
