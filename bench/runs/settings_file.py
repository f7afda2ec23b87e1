"""`--config FILE`: settings as TOML, for all methods or for one, and how `bench tune` chose them.

[pretrain]                      # sections pretrain, task and protocol: for every method of the command
epochs = 20

[pretrain.simclr]               # for one method
batch_size = 128

[method.simclr]
temperature = 0.2

[tuned.simclr]                  # written by `bench tune`, see `TunedRecord`
trials = 20
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
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
OWN = ("method", "pretrain")
"""Sections with a table for one method: `[method.NAME]`."""
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
    places: Mapping[tuple[str, str], Path] = field(default_factory=dict)
    """(table, key) -> the file in which it stands."""

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
    places: dict[tuple[str, str], Path] = {}
    for path in paths:
        for table, key, value in _entries(path):
            _place(places, path, table, key)
            section, _, method = table.partition(".")
            if section == "tuned":
                tuned[key] = _tuned_record(path, key, value)
            elif method:
                own.setdefault(method, {}).setdefault(section, {})[key] = value
            else:
                shared.setdefault(section, {})[key] = value
    return SettingsFile(shared, own, tuned, places)


def _entries(path: Path) -> Iterator[tuple[str, str, Any]]:
    """(table, key, value) of a file; the table of one method is `method.NAME` or `pretrain.NAME`."""
    with reading(path, ADVICE, UsageError, what="is not valid TOML"):
        tables = toml_of(text_of(path))
    for table, keys in tables.items():
        if table not in TABLES or not isinstance(keys, Mapping):
            hint = closest(table, TABLES) if table not in TABLES else " It must be a table."
            raise _wrong(path, f"unknown entry {one_line(table)!r}.{hint} Known tables: {', '.join(TABLES)}.")
        for key, value in keys.items():
            if table in OWN and isinstance(value, Mapping):
                yield from ((f"{table}.{key}", name, one) for name, one in value.items())
            elif table == "method":
                raise _wrong(path, f"[method] sets {one_line(key)!r} of no method; write it in [method.NAME].")
            else:
                yield table, key, value


def _wrong(path: Path, problem: str) -> UsageError:
    return UsageError(f"{one_line(path)}: {problem} {ADVICE}")


def _place(places: dict[tuple[str, str], Path], path: Path, table: str, key: str) -> None:
    other = places.setdefault((table, key), path)
    if other is not path:
        raise UsageError(
            f"{one_line(path)}: [{one_line(table)}] {one_line(key)} stands in {one_line(other)} too. Keep one of them."
        )


def _tuned_record(path: Path, method: str, values: Any) -> TunedRecord:
    try:
        return TunedRecord.model_validate(values)
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise UsageError(
            f"{one_line(path)}: [tuned.{one_line(method)}] is not what bench tune writes: {one_line(problems)}. Tune "
            "again, or remove the table: the settings stay."
        ) from error


def check_settings_files(found: SettingsFile) -> None:
    """Check names of methods and settings, once plugins are known. Raises `UsageError` with the closest name."""
    known: dict[str, set[str]] = {}
    for (table, key), path in found.places.items():
        if table not in known:
            known[table] = _known(table, path)
        if key not in known[table]:
            raise UsageError(
                f"{one_line(path)}: [{one_line(table)}] has no entry {one_line(key)!r}.{closest(key, known[table])} "
                f"Known: {', '.join(sorted(known[table]))}."
            )


def _known(table: str, path: Path) -> set[str]:
    """The keys that a table may have."""
    section, _, method = table.partition(".")
    if section == "tuned":
        return set(registry.methods().plugins)
    if method:
        return set(_class_of(section, method, path).model_fields)
    kinds = registry.kinds()
    classes: dict[str, Callable[[], Iterable[type[Settings]]]] = {
        "pretrain": lambda: [PretrainSettings],
        "task": lambda: [kinds.get(name).settings_class for name in kinds.plugins],
        "protocol": lambda: [cls for p in PROTOCOLS.values() for cls in (p.settings_class, *p.heads.values())],
    }
    return {key for cls in classes[section]() for key in cls.model_fields}


def _class_of(section: str, method: str, path: Path) -> type[Settings]:
    methods = registry.methods()
    if section == "pretrain" and method not in methods.plugins and method in PretrainSettings.model_fields:
        raise _wrong(path, f"[pretrain] {method} is a table, and must be a value.")
    try:
        cls: type[Settings] = methods.get(method).config_class
    except UsageError as error:
        raise UsageError(f"{one_line(path)}: [{section}.{one_line(method)}]: {error}") from error
    return cls if section == "method" else PretrainSettings


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
    """`key = value` of what has a value, which is what TOML can say."""
    return [f"{_key(key)} = {_text(value)}" for key, value in values.items() if value is not None]


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _text(name)


def _text(value: Any) -> str:
    """A text, number, truth value or list of these, which TOML writes as JSON does."""
    return json.dumps(value, allow_nan=False).replace("\x7f", "\\u007f")
