"""Tables: kinds, delimiters, names of columns, and the phantom."""

from collections import Counter

import pytest

from tasks.layouts.table import Table
from tests.own_data import draw


def read(folder, kind, classes, **options):
    layout = Table(file="t.csv", **options)
    return layout, layout.reader(kind, classes).read(folder)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiters_are_found_and_a_byte_order_mark_is_tolerated(tmp_path, delimiter):
    draw(tmp_path, "classification", ("a", "b"), "csv", file="t.csv", delimiter=delimiter)
    path = tmp_path / "t.csv"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    layout, cases = read(tmp_path, "classification", ("a", "b"))
    assert layout.classes(tmp_path, "classification") == ("a", "b")
    assert Counter(case.target for case in cases) == {0: 12, 1: 12}
    assert cases[0].id == "images/000.png"


def test_the_table_may_have_its_own_names_and_leave_out_folder_and_suffix(tmp_path):
    columns = {"path": "image id", "label": "diagnosis", "split": "set", "subject": "patient"}
    options = {"images": "pictures", "suffix": ".png", "columns": columns}
    draw(tmp_path, "classification", ("a", "b"), "csv", file="t.csv", **options)
    assert (tmp_path / "t.csv").read_text().splitlines()[1] == "images/000,a,train,subject0"
    _, cases = read(tmp_path, "classification", ("a", "b"), **options)
    assert cases[0].id == "pictures/images/000.png"
    assert cases[3].subject == "subject3"
    assert Counter(case.owner_split for case in cases) == {"train": 18, "test": 6}


def test_another_encoding_is_read_where_it_is_named(tmp_path):
    draw(tmp_path, "classification", ("a", "b"), "csv", file="t.csv")
    path = tmp_path / "t.csv"
    path.write_bytes(path.read_text().replace(",b\n", ",bé\n").encode("cp1252"))
    layout, cases = read(tmp_path, "classification", ("a", "bé"), encoding="cp1252")
    assert layout.classes(tmp_path, "classification") == ("a", "bé")
    assert len(cases) == 24


def test_sites_come_in_the_order_of_the_table(tmp_path):
    draw(tmp_path, "classification", ("a", "b"), "csv", ("z", "a"), file="t.csv")
    layout, cases = read(tmp_path, "classification", ("a", "b"))
    assert layout.sites(tmp_path, "classification") == ("z", "a")
    assert {case.domain for case in cases} == {"z", "a"}


def test_structures_of_a_table(tmp_path):
    assert Table(file="t.csv", masks={"disc": "d", "cup": "c"}).classes(tmp_path, "segmentation_2d") == ("disc", "cup")
    assert Table(file="t.csv", values={"disc": 1}).classes(tmp_path, "segmentation_2d") == ("disc",)
    draw(tmp_path, "segmentation_2d", ("cup", "disc"), "csv", file="t.csv")
    assert Table(file="t.csv").classes(tmp_path, "segmentation_2d") == ("cup", "disc")
