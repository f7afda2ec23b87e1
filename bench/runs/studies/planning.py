"""`bench plan`: what `bench run` would do with the same options, and everything that is wrong, before any of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bench.core.console import Report
from bench.core.digest import digest
from bench.core.errors import BenchError, Problems
from bench.core.registry import methods
from bench.results.record import Record
from bench.results.store import Store, lines_of
from bench.runs.checks import check_places, check_request
from bench.runs.config import RunConfig
from bench.runs.plan import PlannedRun, config_of
from bench.runs.request import RunRequest
from bench.runs.session import contestants_of, prepare_world
from bench.runs.studies.cells import plan_cells
from bench.runs.studies.costs import Costs
from bench.runs.studies.preview import Cell, Preview

if TYPE_CHECKING:
    from bench.runs.resolve import ResolvedRun


@dataclass(frozen=True)
class _Found:
    """A cell before it is looked up: what it is known by."""

    config: RunConfig
    key: str
    """Of its record: identity, or hash of its settings."""
    pretraining: str
    """Of its checkpoint, likewise; empty without one."""
    encoder_there: bool
    images: int | None
    """Of its corpus, where that was read."""


def preview(request: RunRequest, *, quiet: bool, from_records: bool = False) -> Preview:
    """Plan a request: cells, shared pretrainings, what is stored, estimated seconds, and all that is wrong.

    Nothing is trained, and nothing is written to the results folder. Data are read as `bench run` reads them (without a
    data root, phantoms), so that stored runs are found by identity. With `from_records` no data are read: runs of real
    data are found by their settings and versions, and by how their split and corpus are drawn.
    """
    report, problems = Report(quiet=quiet), Problems()
    names, plans, notices = request.methods, list[PlannedRun](), list[str]()
    with problems.noted():
        check_request(request)
    with problems.noted():
        names = contestants_of(request, report)
    with problems.noted():
        plans, notices = plan_cells(request, names)
    records, unread = Store(request.results).load()
    for line in lines_of(unread):
        report.warn(line)
    found: Sequence[_Found | BenchError]
    known: dict[str, Record] = {}
    try:
        if from_records:
            found, known = _by_settings(plans, request, records)
        else:
            found, known = _by_identity(plans, request, report), {record.identity: record for record in records}
    except BenchError as error:
        found = [error for _ in plans] or [error]
    for one in found:
        if isinstance(one, BenchError):
            with problems.noted():
                raise one
    costs = Costs(records)
    cells = _cells(plans, found, known, costs, Store(request.results))
    return Preview(cells, notices, problems, tuple(sorted(costs.devices)), from_records)


def _by_identity(plans: Sequence[PlannedRun], request: RunRequest, report: Report) -> list[_Found | BenchError]:
    """Raises `BenchError` where no data can be read at all."""
    if not plans:
        check_places(plans, request)
        return []
    world, options = prepare_world(plans, request, report)
    from bench.engine.compute import pick_device
    from bench.runs.resolve import resolve_each

    pick_device(request.device)
    every = resolve_each(plans, options, world, world.decoded)
    return [one if isinstance(one, BenchError) else _identified(one, options.cache) for one in every]


def _identified(run: ResolvedRun, cache: Path) -> _Found:
    from bench.models.checkpoints import ENCODER_FILE
    from bench.runs.run import checkpoint_folder

    pretraining = run.hashes["checkpoint"] if run.corpus else ""
    there = bool(pretraining) and (checkpoint_folder(run, cache) / ENCODER_FILE).is_file()
    return _Found(run.config, run.identity, pretraining, there, len(run.corpus.images) if run.corpus else None)


def _by_settings(
    plans: Sequence[PlannedRun], request: RunRequest, records: Iterable[Record]
) -> tuple[list[_Found | BenchError], dict[str, Record]]:
    """Cells by the hash of their settings, and the records by theirs. Raises `BenchError` for a split file."""
    from bench.runs.studies.stored import given_of, records_by_settings, settings_key

    check_places(plans, request)
    data_sets = {plan.task.data.name for plan in plans}
    given_splits = {name: given_of(request.split, name) for name in data_sets}
    found: list[_Found | BenchError] = []
    for plan in plans:
        try:
            config = config_of(plan, request.profile, request.device)
        except BenchError as error:
            found.append(error)
            continue
        corpus, given = plan.corpus or request.corpus, given_splits[plan.task.data.name]
        pretraining = ""
        if methods().get(plan.method).pretrains:
            drawn = [corpus, plan.task.data.name if corpus == "task" else "", given, plan.seed, plan.backbone]
            settings = [config.sections["method"], config.sections["pretrain"]]
            pretraining = digest([plan.method, settings, drawn])
        found.append(_Found(config, settings_key(plan, config, corpus, given), pretraining, False, None))
    return found, records_by_settings(records)


def _cells(
    plans: Sequence[PlannedRun],
    found: Sequence[_Found | BenchError],
    known: dict[str, Record],
    costs: Costs,
    store: Store,
) -> list[Cell]:
    """A cell for each run; one that comes twice, under two settings that are the same, is one."""
    cells: dict[str, Cell] = {}
    for number, (plan, one) in enumerate(zip(plans, found, strict=False)):
        if isinstance(one, BenchError):
            cells[str(number)] = Cell(plan, "wrong", problem=str(one))
            continue
        record = known.get(one.key)
        cells[one.key] = Cell(
            plan,
            "stored" if record else "to run",
            record=store.path(record).as_posix() if record else "",
            pretraining=one.pretraining,
            encoder_there=one.encoder_there,
            pretrain_seconds=costs.pretraining(plan.method, one.config, one.images) if one.pretraining else 0.0,
            seconds=costs.evaluation(plan.task.name, plan.protocol, one.config),
        )
    return list(cells.values())
