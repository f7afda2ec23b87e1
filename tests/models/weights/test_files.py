"""Files that hold more than tensors are refused, and the advice that is given makes a file that loads."""

import argparse
import pathlib
import pickle
import re

import numpy as np
import pytest
import torch
import torchvision
from torch import nn

from bench.core.errors import StorageError, UsageError
from bench.models.weights.encoder_places import encoder_places
from bench.models.weights.files import read_weights
from bench.models.weights.formats import unpack
from bench.models.weights.method import load_weights
from bench.models.weights.sources import WeightsEntry, parse_checkpoints
from tests.models.weights.files import RELEASED, dino_training_with_arguments


def entry(path, **settings):
    return WeightsEntry(name="mine", file=path, **settings)


class Custom:
    pass


def advice(path):
    """The Python lines that the refusal of a file gives."""
    with pytest.raises(StorageError, match=r"holds Python objects besides tensors .*is refused") as caught:
        read_weights(path)
    (lines,) = re.findall(r"(import torch; .*'weights\.pth'\))\.", str(caught.value))
    return lines


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda p: torch.save({"state_dict": {}, "args": argparse.Namespace(lr=1)}, p),
            r"besides tensors \(argparse\.Namesp",
        ),
        (lambda p: torch.save({"state_dict": {}, "hook": Custom()}, p), r"besides tensors .*can run code.*is refused"),
        (lambda p: torch.save(nn.Linear(2, 2), p), r"besides tensors .*Where you trust it, save its weights alone"),
        (lambda p: torch.save([torch.ones(2)], p), r"holds a list; expected a dict of tensors"),
        (lambda p: p.write_bytes(b"no weights at all"), r"is not a readable weight file \(.*it is damaged"),
        (lambda p: p.write_bytes(b""), r"is not a readable weight file"),
        (lambda p: p.write_bytes(pickle.dumps({"state_dict": {}}, protocol=4)), r"is not a readable weight file"),
    ],
)
def test_files_that_need_more_than_tensors_are_refused(tmp_path, make, message):
    make(tmp_path / "w.pth")
    with pytest.raises(StorageError, match=message) as caught:
        read_weights(tmp_path / "w.pth")
    assert str(tmp_path / "w.pth") in str(caught.value)


@pytest.mark.filterwarnings("ignore:.torch.jit:FutureWarning", "ignore:.torch.jit:DeprecationWarning")
def test_torchscript_truncated_and_absent_files_are_refused(released, tmp_path):
    torch.jit.script(nn.Linear(2, 2)).save(tmp_path / "clip.pt")
    with pytest.raises(StorageError, match="TorchScript archive: a program"):
        read_weights(tmp_path / "clip.pt")
    (tmp_path / "half.pth").write_bytes(released[1].read_bytes()[:100_000])
    with pytest.raises(StorageError, match=r"half\.pth"):
        read_weights(tmp_path / "half.pth")
    (tmp_path / "bad.safetensors").write_bytes(b"x" * 20)
    with pytest.raises(StorageError, match="not a readable safetensors file"):
        read_weights(tmp_path / "bad.safetensors")
    with pytest.raises(UsageError, match=r"no such file\. Nothing is downloaded here"):
        load_weights(entry(tmp_path / "none.pth"))


def test_training_file_of_dino_loads_after_its_advice(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    arguments = argparse.Namespace(arch="vit_base", patch_size=16, lr=0.0005)
    torch.save(dino_training_with_arguments(arguments), tmp_path / "checkpoint 0100.pth")
    exec(advice(tmp_path / "checkpoint 0100.pth"), {})
    record = load_weights(WeightsEntry(name="dino", file=tmp_path / "weights.pth")).record
    assert (record.format, record.layout, record.missing) == ("dino_teacher", "timm_vit", [])
    assert record.rules == ["take teacher", "strip backbone."]
    assert set(torch.load(tmp_path / "weights.pth", weights_only=True)) == {"student", "teacher"}


@pytest.mark.parametrize("name", ["moco_v2.pth.tar", "vissl.torch", "mae.pth", "solo_learn.ckpt"])
def test_advice_keeps_the_weights_of_every_container(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    made, form, *_ = RELEASED[name]
    torch.save({**made(), "args": argparse.Namespace(lr=1), "best": np.float64(0.5)}, tmp_path / name)
    exec(advice(tmp_path / name), {})
    tree, _ = read_weights(tmp_path / "weights.pth")
    assert unpack(tree, name).format == form


@pytest.mark.filterwarnings("ignore")  # torch's, about sparse and quantized tensors
@pytest.mark.parametrize(
    ("change", "kind"),
    [
        (lambda w: w.to_sparse(), "sparse"),
        (lambda w: torch.quantize_per_tensor(w, 0.1, 0, torch.qint8), "quantized"),
        (lambda w: w.to("meta"), "without content"),
        (lambda w: w.to(torch.complex64), "complex"),
    ],
)
def test_a_tensor_that_is_no_array_of_real_numbers_is_named(tmp_path, change, kind):
    torch.save({"state_dict": {"conv1.weight": change(torch.ones(4, 4))}}, tmp_path / "w.pth")
    with pytest.raises(StorageError, match=rf"w\.pth: the tensor 'conv1\.weight' is {kind}"):
        read_weights(tmp_path / "w.pth")


def test_dicts_of_dicts_end(tmp_path):
    tree: dict = {}
    for _ in range(200):
        tree = {"a": tree}
    torch.save(tree, tmp_path / "w.pth")
    with pytest.raises(StorageError, match="it is nested too deeply"):
        read_weights(tmp_path / "w.pth")


class WindowsPath:
    """What the pickle of a `pathlib.WindowsPath` looks like."""

    def __reduce__(self):
        return pathlib.WindowsPath, ("C:\\data",)


@pytest.fixture
def resnet():
    torch.manual_seed(7)
    return torchvision.models.resnet18().state_dict()


@pytest.mark.parametrize(
    "pack",
    [
        lambda s: {"state_dict": s, "root": WindowsPath()},
        lambda s: {**s, "args": argparse.Namespace(lr=1)},
        lambda s: {"model": {"state_dict": s}, "args": argparse.Namespace(lr=1)},
        lambda s: {"state_dict": s, "best": np.float64(0.7)},
        lambda s: {k: v.numpy() for k, v in s.items()},
    ],
    ids=["WindowsPath", "flat", "nested", "scalar", "arrays"],
)
def test_the_advice_of_a_refusal_makes_a_file_whose_tensors_are_all_there(tmp_path, monkeypatch, resnet, pack):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(pathlib, "WindowsPath", pathlib.WindowsPath)  # the advice changes it
    torch.save(pack(resnet), tmp_path / "w.pth")
    exec(advice(tmp_path / "w.pth"), {})
    tree, _ = read_weights(tmp_path / "weights.pth")
    (container, prefix), *others = encoder_places(tree)
    assert others == []
    found = load_weights(entry(tmp_path / "weights.pth", container=container, prefix=prefix)).match.state
    assert torch.equal(found["conv1.weight"], resnet["conv1.weight"])


@pytest.mark.parametrize(
    "pack",
    [
        lambda s: {"network_weights": {f"encoder.{k}": v for k, v in s.items()}},
        lambda s: {"student": {f"module.backbone.{k}": v for k, v in s.items()}},
        lambda s: {"a": {"b": {f"x.y.{k}": v for k, v in s.items()}}},
        lambda s: {f"net.{k}": v for k, v in s.items()},
    ],
)
def test_the_advice_where_nothing_was_found_finds_it(tmp_path, resnet, pack):
    torch.save(pack(resnet), tmp_path / "w.pth")
    with pytest.raises(StorageError, match="One is there, though") as caught:
        load_weights(entry(tmp_path / "w.pth"))
    (line,) = re.findall(r"with the line (mine = \{.*\}) \(docs", str(caught.value))
    (tmp_path / "w.toml").write_text(line)
    (named,) = parse_checkpoints([str(tmp_path / "w.toml")], "resnet18")
    assert torch.equal(load_weights(named).match.state["conv1.weight"], resnet["conv1.weight"])


@pytest.mark.parametrize(
    ("pack", "rules"),
    [
        (
            lambda s: {"model_ema": {"n_averaged": torch.tensor(10)} | {f"module.{k}": v for k, v in s.items()}},
            ["take model_ema", "strip module."],
        ),
        (lambda s: {"state_dict_ema": s}, ["take state_dict_ema"]),
        (
            lambda s: {"state_dict": {f"_orig_mod.{k}": v for k, v in s.items()}},
            ["take state_dict", "strip _orig_mod."],
        ),
        (lambda s: {f"module._orig_mod.{k}": v for k, v in s.items()}, ["strip _orig_mod.", "strip module."]),
        (
            lambda s: {"state_dict": {f"model.backbone._orig_mod.{k}": v for k, v in s.items()}},
            ["take state_dict", "strip _orig_mod.", "strip model.backbone."],
        ),
    ],
)
def test_compiled_and_averaged_encoders_are_taken_and_the_rules_say_so(tmp_path, resnet, pack, rules):
    torch.save(pack(resnet), tmp_path / "w.pth")
    loaded = load_weights(entry(tmp_path / "w.pth"))
    assert torch.equal(loaded.match.state["conv1.weight"], resnet["conv1.weight"])
    assert (loaded.record.rules, loaded.notices) == (rules, [])


def test_a_given_prefix_is_that_of_the_file_also_where_it_is_a_compilers(tmp_path, resnet):
    torch.save({f"_orig_mod.{k}": v for k, v in resnet.items()}, tmp_path / "w.pth")
    loaded = load_weights(entry(tmp_path / "w.pth", prefix="_orig_mod."))
    assert torch.equal(loaded.match.state["conv1.weight"], resnet["conv1.weight"])


def test_without_an_encoder_the_advice_is_not_to_name_a_prefix(tmp_path):
    torch.save({"state_dict": {"weight": torch.zeros(2)}}, tmp_path / "w.pth")
    with pytest.raises(StorageError, match="convert it with the program that wrote it"):
        load_weights(entry(tmp_path / "w.pth"))


def test_encoders_that_were_not_taken_are_named_and_the_advice_takes_them(tmp_path, resnet):
    average = {k: v + 1 for k, v in resnet.items()}
    torch.save({"state_dict": resnet, "state_dict_ema": average}, tmp_path / "w.pth")
    loaded = load_weights(entry(tmp_path / "w.pth"))
    assert torch.equal(loaded.match.state["conv1.weight"], resnet["conv1.weight"])
    (notice,) = loaded.notices
    assert "w.pth holds 1 more encoder(s)" in notice
    (keys,) = re.findall(r"with (file = .*) \(docs", notice)
    (tmp_path / "w.toml").write_text(f"mine = {{ {keys} }}")
    (named,) = parse_checkpoints([str(tmp_path / "w.toml")], "resnet18")
    chosen = load_weights(named)
    assert torch.equal(chosen.match.state["conv1.weight"], average["conv1.weight"])
    assert chosen.notices == []
