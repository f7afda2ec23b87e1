"""Subjects and sites that a file's expressions find in ids."""

from dataclasses import replace

import pytest

from bench.core.errors import DataError
from bench.core.task import Case
from bench.data.own.cases import list_cases, part_of_id
from tests.own_data import data_set_of, declare, draw


def test_the_group_of_an_expression_is_what_it_finds(tmp_path):
    case = Case("north/p07_2.png", tmp_path / "x.png", 0, None)
    assert part_of_id(case, "^([a-z]+)/", "site") == "north"
    assert part_of_id(case, "(p[0-9]+)_", "subject") == "p07"
    with pytest.raises(DataError, match=r"finds no subject in 'north/p07_2.png'.\nCorrect `subject`"):
        part_of_id(case, "(q[0-9]+)", "subject")


def test_a_data_set_of_a_package_is_listed_as_its_reader_does(tmp_path):
    draw(tmp_path, "classification", ("a", "b"), "class_folders")
    data_set = data_set_of(declare(tmp_path / "my.toml", 'type = "class_folders"'))
    cases = list_cases(replace(data_set, declared=None), tmp_path)
    assert cases == data_set.reader.read(tmp_path)
    assert {case.subject for case in cases} == {None}
