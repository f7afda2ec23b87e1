"""Where encoders lie in a file, whatever its dicts and prefixes are called."""

import tomllib

import torch

from bench.models.weights.encoder_places import encoder_places, toml_entry

ANCHOR = "layer1.0.conv1.weight"


def test_every_dict_and_prefix_with_an_anchor_is_a_place():
    x = torch.zeros(1)
    tree = {ANCHOR: x, "ema": {f"module.{ANCHOR}": x, "other": x}, "a": {"b": {f"net.{ANCHOR}": x}}, "n": 3}
    assert encoder_places(tree) == [("", ""), ("a/b", "net."), ("ema", "module.")]
    assert encoder_places({"not_" + ANCHOR: x, "text": ANCHOR}) == []


def test_an_entry_is_toml():
    line = toml_entry("folder/a b.pth", 'mo"del', "x.")
    assert tomllib.loads(f"mine = {{ {line} }}")["mine"] == {"file": "a b.pth", "container": 'mo"del', "prefix": "x."}
