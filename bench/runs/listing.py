"""What `bench list` says, as rows of data. Nothing here imports torch, and methods are not imported at all."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.core import registry
from bench.core.console import Report
from bench.core.errors import DataError, UsageError, closest
from bench.data.grouped_split import GROUPED
from bench.data.published.known import KNOWN, pasts_of_format
from bench.data.published.named_splits import SPLITS, TITLES, sizes_of
from bench.data.root import resolve_root
from bench.evaluation.protocols import PROTOCOLS, Protocol
from bench.models.libraries.names import LIBRARIES
from bench.models.specs import BACKBONES, BackboneSpec, own_backbones
from bench.runs.plugin_files import add_files
from bench.runs.request import declared_tasks

if TYPE_CHECKING:
    from bench.models.weights.formats import Format

LISTS = ("methods", "tasks", "protocols", "backbones", "corpora", "formats", "splits", "pasts")
Facts = dict[str, Any]


def listing(
    what: str, plugin_files: Iterable[Path], data: Iterable[Path] = (), data_root: Path | None = None
) -> list[Facts]:
    """One row about everything of one sort, each with a `name`. Raises `UsageError` for an unknown sort.

    A plugin that cannot be imported does not hide the others: methods are not imported, and of tasks and backbones it
    is a warning.
    """
    if what not in LISTS:
        raise UsageError(f"Cannot list {what!r}.{closest(what, LISTS)} Known: {', '.join(LISTS)}.")
    add_files(plugin_files)
    if what == "tasks":
        add_declared(data, data_root)
    if what == "methods":
        plugins = registry.methods().plugins.values()
        return [{"name": p.name, "location": p.location, "package": p.package} for p in plugins]
    if what == "tasks":
        return [task_row(name) for name in registry.tasks().working()]
    if what == "protocols":
        return [protocol_row(p) for p in PROTOCOLS.values()]
    if what == "backbones":
        own = own_backbones().working().values()
        return [*map(backbone_row, BACKBONES.values()), *map(backbone_row, own), *map(library_row, LIBRARIES)]
    if what == "corpora":
        from bench.pretraining.corpus import CORPORA

        return [{"name": name, "summary": summary} for name, summary in CORPORA.items()]
    if what == "splits":
        return split_rows()
    if what == "pasts":
        return [{"name": p.name, "summary": f"{p.title}: {', '.join(p.data_sets)}"} for p in KNOWN.values()]
    from bench.models.weights.formats import FORMATS

    return [{"name": f.name, "summary": f.summary} for f in FORMATS.values()]


def split_rows() -> list[Facts]:
    """What `--split` takes besides files; of published splits with the number of cases on each side by data set."""
    grouped = {"name": GROUPED, "summary": "drawn so that no near duplicates stand on two sides", "data_sets": None}
    named = [
        {
            "name": name,
            "summary": f"{TITLES[name]}: {', '.join(files)}",
            "data_sets": {data_set: sizes_of(name, data_set) for data_set in files},
        }
        for name, files in SPLITS.items()
    ]
    return [grouped, *named]


def add_declared(data: Iterable[Path], data_root: Path | None) -> tuple[str, ...]:
    """Register the tasks of files, whose names it returns, and of a data root; one that is not there is said only.

    Raises:
        DataError: a file of `data` is not as it should be.
    """
    try:
        root = resolve_root(data_root)
    except DataError as error:
        Report().warn(str(error))
        root = None
    return declared_tasks(data, root, here=False)


def task_row(name: str) -> Facts:
    """One row of `bench list tasks`."""
    task, plugin = registry.tasks().get(name), registry.tasks().plugin(name)
    return {
        "name": task.name,
        "data_set": task.data.name,
        "title": task.data.title,
        "kind": task.kind,
        "protocol": task.protocol,
        "metric": task.metric,
        "stand_in_for": task.data.stand_in_for or None,
        "location": plugin.location,
        "package": plugin.package,
    }


def protocol_row(protocol: Protocol) -> Facts:
    """One row of `bench list protocols`; see `Protocol`."""
    return {
        "name": protocol.name,
        "summary": protocol.summary,
        "frozen": protocol.frozen,
        "trained": protocol.trained,
        "pooled": protocol.pooled,
    }


def backbone_row(spec: BackboneSpec) -> Facts:
    """One row of `bench list backbones`."""
    return {"name": spec.name, "summary": spec.summary, "family": spec.family, "embedding_dim": spec.embedding_dim}


def library_row(library: str) -> Facts:
    """One row of `bench list backbones` about all models of a library."""
    return {
        "name": f"{library}:NAME",
        "summary": f"{LIBRARIES[library]}; bench show {library}:NAME",
        "family": "library",
        "embedding_dim": None,
    }


def format_facts(form: Format) -> Facts:
    """What a format of files is, and what weights that have it were pretrained on, as far as that is known."""
    from bench.models.weights.layouts import LAYOUTS

    return {
        "name": form.name,
        "summary": form.summary,
        "containers": form.containers,
        "prefixes": form.prefixes,
        "known_pasts": {past.name: past.facts for past in pasts_of_format(form.name)},
        "layouts": [{"name": x.name, "summary": x.summary, "anchor": x.anchor} for x in LAYOUTS],
    }
