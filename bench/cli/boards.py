"""`bench leaderboard`, and boards on a terminal: parse and print, no logic."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bench.cli.options import Json, Quiet, Results, echo, listed, print_json

if TYPE_CHECKING:
    import pandas as pd

Names = list[str] | None
EXAMPLES = (
    "Examples:\n\n"
    "bench leaderboard --results results\n\n"
    "bench leaderboard --task brain_tumor --protocol knn,finetune --format latex --output board.tex"
)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("leaderboard", epilog=EXAMPLES)(leaderboard)


def leaderboard(
    results: Results = Path("results"),
    task: Annotated[Names, typer.Option("--task", "-t", help="Print these task(s), comma-separated.")] = None,
    protocol: Annotated[Names, typer.Option(help="Print these protocol(s) alone.")] = None,
    method: Annotated[Names, typer.Option("--method", "-m", help="Print these method(s) alone.")] = None,
    backbone: Annotated[Names, typer.Option(help="Print these backbone(s) alone.")] = None,
    form: Annotated[str | None, typer.Option("--format", help="Print as csv, markdown, latex or json.")] = None,
    output: Annotated[Path | None, typer.Option(help="Write what would be printed to this file.")] = None,
    markdown: Annotated[bool, typer.Option("--markdown", help="As --format markdown.")] = False,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Regenerate the CSV files in results/leaderboard from the records alone, and print rows of the boards.

    Options choose what is printed; the files have every row, and ranks and tests count every contestant.
    """
    from bench.results.boards import regenerate
    from bench.results.written.chosen import Chosen

    chosen = Chosen(*(tuple(listed(*(names or ()))) for names in (task, protocol, method, backbone)))
    board = regenerate(results)
    if board.problems:
        from bench.core.console import Report

        for problem in board.problems:
            Report().warn(problem)
    form = "markdown" if markdown and not form else form
    if form or output:
        _write(board.text(form or _form_of(output), chosen), output)
    elif as_json:
        print_json({"files": [str(p) for p in board.files], "records": board.records, "problems": board.problems})
    elif chosen.wanted:
        say_board(board.rows(chosen))
    elif not quiet:
        echo(f"{board.records} records -> {len(board.files)} files")
        for path in board.files:
            echo(str(path))


def say_board(board: pd.DataFrame) -> None:
    """Print rows of a board: as a table on a terminal, as plain text of 80 columns elsewhere."""
    from bench.results.written.terminal import board_lines, board_view

    if sys.stdout.isatty() and len(board):
        from rich.console import Console

        Console(highlight=False).print(board_view(board))
        return
    for line in board_lines(board):
        echo(line)


def _form_of(output: Path | None) -> str:
    """What a file's name says of its format: csv where it says nothing."""
    ends = {".md": "markdown", ".tex": "latex", ".json": "json"}
    return ends.get(output.suffix if output else "", "csv")


def _write(text: str, output: Path | None) -> None:
    if output is None:
        echo(text, nl=False)
        return
    from bench.core.files import write_text

    write_text(output, text)
    echo(str(output))
