"""Texts of `bench list` and `bench show` for people, made of the data that `--json` prints."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.cli.settings_schema import Schema
from bench.evaluation.protocols import PROTOCOLS
from bench.runs.listing import Facts

_BOUNDS = {
    "exclusiveMinimum": "> {}",
    "minimum": ">= {}",
    "exclusiveMaximum": "< {}",
    "maximum": "<= {}",
    "multipleOf": "a multiple of {}",
}


def list_lines(what: str, rows: Sequence[Facts]) -> list[str]:
    """One aligned line about each row of `listing.listing`."""
    width = max((len(row["name"]) for row in rows), default=0)
    return [f"{row['name']:<{width}}  {_about(what, row)}" for row in rows]


def _about(what: str, row: Facts) -> str:
    if what == "methods":
        return f"{row['location']} ({row['package']})"
    if what == "tasks":
        stand_in = f" · stand-in for {row['stand_in_for']}, not part of `all`" if row["stand_in_for"] else ""
        return f"{row['title']} · {row['kind']} · {row['protocol']} · {row['metric']}{stand_in}"
    summary: str = row["summary"]
    return summary


def show_text(facts: Facts) -> str:
    """What `describe.describe` found, as indented text."""
    view = _VIEWS.get(facts["type"], _plain)
    return "\n".join(_lines(view(facts)))


def _lines(facts: Mapping[str, Any], indent: str = "") -> list[str]:
    lines = []
    for key, value in facts.items():
        if isinstance(value, Mapping) and value:
            lines += [f"{indent}{key}:", *_lines(value, indent + "  ")]
        elif isinstance(value, str) and "\n" in value:
            lines += [f"{indent}{key}:", *(f"{indent}  {line}" for line in value.splitlines())]
        else:
            lines.append(f"{indent}{key}: {value_text(value)}")
    return lines


def value_text(value: Any) -> str:
    """A value as `--set` takes it; `unset` for null, `none` for a table without entries."""
    if value is None or value == {}:
        return "unset" if value is None else "none"
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))


def _plain(facts: Facts) -> Facts:
    named = {facts["type"]: facts.get("file", facts.get("name"))}
    rest = {key.replace("_", " "): value for key, value in facts.items() if key not in ("type", "file", "name")}
    return {**named, **{k: _joined(v) if isinstance(v, list) else v for k, v in rest.items()}}


def _method(facts: Facts) -> Facts:
    return {
        "method": facts["name"],
        "title": facts["title"],
        "version": facts["version"] or "none declared",
        "citation": facts["citation"],
        "plugin": f"{facts['location']} ({facts['package']})",
        **({"backbones": _joined(facts["backbones"])} if facts["backbones"] else {}),
        **({"backbones": "vision transformers alone, as vit_tiny_8"} if facts["transformer_only"] else {}),
        "settings (--set method.KEY=VALUE; default = published)": _settings(facts["settings"]),
        "quick profile changes": facts["profiles"]["quick"]["method"],
        "paper profile's views (pretrain.KEY)": facts["profiles"]["paper"]["pretrain"],
        "search space (bench tune)": {name: _assignments(source) for name, source in facts["search_space"].items()},
        "ablations (bench ablate)": {name: _assignments(values) for name, values in facts["ablations"].items()},
    }


def _task(facts: Facts) -> Facts:
    data, profiles = facts["data_set"], facts["profiles"]
    stand_in = {"stand-in for": f"{facts['stand_in_for']}; no task of the benchmark"} if facts["stand_in_for"] else {}
    return {
        "task": facts["name"],
        **stand_in,
        "data set": f"{data['title']} ({data['modality']}), folder {data['folder']}{_place(data['folder'])}",
        "kind": facts["kind"],
        "protocol": f"{facts['protocol']}: {PROTOCOLS[facts['protocol']].summary}",
        "metric": facts["metric"],
        "other metrics": _joined([metric for metric in facts["metrics"] if metric != facts["metric"]]),
        "classes": _joined(data["classes"]),
        "expected counts": data["expected_counts"] or "not published",
        "splits": _splits(facts["splits"]),
        "layout": data["layout"],
        "settings (--set task.KEY=VALUE)": _settings(facts["settings"]),
        "settings (paper)": profiles["paper"],
        "settings (every profile)": profiles["every"] if profiles["every"]["task"] else "none of its own",
        "settings (quick)": profiles["quick"],
        "citation": data["citation"],
        "licence": data["licence"],
        "how to obtain": data["obtain"],
    }


def _place(folder: str) -> str:
    """After a folder of the data root; one that a file declares is a whole path."""
    return "" if Path(folder).is_absolute() else "/ under the data root"


def _splits(splits: Facts) -> str:
    owners = splits["test"]["source"] == "owner"
    drawn = f"test = {splits['test'].get('fraction', 0):.0%} of the cases, the same for every seed"
    test = "the owner's test split" if owners else drawn
    if splits["test"]["source"] == "owner or drawn":
        test = f"the owner's test split where there is one, else {drawn}"
    if splits["trained_domain"]:
        test += f", of {splits['trained_domain']}; {_joined(splits['tested_only_domains'])} are only tested on"
    rest = "the owner's training cases" if owners else "the others"
    if splits["test"]["source"] == "owner or drawn":
        rest = "the others where the owner gives none"
    published = [
        f"; --split {name}: {', '.join(f'{n} {side}' for side, n in sizes.items())}, as published"
        for name, sizes in splits["published"].items()
    ]
    return (
        f"{test}; validation = {splits['validation']['fraction']:.0%} of {rest}, drawn by seed, stratified by class, "
        "identical files and subjects kept together, written to results/splits/" + "".join(published)
    )


def _protocol(facts: Facts) -> Facts:
    preset, quick = (facts["profiles"][profile]["protocol"] for profile in ("every", "quick"))
    return {
        "protocol": f"{facts['name']}: {facts['summary']}",
        **{
            f"settings on embeddings, head={head} ({HEAD_PROFILES[head]}; --set protocol.KEY=VALUE)": _settings(schema)
            for head, schema in facts["heads"].items()
        },
        **(
            {}
            if facts["pooled"] and facts["heads"]
            else {f"settings{_where(facts)} (--set protocol.KEY=VALUE)": _settings(facts["settings"])}
        ),
        **({"set by this protocol": preset} if preset else {}),
        f"quick profile changes{_where(facts)}": quick,
        "paper profile changes": "the task's (bench show TASK)" if facts["trained"] else "nothing",
    }


HEAD_PROFILES = {"swept": "the quick profile's", "paper": "the paper profile's"}


def _where(facts: Facts) -> str:
    return " of decoders and detectors" if facts["heads"] and not facts["pooled"] else ""


def _backbone(facts: Facts) -> Facts:
    side, library = facts["position_embedding_px"], facts["family"] == "library"
    maps = (f"{m['channels']} at {m['stride']}" for m in facts["feature_maps"])
    return {
        "backbone": f"{facts['name']}: {facts['summary']}",
        "embedding": f"{facts['embedding_dim']} numbers per image",
        "feature maps (channels at stride)": ", ".join(maps),
        "images": f"{facts['image_side_px']} px alone" if facts["image_side_px"] else "any size",
        **({} if library else {"position embedding": f"for {side} px, interpolated for others" if side else "none"}),
        "ImageNet weights": facts["imagenet_file"] or "none known to torchvision",
        "version": str(facts["version"]),
    }


def _format(facts: Facts) -> Facts:
    return {
        "format": f"{facts['name']}: {facts['summary']}",
        "looked for in": ", ".join("/".join(container) or "the file itself" for container in facts["containers"]),
        "released weights of this format (past = NAME in a TOML entry)": facts["known_pasts"],
        "prefixes stripped": ", ".join(prefix or "none" for prefix in facts["prefixes"]),
        "layouts": {layout["name"]: f"{layout['summary']}; known by {layout['anchor']}" for layout in facts["layouts"]},
    }


def _run(facts: Facts) -> Facts:
    return {key: "none there" if value is None else value for key, value in _plain(facts).items()}


_VIEWS: Mapping[str, Callable[[Facts], Facts]] = {
    "run": _run,
    "method": _method,
    "task": _task,
    "protocol": _protocol,
    "backbone": _backbone,
    "format": _format,
}


def _settings(settings: Mapping[str, Schema]) -> dict[str, str]:
    return {name: setting_text(schema) for name, schema in settings.items()}


def setting_text(schema: Schema) -> str:
    """Default, description, and in brackets what it may be."""
    default = value_text(schema["default"]) if "default" in schema else "no default"
    return "  ".join(part for part in (default, schema.get("description", ""), f"[{_allowed(schema)}]") if part)


def _allowed(schema: Schema) -> str:
    """Choices, or type and bounds: `integer, >= 1, or unset`."""
    if "anyOf" in schema:
        return " or ".join(_allowed(option) for option in schema["anyOf"])
    if "enum" in schema:
        return " | ".join(map(value_text, schema["enum"]))
    kinds = schema.get("type", "any")
    kind, *null = kinds if isinstance(kinds, list) else [kinds]
    parts = [_allowed(part) for part in schema.get("prefixItems", [])]
    shown = [f"{len(parts)} x {parts[0]}" if len(set(parts)) == 1 else kind]
    shown += [text.format(value_text(schema[key])) for key, text in _BOUNDS.items() if key in schema]
    return ", ".join([*shown, *(["or unset"] if null else [])])


def _joined(values: Sequence[Any]) -> str:
    return ", ".join(map(value_text, values)) or "none"


def _assignments(values: Mapping[str, Any]) -> str:
    return " ".join(f"{name}={value_text(value)}" for name, value in values.items())
