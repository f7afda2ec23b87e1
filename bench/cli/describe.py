"""What `bench show` and `bench data status` say, as data; `describe_text` makes texts of descriptions.

Only `bench show` of a task imports its kind, and torch.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic_core import to_jsonable_python

from bench.cli.settings_schema import settings_schema
from bench.core import registry
from bench.core.cache_folder import default_cache
from bench.core.errors import UsageError, unknown
from bench.core.escape import one_line
from bench.core.task import DataSet, Task
from bench.data.own.declaration import is_declaration
from bench.data.published.named_splits import named_splits_of, sizes_of
from bench.data.root import folder_name, resolve_root
from bench.data.splits import TEST_FRACTION
from bench.evaluation.protocols import PROTOCOLS, Protocol
from bench.models.specs import BACKBONES, BackboneSpec, find_backbone, is_backbone, own_backbones
from bench.runs.config import head_of, quick_settings
from bench.runs.kept.find import names_run
from bench.runs.kept.places import run_facts
from bench.runs.listing import LISTS, Facts, add_declared, backbone_row, format_facts, protocol_row, task_row
from bench.runs.plugin_files import add_files
from bench.runs.request import declared_tasks


def describe(
    name: str,
    plugin_files: Iterable[Path],
    data: Iterable[Path] = (),
    data_root: Path | None = None,
    backbone: str | None = None,
    results: Path = Path("results"),
    cache: Path | None = None,
) -> Facts:
    """Facts about a task (by name or file), method, protocol, backbone, corpus, format, weights or run, for JSON.

    `type` says which it is; `backbone` is that of a file of weights; default: the one that it fits best.

    Raises:
        UsageError: nothing of that name, with the closest match of all.
        StorageError: a file that holds no usable weights, or no valid record.
    """
    add_files(plugin_files)
    own = [Path(name)] if Path(name).suffix == ".toml" and is_declaration(Path(name)) else []
    names = add_declared([*own, *data], data_root)
    name = names[0] if own else name
    facts: Facts = to_jsonable_python(_facts(name, backbone) or run_facts(name, results, cache or default_cache()))
    return facts


def _facts(name: str, backbone: str | None) -> Facts:
    """Empty for what can only be a run."""
    if name in registry.tasks().plugins:
        return _task_facts(registry.tasks().get(name))
    if name in registry.methods().plugins:
        return _method_facts(name)
    if name in PROTOCOLS:
        return _protocol_facts(PROTOCOLS[name])
    if is_backbone(name):
        return _backbone_facts(find_backbone(name))
    corpora = _corpora()
    if name in corpora:
        return corpora[name]
    if Path(name).suffix == ".py":
        raise UsageError(
            f"{one_line(name)} is a plugin file. Name one of its methods: bench show NAME --plugin {one_line(name)}"
        )
    if names_run(name):
        return {}
    if Path(name).is_file() or "/" in name:
        from bench.models.weights.facts import file_facts

        return {"type": "weights", **file_facts(Path(name), backbone)}
    from bench.models.weights.formats import FORMATS

    if name in FORMATS:
        return {"type": "format", **format_facts(FORMATS[name])}
    known = [
        *registry.tasks().plugins, *registry.methods().plugins, *PROTOCOLS, *BACKBONES, *own_backbones().plugins,
        *corpora, *FORMATS,
    ]  # fmt: skip
    lists = f"List them: bench list {', '.join(LISTS)}."
    raise unknown("task, method, protocol, backbone, corpus, format or file", name, known, lists)


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
        "folder": str(data.declared.folder) if data.declared and data.declared.folder else folder_name(data),
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
    known, owners = bool(data.expected_counts), "test" in data.expected_counts
    drawn = {"source": "drawn" if known else "owner or drawn", "fraction": TEST_FRACTION}
    return {
        "test": {"source": "owner"} if owners else drawn,
        "validation": {"source": "drawn", "fraction": data.validation_fraction},
        "trained_domain": data.domains[0] if data.domains else None,
        "tested_only_domains": data.domains[1:],
        "published": {name: sizes_of(name, data.name) for name in named_splits_of(data.name)},
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
        "transformer_only": cls.transformer_only,
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


def _corpora() -> dict[str, Facts]:
    """Facts about what `--corpus` takes, by its name, or by the ending of a manifest."""
    from bench.pretraining.corpus import CORPORA

    left_out = "images that any data set under the data root evaluates on, their copies, and others of their subjects"
    rest = {"left_out": left_out, "option": "--corpus", "documentation": "docs/data.md"}
    return {name: {"type": "corpus", "name": name, "summary": summary, **rest} for name, summary in CORPORA.items()}


def data_facts(option: Path | None, data: Sequence[Path] = ()) -> dict[str, Any]:
    """What is under the data root, per data set, or in the files `data` alone. Raises `DataError` for no such root."""
    from dataclasses import asdict

    from bench.data.status import data_status

    root = resolve_root(option)
    declared = declared_tasks(data, option)
    wanted = {n: registry.tasks().get(n) for n in declared} if declared else registry.tasks().working()
    sets = {task.data.name: task.data for task in wanted.values()}
    return {
        "data_root": str(root) if root else None,
        "data_sets": [asdict(row) for row in data_status(root, sets.values())],
    }


def data_lines(facts: Mapping[str, Any]) -> list[str]:
    """The facts of `data_facts` for people."""
    root = facts["data_root"]
    lines = [f"Data root: {root}"] if root else []
    if not root and any(row["state"] == "missing" for row in facts["data_sets"]):
        lines = ["No data root: give --data-root DIR or set BENCH_DATA."]
    for row in facts["data_sets"]:
        lines.append(f"{row['name']}: {row['state']}" + (f" ({row['kind']} data)" if row["kind"] else ""))
        if row["message"]:
            lines += [f"  {line}" for line in row["message"].splitlines()]
        for split, counts in row["counts"].items():
            expected = row["expected"].get(split, {})
            if not row["expected"]:
                lines.append(f"  {split}: {_found_text(counts)}")
                continue
            shown = ", ".join(f"{name} {n} of {expected.get(name, '?')}" for name, n in counts.items())
            lines.append(f"  {split}: {sum(counts.values())} found of {sum(expected.values())} expected ({shown})")
        if row["state"] == "found":
            lines.append(
                f"  byte-identical files: {row['n_duplicate_groups']} groups, {row['n_crossing_owner_split']} of them "
                "on both sides of the owner's split"
            )
        lines += [f"  Warning: {w}" for w in row["warnings"]]
    return lines


def _found_text(counts: Mapping[str, int]) -> str:
    """`10 cases`, or with classes `10 cases (a 4, b 6)`."""
    each = ", ".join(f"{name} {n}" for name, n in counts.items() if name != "cases")
    return f"{sum(counts.values())} cases" + (f" ({each})" if each else "")
