"""What is checked of a command before anything is read or run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bench.core.errors import Problems, UsageError, closest
from bench.core.settings import PROFILES, check_device
from bench.core.task import DataSet
from bench.data.grouped_split import GROUPED
from bench.data.own.made import own_place
from bench.data.own.sites import has_real_sites
from bench.data.published.named_splits import SPLITS, is_named, require_named
from bench.data.root import resolve_root
from bench.engine.logs.place import check_elsewhere
from bench.pretraining.corpus import check_corpus_name
from bench.runs.plan import PlannedRun
from bench.runs.plugin_files import add_files
from bench.runs.request import RunRequest
from bench.runs.settings_file import check_settings_files


def check_request(request: RunRequest) -> None:
    """Check names, and add the request's plugin files before those that they may have. Raises `BenchError`, for all."""
    problems = Problems()
    for profile in request.profiles or (request.profile,):
        if profile not in PROFILES:
            hint = closest(profile, PROFILES)
            problems.found.append(UsageError(f"Unknown profile {profile!r}.{hint} Known: {', '.join(PROFILES)}."))
    with problems.noted():
        check_device(request.device)
    with problems.noted():
        check_elsewhere(request.log)
    with problems.noted():
        add_files(request.plugins)
    with problems.noted():
        check_settings_files(request.config)
    problems.raise_all()


def check_places(plans: Sequence[PlannedRun], request: RunRequest) -> Path | None:
    """The data root of a request, whose corpora and split are there. Raises `UsageError` or `DataError`, for all."""
    problems, root = Problems(), None
    for corpus in request.corpora or (request.corpus,):
        with problems.noted():
            check_corpus_name(corpus)
    with problems.noted():
        _check_split(request.split, plans)
    with problems.noted():
        root = resolve_root(request.data_root)
    problems.raise_all()
    return root


def lie_where_declared(data_sets: Sequence[DataSet]) -> bool:
    """Whether all data sets of a command without a data root have a place of their own; only some: `UsageError`."""
    own = [d.name for d in data_sets if own_place(d)]
    others = [d.name for d in data_sets if d.name not in own]
    sited = [d.name for d in data_sets if has_real_sites(d) and d.name in others]
    if sited and not own:
        raise UsageError(
            f"{', '.join(sited)}: its sites have real data, and its own cases have none without a data root; scores on "
            "real and on synthetic data are not mixed. Give --data-root."
        )
    if others and own:
        raise UsageError(
            f"{', '.join(own)} has real data, and {', '.join(others)} has none without a data root; scores on "
            "real and on synthetic data are not mixed. Give --data-root, or run those alone that need none."
        )
    return bool(own)


def _check_split(path: Path | None, plans: Sequence[PlannedRun]) -> None:
    names = sorted({plan.task.data.name for plan in plans})
    if path is None or path == Path(GROUPED):
        return
    if is_named(path):
        for name in names:
            require_named(str(path), name)
        return
    if len(names) > 1:
        raise UsageError(
            f"--split names one data set's cases; these tasks use {', '.join(names)}. Run them one by one."
        )
    if not path.is_file():
        raise UsageError(
            f"--split {path}: no such file. It is a CSV file with the columns case and split, or one of the words "
            f"{', '.join((GROUPED, *SPLITS))}."
        )
