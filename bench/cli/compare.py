"""`bench compare`: two contestants side by side, from the records alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bench.cli.options import Json, Results, echo, listed, print_json

if TYPE_CHECKING:
    import pandas as pd

Task = Annotated[list[str] | None, typer.Option(help="Only these task(s), comma-separated or repeated.")]
Protocol = Annotated[list[str] | None, typer.Option(help="Only these protocol(s), comma-separated or repeated.")]


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command(epilog='Examples: bench compare lvmmed simclr · bench compare lvmmed "lvmmed nodes=8" --protocol knn')
    def compare(
        a: Annotated[str, typer.Argument(help="A method, or one with changed settings: 'lvmmed nodes=8'.")],
        b: Annotated[str, typer.Argument(help="Another.")],
        task: Task = None,
        protocol: Protocol = None,
        results: Results = Path("results"),
        as_json: Json = False,
    ) -> None:
        """Paired differences of two contestants with intervals, corrected p, and what could have been shown."""
        from bench.results.comparison.side_by_side import compare as compare_
        from bench.results.index import read_frame
        from bench.results.store import Store, lines_of

        frame, problems = read_frame(Store(results))
        table = compare_(frame, a, b, listed(*(task or ())), listed(*(protocol or ())))
        if problems:
            from bench.core.console import Report

            for line in lines_of(problems):
                Report().warn(line)
        if as_json:
            print_json(json.loads(table.to_json(orient="records")))
        else:
            echo(_text(table, a, b))


def _text(table: pd.DataFrame, a: str, b: str) -> str:
    """The table for a terminal, in percent, and what its columns mean."""
    from bench.results.board_text import compared_lines

    return "\n".join([f"{a} - {b}", *compared_lines(table)])
