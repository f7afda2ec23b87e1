"""What nobody expected is one message with a file for the report; no command ends in a traceback."""

import os
import subprocess
import sys

import pytest

from bench.cli import failures
from bench.cli.failures import take_debug, unexpected_text
from bench.runs import listing


def command(*arguments, **options):
    return subprocess.run([sys.executable, "-m", "bench", *arguments], stderr=subprocess.PIPE, text=True, **options)


@pytest.fixture
def broken(monkeypatch, tmp_path):
    def fails(*given):
        raise ZeroDivisionError("by\x1b nothing\nsecond line")

    monkeypatch.setattr(listing, "listing", fails)
    monkeypatch.setenv("BENCH_CACHE", str(tmp_path))


def test_an_unexpected_error_is_one_message_and_a_file(bench, broken, tmp_path):
    done = bench("list", "tasks")
    assert done.code == 70
    assert done.err.startswith(r"Error: an error that nobody expected: ZeroDivisionError: by\x1b nothing.")
    assert "Traceback" not in done.err
    (file,) = (tmp_path / "errors").iterdir()
    assert str(file) in done.err
    assert file.stat().st_mode & 0o077 == 0
    text = file.read_text()
    assert "command: bench list tasks" in text
    assert "ZeroDivisionError: by" in text
    assert "\ntorch " in text


@pytest.mark.parametrize("arguments", [("--debug", "list", "tasks"), ("list", "tasks", "--debug")])
def test_debug_shows_the_traceback(bench, broken, arguments):
    done = bench(*arguments)
    assert done.code == 70
    assert "Traceback" in done.err


def test_debug_shows_the_cause_of_an_expected_error_too(bench):
    done = bench("list", "taskz", "--debug")
    assert (done.code, "Traceback" in done.err) == (2, True)
    assert "Traceback" not in bench("list", "taskz").err


def test_without_any_folder_the_message_says_how_to_see_more(monkeypatch):
    monkeypatch.setattr(failures, "_write", lambda text: None)
    assert "--debug shows the details" in unexpected_text(KeyError("x"), ["run"])


def test_a_value_after_two_dashes_is_not_the_option():
    arguments = ["show", "--debug", "--", "--debug"]
    assert take_debug(arguments)
    assert arguments == ["show", "--", "--debug"]


def test_a_full_standard_output_is_one_line():
    with open("/dev/full", "w") as full:  # noqa: PTH123 - a device
        done = command("list", "tasks", stdout=full)
    assert (done.returncode, done.stderr) == (6, "Error: No space left on device (standard output).\n")


def test_a_reader_that_went_away_is_no_error():
    read, write = os.pipe()
    os.close(read)
    done = command("list", "tasks", stdout=write)
    os.close(write)
    assert (done.returncode in (0, 1), done.stderr) == (True, "")


@pytest.mark.parametrize("arguments", [("list", "tasks"), ("--help",), ("show", "drive")])
def test_a_locale_without_the_letters_ends_nothing(arguments):
    done = command(*arguments, stdout=subprocess.PIPE, env={**os.environ, "PYTHONIOENCODING": "ascii"})
    assert (done.returncode, done.stderr) == (0, "")


def test_an_unknown_option_is_wrong_usage(bench):
    assert bench("list", "--nope").code == 2


@pytest.mark.parametrize(
    "option",
    ["--results {}", "--data-root {}", "--corpus {}.csv", "--split {}.csv", "--plugin {}.py", "--checkpoint {}.pth"],
)
def test_a_path_that_is_too_long_is_one_error(bench, tmp_path, option):
    name, _, value = option.format("n" * 256).partition(" ")
    rest = () if name == "--results" else ("--results", tmp_path / "results")
    done = bench("run", "--method", "random", "--task", "brain_tumor", "--protocol", "knn", *rest, name, value)
    assert (done.code in (2, 3, 6), "File name too long" in done.err) == (True, True), done.err
    assert "nobody expected" not in done.err
