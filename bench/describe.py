"""Texts of `bench list`, `bench show` and `bench data status`. Only `bench show` imports a task's kind, and torch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from bench import registry
from bench.backbones import BACKBONES, BackboneSpec
from bench.config import quick_settings
from bench.data import resolve_root
from bench.data_status import data_status
from bench.errors import UsageError
from bench.interfaces import DataSet, Settings, Task
from bench.misplaced import folder_name
from bench.protocols import PROTOCOLS, Protocol

LISTS = ("methods", "tasks", "protocols", "backbones", "corpora", "formats")


def listing(what: str, plugin_files: Iterable[Path]) -> list[tuple[str, str]]:
    """(name, one line about it) of everything of one sort. Raises `UsageError` for an unknown sort."""
    if what not in LISTS:
        raise UsageError(f"Cannot list {what!r}.{registry.closest(what, LISTS)} Known: {', '.join(LISTS)}.")
    _add_files(plugin_files)
    if what == "protocols":
        return [(p.name, p.summary) for p in PROTOCOLS.values()]
    if what == "backbones":
        return [(b.name, b.summary) for b in BACKBONES.values()]
    if what == "corpora":
        from bench.corpora import CORPORA

        return list(CORPORA.items())
    if what == "formats":
        from bench.weights.formats import FORMATS

        return [(f.name, f.summary) for f in FORMATS.values()]
    if what == "tasks":
        loaded = [registry.tasks().get(name) for name in registry.tasks().plugins]
        return [(t.name, f"{t.data.title} · {t.kind} · {t.protocol} · {t.metric}{_stand_in(t)}") for t in loaded]
    return [(p.name, f"{p.location} ({p.package})") for p in registry.methods().plugins.values()]


def describe(name: str, plugin_files: Iterable[Path]) -> dict[str, Any]:
    """Facts about a task, method, protocol, backbone, format or file of weights.

    Raises:
        UsageError: nothing of that name, with the closest match of all.
        StorageError: a file that holds no usable weights.
    """
    _add_files(plugin_files)
    if name in registry.tasks().plugins:
        return _task_facts(registry.tasks().get(name))
    if name in registry.methods().plugins:
        return _method_facts(name)
    if name in PROTOCOLS:
        return _protocol_facts(PROTOCOLS[name])
    if name in BACKBONES:
        return _backbone_facts(BACKBONES[name])
    if Path(name).is_file() or "/" in name:
        from bench.weights.facts import file_facts

        return file_facts(Path(name))
    from bench.weights.formats import FORMATS

    if name in FORMATS:
        from bench.weights.facts import format_facts

        return format_facts(FORMATS[name])
    known = [*registry.tasks().plugins, *registry.methods().plugins, *PROTOCOLS, *BACKBONES, *FORMATS]
    listing = f"List them: bench list {', '.join(LISTS)}."
    raise registry.unknown("task, method, protocol, backbone, format or file", name, known, listing)


def _add_files(plugin_files: Iterable[Path]) -> None:
    for path in plugin_files:
        registry.methods().add_file(path)


def _task_facts(task: Task) -> dict[str, Any]:
    data = task.data
    settings = registry.kinds().get(task.kind).settings_class
    return {
        "task": task.name,
        **({"stand-in for": f"{data.stand_in_for}; no task of the benchmark"} if data.stand_in_for else {}),
        "data set": f"{data.title} ({data.modality}), folder {folder_name(data)}/ under the data root",
        "kind": task.kind,
        "protocol": f"{task.protocol}: {PROTOCOLS[task.protocol].summary}",
        "metric": task.metric,
        "classes": ", ".join(data.classes),
        "expected counts": {s: dict(c) for s, c in data.expected_counts.items()},
        "splits": _splits(data),
        "layout": data.reader.layout,
        "settings (--set task.KEY=VALUE)": _fields(settings),
        "settings (paper)": {s: dict(v) for s, v in task.paper.items()},
        "settings (every profile)": {"task": dict(task.settings)} if task.settings else "none of its own",
        "settings (quick)": quick_settings(task, task.protocol),
        "citation": data.citation,
        "licence": data.licence,
        "how to obtain": data.obtain,
    }


def _stand_in(task: Task) -> str:
    name = task.data.stand_in_for
    return f" · stand-in for {name}, not part of `all`" if name else ""


def _splits(data: DataSet) -> str:
    owner = "test" in data.expected_counts
    test = "the owner's test split" if owner else "test = 20% of the cases, the same for every seed"
    if data.domains:
        test += f", of {data.domains[0]}; {', '.join(data.domains[1:])} are only tested on"
    rest = "the owner's training cases" if owner else "the others"
    return (
        f"{test}; validation = {data.validation_fraction:.0%} of {rest}, drawn by seed, stratified by class, identical "
        "files and subjects kept together, written to results/splits/"
    )


def _method_facts(name: str) -> dict[str, Any]:
    cls = registry.methods().get(name)
    return {
        "method": name,
        "title": cls.title,
        "citation": cls.citation,
        "plugin": registry.methods().plugin(name).location,
        "settings (--set method.KEY=VALUE; default = published)": _fields(cls.config_class),
        "quick profile changes": dict(cls.quick),
        "ablations (bench ablate)": {k: _texts(v) for k, v in cls.ablations.items()},
    }


def _protocol_facts(protocol: Protocol) -> dict[str, Any]:
    return {
        "protocol": f"{protocol.name}: {protocol.summary}",
        "settings (--set protocol.KEY=VALUE)": _fields(protocol.settings_class),
        **({"set by this protocol": dict(protocol.preset)} if protocol.preset else {}),
        "quick profile changes": dict(protocol.quick),
        "paper profile changes": "the task's (bench show TASK)" if protocol.trained else "nothing",
    }


def _backbone_facts(spec: BackboneSpec) -> dict[str, Any]:
    shape = spec.transformer
    return {
        "backbone": f"{spec.name}: {spec.summary}",
        "embedding": f"{spec.channels[-1]} numbers per image",
        "feature maps (channels at stride)": ", ".join(
            f"{c} at {s}" for c, s in zip(spec.channels, spec.strides, strict=True)
        ),
        "position embedding": f"for {shape.image_size} px, interpolated for others" if shape else "none",
        "ImageNet weights": spec.imagenet_file or "none known to torchvision",
    }


def _texts(values: Mapping[str, Any]) -> str:
    return " ".join(f"{k}={v}" for k, v in values.items())


def _fields(settings: type[Settings]) -> dict[str, str]:
    return {k: f"{f.default!r}  {f.description or ''}".rstrip() for k, f in settings.model_fields.items()}


def to_text(facts: Mapping[str, Any], indent: str = "") -> str:
    """Facts as indented text."""
    lines = []
    for key, value in facts.items():
        if isinstance(value, Mapping):
            lines += [f"{indent}{key}:", to_text(value, indent + "  ")] if value else [f"{indent}{key}: none"]
        elif isinstance(value, str) and "\n" in value:
            lines += [f"{indent}{key}:", *(f"{indent}  {line}" for line in value.splitlines())]
        else:
            lines.append(f"{indent}{key}: {value}")
    return "\n".join(lines)


def data_facts(option: Path | None) -> dict[str, Any]:
    """What is under the data root, per data set. Raises `DataError` when a given root does not exist."""
    from dataclasses import asdict

    root = resolve_root(option)
    sets = {(d := registry.tasks().get(name).data).name: d for name in registry.tasks().plugins}
    return {
        "data_root": str(root) if root else None,
        "data_sets": [asdict(row) for row in data_status(root, sets.values())],
    }


def data_lines(facts: Mapping[str, Any]) -> list[str]:
    """The facts of `data_facts` for people."""
    root = facts["data_root"]
    lines = [f"Data root: {root}" if root else "No data root: give --data-root DIR or set BENCH_DATA."]
    for row in facts["data_sets"]:
        lines.append(f"{row['name']}: {row['state']}" + (f" ({row['kind']} data)" if row["kind"] else ""))
        if row["message"]:
            lines += [f"  {line}" for line in row["message"].splitlines()]
        for split, counts in row["counts"].items():
            expected = row["expected"].get(split, {})
            shown = ", ".join(f"{name} {n} of {expected.get(name, '?')}" for name, n in counts.items())
            lines.append(f"  {split}: {sum(counts.values())} found of {sum(expected.values())} expected ({shown})")
        if row["state"] == "found":
            lines.append(
                f"  byte-identical files: {row['n_duplicate_groups']} groups, {row['n_crossing_owner_split']} of them "
                "on both sides of the owner's split"
            )
        lines += [f"  Warning: {w}" for w in row["warnings"]]
    return lines
