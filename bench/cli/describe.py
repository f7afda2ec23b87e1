"""What `bench show` and `bench data status` say, as data; `describe_text` makes texts of descriptions.

Only `bench show` of a task imports its kind, and torch.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic_core import to_jsonable_python

from bench.cli.settings_schema import settings_schema
from bench.core import registry
from bench.core.errors import unknown
from bench.core.task import DataSet, Task
from bench.data.root import folder_name, resolve_root
from bench.data.splits import TEST_FRACTION
from bench.evaluation.protocols import PROTOCOLS, Protocol
from bench.models.specs import BACKBONES, BackboneSpec, find_backbone, is_backbone
from bench.runs.config import head_of, quick_settings
from bench.runs.listing import LISTS, Facts, add_files, backbone_row, protocol_row, task_row

if TYPE_CHECKING:
    from bench.models.weights.formats import Format


def describe(name: str, plugin_files: Iterable[Path], backbone: str | None = None) -> Facts:
    """Facts about a task, method, protocol, backbone, format or file of weights, which `type` says; ready for JSON.

    `backbone` is that of a file of weights; default: the one that it fits best.

    Raises:
        UsageError: nothing of that name, with the closest match of all.
        StorageError: a file that holds no usable weights.
    """
    add_files(plugin_files)
    facts: Facts = to_jsonable_python(_facts(name, backbone))
    return facts


def _facts(name: str, backbone: str | None) -> Facts:
    if name in registry.tasks().plugins:
        return _task_facts(registry.tasks().get(name))
    if name in registry.methods().plugins:
        return _method_facts(name)
    if name in PROTOCOLS:
        return _protocol_facts(PROTOCOLS[name])
    if is_backbone(name):
        return _backbone_facts(find_backbone(name))
    if Path(name).is_file() or "/" in name:
        from bench.models.weights.facts import file_facts

        return {"type": "weights", **file_facts(Path(name), backbone)}
    from bench.models.weights.formats import FORMATS

    if name in FORMATS:
        return _format_facts(FORMATS[name])
    known = [*registry.tasks().plugins, *registry.methods().plugins, *PROTOCOLS, *BACKBONES, *FORMATS]
    lists = f"List them: bench list {', '.join(LISTS)}."
    raise unknown("task, method, protocol, backbone, format or file", name, known, lists)


def _task_facts(task: Task) -> Facts:
    kind = registry.kinds().get(task.kind)
    return {
        "type": "task",
        **task_row(task.name),
        "metrics": kind.metrics,
        "data_set": _data_set_facts(task.data),
        "splits": _splits(task.data),
        "settings": settings_schema(kind.settings_class),
        "profiles": {
            "every": {"task": dict(task.settings)},
            "quick": quick_settings(task, task.protocol, head_of(task, task.protocol, "quick", {})),
            "paper": {section: dict(values) for section, values in task.paper.items()},
        },
    }


def _data_set_facts(data: DataSet) -> Facts:
    return {
        "name": data.name,
        "title": data.title,
        "modality": data.modality,
        "folder": folder_name(data),
        "classes": data.classes,
        "ordered_classes": data.ordered_classes,
        "overlapping_classes": data.overlapping_classes,
        "expected_counts": {split: dict(counts) for split, counts in data.expected_counts.items()},
        "layout": data.reader.layout,
        "citation": data.citation,
        "licence": data.licence,
        "obtain": data.obtain,
    }


def _splits(data: DataSet) -> Facts:
    """Whose the test split is, shares of the cases where they are drawn, and domains where there are several."""
    owners = "test" in data.expected_counts
    return {
        "test": {"source": "owner"} if owners else {"source": "drawn", "fraction": TEST_FRACTION},
        "validation": {"source": "drawn", "fraction": data.validation_fraction},
        "trained_domain": data.domains[0] if data.domains else None,
        "tested_only_domains": data.domains[1:],
    }


def _method_facts(name: str) -> Facts:
    cls, plugin = registry.methods().get(name), registry.methods().plugin(name)
    return {
        "type": "method",
        "name": name,
        "title": cls.title,
        "version": vars(cls).get("version"),
        "citation": cls.citation,
        "location": plugin.location,
        "package": plugin.package,
        "pretrains": cls.pretrains,
        "backbones": cls.backbones,
        "settings": settings_schema(cls.config_class),
        "profiles": {"quick": {"method": dict(cls.quick)}, "paper": {"pretrain": dict(cls.published_views)}},
        "search_space": dict(cls.search_space),
        "ablations": {ablation: dict(values) for ablation, values in cls.ablations.items()},
    }


def _protocol_facts(protocol: Protocol) -> Facts:
    return {
        "type": "protocol",
        **protocol_row(protocol),
        "settings": settings_schema(protocol.settings_class),
        "heads": {head: settings_schema(cls) for head, cls in protocol.heads.items()},
        "profiles": {"every": {"protocol": dict(protocol.preset)}, "quick": {"protocol": dict(protocol.quick)}},
    }


def _backbone_facts(spec: BackboneSpec) -> Facts:
    maps = [{"channels": c, "stride": s} for c, s in zip(spec.channels, spec.strides, strict=True)]
    return {
        "type": "backbone",
        **backbone_row(spec),
        "feature_maps": maps,
        "position_embedding_px": spec.transformer.image_size if spec.transformer else None,
        "imagenet_file": spec.imagenet_file or None,
        "image_side_px": spec.side,
        "version": spec.version,
    }


def _format_facts(form: Format) -> Facts:
    from bench.models.weights.layouts import LAYOUTS

    return {
        "type": "format",
        "name": form.name,
        "summary": form.summary,
        "containers": form.containers,
        "prefixes": form.prefixes,
        "layouts": [{"name": x.name, "summary": x.summary, "anchor": x.anchor} for x in LAYOUTS],
    }


def data_facts(option: Path | None) -> dict[str, Any]:
    """What is under the data root, per data set. Raises `DataError` when a given root does not exist."""
    from dataclasses import asdict

    from bench.data.status import data_status

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
