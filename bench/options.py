"""Options that several commands share, declared once."""

from pathlib import Path
from typing import Annotated

import typer

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
        help="Weights from a file as a contestant: FILE, NAME=FILE, imagenet[:BACKBONE] or a .toml; repeatable.",
    ),
]
Protocols = Annotated[
    list[str] | None,
    typer.Option("--protocol", help="Evaluation protocol(s), comma-separated or repeated; default: each task's own."),
]
Backbones = Annotated[
    str | None, typer.Option(help="Encoder(s); default: the checkpoints' own, else resnet18 (quick), resnet50 (paper).")
]
Seeds = Annotated[int, typer.Option(min=1, help="Number of seeds: 0 to N-1.")]
Seed = Annotated[list[int] | None, typer.Option(min=0, help="Run this seed instead; repeatable.")]
Profile = Annotated[str, typer.Option(help="quick (a laptop) or paper (the published settings).")]
Set = Annotated[list[str] | None, typer.Option("--set", help="Override a setting: section.key=value; repeatable.")]
CorpusName = Annotated[str, typer.Option(help="Pretraining images: pool, task, or a manifest (.csv, .toml).")]
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
    Path | None, typer.Option(help="Published split: CSV file, columns `case` and `split` (train, validation, test).")
]
