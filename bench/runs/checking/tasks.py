"""Is a task sound: its declaration, what its reader returns, and a few cases through its kind."""

from __future__ import annotations

import tempfile
from pathlib import Path

from bench.core.console import Report
from bench.core.errors import DataError, PluginError
from bench.core.plugins.checks import check_kind_class, check_task_object, check_values
from bench.core.registry import kinds
from bench.core.settings import PROFILES
from bench.core.task import Task
from bench.data.contract.tasks import require_sound
from bench.data.dataset import read_data
from bench.data.own.made import own_place
from bench.data.phantom import ensure_phantom
from bench.data.root import resolve_root
from bench.data.splits import draw_split
from bench.data.verify import verify
from bench.evaluation.protocols import PROTOCOLS
from bench.runs.checking.blame import Checked
from bench.runs.checking.kinds import check_on_data
from bench.runs.config import resolve_config
from bench.runs.plan import require_applicable


def check_task(task: Task, data_root: Path | None = None) -> Checked:
    """All checks of a task; of its data under `data_root` or where its file says, else of its phantom.

    Raises:
        PluginError: a mistake in the declaration, the reader or the kind, with the class and the fix.
        DataError: what is wrong with the data.
        UsageError: a setting or protocol that the task cannot have.
    """
    check_task_object(task, f"the task {getattr(task, 'name', task)!r}")
    kind = kinds().get(task.kind)
    check_kind_class(kind, kind.__module__)
    require_sound(task, kind)
    check_values(kind.settings_class, task.settings, f"Task {task.name!r}: settings")
    check_values(kind.settings_class, {**task.settings, **task.paper.get("task", {})}, f"Task {task.name!r}: paper")
    if task.protocol not in PROTOCOLS:
        known = ", ".join(PROTOCOLS)
        raise PluginError(f"Task {task.name!r}: its protocol {task.protocol!r} is unknown. Known: {known}.")
    require_applicable(task, task.protocol)
    for profile in PROFILES:
        resolve_config("random", task, task.protocol, profile, "resnet18", {})
    passed = ["declaration, metric, protocol, settings of every profile"]
    root = resolve_root(data_root) if data_root else own_place(task.data)
    if root is not None:
        passed.append(_check_data(task, root, "the data set"))
    elif task.data.phantom is not None:
        with tempfile.TemporaryDirectory(prefix="bench-check-") as folder:
            passed.append(_check_data(task, ensure_phantom(task.data, Path(folder)), "the phantom"))
    else:
        passed.append("no data was looked at: the task has no phantom; give a data root")
    return Checked("task", task.name, tuple(passed))


def _check_data(task: Task, root: Path, what: str) -> str:
    """Read, verify and split a data set, and take a few cases through the kind."""
    data = read_data(task.data, root)
    if not data.cases:
        raise DataError(f"{data.folder}: {type(task.data.reader).__name__}.read found no case.\n{task.data.obtain}")
    kind = kinds().get(task.kind)
    require_sound(task, kind, data.cases)
    found = verify(task.data, root, Report(quiet=True))
    if found.problems:
        more = f"\n... and {len(found.problems) - 1} more: bench data verify" if len(found.problems) > 1 else ""
        raise DataError(found.problems[0] + more)
    draw_split(data, 0)
    check_on_data(kind, task, data)
    return f"{len(data.cases)} cases of {what}: read, opened, split, prepared, trained on and scored"
