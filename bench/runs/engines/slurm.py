"""A grid as an array job of SLURM: one task for each unit that is not finished."""

from __future__ import annotations

import math
import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from bench.core.console import Report
from bench.models.checkpoints import ENCODER_FILE
from bench.results.record import Record
from bench.results.store import Store, lines_of
from bench.runs.checks import check_request
from bench.runs.engines.resources import Resources, most, resources_of
from bench.runs.engines.shards import UNIT_DIGITS
from bench.runs.engines.unit import Unit, units_of
from bench.runs.request import RunRequest
from bench.runs.resolve import resolve_all
from bench.runs.run import checkpoint_folder
from bench.runs.session import contestants_of, prepare_world
from bench.runs.studies.cells import plan_cells

LONGER = 2.0
"""Time that is asked for, over what records say."""
LEAST_MINUTES = 10
VARIABLES = ("BENCH_DATA", "BENCH_RESULTS", "BENCH_CACHE", "BENCH_DECODED_GIB")


def array_script(request: RunRequest, arguments: Sequence[str], *, quiet: bool) -> str:
    """The script for `sbatch`, whose tasks are `bench run` with these arguments and the name of one unit.

    A task whose unit was finished meanwhile does nothing, so that the script may be submitted again. Units are known by
    the hash of their encoder: one of other settings or data is an error.

    Raises:
        BenchError: everything that is wrong with the request.
    """
    report = Report(quiet=quiet)
    check_request(request)
    plans, _ = plan_cells(request, contestants_of(request, report))
    world, options = prepare_world(plans, request, report)
    runs = resolve_all(plans, options, world, world.decoded)
    records, unread = Store(request.results).load()
    for line in lines_of(unread):
        report.warn(line)
    stored = {record.identity for record in records}
    units = units_of(list({run.identity: run for run in runs if run.identity not in stored}.values()))
    if not units:
        return "#!/bin/bash\n# Nothing to run: every run of this grid is stored.\n"
    wanted = [_wanted(unit, request, records, options.cache) for unit in units]
    return "\n".join([*_head(units, wanted), *_body(units, wanted, arguments)]) + "\n"


def _wanted(unit: Unit, request: RunRequest, records: Sequence[Record], cache: Path) -> Resources:
    from bench.engine.compute import pick_device

    gpu = request.device.startswith("cuda") or (request.device == "auto" and pick_device("auto").type == "cuda")
    there = (checkpoint_folder(unit.runs[0], cache) / ENCODER_FILE).is_file()
    return resources_of(unit, records, cpus=request.cpus, workers=request.workers, gpu=gpu, there=there)


def _head(units: Sequence[Unit], wanted: Sequence[Resources]) -> list[str]:
    """The lines that SLURM reads."""
    every = most(wanted)
    lines = [
        "#!/bin/bash",
        "# One task for each encoder of a grid, with its pretraining and its runs. Submit it with sbatch; a task whose",
        "# unit is finished does nothing. Partition, account and limits of your cluster are options of sbatch.",
        "#SBATCH --job-name=bench",
        f"#SBATCH --array=0-{len(units) - 1}",
        f"#SBATCH --cpus-per-task={every.cpus}",
    ]
    lines += [f"#SBATCH --gres=gpu:{every.gpus}"] if every.gpus else []
    lines += [f"#SBATCH --mem={every.memory_mib}M"] if every.memory_mib else []
    if every.seconds is None:
        lines.append("# No record tells how long a unit takes: give sbatch a --time.")
    else:
        minutes = max(math.ceil(LONGER * every.seconds / 60), LEAST_MINUTES)
        lines.append(f"#SBATCH --time={minutes // 60:02d}:{minutes % 60:02d}:00")
    return lines


def _body(units: Sequence[Unit], wanted: Sequence[Resources], arguments: Sequence[str]) -> list[str]:
    """The lines that a task runs."""
    named = [f"export {name}={shlex.quote(os.environ[name])}" for name in VARIABLES if os.environ.get(name)]
    rows = []
    for unit, one in zip(units, wanted, strict=True):
        length = "" if one.seconds is None else f", about {one.seconds:.0f} s"
        name = " ".join(unit.name.split())
        rows.append(f"    {unit.key[:UNIT_DIGITS]}  # {name}: {len(unit.runs)} run{'s' * (len(unit.runs) > 1)}{length}")
    command = shlex.join([sys.executable, "-m", "bench", "run", *arguments])
    return [
        "set -euo pipefail",
        f"cd {shlex.quote(str(Path.cwd()))}",
        *named,
        "export OMP_NUM_THREADS=${SLURM_CPUS_PER_TASK:-1}",
        "units=(",
        *rows,
        ")",
        f'exec {command} --unit "${{units[$SLURM_ARRAY_TASK_ID]}}"',
    ]
