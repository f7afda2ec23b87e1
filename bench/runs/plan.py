"""The plan: (methods x tasks x protocols x backbones x seeds) -> runs; names are checked before any import."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product

from bench.core.errors import Problems, UsageError, unknown
from bench.core.registry import Registry, kinds, methods, tasks
from bench.core.settings import Overrides, TunedRecord, settings_text
from bench.core.task import Task
from bench.evaluation.protocols import PROTOCOLS
from bench.models.specs import find_backbone
from bench.models.suited import suited_backbones
from bench.runs.config import DEFAULT_BACKBONE, RunConfig, head_of, resolve_config
from bench.runs.pretraining.executor import with_settled_views
from bench.runs.request import Names, names_of
from bench.runs.settings_file import SettingsFile


@dataclass(frozen=True)
class PlannedRun:
    """One cell of the grid, with the settings that the user changed for it."""

    method: str
    task: Task
    protocol: str
    backbone: str
    seed: int
    overrides: Overrides = field(default_factory=dict)
    tuned: TunedRecord | None = None
    """How the settings that a file gives the method were chosen."""
    profile: str = ""
    """Empty, as `corpus`: the command's."""
    corpus: str = ""

    def __str__(self) -> str:
        changed = settings_text({"method": self.overrides.get("method", {})})
        method = f"{self.method} [{changed}]" if changed else self.method
        return f"{method} on {self.task.name} ({self.protocol}, {self.backbone}, seed {self.seed})"


def config_of(plan: PlannedRun, profile: str, device: str) -> RunConfig:
    """The settings of a planned run on a device, in a profile of its own or the command's. Raises `UsageError`."""
    config = resolve_config(
        plan.method, plan.task, plan.protocol, plan.profile or profile, plan.backbone, plan.overrides
    )
    return with_settled_views(config, plan.method, device)


def expand_names(wanted: Names, registry: Registry) -> list[str]:
    """Names, or `all` -> names, in the order given and once each. Raises `UsageError` for unknown names.

    `all` leaves out tasks on stand-ins, which are run by name only.
    """
    given = names_of(wanted)
    names = [name for one in given for name in (_all_names(registry) if one == "all" else [one])]
    if not names:
        own = " or give the file of a data set: --data FILE" if registry.noun == "task" else ""
        raise UsageError(f"No {registry.noun} given. List them: bench list {registry.noun}s{own}.")
    problems = Problems()
    for name in names:
        with problems.noted():
            registry.plugin(name)
    problems.raise_all()
    return list(dict.fromkeys(names))


def _all_names(registry: Registry) -> list[str]:
    found = registry.working()
    return [name for name, one in found.items() if registry.noun != "task" or not one.data.stand_in_for]


def make_plan(
    method_names: Names,
    task_names: Names,
    protocol_names: Names,
    backbone_names: Names,
    seeds: Sequence[int],
    profile: str,
    overrides: Overrides | None = None,
    config: SettingsFile | None = None,
) -> tuple[list[PlannedRun], list[str]]:
    """Expand the grid; returns the runs, seed by seed, and what was merged because two tasks came out equal.

    `overrides` are for all methods, and win over what `config` has for all or for one.

    Raises:
        UsageError: unknown methods, tasks, protocols and backbones, or protocols that tasks cannot have; all of them.
    """
    problems = Problems()
    names, wanted, protocols, backbones, fixed = list[str](), list[str](), list[str](), list[str](), {}
    with problems.noted():
        names = expand_names(method_names, methods())
    with problems.noted():
        wanted = expand_names(task_names, tasks())
    with problems.noted():
        protocols = _protocols(protocol_names)
    with problems.noted():
        fixed = _fixed_backbones(names)
        backbones = _backbones(backbone_names, fixed, profile)
    problems.raise_all()
    pairs, merged = _task_pairs([tasks().get(t) for t in wanted], protocols)
    config = config or SettingsFile()
    suited, left_out = _suited(names, pairs)
    able, unable = suited_backbones(names, backbones, spare_all="all" in names_of(method_names))
    own = {m: _own_overrides(m, config, overrides or {}, pairs, profile) for m in names}
    runs = [
        PlannedRun(m, task, protocol, b, s, own[m][task.name, protocol], config.tuned.get(m))
        for b, s, m, (task, protocol) in product(backbones, seeds, names, pairs)
        if b in fixed.get(m, (b,)) and b in able[m] and (task, protocol) in suited[m]
    ]
    return runs, [*merged, *left_out, *unable]


Pair = tuple[Task, str]


def _suited(names: Sequence[str], pairs: Sequence[Pair]) -> tuple[dict[str, list[Pair]], list[str]]:
    """Method -> the (task, protocol) it can have, and what was left out. Raises `UsageError` where one can have none.

    Floors without a network have frozen protocols on one embedding per image, and nothing else.
    """
    suited, left_out = {}, []
    for name in names:
        suited[name] = list(pairs)
        if not methods().get(name).frozen_only:
            continue
        suited[name] = [(t, p) for t, p in pairs if PROTOCOLS[p].frozen and kinds().get(t.kind).pooled_only]
        others = [f"{t.name} ({p})" for t, p in pairs if (t, p) not in suited[name]]
        why = f"{name} has no network to train and no feature maps: frozen protocols of classification alone"
        if not suited[name]:
            frozen = ", ".join(p.name for p in PROTOCOLS.values() if p.frozen)
            raise UsageError(f"{why}, not {', '.join(others)}. Choose --protocol of: {frozen}.")
        left_out += [f"{why}; left out of {', '.join(others)}"] if others else []
    return suited, left_out


def _fixed_backbones(names: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Method -> the backbones it exists for; only methods that are loaded already (weights from files) have such."""
    loaded = {name: methods().plugin(name).loaded for name in names}
    return {name: cls.backbones for name, cls in loaded.items() if cls is not None and cls.backbones}


def _backbones(names: Names, fixed: Mapping[str, tuple[str, ...]], profile: str) -> list[str]:
    """The backbones of the command; where none is named, those of weights from files, else the profile's.

    Raises:
        UsageError: an unknown backbone, or weights whose backbone is not among them.
    """
    own = list(dict.fromkeys(b for backbones in fixed.values() for b in backbones))
    chosen = list(dict.fromkeys(names_of(names))) or own or [DEFAULT_BACKBONE[profile]]
    problems = Problems()
    for backbone in chosen:
        with problems.noted():
            find_backbone(backbone)
    problems.raise_all()
    for name, backbones in fixed.items():
        if not set(backbones) & set(chosen):
            raise UsageError(
                f"The weights {name!r} are of the backbone {', '.join(backbones)}, and --backbone names "
                f"{', '.join(chosen)}. Add it there, or leave --backbone out."
            )
    return chosen


def _own_overrides(
    method: str, config: SettingsFile, explicit: Overrides, pairs: Sequence[Pair], profile: str
) -> dict[tuple[str, str], Overrides]:
    """(task, protocol) -> the user's settings less those of section `protocol` that only others of the command have.

    What a file sets for the protocol alone is never left out.
    """
    found = {(task.name, protocol): config.of(method, explicit, task.name, protocol) for task, protocol in pairs}
    known = {
        (task.name, protocol): set(
            PROTOCOLS[protocol].settings_for(head_of(task, protocol, profile, found[task.name, protocol])).model_fields
        )
        for task, protocol in pairs
    }
    every = {key for keys in known.values() for key in keys}
    own = {pair: set(config.named_for(*pair).get("protocol", ())) for pair in found}
    return {pair: _without(found[pair], every - keys - own[pair]) for pair, keys in known.items()}


def _without(overrides: Overrides, elsewhere: set[str]) -> Overrides:
    kept = {key: value for key, value in overrides.get("protocol", {}).items() if key not in elsewhere}
    rest = {section: values for section, values in overrides.items() if section != "protocol"}
    return {**rest, "protocol": kept} if kept else rest


def _protocols(wanted: Names) -> list[str]:
    names, problems = list(names_of(wanted)), Problems()
    for name in names:
        if name not in PROTOCOLS:
            problems.found.append(unknown("protocol", name, PROTOCOLS, "List them: bench list protocols."))
    problems.raise_all()
    return names


def _task_pairs(wanted: Iterable[Task], protocols: list[str]) -> tuple[list[tuple[Task, str]], list[str]]:
    pairs: dict[tuple[str, str, str], tuple[Task, str]] = {}
    merged, problems = [], Problems()
    for task in wanted:
        for protocol in protocols or [task.protocol]:
            with problems.noted():
                require_applicable(task, protocol)
            named = task if protocol == task.protocol else _task_with_protocol(task, protocol)
            key = (task.data.name, task.kind, protocol)
            if key in pairs:
                merged.append(f"{task.name} with protocol {protocol} equals {pairs[key][0].name}: run once")
            elif named.name != task.name:
                merged.append(f"{task.name} with protocol {protocol} is the task {named.name}")
            pairs.setdefault(key, (named, protocol))
    problems.raise_all()
    return list(pairs.values()), list(dict.fromkeys(merged))


def applies(protocol: str, task: Task) -> bool:
    """Whether a task can have a protocol: some need a kind that reads only the pooled embedding."""
    return not PROTOCOLS[protocol].pooled or kinds().get(task.kind).pooled_only


def require_applicable(task: Task, protocol: str) -> None:
    """Raise `UsageError` unless a task can have a protocol."""
    if not applies(protocol, task):
        others = ", ".join(name for name in PROTOCOLS if applies(name, task))
        raise UsageError(
            f"The protocol {protocol!r} does not apply to the task {task.name!r}: it works on one embedding per image, "
            f"and the kind {task.kind!r} reads feature maps. Protocols of this task: {others}."
        )


def _task_with_protocol(task: Task, protocol: str) -> Task:
    """The registered task that is `task`'s data under `protocol`, else the first that has the same data and kind.

    Tasks on one data set then share the runs of a protocol that is no task's own.
    """
    all_tasks: list[Task] = list(tasks().working().values())
    same = [other for other in all_tasks if (other.data.name, other.kind) == (task.data.name, task.kind)]
    return next((other for other in same if other.protocol == protocol), same[0] if same else task)
