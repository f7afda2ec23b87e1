"""Options that several commands share, declared once, and the arguments that they make up."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from bench.cli.completion import names_beginning
from bench.core.escape import printable

grid_option, settings_option, places_option, computing_option, output_option = (
    partial(typer.Option, rich_help_panel=panel)
    for panel in ("What is run", "Settings", "Data and places", "Computing", "Output")
)
"""`typer.Option` in a panel of the help of commands that run something."""
Tasks = Annotated[
    str,
    grid_option(
        "--task",
        "-t",
        metavar="NAMES",
        autocompletion=names_beginning("task"),
        help="Downstream task(s), comma-separated, or `all`; those of --data besides.",
    ),
]
Methods = Annotated[
    str,
    grid_option(
        "--method",
        "-m",
        metavar="NAMES",
        autocompletion=names_beginning("method"),
        help="Pretraining method(s), comma-separated, or `all`.",
    ),
]
SavePredictions = Annotated[
    bool,
    output_option(
        "--save-predictions",
        help="Write predicted masks, or pictures of predicted boxes, and a contact sheet to RESULTS/predictions.",
    ),
]
Log = Annotated[
    list[str] | None,
    output_option(
        "--log",
        metavar="NAMES",
        help="Where else trainings are logged: `wandb`. CSV files and TensorBoard are always written to the cache.",
    ),
]
Quiet = Annotated[bool, output_option("--quiet", "-q", help="Print results and errors only.")]
Json = Annotated[
    bool,
    output_option("--json", help="Print one JSON document to standard output, for machines."),
]
Results = Annotated[
    Path,
    places_option(
        "--results", metavar="DIR", help="Results folder: runs/, splits/, leaderboard/.", envvar="BENCH_RESULTS"
    ),
]
DataRoot = Annotated[
    Path | None,
    places_option(
        "--data-root",
        metavar="DIR",
        help="Folder that holds one folder per data set, as `bench show TASK` describes.",
        envvar="BENCH_DATA",
    ),
]
DataFiles = Annotated[
    list[Path] | None,
    grid_option(
        "--data",
        metavar="FILE",
        help="TOML file of a data set of your own and its task (docs/own_data.md); repeatable.",
    ),
]
Plugins = Annotated[
    list[Path] | None,
    grid_option(
        "--plugin", metavar="FILE", help="Python file with methods, tasks, kinds or backbones of your own; repeatable."
    ),
]
Checkpoints = Annotated[
    list[str] | None,
    grid_option(
        "--checkpoint",
        metavar="FILE",
        help="Weights from a file as a contestant: FILE, NAME=FILE, hf:OWNER/NAME@REVISION, imagenet[:BACKBONE] or a "
        ".toml; repeatable.",
    ),
]
Protocols = Annotated[
    list[str] | None,
    grid_option(
        "--protocol",
        metavar="NAMES",
        autocompletion=names_beginning("protocol"),
        help="Evaluation protocol(s), comma-separated or repeated; default: each task's own.",
    ),
]
Backbones = Annotated[
    str | None,
    grid_option(
        metavar="NAMES",
        autocompletion=names_beginning("backbone"),
        help="Encoder(s), also timm:NAME and torchvision:NAME; default: the checkpoints' own, else resnet18 (quick), "
        "resnet50 (paper).",
    ),
]
Seeds = Annotated[
    int | None,
    grid_option(min=1, metavar="N", help="Number of seeds, 0 to N-1; default: 3."),
]
Seed = Annotated[
    list[int] | None,
    grid_option(min=0, metavar="N", help="Run this seed instead; repeatable."),
]
Profile = Annotated[
    str | None,
    settings_option(metavar="NAME", help="quick (a laptop; default) or paper (the published settings)."),
]
Set = Annotated[
    list[str] | None,
    settings_option("--set", metavar="S.KEY=V", help="Override a setting, as pretrain.epochs=20; repeatable."),
]
Config = Annotated[
    list[Path] | None,
    settings_option(
        "--config", metavar="FILE", help="TOML file with settings or a study; options and --set win; repeatable."
    ),
]
CorpusName = Annotated[
    str | None,
    places_option(
        metavar="NAME", help="Pretraining images: pool (default), task, a folder, or a manifest (.csv, .toml)."
    ),
]
Cache = Annotated[
    Path | None,
    places_option(metavar="DIR", help="Checkpoints and phantoms.", envvar="BENCH_CACHE"),
]
Device = Annotated[str, computing_option(metavar="NAME", help="auto, cpu, cuda or cuda:N.")]
Workers = Annotated[
    int | None,
    computing_option(
        min=0, metavar="N", help="Processes that load images; changes no result. Default: suits the device."
    ),
]
Views = Annotated[
    str | None,
    computing_option(
        metavar="WHERE",
        help="Compute views on the `cpu` or the `device`, where pixels differ by rounding. Default: device on a GPU.",
    ),
]
Compile = Annotated[
    bool | None,
    computing_option("--compile/--no-compile", help="Compile the encoder's pretraining. Default: where that pays."),
]
Split = Annotated[
    Path | None,
    places_option(
        metavar="FILE",
        help="Published split: CSV file, columns `case` and `split` (train, validation, test), or its name "
        "(`bench list splits`), as `lvmmed`; or `grouped`: drawn so that no near duplicates stand on two sides.",
    ),
]


def listed(*texts: str) -> list[str]:
    """Names in comma-separated texts."""
    return [name.strip() for text in texts for name in text.split(",") if name.strip()]


def print_json(value: Any) -> None:
    """One JSON document on standard output."""
    echo(json.dumps(value, indent=2, sort_keys=True, default=str))


def echo(text: object, *, err: bool = False, nl: bool = True) -> None:
    """Print to standard output, or to standard error: the only way in which commands print, see `escape.printable`."""
    typer.echo(printable(str(text)), err=err, nl=nl)
