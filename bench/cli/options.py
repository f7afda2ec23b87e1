"""Options that several commands share, declared once, and the arguments that they make up."""

from __future__ import annotations

import functools
import inspect
import json
from collections.abc import Callable, Collection, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bench.cli.completion import names_beginning
from bench.core.escape import printable

if TYPE_CHECKING:
    from bench.core.task import DataSet

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
        "--save-predictions", help="Write predicted masks, or pictures of predicted boxes, to RESULTS/predictions."
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
Compile = Annotated[
    bool | None,
    computing_option("--compile/--no-compile", help="Compile the encoder's pretraining. Default: where that pays."),
]
Split = Annotated[
    Path | None,
    places_option(
        metavar="FILE",
        help="Published split: CSV file, columns `case` and `split` (train, validation, test); or `grouped`: drawn so "
        "that no near duplicates stand on two sides.",
    ),
]


def run_options(
    protocol: Protocols = None,
    backbone: Backbones = None,
    seeds: Seeds = None,
    seed: Seed = None,
    profile: Profile = None,
    set_: Set = None,
    config: Config = None,
    corpus: CorpusName = None,
    data_root: DataRoot = None,
    data: DataFiles = None,
    plugin: Plugins = None,
    results: Results = Path("results"),
    cache: Cache = None,
    device: Device = "auto",
    workers: Workers = None,
    compile_: Compile = None,
    split: Split = None,
) -> dict[str, Any]:
    """The options of every running command that have a value, as arguments of `bench.run`; a study may give others."""
    from bench.runs.config import parse_overrides

    options = {
        "protocols": listed(*(protocol or ())),
        "backbones": listed(backbone or ""),
        "seeds": seed or seeds,
        "profile": profile,
        "settings": parse_overrides(set_ or ()),
        "config": config or (),
        "corpus": corpus,
        "data_root": data_root,
        "data": data or (),
        "plugins": plugin or (),
        "results": results,
        "cache": cache,
        "device": device,
        "workers": workers,
        "compile": compile_,
        "split": split,
    }
    return {name: value for name, value in options.items() if value is not None}


def listed(*texts: str) -> list[str]:
    """Names in comma-separated texts."""
    return [name.strip() for text in texts for name in text.split(",") if name.strip()]


def found_data_sets(
    task: str,
    data_root: Path | None,
    data: Sequence[Path] | None = None,
    plugins: Sequence[Path] | None = None,
) -> tuple[Path, list[DataSet]]:
    """The data root and the data sets of some tasks; `all` is what lies under the root. Raises `BenchError`.

    Those of the files `data` are among them, and are all there are where no task is named; they need no data root.
    """
    from bench.core.errors import DataError
    from bench.core.registry import tasks
    from bench.data.dataset import find_data_sets
    from bench.data.root import ROOT_VARIABLE, resolve_root
    from bench.runs.plan import expand_names
    from bench.runs.plugin_files import add_files
    from bench.runs.request import declared_tasks

    add_files(plugins or ())
    declared = declared_tasks(data or (), data_root)
    every = task.strip() == "all" or not (task.strip() or declared)
    names = () if every else expand_names([*listed(task), *declared], tasks())
    wanted = tasks().working() if every else {name: tasks().get(name) for name in names}
    known = {one.data.name: one.data for one in wanted.values()}
    root = resolve_root(data_root)
    if root is None:
        places = [d.declared.folder if d.declared else None for d in known.values()]
        if every or not places or None in places:
            raise DataError(f"No data root is set.\nGive --data-root, or set {ROOT_VARIABLE}.")
        return places[0] or Path(), list(known.values())
    if every:
        known = {name: known[name] for name in sorted(find_data_sets(root, known.values()))}
    if not known:
        raise DataError(f"{root}: no known data set is in this data root.\nList them: bench data status.")
    return root, list(known.values())


def takes_run_options(command: Callable[..., None], without: Collection[str] = ()) -> Callable[..., None]:
    """Give a command the options of `run_options` after its own; it gets what they make as `options`.

    It does not have those in `without`.

    An option that a command declares itself is its own, and `options` has the default of it.
    """
    own, every = (inspect.signature(f, eval_str=True).parameters for f in (command, run_options))
    shared = {name: parameter for name, parameter in every.items() if name not in own and name not in without}

    @functools.wraps(command)
    def call(**given: Any) -> None:
        options = run_options(**{name: given.pop(name) for name in shared})
        command(**given, options=options)

    parameters = [*(p for name, p in own.items() if name != "options"), *shared.values()]
    parameters = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in parameters]
    call.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    call.__annotations__ = {p.name: p.annotation for p in parameters}
    return call


def print_json(value: Any) -> None:
    """One JSON document on standard output."""
    echo(json.dumps(value, indent=2, sort_keys=True, default=str))


def echo(text: object, *, err: bool = False, nl: bool = True) -> None:
    """Print to standard output, or to standard error: the only way in which commands print, see `escape.printable`."""
    typer.echo(printable(str(text)), err=err, nl=nl)
