"""`bench predict`: the scores of a model that a run kept."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bench.cli.options import (
    Cache,
    DataFiles,
    DataRoot,
    Device,
    Json,
    Plugins,
    Quiet,
    Results,
    SavePredictions,
    Workers,
    echo,
    output_option,
    print_json,
)

PREDICT_EXAMPLES = (
    "Examples:\n\n"
    "bench run --method simclr --task drive --keep-model --data-root ~/data\n\n"
    "bench predict RESULTS/runs/real/quick/simclr/drive/FILE.json --data-root ~/data\n\n"
    "bench predict 0123456789ab --task other_fundus --every-case --save-predictions --data-root ~/data\n\n"
    "bench predict 0123456789ab --data other_site.toml --every-case"
)


RunName = Annotated[str, typer.Argument(help="A record's .json file, or six or more digits of its identity.")]
OtherTask = Annotated[
    str | None,
    typer.Option(
        "--task",
        "-t",
        metavar="NAME",
        help="Another task of the same kind and classes; default: that of --data, else the run's own.",
    ),
]
EveryCase = Annotated[
    bool, typer.Option("--every-case", help="Score all cases of the data set instead of its test split.")
]
Output = Annotated[Path | None, output_option(metavar="FILE", help="CSV file to write, with a row for each case.")]


def predict(
    run: RunName,
    task: OtherTask = None,
    every_case: EveryCase = False,
    save_predictions: SavePredictions = False,
    output: Output = None,
    data_root: DataRoot = None,
    data: DataFiles = None,
    plugin: Plugins = None,
    results: Results = Path("results"),
    cache: Cache = None,
    device: Device = "auto",
    workers: Workers = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Score the adapted model that a run kept (--keep-model) on its own test cases again, or on other data.

    No record is written, and nothing is trained.
    """
    from bench.api import models
    from bench.core.files import require_writable, write_text

    if output:
        require_writable(output.parent, "output")
    found = models.predict(
        run, task, every_case=every_case, save_predictions=save_predictions, plugins=plugin or (), data=data or (),
        data_root=data_root, results=results, cache=cache, device=device, workers=workers, quiet=quiet or as_json,
    )  # fmt: skip
    if output:
        write_text(output, found.cases.to_csv(index=False))
    if as_json:
        print_json(found.to_json())
        return
    for line in found.lines:
        echo(line)
