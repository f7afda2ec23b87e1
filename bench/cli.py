"""The command line: parse and print, no logic. Heavy imports happen inside commands: `bench --help` is instant."""

from __future__ import annotations

import json
import signal
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from bench.errors import BenchError, Interrupted

EPILOG = (
    "Exit codes: 0 done · 2 wrong usage (unknown name or key) · 3 data · 4 plugin · 5 training · 6 storage · "
    "130 interrupted (the same command continues)."
)
app = typer.Typer(
    name="bench",
    help="Benchmark self-supervised pretraining in medical imaging: pair a method with a task, get a score to trust.",
    epilog=EPILOG,
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    add_completion=False,
)
data_app = typer.Typer(help="Look at the data sets under the data root.", no_args_is_help=True)
app.add_typer(data_app, name="data")

Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print results and errors only.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document to standard output, for machines.")]
Results = Annotated[
    Path, typer.Option("--results", help="Results folder: runs/, splits/, leaderboard/.", envvar="BENCH_RESULTS")
]
DataRoot = Annotated[
    Path | None,
    typer.Option(
        "--data-root",
        help="Folder that holds one folder per data set, as `bench show TASK` describes.",
        envvar="BENCH_DATA",
    ),
]
Cache = Annotated[Path | None, typer.Option(help="Checkpoints and phantoms.", envvar="BENCH_CACHE")]
Plugins = Annotated[
    list[Path] | None, typer.Option("--plugin", help="Python file with a method of your own; repeatable.")
]


@app.command(
    epilog="Examples:\n\n"
    "bench run --method lvmmed --task brain_tumor\n\n"
    "bench run --method simclr,byol,dino,lvmmed,random --task all --data-root ~/data --seeds 3\n\n"
    "bench run --method simclr --task brain_tumor --set method.temperature=0.2 --set pretrain.epochs=20\n\n"
    "bench run --method mymethod --plugin mymethod.py --task brain_tumor_linear --seed 7"
)
def run(
    method: Annotated[str, typer.Option("--method", "-m", help="Pretraining method(s), comma-separated, or `all`.")],
    task: Annotated[str, typer.Option("--task", "-t", help="Downstream task(s), comma-separated, or `all`.")],
    protocol: Annotated[str | None, typer.Option(help="Evaluation protocol(s); default: each task's own.")] = None,
    backbone: Annotated[
        str | None, typer.Option(help="Encoder(s); default: resnet18 (quick), resnet50 (paper).")
    ] = None,
    seeds: Annotated[int, typer.Option(min=1, help="Number of seeds: 0 to N-1.")] = 3,
    seed: Annotated[list[int] | None, typer.Option(min=0, help="Run this seed instead; repeatable.")] = None,
    profile: Annotated[str, typer.Option(help="quick (a laptop) or paper (the published settings).")] = "quick",
    set_: Annotated[
        list[str] | None, typer.Option("--set", help="Override a setting: section.key=value; repeatable.")
    ] = None,
    corpus: Annotated[str, typer.Option(help="Pretraining images: pool, task, or a manifest (.csv, .toml).")] = "pool",
    data_root: DataRoot = None,
    plugin: Plugins = None,
    results: Results = Path("results"),
    cache: Cache = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:N.")] = "auto",
    workers: Annotated[int, typer.Option(min=0, help="Processes that load images; results do not depend on it.")] = 0,
    split: Annotated[
        Path | None,
        typer.Option(help="Published split: CSV file, columns `case` and `split` (train, validation, test)."),
    ] = None,
    save_predictions: Annotated[
        bool, typer.Option("--save-predictions", help="Write predicted masks to RESULTS/predictions.")
    ] = False,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Pretrain methods, adapt them to tasks, score, store, and update the leaderboard; only what is missing is run."""
    from bench.session import RunRequest, execute

    request = RunRequest(
        methods=method,
        tasks=task,
        protocols=protocol,
        backbones=backbone,
        seeds=tuple(seed) if seed else tuple(range(seeds)),
        profile=profile,
        overrides=tuple(set_ or ()),
        corpus=corpus,
        data_root=data_root,
        plugins=tuple(plugin or ()),
        results=results,
        cache=cache,
        device=device,
        workers=workers,
        split=split,
        save_predictions=save_predictions,
    )
    try:
        summary = execute(request, quiet=quiet or as_json)
    except KeyboardInterrupt:
        raise Interrupted("stopped. Finished runs and the last epoch are kept; the same command continues.") from None
    if as_json:
        _print_json(summary.to_json())
        return
    for line in summary.lines:
        typer.echo(line)


@app.command(epilog="Example: bench leaderboard --results results")
def leaderboard(
    results: Results = Path("results"),
    markdown: Annotated[bool, typer.Option("--markdown", help="Print the tables as Markdown.")] = False,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Regenerate the CSV files in results/leaderboard from the records alone."""
    from bench.session import regenerate

    board = regenerate(results)
    for problem in board.problems:
        typer.echo(f"Warning: {problem}", err=True)
    if as_json:
        _print_json({"files": [str(p) for p in board.files], "records": board.records, "problems": board.problems})
    elif markdown:
        typer.echo(board.markdown, nl=False)
    elif not quiet:
        typer.echo(f"{board.records} records -> {len(board.files)} files")
        for path in board.files:
            typer.echo(str(path))


@app.command("list", epilog="Example: bench list methods")
def list_(
    what: Annotated[str, typer.Argument(help="methods, tasks, protocols, backbones or corpora.")],
    plugin: Plugins = None,
    as_json: Json = False,
) -> None:
    """List what can be run."""
    from bench.describe import listing

    rows = listing(what, plugin or [])
    if as_json:
        _print_json([{"name": name, "about": about} for name, about in rows])
        return
    width = max(len(name) for name, _ in rows)
    for name, about in rows:
        typer.echo(f"{name:<{width}}  {about}")


@app.command(epilog="Examples: bench show brain_tumor · bench show lvmmed")
def show(
    name: Annotated[str, typer.Argument(help="A task or a method.")],
    plugin: Plugins = None,
    as_json: Json = False,
) -> None:
    """Describe a task (layout, splits, metric, settings, citation, licence, how to get it) or a method (settings)."""
    from bench.describe import describe, to_text

    facts = describe(name, plugin or [])
    if as_json:
        _print_json(facts)
    else:
        typer.echo(to_text(facts))


@data_app.command("status", epilog="Example: bench data status --data-root ~/data")
def data_status_(data_root: DataRoot = None, as_json: Json = False) -> None:
    """Say which data sets were found under the data root, what is missing, and counts found against expected."""
    from bench.describe import data_facts, data_lines

    facts = data_facts(data_root)
    if as_json:
        _print_json(facts)
    else:
        for line in data_lines(facts):
            typer.echo(line)


@data_app.command("clean", epilog="Example: bench data clean")
def data_clean(
    cache: Cache = None,
    as_json: Json = False,
) -> None:
    """Delete decoded data from the cache; it is decoded again when it is next needed. Checkpoints are kept."""
    from bench.disk_cache import clean
    from bench.session import default_cache

    files, size_bytes = clean(cache or default_cache())
    if as_json:
        _print_json({"files": files, "bytes": size_bytes})
    else:
        typer.echo(f"Deleted {files} decoded files ({size_bytes / 2**20:.1f} MiB).")


@data_app.command("phantom", epilog="Example: bench data phantom drive,brats")
def data_phantom(
    task: Annotated[
        str, typer.Argument(help="Task(s) whose data sets are written, comma-separated, or `all`.")
    ] = "all",
    cache: Cache = None,
) -> None:
    """Write small synthetic data sets in the owners' layouts and print the data root that holds them."""
    from bench.phantom import ensure_phantoms
    from bench.plan import expand_names
    from bench.registry import tasks
    from bench.session import default_cache

    data_sets = [tasks().get(name).data for name in expand_names(task, tasks())]
    typer.echo(ensure_phantoms(data_sets, cache or default_cache()))


@app.command(hidden=True)
def schema() -> None:
    """Print the JSON schema of a record."""
    from bench.records import schema_text

    typer.echo(schema_text(), nl=False)


def _print_json(value: Any) -> None:
    typer.echo(json.dumps(value, indent=2, sort_keys=True, default=str))


def main() -> None:
    """Run the command line; every `BenchError` becomes one message and its exit code."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        code = app(standalone_mode=False)
    except BenchError as error:
        typer.echo(f"{'Interrupted' if isinstance(error, Interrupted) else 'Error'}: {error}", err=True)
        sys.exit(error.exit_code)
    except Exception as error:
        if type(error).__module__.startswith(("click", "typer")) and hasattr(error, "show"):
            error.show()
            sys.exit(2)
        raise
    sys.exit(code if isinstance(code, int) else 0)
