"""The command `bench check`: parse and print, no logic."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bench.cli.options import DataFiles, Json, Plugins, echo, print_json


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        "check",
        epilog="Examples: bench check mymethod.py · bench check simclr · bench check my_cells.toml · "
        "bench check mytask --data-root ~/data",
    )(check)


def check(
    names: Annotated[
        list[str], typer.Argument(help="Method, task, kind or backbone, or a Python or TOML file: all that it defines.")
    ],
    plugin: Plugins = None,
    data: DataFiles = None,
    data_root: Annotated[
        Path | None, typer.Option("--data-root", help="Check tasks on their data there; default: on their phantoms.")
    ] = None,
    backbone: Annotated[str | None, typer.Option(help="Check methods on this encoder alone; default: on two.")] = None,
    as_json: Json = False,
) -> None:
    """Check plugins at work on a few made-up images or cases, in seconds; every mistake is named with its fix.

    Exit code 0 where everything is sound, else that of the first mistake: 4 of a plugin, 3 of data.
    """
    from bench.runs.checking.named import check_named

    verdicts = []
    for one in check_named(names, plugin or (), data_root, backbone, data or ()):
        verdicts.append(one)
        if as_json:
            continue
        echo(f"{one.noun} {one.name}: {'sound' if one.checked else 'not sound'}")
        for line in one.checked.passed if one.checked else str(one.error).splitlines():
            echo(f"  {line}")
    if as_json:
        rows = [
            {"noun": one.noun, "name": one.name, "sound": one.checked is not None}
            | {"passed": list(one.checked.passed) if one.checked else [], "error": str(one.error or "") or None}
            for one in verdicts
        ]
        print_json(rows)
    failed = [one.error for one in verdicts if one.error]
    if failed:
        raise typer.Exit(failed[0].exit_code)
