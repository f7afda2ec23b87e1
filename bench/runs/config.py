"""Settings of a run: sections `method`, `pretrain`, `task`, `protocol`; profile defaults; `--set section.key=value`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

from pydantic import ValidationError

from bench.core.errors import UsageError, closest
from bench.core.registry import kinds, methods
from bench.core.settings import Overrides, ProfileName, Settings
from bench.core.task import Task
from bench.evaluation.protocols import PROTOCOLS
from bench.evaluation.settings import AnyProtocolSettings, Head
from bench.pretraining.settings import QUICK_PRETRAIN, PretrainSettings

SECTIONS = ("method", "pretrain", "task", "protocol")
S = TypeVar("S", bound=Settings)
Layers = tuple[type[Settings], str, list[Mapping[str, Any]]]
"""Class of a section's settings, whose they are, and where their values come from before the user's."""


DEFAULT_BACKBONE: Mapping[str, str] = {"quick": "resnet18", "paper": "resnet50"}


class RunConfig(Settings):
    """Everything that is set about one run, resolved: profile defaults first, then the user's overrides."""

    profile: ProfileName
    backbone: str
    method: dict[str, Any]
    pretrain: PretrainSettings
    task: dict[str, Any]
    protocol: AnyProtocolSettings
    overrides: dict[str, dict[str, Any]]
    """What the user set, section by section, as typed values; not what the profile sets to the same value."""

    @property
    def sections(self) -> dict[str, dict[str, Any]]:
        """All settings by section, as JSON has them."""
        plain: dict[str, dict[str, Any]] = self.model_dump(mode="json", include=set(SECTIONS))
        return plain


def parse_overrides(pairs: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Parse `section.key=value` texts; a value like `[0.2, 1]` is a list. Raises `UsageError` for any other form."""
    rows = []
    for pair in pairs:
        path, equals, value = pair.partition("=")
        section, dot, key = path.strip().partition(".")
        if not (equals and dot and key):
            raise UsageError(f"--set {pair!r}: expected section.key=value, for example --set pretrain.epochs=10.")
        rows.append((section, key, _parse_value(pair, value.strip())))
    return collect_overrides(rows)


def collect_overrides(rows: Iterable[tuple[str, str, Any]]) -> dict[str, dict[str, Any]]:
    """(section, setting, value) -> section -> setting -> value. Raises `UsageError` for an unknown section."""
    found: dict[str, dict[str, Any]] = {}
    for section, key, value in rows:
        if section not in SECTIONS:
            hint = closest(section, SECTIONS)
            raise UsageError(f"{section}.{key}: unknown section {section!r}.{hint} Sections: {', '.join(SECTIONS)}.")
        if not key:
            raise UsageError(f"{section!r} names a section alone; expected section.key, as pretrain.epochs.")
        found.setdefault(section, {})[key] = value
    return found


def _parse_value(pair: str, value: str) -> Any:
    if not value.startswith("["):
        return value
    try:
        return json.loads(value)
    except ValueError as error:
        raise UsageError(f"--set {pair!r}: {value!r} is not a list like [0.2, 1].") from error


def resolve(cls: type[S], section: str, owner: str, *layers: Mapping[str, Any]) -> S:
    """Build settings from layers (later wins). Raises `UsageError` that lists the valid keys or the type wanted."""
    merged = {k: v for layer in layers for k, v in layer.items()}
    for key in merged:
        if key not in cls.model_fields:
            valid = ", ".join(sorted(cls.model_fields))
            raise UsageError(
                f"--set {section}.{key}: {owner} has no setting {key!r}.{closest(key, cls.model_fields)} "
                f"Valid keys of {section}: {valid}."
            )
    try:
        return cls.model_validate(merged)
    except ValidationError as error:
        problems = "; ".join(
            f"{section}{'.' if e['loc'] else ''}{'.'.join(map(str, e['loc']))}: {e['msg']} (found {e['input']!r})"
            for e in error.errors()
        )
        raise UsageError(f"Settings of {owner} are not valid: {problems}.") from error


def quick_settings(task: Task, protocol: str, head: Head | None = None) -> Mapping[str, Mapping[str, Any]]:
    """Sections `task` and `protocol` of the `quick` profile: the protocol's settings, and what the kind changes."""
    kind = kinds().get(task.kind)
    own = kind.quick_protocol.get(protocol, {})
    return {"task": dict(kind.quick), "protocol": {**PROTOCOLS[protocol].quick_for(head), **own}}


def head_of(task: Task, protocol: str, profile: str, set_: Overrides) -> Head | None:
    """How a protocol's head is fitted for a task, see `Protocol.head_of`. Raises `UsageError` for an unknown one."""
    pooled_only = kinds().get(task.kind).pooled_only
    return PROTOCOLS[protocol].head_of(pooled_only, profile, set_.get("protocol", {}))


def _pretraining_layers(method: str, profile: str) -> dict[str, Layers]:
    """Where the settings of sections `method` and `pretrain` come from before the user's."""
    cls, quick = methods().get(method), profile == "quick"
    budget = QUICK_PRETRAIN if quick else cls.published_views
    return {
        "method": (cls.config_class, f"method {method!r}", [cls.quick if quick else {}]),
        "pretrain": (PretrainSettings, "pretraining", [budget]),
    }


def resolve_pretraining(method: str, profile: str, set_: Overrides) -> tuple[Settings, PretrainSettings]:
    """Sections `method` and `pretrain` of a pretraining without a task. Raises `UsageError` as `resolve_config`.

    Other sections of `set_` are an error: nothing is adapted.
    """
    for section, values in set_.items():
        if values and section not in ("method", "pretrain"):
            raise UsageError(
                f"--set {section}.{next(iter(values))}: a pretraining alone has sections method, pretrain."
            )
    own, budget = (
        resolve(cls, section, owner, *defaults, set_.get(section, {}))
        for section, (cls, owner, defaults) in _pretraining_layers(method, profile).items()
    )
    assert isinstance(budget, PretrainSettings)
    return own, budget


def resolve_config(method: str, task: Task, protocol: str, profile: str, backbone: str, set_: Overrides) -> RunConfig:
    """Resolve all sections of one run. Raises `UsageError` for an unknown key or a value of the wrong type."""
    kind = kinds().get(task.kind)
    quick = profile == "quick"
    own = {section: set_.get(section, {}) for section in SECTIONS}
    head = head_of(task, protocol, profile, set_)
    evaluation = quick_settings(task, protocol, head) if quick else task.paper
    size = evaluation.get("task", {})
    chosen = PROTOCOLS[protocol]
    settings_class = chosen.settings_for(head)
    adaptation = evaluation.get("protocol", {})
    if not quick:  # a task lists what any of its protocols takes; the swept head has its own but for the layers
        taken = {"hidden"} if head == "swept" else settings_class.model_fields.keys()
        adaptation = {k: v for k, v in adaptation.items() if k in taken & settings_class.model_fields.keys()}
    layers: dict[str, Layers] = {
        **_pretraining_layers(method, profile),
        "task": (kind.settings_class, f"task {task.name!r}", [task.settings, size]),
        "protocol": (settings_class, _owner(protocol, head), [chosen.preset, adaptation]),
    }
    resolved = {s: resolve(c, s, owner, *defaults, own[s]) for s, (c, owner, defaults) in layers.items()}
    return RunConfig.model_validate(
        {
            "profile": profile,
            "backbone": backbone,
            "method": resolved["method"].model_dump(),
            "pretrain": resolved["pretrain"],
            "task": resolved["task"].model_dump(),
            "protocol": resolved["protocol"],
            "overrides": _changed(layers, resolved, set_),
        }
    )


def _owner(protocol: str, head: Head | None) -> str:
    return f"protocol {protocol!r}" + (f" with head={head}" if head else "")


def _changed(layers: Mapping[str, Layers], resolved: Mapping[str, Settings], set_: Overrides) -> dict[str, Any]:
    """What the user set to another value than it has without, section by section; sections without any are left out.

    A setting that has no value unless the user gives it is among these.
    """
    changed: dict[str, dict[str, Any]] = {}
    for section, keys in sorted(set_.items()):
        cls, owner, defaults = layers[section]
        try:
            plain = dict(resolve(cls, section, owner, *defaults))
        except UsageError:
            plain = {}
        own = {k: getattr(resolved[section], k) for k in sorted(keys)}
        changed[section] = {k: v for k, v in own.items() if k not in plain or v != plain[k]}
    return {section: values for section, values in changed.items() if values}
