"""Which task the model of a stored run is to be scored on, and whether it fits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from bench.core import registry
from bench.core.errors import UsageError
from bench.core.kind import TaskKind
from bench.core.task import Task
from bench.results.record import Record


def wanted_task(record: Record, name: str | None, declared: Sequence[str] = ()) -> Task:
    """The task that is named, else the one of `declared` that is not the run's own, else the run's own.

    Raises:
        UsageError: no such task, several of `declared`, or the run's own is that of a file which is not given.
    """
    others = [one for one in declared if one != record.task]
    if name is None and len(others) > 1:
        raise UsageError(f"The files of --data declare {', '.join(others)}. Name the one to be scored: --task NAME.")
    chosen = name or (others[0] if others else record.task)
    if chosen == record.task and chosen not in registry.tasks().plugins:
        raise UsageError(
            f"The run is of {chosen!r}, which is no task here. Give the file that declares it (--data, --plugin), "
            "or the data root that it lies under."
        )
    task: Task = registry.tasks().get(chosen)
    return task


def kind_of(record: Record, classes: Sequence[str] | None, task: Task) -> TaskKind:
    """The run's kind on a task, with the run's settings.

    `classes` are those that its model was adapted to; None: those of its task, as that is declared here.

    Raises:
        UsageError: the model does not fit the task, or nothing says its classes.
    """
    own: Task | None = registry.tasks().get(record.task) if record.task in registry.tasks().plugins else None
    if classes is None and own is None:
        raise UsageError(
            f"The classes of {record.task!r} are unknown. Give the file that declares it too, with --data."
        )
    known = tuple(own.data.classes if classes is None and own else classes or ())
    if task.kind != record.kind or task.data.classes != known:
        raise UsageError(
            f"The run was adapted to {record.task} ({record.kind}: {', '.join(known)}), and {task.name} is "
            f"{task.kind}: {', '.join(task.data.classes)}. A kept model scores tasks of the same kind and classes."
        )
    cls = registry.kinds().get(record.kind)
    others: dict[str, Any] = {} if task.name == record.task else dict(task.settings)
    settings = record.config["task"] | others
    kind: TaskKind = cls(replace(task, metric=record.metric), cls.settings_class.model_validate(settings))
    return kind
