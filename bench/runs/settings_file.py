"""`--config FILE`: settings as TOML, for all methods or for one, and how `bench tune` chose them.

[pretrain]                      # sections pretrain, task and protocol: for every method of the command
epochs = 20

[pretrain.simclr]               # for one method
gradient_clip = 0.5

[method.simclr]
temperature = 0.2

[tuned.simclr]                  # written by `bench tune`, see `TunedRecord`
trials = 20
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from bench.core import registry
from bench.core.errors import UsageError, closest
from bench.core.escape import one_line
from bench.core.reading import reading, text_of, toml_of
from bench.core.settings import Overrides, Settings, TunedRecord
from bench.evaluation.protocols import PROTOCOLS
from bench.pretraining.settings import PretrainSettings

SHARED = ("pretrain", "task", "protocol")
"""Sections whose settings hold for every method."""
TABLES = ("method", *SHARED, "tuned")
HEADER = "# Written by `bench tune`"
"""How every file that it wrote begins."""
ADVICE = "docs/tuning.md shows the form."


@dataclass(frozen=True)
class SettingsFile:
    """What the files of `--config` say. Values are as TOML has them; `resolve_config` checks them."""

    shared: Overrides = field(default_factory=dict)
    """Section (`pretrain`, `task`, `protocol`) -> setting -> value, for every method."""
    own: Mapping[str, Overrides] = field(default_factory=dict)
    """Method -> section (`method`, `pretrain`) -> setting -> value, for it alone."""
    tuned: Mapping[str, TunedRecord] = field(default_factory=dict)
    """Method -> how its settings were chosen."""

    def of(self, method: str, explicit: Overrides) -> dict[str, dict[str, Any]]:
        """All settings of a method: for every method, then for it, then those that were given explicitly."""
        merged: dict[str, dict[str, Any]] = {}
        for layer in (self.shared, self.own.get(method, {}), explicit):
            for section, values in layer.items():
                merged.setdefault(section, {}).update(values)
        return merged


def read_settings_files(paths: Iterable[Path]) -> SettingsFile:
    """The settings in some files together; a setting may stand in one of them only.

    Raises:
        UsageError: a file cannot be read, has a table of another name, or one file sets what another does.
    """
    shared: dict[str, dict[str, Any]] = {}
    own: dict[str, dict[str, dict[str, Any]]] = {}
    tuned: dict[str, TunedRecord] = {}
    for path in paths:
        for name, table in _tables(path).items():
            if name == "tuned":
                _add(path, name, tuned, {m: _tuned_record(path, m, values) for m, values in table.items()})
                continue
            for key, value in table.items():
                if name in ("method", "pretrain") and isinstance(value, Mapping):
                    _add(path, f"{name}.{key}", own.setdefault(key, {}).setdefault(name, {}), value)
                elif name == "method":
                    raise UsageError(f"{path}: [method] sets {key!r} of no method; write it in [method.NAME]. {ADVICE}")
                else:
                    _add(path, name, shared.setdefault(name, {}), {key: value})
    return SettingsFile(shared, own, tuned)


def _tables(path: Path) -> dict[str, Mapping[str, Any]]:
    with reading(path, ADVICE, UsageError, what="is not valid TOML"):
        tables = toml_of(text_of(path))
    for name, table in tables.items():
        if name not in TABLES or not isinstance(table, Mapping):
            hint = closest(name, TABLES) if name not in TABLES else " It must be a table."
            raise UsageError(
                f"{path}: unknown entry {one_line(name)!r}.{hint} Known tables: {', '.join(TABLES)}. {ADVICE}"
            )
    return tables


def _add(path: Path, table: str, known: dict[str, Any], values: Mapping[str, Any]) -> None:
    for key, value in values.items():
        if key in known:
            raise UsageError(f"{path}: [{table}] {key} stands in another file of --config too. Keep one of them.")
        known[key] = value


def _tuned_record(path: Path, method: str, values: Any) -> TunedRecord:
    try:
        return TunedRecord.model_validate(values)
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise UsageError(
            f"{path}: [tuned.{one_line(method)}] is not what bench tune writes: {one_line(problems)}. Tune again, or "
            "remove the table: the settings stay."
        ) from error


def check_settings_files(found: SettingsFile) -> None:
    """Check names of methods and settings, once plugins are known. Raises `UsageError` with the closest name."""
    methods = registry.methods()
    for method, sections in found.own.items():
        if method not in methods.plugins and method in PretrainSettings.model_fields:
            raise UsageError(f"--config: [pretrain] {method} is a table, and must be a value. {ADVICE}")
        for section, values in sections.items():
            cls = methods.get(method).config_class if section == "method" else PretrainSettings
            methods.plugin(method)
            _check_keys(f"{section}.{method}", values, cls.model_fields)
    for method in found.tuned:
        methods.plugin(method)
    kinds = registry.kinds()
    known: dict[str, Iterable[type[Settings]]] = {
        "pretrain": [PretrainSettings],
        "task": (kinds.get(name).settings_class for name in kinds.plugins if "task" in found.shared),
        "protocol": [protocol.settings_class for protocol in PROTOCOLS.values()],
    }
    for section, values in found.shared.items():
        _check_keys(section, values, {key: None for cls in known[section] for key in cls.model_fields})


def _check_keys(table: str, values: Mapping[str, Any], known: Mapping[str, Any]) -> None:
    for key in values:
        if key not in known:
            raise UsageError(
                f"--config: [{one_line(table)}] has no setting {one_line(key)!r}.{closest(key, known)} "
                f"Known: {', '.join(sorted(known))}."
            )


def settings_file_text(chosen: Mapping[str, Overrides], tuned: Mapping[str, TunedRecord]) -> str:
    """TOML of settings by method (method -> section -> setting -> value), and how they were chosen."""
    lines = [f"{HEADER}; `bench run --config FILE` takes it."]
    for method, sections in chosen.items():
        for section, values in sections.items():
            lines += ["", f"[{section}.{_key(method)}]", *_lines(values)]
    for method, record in tuned.items():
        fields = record.model_dump(mode="json", exclude_none=True)
        tables = {name: value for name, value in fields.items() if isinstance(value, Mapping)}
        lines += ["", f"[tuned.{_key(method)}]", *_lines({k: v for k, v in fields.items() if k not in tables})]
        for name, table in tables.items():
            lines += ["", f"[tuned.{_key(method)}.{name}]", *_lines(table)]
    return "\n".join(lines) + "\n"


def _lines(values: Mapping[str, Any]) -> list[str]:
    return [f"{_key(key)} = {_text(value)}" for key, value in values.items()]


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _text(name)


def _text(value: Any) -> str:
    """A text, number, truth value or list of these, which TOML writes as JSON does."""
    return json.dumps(value, allow_nan=False).replace("\x7f", "\\u007f")
