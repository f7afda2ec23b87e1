"""The commands that run something: parse and print, no logic."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bench.cli.boards import say_board
from bench.cli.options import (
    Checkpoints,
    Cpus,
    Engine,
    FailFast,
    Json,
    Methods,
    Quiet,
    SavePredictions,
    ShardOf,
    Tasks,
    UnitName,
    echo,
    listed,
    output_option,
    print_json,
)
from bench.cli.running.plan import PLAN_EXAMPLES, plan, show_plan
from bench.cli.running.predict import PREDICT_EXAMPLES, predict
from bench.cli.running.run_options import takes_run_options
from bench.core.errors import Interrupted, RunsFailed, came_of_interruption

if TYPE_CHECKING:
    from bench.runs.ablate import AblationSummary
    from bench.runs.session import Runs

RUN_EXAMPLES = (
    "Examples:\n\n"
    "bench run --method lvmmed --task brain_tumor\n\n"
    "bench run --method simclr,byol,dino,lvmmed,random --task all --data-root ~/data --seeds 3\n\n"
    "bench run --method simclr --task brain_tumor --set method.temperature=0.2 --set pretrain.epochs=20\n\n"
    "bench run --config study.toml --data-root ~/data\n\n"
    "bench run --method mymethod --plugin mymethod.py --task brain_tumor_linear --seed 7\n\n"
    "bench run --method simclr --data my_cells.toml\n\n"
    "bench run --checkpoint moco=moco_v2_800ep.pth.tar --checkpoint imagenet:resnet50 --task brain_tumor_linear"
)
ABLATE_EXAMPLES = (
    "Examples:\n\n"
    "bench ablate lvmmed --task brain_tumor_linear --seeds 3 --against random --against simclr\n\n"
    "bench ablate lvmmed --task brain_tumor_linear --only without_second_order --set pretrain.epochs=20\n\n"
    "bench ablate lvmmed --task brain_tumor_linear --from-records --markdown"
)
TUNE_EXAMPLES = (
    "Examples:\n\n"
    "bench tune simclr,byol --task fgadr_linear --trials 20 --data-root ~/data\n\n"
    "bench run --method simclr,byol --task brain_tumor --config tuned/simclr.toml --config tuned/byol.toml"
)


def register(app: typer.Typer) -> None:
    """Add the commands that run something."""
    app.command("run", epilog=RUN_EXAMPLES)(run)
    app.command("plan", epilog=PLAN_EXAMPLES)(plan)
    app.command("predict", epilog=PREDICT_EXAMPLES)(predict)
    app.command("ablate", epilog=ABLATE_EXAMPLES)(ablate)
    app.command("tune", epilog=TUNE_EXAMPLES)(tune)


@takes_run_options
def run(
    task: Tasks = "",
    method: Methods = "",
    checkpoint: Checkpoints = None,
    shard: ShardOf = "",
    unit: UnitName = "",
    save_predictions: SavePredictions = False,
    keep_model: Annotated[
        bool,
        output_option("--keep-model", help="Write each adapted model to RESULTS/models, for bench predict."),
    ] = False,
    engine: Engine = "local",
    cpus: Cpus = None,
    fail_fast: FailFast = False,
    dry_run: Annotated[bool, output_option("--dry-run", help="Run nothing: say what would be, as bench plan.")] = False,
    quiet: Quiet = False,
    as_json: Json = False,
    *,
    options: dict[str, Any],
) -> None:
    """Pretrain methods, adapt them to tasks, score, store, and update the leaderboard; only what is missing is run."""
    from bench.api import grids

    more: dict[str, Any] = {"checkpoints": checkpoint or ()}
    if dry_run:
        show_plan(grids.plan(listed(method), listed(task), quiet=quiet or as_json, **more, **options), as_json=as_json)
        return
    more |= {"save_predictions": save_predictions, "keep_model": keep_model, "fail_fast": fail_fast}
    more |= {"engine": engine, "cpus": cpus, "shard": shard, "unit": unit}
    with continuable(), shown_before_failures(partial(_show_runs, as_json=as_json)) as show:
        show(grids.run(listed(method), listed(task), quiet=quiet or as_json, **more, **options))


def _show_runs(runs: Runs, *, as_json: bool) -> None:
    if as_json:
        print_json(runs.to_json())
        return
    for line in runs.opening:
        echo(line)
    say_board(runs.board)
    for line in runs.closing:
        echo(line)


@takes_run_options
def ablate(
    method: Annotated[str, typer.Argument(help="The method; `bench show METHOD` lists its ablations.")],
    task: Annotated[str, typer.Option("--task", "-t", help="One downstream task, or that of --data.")] = "",
    only: Annotated[list[str] | None, typer.Option(help="This ablation beside `full`; repeatable.")] = None,
    against: Annotated[list[str] | None, typer.Option(help="Another method as a row; repeatable.")] = None,
    from_records: Annotated[
        bool, typer.Option("--from-records", help="Run nothing: every table of this method, data set and profile.")
    ] = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print the tables as Markdown.")] = False,
    fail_fast: FailFast = False,
    quiet: Quiet = False,
    as_json: Json = False,
    *,
    options: dict[str, Any],
) -> None:
    """Run a method's declared ablations over seeds, beside the method itself, and tabulate the differences.

    Default protocols: the task's own and, where it applies, knn. The runs are ordinary ones; nothing is repeated.
    """
    from bench.api import grids

    rows: dict[str, Any] = {
        "only": only or (),
        "against": listed(*(against or ())),
        "from_records": from_records,
        "fail_fast": fail_fast,
    }
    with continuable(), shown_before_failures(partial(_show_ablation, as_json=as_json, markdown=markdown)) as show:
        show(grids.ablate(method, task, quiet=quiet or as_json or markdown, **rows, **options))


def _show_ablation(ablation: AblationSummary, *, as_json: bool, markdown: bool) -> None:
    if as_json:
        print_json(ablation.to_json())
        return
    echo(ablation.text(markdown=markdown))
    if not markdown:
        for path in ablation.files:
            echo(f"Table: {path}")


@takes_run_options
def tune(
    method: Annotated[str, typer.Argument(help="Method(s), comma-separated; each gets as many trials.")],
    task: Annotated[
        str, typer.Option("--task", "-t", help="One task, or that of --data, on a data set that no table will score.")
    ] = "",
    trials: Annotated[int, typer.Option(min=2, help="Of each method; the first has its own settings.")] = 20,
    sampler: Annotated[str, typer.Option(help="tpe or random.")] = "tpe",
    out: Annotated[
        Path | None, typer.Option(help="One file for all methods; default: tuned/METHOD.toml for each.")
    ] = None,
    protocol: Annotated[
        str | None, typer.Option(help="What a trial is scored by; default: knn where it applies, else the task's own.")
    ] = None,
    seeds: Annotated[int, typer.Option(min=1, help="Seeds of a trial: 1000 to 1000 + N-1.")] = 1,
    seed: Annotated[list[int] | None, typer.Option(min=0, help="Use this seed instead; repeatable.")] = None,
    quiet: Quiet = False,
    as_json: Json = False,
    *,
    options: dict[str, Any],
) -> None:
    """Try settings that methods declare, choose by validation, and write the best as files for --config of bench run.

    Trials are kept under RESULTS/tuning; the same command goes on where it stopped, and more --trials add to them.
    """
    from bench.api import grids

    own: dict[str, Any] = {"trials": trials, "sampler": sampler, "out": out, "protocol": protocol}
    shared = {name: value for name, value in options.items() if name not in ("protocols", "seeds")}
    with continuable():
        tuning = grids.tune(listed(method), task, seeds=seed or seeds, quiet=quiet or as_json, **own, **shared)
    if as_json:
        print_json(tuning.to_json())
        return
    for line in tuning.lines:
        echo(line)


@contextmanager
def shown_before_failures(show: Callable[[Any], None]) -> Iterator[Callable[[Any], None]]:
    """Gives `show`; where runs fail in the block, what the others came to is shown before the error."""
    try:
        yield show
    except RunsFailed as error:
        if error.result is not None:
            show(error.result)
        raise


@contextmanager
def continuable() -> Iterator[None]:
    """Say what an interruption has left."""
    try:
        yield
    except (KeyboardInterrupt, Exception) as error:
        if not came_of_interruption(error):
            raise
        raise Interrupted("stopped. Finished runs and the last epoch are kept; the same command continues.") from None
