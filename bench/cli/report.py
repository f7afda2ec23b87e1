"""`bench report`: the records as one HTML file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bench.cli.options import Cache, DataFiles, DataRoot, Json, Plugins, Quiet, Results, echo, print_json


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command(epilog="Examples: bench report · bench report --data-root DATA --output study.html")
    def report(
        results: Results = Path("results"),
        output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="The file.")] = Path("report.html"),
        data_root: DataRoot = None,
        data: DataFiles = None,
        plugin: Plugins = None,
        cases: Annotated[int, typer.Option(min=0, help="Worst, median and best cases of each run, each.")] = 3,
        cache: Cache = None,
        quiet: Quiet = False,
        as_json: Json = False,
    ) -> None:
        """Write the records as one HTML file: intervals, differences, costs, curves and cases. It loads nothing.

        Where the data root is at hand, cases have small pictures.
        """
        from bench.core.console import Report
        from bench.runs.listing import add_declared
        from bench.runs.plugin_files import add_files
        from bench.runs.report.write import ReportRequest, write_report

        add_files(plugin or [])
        add_declared(data or (), data_root)
        asked = ReportRequest(results=results, output=output, data_root=data_root, cache=cache, cases=cases)
        to_people = Report(quiet=quiet)
        written = write_report(asked, to_people)
        for line in written.problems:
            to_people.warn(line)
        if as_json:
            facts = {"file": str(written.path), "runs": written.runs, "bytes": written.n_bytes}
            print_json(facts | {"problems": written.problems})
        elif not quiet:
            echo(f"{written.runs} runs -> {written.path} ({written.n_bytes / 1e6:.1f} MB)")
