"""The commands of `bench results`: parse and print, no logic."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from bench.cli.boards import Names
from bench.cli.options import Cache, DataFiles, DataRoot, Json, Plugins, Quiet, Results, echo, listed, print_json
from bench.core.errors import StorageError

WRONG = StorageError.exit_code
"""Exit code where something does not hold."""
SHOWN = 50
"""Findings that are printed; `--json` has all."""
_BUNDLES = typer.Argument(metavar="BUNDLE_OR_FOLDER...", help="Bundles, or other results folders.")


def register(app: typer.Typer) -> None:
    """Add the commands to `bench results`."""
    app.command("verify", epilog="Examples: bench results verify · bench results verify --data-root DATA")(verify)
    app.command(
        "bundle",
        epilog="Examples:\n\nbench results bundle mine.zip --study study.toml\n\n"
        "bench results bundle knn.zip --task brain_tumor --protocol knn --method lvmmed,random",
    )(bundle)
    app.command(
        "merge", epilog="Examples: bench results merge theirs.zip · bench results merge a.zip ../other/results"
    )(merge)
    app.command("validate", epilog="Examples: bench results validate mine.zip · bench results validate results")(
        validate
    )


def verify(
    results: Results = Path("results"),
    data_root: DataRoot = None,
    data: DataFiles = None,
    plugin: Plugins = None,
    cache: Cache = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Compute every score again from what is stored, and say what was edited; exit code 6 where something was.

    Checked are form, digest, identity, place, cases, the files that records refer to, and scores from the predictions
    of each case. With a data root also the content of data sets, targets and splits.
    """
    from bench.core.console import Report
    from bench.runs.sharing.verify import verify_results

    report = Report(quiet=quiet or as_json)
    with report.live():
        found = verify_results(results, report, data_root=data_root, data=data or (), plugins=plugin or (), cache=cache)
    if as_json:
        print_json(found.to_json())
    else:
        _say(found)
    if not found.holds:
        raise typer.Exit(WRONG)


def bundle(
    output: Annotated[Path, typer.Argument(metavar="OUT.zip", help="The file.")],
    results: Results = Path("results"),
    task: Annotated[Names, typer.Option("--task", "-t", help="Records of these task(s), comma-separated.")] = None,
    protocol: Annotated[Names, typer.Option(help="Of these protocol(s).")] = None,
    method: Annotated[Names, typer.Option("--method", "-m", help="Of these method(s).")] = None,
    backbone: Annotated[Names, typer.Option(help="Of these backbone(s).")] = None,
    study: Annotated[Path | None, typer.Option(metavar="FILE", help="Put the file of the study beside them.")] = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Write records as one file: with cases, splits, environment, and a manifest of SHA-256.

    All records by default. They are verified first. The same results on the same installation give the same bytes.
    """
    from bench.core.console import Report
    from bench.results.sharing.bundle import write_bundle
    from bench.results.written.chosen import Chosen

    chosen = Chosen(*(tuple(listed(*(names or ()))) for names in (task, protocol, method, backbone)))
    report = Report(quiet=quiet or as_json)
    with report.live():
        done = write_bundle(results, output, report, chosen, study)
    for line in done.warnings:
        Report(quiet=quiet).warn(line)
    if as_json:
        print_json({"file": str(done.path), "records": done.records, "files": done.files, "bytes": done.n_bytes})
    else:
        echo(f"{done.records} records, {done.files} files -> {done.path} ({done.n_bytes / 1e6:.1f} MB)")


def merge(
    sources: Annotated[list[Path], _BUNDLES],
    results: Results = Path("results"),
    replace: Annotated[
        bool, typer.Option("--replace", help="Where records are in conflict, take those of the bundle.")
    ] = False,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Take records of other computers into the results folder, and write the leaderboards anew.

    A bundle that does not hold is an error, and nothing of it is taken. Records in conflict with those that are there
    are named and left out, unless --replace is given.
    """
    from bench.core.console import Report
    from bench.results.boards import regenerate
    from bench.results.sharing.merge import merge as merge_

    report = Report(quiet=quiet or as_json)
    with report.live():
        done = merge_(sources, results, report, replace=replace)
    boards = regenerate(results) if done.added or done.replaced else None
    for line in [*done.conflicts, *(boards.problems if boards else ())]:
        Report(quiet=quiet).warn(line)
    if as_json:
        facts: dict[str, Any] = {name: list(map(str, getattr(done, name))) for name in ("added", "replaced")}
        print_json(facts | {"known": done.known, "conflicts": done.conflicts})
        return
    echo(done.summary)
    if boards and not quiet:
        echo(f"leaderboards of {boards.records} records: {results / 'leaderboard'}")
    if done.conflicts and not quiet:
        echo("To take the bundles' records where they are in conflict: the same command with --replace")


def validate(
    source: Annotated[Path, typer.Argument(metavar="BUNDLE_OR_FOLDER", help="A bundle, or a results folder.")],
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Check a bundle or a results folder without any data, and say what to do next; exit code 6 where it does not hold.

    This is what is run on a pull request that adds results (docs/submit.md).
    """
    from bench.core.console import Report
    from bench.results.sharing.validate import validate as validate_

    report = Report(quiet=quiet or as_json)
    with report.live():
        done = validate_(source, report)
    if as_json:
        print_json(done.verified.to_json() | {"source": str(source), "bundle": done.bundle, "next": done.advice})
    else:
        _say(done.verified)
        for line in () if quiet else done.advice:
            echo(line)
    if not done.verified.holds:
        raise typer.Exit(WRONG)


def _say(found: Any) -> None:
    """One line for each finding, the notes, and the summary."""
    for one in found.findings[:SHOWN]:
        echo(str(one))
    if len(found.findings) > SHOWN:
        echo(f"... and {len(found.findings) - SHOWN} more (--json has all)")
    for line in found.notes:
        echo(f"Note: {line}")
    for line in found.summary:
        echo(line)
