"""The command line: parse and print, no logic. Heavy imports happen inside commands: `bench --help` is instant."""

from __future__ import annotations

import errno
import sys
import traceback
from collections.abc import Sequence
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from bench.cli.boards import register as register_boards
from bench.cli.checking import register as register_checking
from bench.cli.compare import register as register_compare
from bench.cli.data.commands import register
from bench.cli.dev import register as register_dev
from bench.cli.failures import (
    UNEXPECTED,
    close_output,
    say_error,
    take_debug,
    tolerant_streams,
    unexpected_text,
)
from bench.cli.interrupts import ending_when_interrupted
from bench.cli.options import Cache, DataFiles, DataRoot, Json, Plugins, Results, echo, print_json
from bench.cli.pretraining import register as register_pretraining
from bench.cli.report import register as register_report
from bench.cli.running.commands import register as register_running
from bench.cli.sharing.commands import register as register_results
from bench.core.errors import BenchError, Interrupted, StorageError, UsageError
from bench.engine.process import prepare_process

EPILOG = (
    "Exit codes: 0 done · 2 wrong usage (unknown name or key) · 3 data · 4 plugin · 5 training · 6 storage · "
    "70 an error that nobody expected · 130 interrupted (the same command continues)."
)
app = typer.Typer(
    name="bench",
    epilog=EPILOG,
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)
data_app = typer.Typer(help="Look at the data sets under the data root.", no_args_is_help=True)
app.add_typer(data_app, name="data")
register(data_app)
results_app = typer.Typer(help="Check stored results again, pack them, merge those of others.", no_args_is_help=True)
app.add_typer(results_app, name="results")
register_results(results_app)
dev_app = typer.Typer(help="For developers of this project.", no_args_is_help=True)
app.add_typer(dev_app, name="dev", hidden=True)
register_dev(dev_app)
register_running(app)
register_pretraining(app)
register_boards(app)
register_compare(app)
register_report(app)
register_checking(app)


def _print_version(wanted: bool) -> None:
    if wanted:
        echo(f"medical-ssl-bench {version('medical-ssl-bench')}")
        raise typer.Exit


@app.callback()
def bench(
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
    _debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks of errors; with any command.")] = False,
) -> None:
    """Benchmark self-supervised pretraining in medical imaging: pair a method with a task, get a score to trust."""


@app.command(
    epilog="Examples:\n\n"
    "bench export encoder.safetensors --format timm\n\n"
    "bench export encoder.safetensors --format onnx --image-size 224 --output encoder.onnx"
)
def export(
    checkpoint: Annotated[Path, typer.Argument(help="A checkpoint of this harness, or any that --checkpoint reads.")],
    form: Annotated[str, typer.Option("--format", help="torchvision, timm, safetensors or onnx.")],
    output: Annotated[Path | None, typer.Option(help="File to write; default: beside the checkpoint.")] = None,
    image_size: Annotated[
        int | None, typer.Option(min=16, help="ONNX only: side of the input in pixels; default: 224.")
    ] = None,
    backbone: Annotated[str | None, typer.Option(help="Of another program's file; default: what fits best.")] = None,
    as_json: Json = False,
) -> None:
    """Write a pretrained encoder in the form that other programs load, and say how to load it."""
    from bench.core.console import Report
    from bench.models.export import export as export_

    done = export_(checkpoint, form, output, image_size, backbone)
    for notice in done.notices:
        Report().warn(notice)
    if as_json:
        print_json({"file": str(done.path), "backbone": done.backbone, "loading": done.loading, "check": done.check})
    else:
        echo(f"{done.path} ({done.backbone}; {done.check})\nLoad it: {done.loading}")


@app.command("list", epilog="Example: bench list methods")
def list_(
    what: Annotated[str, typer.Argument(help="methods, tasks, protocols, backbones, corpora or formats.")],
    plugin: Plugins = None,
    data_root: DataRoot = None,
    data: DataFiles = None,
    as_json: Json = False,
) -> None:
    """List what can be run."""
    from bench.cli.describe_text import list_lines
    from bench.runs.listing import listing

    rows = listing(what, plugin or [], data or (), data_root)
    if as_json:
        print_json(rows)
        return
    for line in list_lines(what, rows):
        echo(line)


@app.command(epilog="Examples: bench show brain_tumor · bench show lvmmed · bench show weights.pth")
def show(
    name: Annotated[
        str,
        typer.Argument(
            help="A task or its file, method, protocol, backbone, corpus, format, a file of weights, or a run: its "
            "record's file or the beginning of its identity."
        ),
    ],
    plugin: Plugins = None,
    backbone: Annotated[str | None, typer.Option(help="Of a file of weights; default: what fits best.")] = None,
    data_root: DataRoot = None,
    data: DataFiles = None,
    results: Results = Path("results"),
    cache: Cache = None,
    as_json: Json = False,
) -> None:
    """Describe a task (layout, splits, metric, settings, licence, how to get it), a method, weights or a stored run."""
    from bench.cli.describe import describe
    from bench.cli.describe_text import show_text

    facts = describe(name, plugin or [], data or (), data_root, backbone, results, cache)
    if as_json:
        print_json(facts)
    else:
        echo(show_text(facts))


@app.command(hidden=True)
def schema() -> None:
    """Print the JSON schema of a record."""
    from bench.results.record import schema_text

    echo(schema_text(), nl=False)


def main() -> None:
    """Run the command line; every `BenchError` becomes one message and its exit code, and so does everything else."""
    tolerant_streams()
    prepare_process()
    arguments = sys.argv[1:]
    debug = take_debug(arguments)
    with ending_when_interrupted():
        try:
            code = app(arguments, standalone_mode=False)
            close_output()
        except Exception as error:
            if debug:
                traceback.print_exc()
            code = _explain(error, arguments)
            with suppress(OSError):  # what could not be printed is given up; at its end Python would try again
                close_output()
        except KeyboardInterrupt:
            say_error("stopped.", "Interrupted")
            code = Interrupted.exit_code
    sys.exit(code if isinstance(code, int) else 0)


def _explain(error: Exception, arguments: Sequence[str]) -> int:
    """Say what is wrong, in one message; the exit code."""
    if isinstance(error, BenchError):
        say_error(str(error), "Interrupted" if isinstance(error, Interrupted) else "Error")
        return error.exit_code
    if type(error).__name__ == "Abort":  # what Typer makes of Ctrl-C
        say_error("stopped.", "Interrupted")
        return Interrupted.exit_code
    if type(error).__module__.startswith(("click", "typer")) and hasattr(error, "show"):
        error.show()
        return UsageError.exit_code
    if isinstance(error, BrokenPipeError):  # as in `bench list tasks | head -1`
        return 0
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EIO):
        say_error(f"{error.strerror}{f': {error.filename}' if error.filename else ' (standard output)'}.")
        return StorageError.exit_code
    if isinstance(error, OSError) and error.errno in (errno.ENAMETOOLONG, errno.ELOOP) and error.filename:
        say_error(f"{str(error.filename)[:80]} is no path that can be used: {error.strerror}. Name another one.")
        return StorageError.exit_code
    say_error(unexpected_text(error, arguments))
    return UNEXPECTED
