"""The engine `ray`: units side by side on a Ray cluster, each an encoder's pretraining and then the runs on it."""

from __future__ import annotations

import logging
import os
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout, suppress
from dataclasses import dataclass, replace
from typing import Any

from bench.core.console import Report
from bench.core.errors import StorageError, UsageError
from bench.core.reading import reason_of
from bench.core.registry import THIS_PROCESS, methods, tasks
from bench.results.record import Record
from bench.results.store import Store
from bench.runs.engines.ray_progress import Events, StageTable
from bench.runs.engines.ray_worker import Grid, carry_out_unit
from bench.runs.engines.resources import Resources, resources_of
from bench.runs.engines.unit import Failure, Result, Unit
from bench.runs.plan import PlannedRun

TRIES = 2
"""Of a unit whose worker ended, or of a run with an error that nobody expected."""
_POLL_SECONDS = 0.5
_OBJECTS_BYTES = 100 * 2**20
"""Of a local cluster's object store, which holds requests and records."""
_STOP_SECONDS = 2.0
_STARTS = 4
"""Tries to start a cluster on a machine that is busy."""


@dataclass(frozen=True)
class _Task:
    """A unit on its way."""

    unit: Unit
    tried: int


class RayEngine:
    """Carries units out on a Ray cluster, which must see the same folders; `records` say what a unit takes."""

    def __init__(self, grid: Grid, plans: Sequence[PlannedRun], records: Sequence[Record], report: Report) -> None:
        _require_plugins_of_files(plans)
        self.ray = _imported()
        self.grid, self.request = grid, grid.request
        self.plans, self.records, self.report = plans, records, report
        self.store = Store(grid.request.results)
        self._tasks: dict[Any, _Task] = {}

    def carry_out(self, units: Sequence[Unit]) -> Iterator[Result]:
        """See `Engine`. Units wait for resources in the order of the grid."""
        if not units:
            return
        with cluster(self.ray, self.request.engine.partition(":")[2], self.report):
            nodes = [node["Resources"] for node in self.ray.nodes() if node["Alive"]]
            events = self.ray.remote(Events).options(num_cpus=0).remote()
            grid = self.ray.put(self.grid)
            table = StageTable(self.report)
            try:
                for unit in units:
                    self._submit(_Task(unit, 1), grid, events, nodes)
                while self._tasks:
                    ready, _ = self.ray.wait(list(self._tasks), timeout=_POLL_SECONDS)
                    for event in self.ray.get(events.take.remote()):
                        table.show(event)
                    for one in ready:
                        task = self._tasks.pop(one)
                        results, again = self._results(one, task)
                        yield from results
                        if again is not None:
                            self._submit(again, grid, events, nodes)
            finally:
                self._cancel()

    def _submit(self, task: _Task, grid: Any, events: Any, nodes: Sequence[Mapping[str, float]]) -> None:
        """Queue a unit with what it takes of a node."""
        wanted = fitting(self._wanted(task.unit, nodes), nodes)
        numbers = {
            run.identity: number for run in task.unit.runs for number, p in enumerate(self.plans) if p is run.plan
        }
        options: dict[str, Any] = {"num_cpus": wanted.cpus, "num_gpus": wanted.gpus, "max_retries": 0}
        if wanted.memory_mib is not None:
            options["memory"] = wanted.memory_mib * 2**20
        remote = self.ray.remote(carry_out_unit).options(**options)
        reference = remote.remote(grid, list(numbers), list(numbers.values()), wanted.cpus, events)
        self._tasks[reference] = task

    def _wanted(self, unit: Unit, nodes: Sequence[Mapping[str, float]]) -> Resources:
        request = self.request
        gpu = request.device != "cpu" and any(node.get("GPU") for node in nodes)
        if request.device.startswith("cuda") and not gpu:
            raise UsageError(f"--device {request.device}: no node of the Ray cluster has a GPU. Leave it out, or: cpu.")
        return resources_of(unit, self.records, cpus=request.cpus, workers=request.workers, gpu=gpu)

    def _results(self, reference: Any, task: _Task) -> tuple[list[Result], _Task | None]:
        """What became of a unit, and what of it is tried again."""
        try:
            found: list[Result] = self.ray.get(reference)
        except self.ray.exceptions.RayError as error:
            found = [lost(run.identity, str(run.plan), error) for run in task.unit.runs]
        last = task.tried >= TRIES
        results = [self._checked(one, task) for one in found if last or not _may_end_differently(one)]
        runs = {run.identity: run for run in task.unit.runs}
        again = [one for one in found if not last and isinstance(one, Failure) and one.again]
        for one in again:
            self.report.warn(f"{one.what} failed, and is tried once more: {one.reason}")
        rest = tuple(runs[one.identity] for one in again)
        return results, _Task(Unit(task.unit.key, rest), task.tried + 1) if rest else None

    def _checked(self, result: Result, task: _Task) -> Result:
        """A record that this machine sees, too. Raises `StorageError`."""
        if isinstance(result, Failure):
            return result
        path = self.store.path(result.record)
        if not path.is_file():
            raise StorageError(
                f"A worker stored {path}, which this machine does not see. Name folders that all nodes share: "
                "--results and --cache."
            )
        return replace(result, made=result.made or task.tried > 1)

    def _cancel(self) -> None:
        """Stop what still runs, as an interruption does, so that it can be continued."""
        with suppress(Exception):
            for reference in self._tasks:
                self.ray.cancel(reference)
            if self._tasks:
                self.ray.wait(list(self._tasks), num_returns=len(self._tasks), timeout=_STOP_SECONDS)


def _may_end_differently(result: Result) -> bool:
    return isinstance(result, Failure) and result.again


def lost(identity: str, run: str, error: Exception) -> Failure:
    """The failure of a run whose worker ended, or could not begin it."""
    cause = getattr(error, "cause", None)
    if cause is not None and type(cause).__module__ == "bench.core.errors":
        return Failure(identity, run, str(cause))
    return Failure(identity, run, f"its worker ended: {type(error).__name__}: {reason_of(error)}", again=True)


def fitting(wanted: Resources, nodes: Sequence[Mapping[str, float]]) -> Resources:
    """What is wanted, or as much of it as the largest node has: more would wait for ever."""
    able = [node for node in nodes if not wanted.gpus or node.get("GPU")]
    cpus = max(int(node.get("CPU", 1) // max(wanted.gpus and node.get("GPU", 1), 1)) for node in able)
    memory = max(int(node.get("memory", 0)) for node in able) // 2**20
    limited = None if wanted.memory_mib is None or not memory else min(wanted.memory_mib, memory)
    return replace(wanted, cpus=max(min(wanted.cpus, cpus), 1), memory_mib=limited)


@contextmanager
def cluster(ray: Any, address: str, report: Report) -> Iterator[None]:
    """Be connected to a cluster: that of the session, of `address`, of RAY_ADDRESS, or one of this machine's own.

    Raises:
        UsageError: there is none at the address.
    """
    if ray.is_initialized():
        yield
        return
    where = address or ("auto" if os.environ.get("RAY_ADDRESS") else "local")
    report.say(f"connecting to Ray ({where}) ...")
    _connect(ray, where)
    try:
        with redirect_stdout(sys.stderr):  # what Ray says of workers that ended is no result
            yield
    finally:
        ray.shutdown()


def _connect(ray: Any, where: str) -> None:
    """Start or join a cluster; one of this machine again where it did not start in time, which Ray fixes at 30 s."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    own = {"include_dashboard": False, "object_store_memory": _OBJECTS_BYTES} if where == "local" else {}
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    tries = _STARTS if where == "local" else 1
    for number in range(tries):
        try:
            ray.init(address=where, log_to_driver=False, logging_level=logging.ERROR, **own)
            return
        except Exception as error:  # of no common class
            ray.shutdown()
            if number + 1 == tries:
                raise UsageError(
                    f"No Ray cluster at {where!r}: {reason_of(error)} Start one (ray start --head), leave the address "
                    "out for one of this machine alone (--engine ray), or run without: --engine local."
                ) from error
        finally:
            for one, handler in handlers.items():  # Ray sets its own, which end a command without a word
                with suppress(ValueError):
                    signal.signal(one, handler)


def _imported() -> Any:
    try:
        import ray
    except ImportError as error:
        raise UsageError("--engine ray needs Ray: pip install 'medical-ssl-bench[ray]'.") from error
    return ray


def _require_plugins_of_files(plans: Sequence[PlannedRun]) -> None:
    """Raise `UsageError` for methods and tasks that only this process knows."""
    used = [(methods(), {plan.method for plan in plans}), (tasks(), {plan.task.name for plan in plans})]
    own = sorted(n for registry, names in used for n in names if registry.plugin(n).package == THIS_PROCESS)
    if own:
        raise UsageError(
            f"{', '.join(own)}: made in this process, which workers of Ray do not know. Write it to a file, and name "
            "the file: plugins=['mine.py']."
        )
