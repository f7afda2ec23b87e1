"""The schema of settings, as data: type, default, bounds, choices and description of each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bench.core.settings import Settings

Schema = dict[str, Any]


def settings_schema(settings: type[Settings]) -> dict[str, Schema]:
    """Setting -> its JSON Schema, in the order of declaration.

    Each has `default` (unless it must be given) and `description`; `type`, for a setting that may be null the list of
    its type and `null`; `enum`, the choices; and the bounds as `minimum`, `exclusiveMinimum` and so on.
    """
    schema = settings.model_json_schema(by_alias=False)
    definitions = schema.get("$defs", {})
    return {name: _simplified(_inlined(part, definitions)) for name, part in schema.get("properties", {}).items()}


def _inlined(node: Any, definitions: Mapping[str, Schema]) -> Any:
    """The schema with what it refers to in place of each reference."""
    if isinstance(node, list):
        return [_inlined(part, definitions) for part in node]
    if not isinstance(node, dict):
        return node
    referred = definitions[node["$ref"].rpartition("/")[2]] if "$ref" in node else {}
    return {k: _inlined(v, definitions) for k, v in {**referred, **node}.items() if k != "$ref"}


def _simplified(schema: Schema) -> Schema:
    """Without a title, and `X or null` as X whose type and choices include null."""
    rest = {k: v for k, v in schema.items() if k not in ("title", "anyOf")}
    options = schema.get("anyOf", [])
    some = [option for option in options if option.get("type") != "null"]
    if not options:
        return rest
    if len(some) != 1 or len(options) != 2 or "type" not in some[0]:
        return {**rest, "anyOf": options}
    null = {"type": [some[0]["type"], "null"]}
    choices = {"enum": [*some[0]["enum"], None]} if "enum" in some[0] else {}
    return {**rest, **some[0], **null, **choices}
