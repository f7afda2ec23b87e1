"""What a task must be for its kind: a metric of the kind's, targets of its type, a reader that loads what it needs."""

from __future__ import annotations

from collections.abc import Sequence

from bench.core.errors import BenchError, DataError, PluginError, UsageError, closest
from bench.core.escape import one_line
from bench.core.kind import TaskKind
from bench.core.task import Case, Task
from bench.data.contract.loads import part_problems
from bench.data.splits import SplitCases


def require_sound(task: Task, kind: type[TaskKind], cases: Sequence[Case] = ()) -> None:
    """Raise `PluginError` unless a task and its cases are what its kind takes; nothing is opened.

    A metric that a data set's file names wrongly is a `UsageError`.
    """
    what = f"The task {task.name!r} of kind {task.kind!r}"
    metric, named = task.metric.partition("/")[::2]
    own = task.data.declared is not None
    error: type[BenchError]
    place, error = ("`metric` of the data set's file", UsageError) if own else ("Task.metric", PluginError)
    if metric not in kind.metrics:
        raise error(
            f"{what} has the metric {task.metric!r}, which is none of the kind's.{closest(metric, kind.metrics)} "
            f"Known: {', '.join(kind.metrics)}. Correct {place}."
        )
    if named and named not in task.data.classes:
        known = ", ".join(task.data.classes)
        raise error(
            f"{what} has the metric {task.metric!r}, and {named!r} is no class. Known: {known}. Correct {place}."
        )
    reader = type(task.data.reader).__name__
    for load in kind.loads:
        if not hasattr(task.data.reader, load):
            raise PluginError(f"{what}: its reader {reader} lacks {load}. Add `def {load}(self, case)` to it.")
    wanted = kind.target
    for case in cases if wanted else ():
        if wanted and not isinstance(case.target, wanted):
            raise PluginError(
                f"{what}: the target of {one_line(case.id)} is a {type(case.target).__name__}, expected "
                f"{wanted.__name__}. Correct Case.target in {reader}.read, or Task.kind."
            )


def require_samples(task: Task, split: SplitCases) -> None:
    """Load all parts of the first case of each side of a split. Raises `DataError` with what is wrong with one."""
    for cases in split.sides.values():
        for case in cases[:1]:
            problems, _ = part_problems(task.data, case)
            if problems:
                raise DataError(problems[0])
