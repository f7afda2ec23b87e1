"""`--config FILE`: settings as TOML, for all runs or for some, how `bench tune` chose them, and a study's grid.

[study]                         # the grid, see `studies.study`
tasks = "drive"

[pretrain]                      # sections pretrain, task and protocol: for every method of the command
epochs = 20

[pretrain.simclr]               # for one method
batch_size = 128

[method.simclr]
temperature = 0.2

[protocol.knn]                  # for one protocol; [task.NAME] for one task
neighbours = 5

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
from bench.core.errors import Problems, UsageError, closest, unknown
from bench.core.escape import one_line
from bench.core.reading import reading, text_of, toml_of
from bench.core.settings import Overrides, Settings, TunedRecord
from bench.evaluation.protocols import PROTOCOLS
from bench.pretraining.settings import PretrainSettings
from bench.runs.studies.study import Study, merged, study_of

SHARED = ("pretrain", "task", "protocol")
"""Sections whose settings hold for every method."""
OWN = ("method", "pretrain")
"""Sections with a table for one method: `[method.NAME]`."""
NAMED = ("task", "protocol")
"""Sections with a table for one task or protocol: `[task.NAME]`."""
TABLES = ("study", "method", *SHARED, "tuned")
HEADER = "# Written by `bench tune`"
"""How every file that it wrote begins."""
ADVICE = "docs/tuning.md and docs/studies.md show the form."


@dataclass(frozen=True)
class SettingsFile:
    """What the files of `--config` say. Values are as TOML has them; `resolve_config` checks them."""

    shared: Overrides = field(default_factory=dict)
    """Section (`pretrain`, `task`, `protocol`) -> setting -> value, for every method."""
    own: Mapping[str, Overrides] = field(default_factory=dict)
    """Method -> section (`method`, `pretrain`) -> setting -> value, for it alone."""
    named: Mapping[str, Overrides] = field(default_factory=dict)
    """Section (`task`, `protocol`) -> name of one -> setting -> value, for it alone."""
    study: Study = field(default_factory=lambda: Study.model_validate({}))
    """The grid."""
    tuned: Mapping[str, TunedRecord] = field(default_factory=dict)
    """Method -> how its settings were chosen."""
    places: Mapping[tuple[str, str], Path] = field(default_factory=dict)
    """(table, key) -> the file in which it stands."""

    def of(self, method: str, explicit: Overrides, task: str = "", protocol: str = "") -> dict[str, dict[str, Any]]:
        """All settings of a run: for every run, then for its method, task and protocol, then those given explicitly."""
        found: dict[str, dict[str, Any]] = {}
        for layer in (self.shared, self.own.get(method, {}), self.named_for(task, protocol), explicit):
            for section, values in layer.items():
                found.setdefault(section, {}).update(values)
        return found

    def named_for(self, task: str, protocol: str) -> Overrides:
        """What is set for one task and one protocol alone."""
        found = {
            section: self.named.get(section, {}).get(n) for section, n in zip(NAMED, (task, protocol), strict=True)
        }
        return {section: values for section, values in found.items() if values}


def read_settings_files(paths: Iterable[Path]) -> SettingsFile:
    """The settings in some files together; a setting may stand in one of them only.

    Raises:
        UsageError: a file cannot be read, has a table of another name, or one file sets what another does.
    """
    shared: dict[str, dict[str, Any]] = {}
    own: dict[str, dict[str, dict[str, Any]]] = {}
    named: dict[str, dict[str, dict[str, Any]]] = {}
    studies: dict[Path, Study] = {}
    tuned: dict[str, TunedRecord] = {}
    places: dict[tuple[str, str], Path] = {}
    for path in paths:
        tables = _tables(path)
        studies[path] = study_of(path, tables.pop("study", {}), ADVICE)
        for table, key, value in _entries(path, tables):
            _place(places, path, table, key)
            section, _, name = table.partition(".")
            if section == "tuned":
                tuned[key] = _tuned_record(path, key, value)
            elif name and section in OWN:
                own.setdefault(name, {}).setdefault(section, {})[key] = value
            elif name:
                named.setdefault(section, {}).setdefault(name, {})[key] = value
            else:
                shared.setdefault(section, {})[key] = value
    return SettingsFile(shared, own, named, merged(studies), tuned, places)


def _tables(path: Path) -> dict[str, Mapping[str, Any]]:
    """The tables of a file by name."""
    with reading(path, ADVICE, UsageError, what="is not valid TOML"):
        tables = toml_of(text_of(path))
    for table, keys in tables.items():
        if table not in TABLES or not isinstance(keys, Mapping):
            hint = closest(table, TABLES) if table not in TABLES else " It must be a table."
            raise _wrong(path, f"unknown entry {one_line(table)!r}.{hint} Known tables: {', '.join(TABLES)}.")
    return tables


def _entries(path: Path, tables: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str, str, Any]]:
    """(table, key, value) of a file; the table of one method is `method.NAME` or `pretrain.NAME`."""
    for table, keys in tables.items():
        for key, value in keys.items():
            if table in (*OWN, *NAMED) and isinstance(value, Mapping):
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
    """Check names of methods, tasks, protocols and settings, once plugins are known.

    Raises:
        UsageError: with the closest name; all that is wrong is in it.
    """
    problems = Problems()
    known: dict[str, set[str]] = {}
    for (table, key), path in found.places.items():
        if table not in known:
            known[table] = set()
            with problems.noted():
                known[table] = _known(table, path)
        if known[table] and key not in known[table]:
            text = f"[{one_line(table)}] has no entry {one_line(key)!r}.{closest(key, known[table])}"
            with problems.noted():
                raise UsageError(f"{one_line(path)}: {text} Known: {', '.join(sorted(known[table]))}.")
    problems.raise_all()


def _known(table: str, path: Path) -> set[str]:
    """The keys that a table may have."""
    section, _, name = table.partition(".")
    if section == "tuned":
        return set(registry.methods().plugins)
    kinds = registry.kinds()
    classes: dict[str, Callable[[], Iterable[type[Settings]]]] = {
        "pretrain": lambda: [PretrainSettings],
        "task": lambda: [kinds.get(kind).settings_class for kind in kinds.plugins],
        "protocol": lambda: [cls for one in PROTOCOLS for cls in _of_protocol(one)],
    }
    if not name:
        return {key for cls in classes[section]() for key in cls.model_fields}
    if (
        section != "method"
        and name not in registry.methods().plugins
        and name in {key for cls in classes[section]() for key in cls.model_fields}
    ):
        raise _wrong(path, f"[{section}] {name} is a table, and must be a value.")
    try:
        return {key for cls in _classes_for(section, name) for key in cls.model_fields}
    except UsageError as error:
        raise UsageError(f"{one_line(path)}: [{section}.{one_line(name)}]: {error}") from error


def _classes_for(section: str, name: str) -> list[type[Settings]]:
    """The settings that a table of one method, task or protocol may hold. Raises `UsageError` for an unknown one."""
    if section == "protocol":
        if name not in PROTOCOLS:
            raise unknown("protocol", name, PROTOCOLS, "List them: bench list protocols.")
        return _of_protocol(name)
    if section == "task":
        return [registry.kinds().get(registry.tasks().get(name).kind).settings_class]
    method = registry.methods().get(name)
    return [method.config_class if section == "method" else PretrainSettings]


def _of_protocol(name: str) -> list[type[Settings]]:
    return [PROTOCOLS[name].settings_class, *PROTOCOLS[name].heads.values()]


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
