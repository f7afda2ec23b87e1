"""Options that several commands share, declared once, and the arguments that they make up."""

from __future__ import annotations

import functools
import inspect
import json
from collections.abc import Callable, Collection
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bench.core.escape import printable

if TYPE_CHECKING:
    from bench.core.task import DataSet

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
Plugins = Annotated[
    list[Path] | None, typer.Option("--plugin", help="Python file with a method of your own; repeatable.")
]
Checkpoints = Annotated[
    list[str] | None,
    typer.Option(
        "--checkpoint",
        help="Weights from a file as a contestant: FILE, NAME=FILE, hf:OWNER/NAME@REVISION, "
        "imagenet[:BACKBONE] or a .toml; repeatable.",
    ),
]
Protocols = Annotated[
    list[str] | None,
    typer.Option("--protocol", help="Evaluation protocol(s), comma-separated or repeated; default: each task's own."),
]
Backbones = Annotated[
    str | None,
    typer.Option(
        help="Encoder(s), also timm:NAME and torchvision:NAME; default: the checkpoints' own, else resnet18 (quick), "
        "resnet50 (paper)."
    ),
]
Seeds = Annotated[int, typer.Option(min=1, help="Number of seeds: 0 to N-1.")]
Seed = Annotated[list[int] | None, typer.Option(min=0, help="Run this seed instead; repeatable.")]
Profile = Annotated[str, typer.Option(help="quick (a laptop) or paper (the published settings).")]
Set = Annotated[list[str] | None, typer.Option("--set", help="Override a setting: section.key=value; repeatable.")]
Config = Annotated[
    list[Path] | None,
    typer.Option("--config", help="TOML file with settings, as `bench tune` writes; --set wins; repeatable."),
]
CorpusName = Annotated[str, typer.Option(help="Pretraining images: pool, task, a folder, or a manifest (.csv, .toml).")]
Cache = Annotated[Path | None, typer.Option(help="Checkpoints and phantoms.", envvar="BENCH_CACHE")]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:N.")]
Workers = Annotated[
    int | None, typer.Option(min=0, help="Processes that load images; changes no result. Default: suits the device.")
]
Compile = Annotated[
    bool | None,
    typer.Option("--compile/--no-compile", help="Compile the encoder's pretraining. Default: where that pays."),
]
Split = Annotated[
    Path | None,
    typer.Option(
        help="Published split: CSV file, columns `case` and `split` (train, validation, test); or `grouped`: drawn so "
        "that no near duplicates stand on two sides."
    ),
]


def run_options(
    protocol: Protocols = None,
    backbone: Backbones = None,
    seeds: Seeds = 3,
    seed: Seed = None,
    profile: Profile = "quick",
    set_: Set = None,
    config: Config = None,
    corpus: CorpusName = "pool",
    data_root: DataRoot = None,
    plugin: Plugins = None,
    results: Results = Path("results"),
    cache: Cache = None,
    device: Device = "auto",
    workers: Workers = None,
    compile_: Compile = None,
    split: Split = None,
) -> dict[str, Any]:
    """The options of every running command as arguments of `bench.run`; methods and tasks are the command's own."""
    from bench.runs.config import parse_overrides

    return {
        "protocols": listed(*(protocol or ())),
        "backbones": listed(backbone or ""),
        "seeds": seed or seeds,
        "profile": profile,
        "settings": parse_overrides(set_ or ()),
        "config": config or (),
        "corpus": corpus,
        "data_root": data_root,
        "plugins": plugin or (),
        "results": results,
        "cache": cache,
        "device": device,
        "workers": workers,
        "compile": compile_,
        "split": split,
    }


def listed(*texts: str) -> list[str]:
    """Names in comma-separated texts."""
    return [name.strip() for text in texts for name in text.split(",") if name.strip()]


def found_data_sets(task: str, data_root: Path | None) -> tuple[Path, list[DataSet]]:
    """The data root and the data sets of some tasks; `all` is what lies under the root. Raises `BenchError`."""
    from bench.core.errors import DataError
    from bench.core.registry import tasks
    from bench.data.dataset import find_data_sets
    from bench.data.root import ROOT_VARIABLE, resolve_root
    from bench.runs.plan import expand_names

    names = list(tasks().plugins) if task.strip() == "all" else expand_names(listed(task), tasks())
    known = {(d := tasks().get(name).data).name: d for name in names}
    root = resolve_root(data_root)
    if root is None:
        raise DataError(f"No data root is set.\nGive --data-root, or set {ROOT_VARIABLE}.")
    if task.strip() == "all":
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
