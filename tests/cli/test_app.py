"""The command line: help, version, lists, and tables from records."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import version

import pytest


def test_lists_and_descriptions(bench):
    for what, expected in (
        ("methods", "lvmmed"), ("tasks", "brain_tumor_linear"), ("protocols", "finetune"), ("backbones", "resnet50"),
        ("corpora", "pool"),
    ):  # fmt: skip
        assert expected in bench("list", what).out
    assert "Did you mean 'methods'" in bench("list", "method").err
    text = bench("show", "brain_tumor").out
    for part in ("Training/", "accuracy", "0.0005", "Kaggle", "licence", "Download"):
        assert part in text
    assert "Gumbel" in bench("show", "lvmmed").out
    assert bench("show", "lvmmedd").code == 2


@pytest.mark.parametrize(
    "arguments", [["--help"], ["--version"], ["run", "--help"], ["list", "--help"], ["data", "--help"]]
)
def test_help_and_version_import_no_torch(arguments):
    code = (
        f"import sys; sys.argv = ['bench', *{arguments!r}]\n"
        "from bench.cli.app import main\n"
        "try: main()\nexcept SystemExit: pass\n"
        "assert not {'torch', 'pandas', 'numpy', 'lightly'} & set(sys.modules), 'heavy import'"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert ("medical-ssl-bench" if "--version" in arguments else "Usage") in done.stdout


def test_version_is_the_installed_one(bench):
    done = bench("--version")
    assert (done.code, done.out) == (0, f"medical-ssl-bench {version('medical-ssl-bench')}\n")


@pytest.mark.parametrize("command", ["run", "plan", "predict", "ablate", "tune"])
def test_help_is_in_groups_and_readable_at_80_columns(command):
    environment = {**os.environ, "COLUMNS": "80", "NO_COLOR": "1", "TERMINAL_WIDTH": "80"}
    done = subprocess.run(
        [sys.executable, "-m", "bench", command, "--help"], env=environment, capture_output=True, text=True, check=True
    )
    lines = done.stdout.splitlines()
    assert max(map(len, lines)) <= 80
    assert [
        name for name in ("What is run", "Data and places", "Computing", "Output") if f"─ {name} ─" not in done.stdout
    ] == []
    assert "…" not in done.stdout, "a text that was cut"
    options = [line for line in lines if line.startswith("│")]
    assert len(options) < 100
