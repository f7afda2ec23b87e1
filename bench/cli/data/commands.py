"""The commands of `bench data`: parse and print, no logic."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from bench.cli.data.chosen import chosen_split, found_data_set, found_data_sets
from bench.cli.data.duplicates import duplicates
from bench.cli.data.keys import keys
from bench.cli.options import (
    Cache,
    DataFiles,
    DataRoot,
    Json,
    Plugins,
    Quiet,
    Results,
    echo,
    listed,
    print_json,
)

Tasks = Annotated[
    str,
    typer.Argument(
        help="Task(s), comma-separated, or `all`: every data set under the data root; default: those of --data, or all."
    ),
]
_SHOWN = 20
"""Problems of one data set that are printed; `--json` has all."""


def register(app: typer.Typer) -> None:
    """Add the commands to `bench data`."""
    app.command("status", epilog="Example: bench data status --data-root ~/data")(status)
    app.command("verify", epilog="Example: bench data verify brain_tumor,drive --data-root ~/data")(verify)
    app.command(
        "duplicates", epilog="Example: bench data duplicates brain_tumor --html copies.html --data-root ~/data"
    )(duplicates)
    app.command("fingerprint", epilog="Example: bench data fingerprint all --data-root ~/data")(fingerprint)
    app.command(
        "splits",
        epilog="Examples:\n\nbench data splits fgadr --seed 1 --export fgadr-1.csv\n\n"
        "bench data splits kvasir_seg --import published.json --export kvasir.csv",
    )(splits)
    app.command("keys", epilog="Example: bench data keys buid --export keys.txt --data-root ~/data")(keys)
    app.command("phantom", epilog="Example: bench data phantom drive,brats")(phantom)
    app.command("clean", epilog="Example: bench data clean")(clean)


def status(data_root: DataRoot = None, data: DataFiles = None, plugin: Plugins = None, as_json: Json = False) -> None:
    """Say which data sets were found under the data root, what is missing, and counts found against expected."""
    from bench.cli.describe import data_facts, data_lines
    from bench.runs.plugin_files import add_files

    add_files(plugin or ())
    facts = data_facts(data_root, data or ())
    if as_json:
        print_json(facts)
    else:
        for line in data_lines(facts):
            echo(line)


def verify(
    task: Tasks = "",
    data_root: DataRoot = None,
    data: DataFiles = None,
    plugin: Plugins = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Open every file of data sets and check counts and labels; exit code 3 where something is wrong."""
    from bench.core.console import Report
    from bench.data.verify import verify

    root, data_sets = found_data_sets(task, data_root, data, plugin)
    report = Report(quiet=quiet or as_json)
    with report.live():
        results = [verify(data_set, root, report) for data_set in data_sets]
    if as_json:
        print_json([asdict(result) for result in results])
    for result in results if not as_json else ():
        verdict = f"{len(result.problems)} problems" if result.problems else "nothing wrong"
        echo(f"{result.name} ({result.kind}): {result.n_cases} cases, {result.n_files} files opened: {verdict}")
        for problem in result.problems[:_SHOWN]:
            echo("  " + problem.replace("\n", "\n    "))
        if len(result.problems) > _SHOWN:
            echo(f"  ... and {len(result.problems) - _SHOWN} more (--json has all)")
        for warning in result.warnings:
            echo(f"  Warning: {warning}")
    if any(result.problems for result in results):
        raise typer.Exit(3)


def fingerprint(
    task: Tasks = "",
    data_root: DataRoot = None,
    data_file: DataFiles = None,
    plugin: Plugins = None,
    as_json: Json = False,
) -> None:
    """Print the SHA-256 over the content and labels of data sets; records of runs hold it as `hashes.data`.

    A data set that cannot be read is one error, and exit code 3 at the end; the others are printed all the same.
    """
    from bench.core.errors import BenchError
    from bench.data.dataset import read_data
    from bench.data.root import data_kind

    root, data_sets = found_data_sets(task, data_root, data_file, plugin)
    rows = []
    for data_set in data_sets:
        row: dict[str, object] = {
            "name": data_set.name,
            "kind": data_kind(root),
            "cases": None,
            "fingerprint": None,
            "error": None,
        }
        try:
            data = read_data(data_set, root)
        except BenchError as error:
            row["error"] = str(error)
            echo(f"Error: {data_set.name}: {error}", err=True)
        else:
            row |= {"cases": len(data.cases), "fingerprint": data.fingerprint}
            if not as_json:
                echo(f"{data.fingerprint}  {data_set.name}  {data.kind}, {len(data.cases)} cases")
        rows.append(row)
    if as_json:
        print_json(rows)
    if any(row["error"] for row in rows):
        raise typer.Exit(3)


def splits(
    task: Annotated[str, typer.Argument(help="One task, or that of --data.")] = "",
    seed: Annotated[int, typer.Option(min=0, help="Seed that draws what the owner or the file does not give.")] = 0,
    export: Annotated[Path | None, typer.Option("--export", help="Write the split to this CSV file.")] = None,
    import_: Annotated[
        Path | None, typer.Option("--import", help="Check a published split (.csv, .json, or a name as lvmmed).")
    ] = None,
    grouped: Annotated[
        bool, typer.Option("--grouped", help="Draw a split that no near duplicates cross; the owner's is ignored.")
    ] = False,
    data_root: DataRoot = None,
    data_file: DataFiles = None,
    plugin: Plugins = None,
    cache: Cache = None,
    as_json: Json = False,
) -> None:
    """Draw the split of a seed, or check a published one; say what is on each side; write it as `--split` wants it."""
    from bench.core.errors import UsageError
    from bench.data.dataset import count_cases, read_data
    from bench.data.splits import write_split

    if grouped and import_:
        raise UsageError("--grouped draws a split, --import reads one. Give one of them.")
    root, data_set = found_data_set(task, data_root, data_file, plugin)
    data = read_data(data_set, root)
    split = chosen_split(data, seed, import_, cache, grouped=grouped, quiet=as_json)
    if export:
        write_split(split, export)
    sides = {side: count_cases(data.data_set, cases) for side, cases in split.sides.items()}
    if as_json:
        print_json({"data_set": data.data_set.name, "seed": seed, "fingerprint": split.fingerprint, "sides": sides})
        return
    for side, cases in split.sides.items():
        shown = ", ".join(f"{name} {n}" for name, n in sum(map(Counter, sides[side].values()), Counter[str]()).items())
        echo(f"{side}: {len(cases)} cases of {len({case.subject or case.id for case in cases})} subjects ({shown})")
    echo(f"fingerprint {split.fingerprint}")
    if export:
        echo(f"Wrote {export}; give it to bench run with --split {'grouped' if grouped else export}")


def phantom(
    task: Annotated[
        str,
        typer.Argument(
            help="Task(s) whose data sets are written, comma-separated, or `all`; default: those of --data, or all."
        ),
    ] = "",
    data: DataFiles = None,
    plugin: Plugins = None,
    cache: Cache = None,
) -> None:
    """Write small synthetic data sets in the owners' layouts and print the data root that holds them."""
    from bench.core.cache_folder import default_cache
    from bench.core.registry import tasks
    from bench.data.phantom import ensure_phantoms
    from bench.runs.plan import expand_names
    from bench.runs.plugin_files import add_files
    from bench.runs.request import declared_tasks

    add_files(plugin or ())
    names = [*listed(task), *declared_tasks(data or (), None)] or ["all"]
    data_sets = [tasks().get(name).data for name in expand_names(names, tasks())]
    echo(ensure_phantoms(data_sets, cache or default_cache()))


def clean(cache: Cache = None, results: Results = Path("results"), as_json: Json = False) -> None:
    """Delete from the cache what is made again when needed, and states of unfinished adaptations; checkpoints stay.

    What killed commands were writing, in the cache and in the results folder, goes too.
    """
    from bench.core.cache_folder import default_cache
    from bench.core.files import leftovers, sweep
    from bench.data.cache import clean

    folder = cache or default_cache()
    left = sum(len(list(leftovers(place))) for place in (folder, results))
    files, size_bytes = (a + b for a, b in zip(clean(folder), sweep(results), strict=True))
    if as_json:
        print_json({"files": files, "bytes": size_bytes, "leftovers": left})
        return
    echo(f"Deleted {files} files of decoded data, embeddings and states ({size_bytes / 2**20:.1f} MiB).")
    if left:
        echo(f"{left} of them were left by commands that were killed.")
