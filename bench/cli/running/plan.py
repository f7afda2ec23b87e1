"""`bench plan`: what `bench run` would do."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

from bench.cli.options import (
    Checkpoints,
    Cpus,
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
from bench.core.errors import UsageError

if TYPE_CHECKING:
    from bench.runs.studies.preview import Preview

SLURM = "--slurm"
PLAN_EXAMPLES = (
    "Examples:\n\n"
    "bench plan --config study.toml --data-root ~/data\n\n"
    "bench plan --config study.toml --from-records\n\n"
    "bench plan --config study.toml --data-root ~/data --slurm > grid.sh; sbatch grid.sh\n\n"
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
    slurm: Annotated[
        bool,
        output_option(SLURM, help="Print an array script for sbatch instead, with a task for each unfinished encoder."),
    ] = False,
    cpus: Cpus = None,
    quiet: Quiet = False,
    as_json: Json = False,
    *,
    options: dict[str, Any],
) -> None:
    """Say what bench run would do: cells, shared pretrainings, what is stored, estimated hours, and all errors.

    Nothing is trained, and nothing is written to the results folder.
    """
    from bench.api import grids

    if slurm:
        if from_records:
            raise UsageError("--slurm needs the data, to name encoders: leave --from-records out.")
        same: dict[str, Any] = {"checkpoints": checkpoint or (), "cpus": cpus, **options}
        echo(grids.slurm_script(listed(method), listed(task), arguments=own_arguments(), quiet=quiet, **same), nl=False)
        return
    found = grids.plan(
        listed(method), listed(task), checkpoints=checkpoint or (), from_records=from_records,
        quiet=quiet or as_json, **options,
    )  # fmt: skip
    show_plan(found, as_json=as_json)


def own_arguments() -> list[str]:
    """The arguments of this command that `bench run` has too."""
    first = sys.argv.index("plan")
    return [one for one in sys.argv[first + 1 :] if one not in (SLURM, "--json", "--quiet", "-q", "--debug")]


def show_plan(found: Preview, *, as_json: bool) -> None:
    """Print a plan. Raises `BenchError` with everything that is wrong with it."""
    if as_json:
        print_json(found.to_json())
    else:
        for line in found.lines:
            echo(line)
    found.problems.raise_all()
