"""Models that runs kept, from Python."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.core.errors import UsageError, closest
from bench.core.task import Task
from bench.results.record import Record
from bench.runs.plugin_files import add_files
from bench.runs.request import declared_tasks, paths_of, task_names

if TYPE_CHECKING:
    from bench.runs.kept.predict import Prediction, PredictRequest

AnyPath = str | Path
_PATHS = ("data_root", "results", "cache")


def predict(
    run: AnyPath | Record,
    task: str | Task | None = None,
    *,
    every_case: bool = False,
    save_predictions: bool = False,
    plugins: Any = (),
    data: Any = (),
    quiet: bool = False,
    **options: Any,
) -> Prediction:
    """Score the adapted model that a run kept (`keep_model=True` of `run`), on its own test cases or on other data.

    Args:
        run: A record, its file, or six or more digits of its identity.
        task: Another task of the same kind and classes; default: that of a file in `data`, else the run's own.
        every_case: Score all cases of the data set instead of its test split.
        save_predictions: Write predicted masks, or pictures of predicted boxes, to RESULTS/predictions.
        plugins: Files with methods that the run needs.
        data: Files of data sets of your own, among them that of the run where it is of one and `task` is not given.
        quiet: Print nothing but warnings and errors.
        options: data_root, results, cache, device, workers, as for `run`.

    Returns:
        `metrics`, `domains`, and `cases`, one row a case.

    Raises:
        UsageError: no such run or task, or a task of another kind or other classes.
        StorageError: the run kept no model, or its file is not the one that was written.
        DataError: the data are not there, or cannot be read.
    """
    from bench.runs.kept.predict import execute_prediction

    text = run.identity if isinstance(run, Record) else str(run)
    add_files(paths_of(plugins))
    request = _request(text, task, every_case, save_predictions, options)
    request = replace(request, declared=declared_tasks(paths_of(data), request.data_root))
    return execute_prediction(request, quiet=quiet)


def _request(
    run: str, task: str | Task | None, every_case: bool, save_predictions: bool, options: dict[str, Any]
) -> PredictRequest:
    """The request of the arguments of `predict`. Raises `UsageError` for an unknown option."""
    from bench.runs.kept.predict import PredictRequest

    known = (*_PATHS, "device", "workers")
    for name in options:
        if name not in known:
            raise UsageError(f"Unknown option {name!r}.{closest(name, known)} Known: {', '.join(known)}.")
    given: dict[str, Any] = {n: Path(v) if n in _PATHS else v for n, v in options.items() if v is not None}
    names = task_names(task) if task is not None else (None,)
    return PredictRequest(run=run, task=names[0], every_case=every_case, save_predictions=save_predictions, **given)
