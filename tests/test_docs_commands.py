"""Every command of README and docs/ is read by the command line as it stands, and runs on phantoms unless it is marked."""

from __future__ import annotations

import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
import torch
from typer.main import get_command

from bench.cli.app import app
from bench.core import registry
from bench.data.phantom import ensure_phantoms
from bench.runs.listing import listing
from tests import test_encoder_docs, test_studies_docs, test_weights_docs
from tests.conftest import write_third
from tests.documents import REPOSITORY, Step, pages, steps

COMMAND_LINE = get_command(app)
SHOWN = {page.relative_to(REPOSITORY).as_posix(): steps(page) for page in pages()}
COMMANDS = [step for shown in SHOWN.values() for step in shown if step.text.startswith("bench ")]
TO_RUN = [step for step in COMMANDS if not (step.is_pattern or step.needs_data)]
"""What has to run in a test."""
ELSEWHERE = {
    *test_encoder_docs.COMMANDS,
    *test_weights_docs.COMMANDS,
}
"""What the tests of single pages run."""
NAMES = {"method": "methods", "task": "tasks", "protocol": "protocols", "backbone": "backbones"}


def read(step: Step) -> dict[str, object]:
    """The parameters of a command, read as the command line does; nothing is run. Raises what it raises."""
    command, words = COMMAND_LINE, step.words
    while getattr(command, "commands", None) and words and not words[0].startswith("-"):
        command, words = command.commands[words[0]], words[1:]
    options = {name for one in command.params for name in (*one.opts, *one.secondary_opts)} | {"--help"}
    if step.is_name or getattr(command, "commands", None):
        assert {word for word in words if word.startswith("--")} <= options, "no such option"
        return {}
    return command.make_context("bench", list(words)).params


@cache
def known(what: str) -> set[str]:
    """Names of what can be run."""
    return {row["name"] for row in listing(what, [])}


def unknown_names(parameters: dict[str, object]) -> list[str]:
    """Names of methods, tasks, protocols and backbones that nobody knows, in a command without files of its own."""
    if parameters.get("plugin") or parameters.get("config"):
        return []
    given = {what: parameters.get(what) for what in NAMES}
    names = [(what, name) for what, text in given.items() for name in str(text or "").strip("[]'").split(",") if name]
    free = ("all", "few_shot", "timm:", "torchvision:")
    return [n for what, n in names if not n.isupper() and not n.startswith(free) and n not in known(NAMES[what])]


def test_every_command_is_read_and_its_names_are_known():
    assert len(COMMANDS) > 200
    wrong = []
    for step in COMMANDS:
        try:
            wrong += [f"{step}: {name} is unknown" for name in unknown_names(read(step))]
        except Exception as error:
            wrong.append(f"{step}: {type(error).__name__}: {getattr(error, 'message', error)}")
    assert wrong == []
