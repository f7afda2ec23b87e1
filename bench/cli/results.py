"""The commands of `bench results`: parse and print, no logic."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bench.cli.options import Cache, Json, Results, echo, print_json


def register(app: typer.Typer) -> None:
    """Add the commands to `bench results`."""
    app.command("migrate", epilog="Example: bench results migrate --results results --dry-run")(migrate)


def migrate(
    results: Results = Path("results"),
    cache: Cache = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Write nothing; say what would be moved.")] = False,
    as_json: Json = False,
) -> None:
    """Move records of an earlier schema, and the checkpoints they name, to this release's; then the leaderboards.

    A record keeps its scores and, in its provenance, its old identity. Nothing is run again. Exit code 6 where a file
    could not be moved; it is named and left alone.
    """
    from bench.core.cache_folder import default_cache
    from bench.results.boards import regenerate
    from bench.runs.migrate import migrate as move

    done = move(results, cache or default_cache(), dry_run=dry_run)
    files = regenerate(results).files if done.moved and not dry_run else []
    if as_json:
        moved = [{"from": str(a), "to": str(b)} for a, b in done.moved]
        problems = [str(p) for p in done.problems]
        print_json({"moved": moved, "apart": done.apart, "checkpoints": done.checkpoints, "problems": problems})
    else:
        what = "would be moved" if dry_run else "moved"
        echo(f"{len(done.moved)} records and {done.checkpoints} checkpoints {what} to schema 2")
        if done.apart:
            echo(f"{done.apart} of them are of code that is not known here: no run of today's is taken for them")
        for problem in done.problems:
            echo(f"Warning: {problem}", err=True)
        for path in files:
            echo(f"Leaderboard: {path}")
    if done.problems:
        raise typer.Exit(6)
