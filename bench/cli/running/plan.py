"""`bench plan`: what `bench run` would do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from bench.cli.options import (
    Checkpoints,
    Json,
    Methods,
    Quiet,
    Tasks,
    echo,
    listed,
    output_option,
    print_json,
)
from bench.cli.running.run_options import takes_run_options

if TYPE_CHECKING:
    from bench.runs.studies.preview import Preview

PLAN_EXAMPLES = (
    "Examples:\n\n"
    "bench plan --config study.toml --data-root ~/data\n\n"
    "bench plan --config study.toml --from-records\n\n"
    "bench plan --method simclr,random --task brain_tumor --seeds 5 --json"
)


@takes_run_options
def plan(
    task: Tasks = "",
    method: Methods = "",
    checkpoint: Checkpoints = None,
    from_records: Annotated[
        bool,
        output_option("--from-records", help="Read no data: find stored runs of real data by their settings alone."),
    ] = False,
    quiet: Quiet = False,
    as_json: Json = False,
    *,
    options: dict[str, Any],
) -> None:
    """Say what bench run would do: cells, shared pretrainings, what is stored, estimated hours, and all errors.

    Nothing is trained, and nothing is written to the results folder.
    """
    from bench.api import grids

    found = grids.plan(
        listed(method), listed(task), checkpoints=checkpoint or (), from_records=from_records,
        quiet=quiet or as_json, **options,
    )  # fmt: skip
    show_plan(found, as_json=as_json)


def show_plan(found: Preview, *, as_json: bool) -> None:
    """Print a plan. Raises `BenchError` with everything that is wrong with it."""
    if as_json:
        print_json(found.to_json())
    else:
        for line in found.lines:
            echo(line)
    found.problems.raise_all()
