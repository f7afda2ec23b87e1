"""The plan: (methods x tasks x protocols x backbones x seeds) -> runs; names are checked before any import."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product

from bench.backbones import find_backbone
from bench.config import DEFAULT_BACKBONE
from bench.errors import UsageError
from bench.interfaces import Task
from bench.protocols import PROTOCOLS
from bench.registry import Registry, methods, tasks, unknown


@dataclass(frozen=True)
class PlannedRun:
    """One cell of the grid."""

    method: str
    task: Task
    protocol: str
    backbone: str
    seed: int

    def __str__(self) -> str:
        return f"{self.method} on {self.task.name} ({self.protocol}, {self.backbone}, seed {self.seed})"


def expand_names(text: str, registry: Registry) -> list[str]:
    """`a,b` or `all` -> names, in the order given and once each. Raises `UsageError` for an unknown name."""
    names = list(registry.plugins) if text.strip() == "all" else [n.strip() for n in text.split(",") if n.strip()]
    if not names:
        raise UsageError(f"No {registry.noun} given. List them: bench list {registry.noun}s.")
    for name in names:
        registry.plugin(name)
    return list(dict.fromkeys(names))


def make_plan(
    method_names: str,
    task_names: str,
    protocol_names: str | None,
    backbone_names: str | None,
    seeds: Sequence[int],
    profile: str,
) -> tuple[list[PlannedRun], list[str]]:
    """Expand the grid; returns the runs, seed by seed, and what was merged because two tasks came out equal.

    Raises:
        UsageError: an unknown method, task, protocol or backbone.
    """
    names = expand_names(method_names, methods())
    wanted = expand_names(task_names, tasks())
    protocols = _protocols(protocol_names)
    backbones = [b.strip() for b in (backbone_names or DEFAULT_BACKBONE[profile]).split(",")]
    for backbone in backbones:
        find_backbone(backbone)
    pairs, merged = _task_pairs([tasks().get(t) for t in wanted], protocols)
    order = product(backbones, seeds, names, pairs)
    return [PlannedRun(m, task, protocol, b, s) for b, s, m, (task, protocol) in order], merged


def _protocols(text: str | None) -> list[str]:
    names = [p.strip() for p in text.split(",") if p.strip()] if text else []
    for name in names:
        if name not in PROTOCOLS:
            raise unknown("protocol", name, PROTOCOLS, "List them: bench list protocols.")
    return names


def _task_pairs(wanted: Iterable[Task], protocols: list[str]) -> tuple[list[tuple[Task, str]], list[str]]:
    pairs: dict[tuple[str, str, str], tuple[Task, str]] = {}
    merged = []
    for task in wanted:
        for protocol in protocols or [task.protocol]:
            named = task if protocol == task.protocol else _task_with_protocol(task, protocol)
            key = (task.data.name, task.kind, protocol)
            if key in pairs:
                merged.append(f"{task.name} with protocol {protocol} equals {pairs[key][0].name}: run once")
            elif named.name != task.name:
                merged.append(f"{task.name} with protocol {protocol} is the task {named.name}")
            pairs.setdefault(key, (named, protocol))
    return list(pairs.values()), list(dict.fromkeys(merged))


def _task_with_protocol(task: Task, protocol: str) -> Task:
    """The registered task that is `task`'s data under `protocol`, or `task` itself under another protocol."""
    for name in tasks().plugins:
        other: Task = tasks().get(name)
        if (other.data.name, other.kind, other.protocol) == (task.data.name, task.kind, protocol):
            return other
    return task
