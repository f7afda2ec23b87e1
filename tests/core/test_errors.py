"""Errors for users: exit codes that tell them apart, and what was meant by an unknown name."""

from pathlib import Path

import pytest

from bench.cli.failures import UNEXPECTED
from bench.core import errors
from bench.core.errors import (
    BenchError,
    DataError,
    Interrupted,
    Problems,
    RunsFailed,
    UsageError,
    came_of_interruption,
    closest,
    unknown,
)

CLASSES = [c for c in vars(errors).values() if isinstance(c, type) and issubclass(c, BenchError)]
KINDS = [c for c in CLASSES if c.__base__ is BenchError]
RECORDS = Path(__file__).parents[2] / "docs" / "records.md"


def test_exit_codes_are_distinct_and_documented():
    codes = [kind.exit_code for kind in KINDS]
    assert len(set(codes)) == len(codes) == 6
    assert {0, 1} & set(codes) == set(), "0 is done, 1 is any other program's error"
    (line,) = [line for line in RECORDS.read_text(encoding="utf-8").splitlines() if line.startswith("0 done")]
    documented = {int(part.split()[0]) for part in line.rstrip(".").split(" · ")}
    assert documented == {0, UNEXPECTED, *codes}
    assert UNEXPECTED not in codes


@pytest.mark.parametrize(("name", "meant"), [("simcrl", " Did you mean 'simclr'?"), ("xyz", ""), ("", "")])
def test_the_closest_name_is_suggested_where_one_is_near(name, meant):
    assert closest(name, ["simclr", "byol"]) == meant


def test_an_unknown_name_says_what_exists_and_how_to_list_it():
    error = unknown("method", "boyl", ["simclr", "byol"], "List them: bench list methods.")
    assert isinstance(error, UsageError)
    assert str(error) == (
        "Unknown method 'boyl'. Did you mean 'byol'? Known: byol, simclr. List them: bench list methods."
    )


def test_problems_are_raised_together_with_the_exit_code_of_the_first():
    inner, outer = Problems(), Problems()
    for text in ("one", "two", "one"):
        with inner.noted():
            raise DataError(text)
    with outer.noted():
        inner.raise_all()
    with outer.noted():
        raise UsageError("three\nlines")
    with pytest.raises(DataError) as error:
        outer.raise_all()
    assert str(error.value) == "3 problems:\n- one\n- two\n- three\n  lines"
    assert [str(part) for part in error.value.parts] == ["one", "two", "three\nlines"]


def test_one_problem_is_raised_as_it_is_and_none_is_not():
    problems = Problems()
    problems.raise_all()
    with problems.noted():
        raise UsageError("alone")
    with pytest.raises(UsageError, match=r"^alone$"):
        problems.raise_all()


def test_an_error_on_the_way_of_an_interruption_is_one():
    def chained(first, second):
        try:
            try:
                raise first
            finally:
                raise second
        except BaseException as error:
            return error

    assert came_of_interruption(chained(KeyboardInterrupt(), RuntimeError("a worker ended")))
    assert came_of_interruption(Interrupted("stopped"))
    assert not came_of_interruption(chained(ValueError(), RuntimeError("a worker ended")))


def test_failed_runs_keep_what_the_others_came_to():
    error = RunsFailed("1 of 2", result=[1], unexpected=True)
    assert (str(error), error.exit_code, error.result, error.unexpected) == ("1 of 2", 5, [1], True)
