"""Settings as data: types, defaults and bounds that hold."""

import json
from enum import Enum

from pydantic import Field

from bench.cli.settings_schema import settings_schema
from bench.core.registry import methods
from bench.core.settings import Settings
from bench.evaluation.protocols import PROTOCOLS


def data(done):
    assert done.code == 0, done.err
    return json.loads(done.out)


def test_every_default_fits_its_schema(bench):
    kinds = {"integer": int, "number": (int, float), "string": str, "boolean": bool, "array": list, "null": type(None)}
    described = [*methods().plugins, *PROTOCOLS, "brain_tumor", "vindr", "prostate", "drive"]
    for name in described:
        shown = data(bench("show", name, "--json"))
        heads = [(s, x) for head in shown.get("heads", {}).values() for s, x in head.items()]
        for setting, schema in [*shown["settings"].items(), *heads]:
            types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
            default = schema["default"]
            assert isinstance(default, tuple(t for k in types for t in _as_tuple(kinds[k]))), (name, setting)
            assert default in schema.get("enum", [default]), (name, setting)
            if default is not None:
                assert default >= schema.get("minimum", default), (name, setting)
                assert default <= schema.get("maximum", default), (name, setting)


def _as_tuple(kind):
    return kind if isinstance(kind, tuple) else (kind,)


class _Colour(Enum):
    RED = "red"
    BLUE = "blue"


class _Unusual(Settings):
    colour: _Colour = Field(_Colour.RED, description="Of the line.")
    other: _Colour | None = None
    either: int | str = 3
    needed: float = Field(lt=2)


def test_schema_has_no_references_and_null_is_a_type():
    schema = settings_schema(_Unusual)
    assert (schema["colour"]["enum"], schema["colour"]["default"]) == (["red", "blue"], "red")
    assert schema["colour"]["description"] == "Of the line."
    assert (schema["other"]["type"], schema["other"]["enum"]) == (["string", "null"], ["red", "blue", None])
    assert [option["type"] for option in schema["either"]["anyOf"]] == ["integer", "string"]
    assert "default" not in schema["needed"]
    assert "$ref" not in json.dumps(schema)
