"""Options that commands share, and the one way in which they print."""

import json
import re
from pathlib import Path

import pytest

from bench.cli import options
from bench.cli.options import echo, listed, print_json


@pytest.mark.parametrize(
    ("texts", "names"), [(("a,b", "c"), ["a", "b", "c"]), ((" a , ,b",), ["a", "b"]), (("",), []), ((), [])]
)
def test_names_are_separated_by_commas_or_repeated(texts, names):
    assert listed(*texts) == names


def test_json_is_one_document_with_sorted_keys(capsys, tmp_path):
    print_json({"b": tmp_path, "a": [1]})
    assert json.loads(capsys.readouterr().out) == {"a": [1], "b": str(tmp_path)}


def test_commands_print_in_one_way_which_escapes_what_controls_a_terminal(capsys):
    echo("a\x1b[2J\nb")
    echo("c\rd", err=True)
    assert capsys.readouterr() == ("a\\x1b[2J\nb\n", "c\\x0dd\n")


def test_no_command_prints_in_another_way():
    package = Path(options.__file__).parents[1]
    allowed = {"__init__.py", "cli/options.py", "cli/failures.py", "core/console.py", "results/written/terminal.py"}
    ways = re.compile(r"^ +(?:typer\.echo|click\.echo|print|[\w.]*console\.print)\(", re.MULTILINE)
    found = {p.relative_to(package).as_posix() for p in package.rglob("*.py") if ways.search(p.read_text())}
    assert found - allowed == set()
