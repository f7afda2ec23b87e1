"""Checkpoints of encoders: what fits is loaded, anything else is named."""

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from bench.core.console import Report
from bench.core.errors import StorageError
from bench.models.build import build_backbone
from bench.models.checkpoints import find_encoder, fingerprint_weights, load_encoder, read_encoder, save_encoder


def test_checkpoint_of_another_backbone_or_program_is_refused(tmp_path):
    path = tmp_path / "encoder.safetensors"
    save_encoder(path, build_backbone("resnet18"), {"identity": "a"})
    with pytest.raises(
        StorageError,
        match=r"does not fit ResNetBackbone: \d+ keys missing \(layer1\.0\.bn3.*of another shape.*Was it made",
    ):
        load_encoder(path, build_backbone("resnet50"))
    with pytest.raises(StorageError, match="belongs to another pretraining"):
        find_encoder(tmp_path, "b")
    save_encoder(path, nn.Linear(2, 2), {"identity": "a"})
    with pytest.raises(StorageError, match=r"2 keys unexpected \(bias, weight\)"):
        load_encoder(path, build_backbone("resnet18"))
    path.write_bytes(b"no checkpoint")
    with pytest.raises(StorageError, match="not a readable checkpoint"):
        load_encoder(path, build_backbone("resnet18"))


def test_what_is_saved_is_loaded_and_says_where_it_is_from(tmp_path):
    torch.manual_seed(0)
    encoder, other = nn.Linear(3, 2), nn.Linear(3, 2)
    path = tmp_path / "a" / "encoder.safetensors"
    save_encoder(path, encoder, {"identity": "x", "cost": {"seconds": 1.5}})
    assert load_encoder(path, other) == read_encoder(path)[1] == {"identity": "x", "cost": {"seconds": 1.5}}
    assert torch.equal(other.weight, encoder.weight)
    assert find_encoder(path.parent, "x") == path
    assert find_encoder(tmp_path, "x") is None


def test_a_file_of_another_program_is_no_checkpoint(tmp_path):
    save_file({"weight": torch.ones(2)}, tmp_path / "encoder.safetensors", {"format": "pt"})
    with pytest.raises(StorageError, match=r"of another program \(format 'pt'"):
        read_encoder(tmp_path / "encoder.safetensors")


def test_a_fingerprint_is_of_names_and_values():
    torch.manual_seed(0)
    first, same = nn.Linear(3, 2), nn.Linear(3, 2)
    same.load_state_dict(first.state_dict())
    assert fingerprint_weights(first) == fingerprint_weights(same)
    with torch.no_grad():
        same.bias[0] += 1e-3
    assert fingerprint_weights(first) != fingerprint_weights(same)
    assert fingerprint_weights(nn.Sequential(first)) != fingerprint_weights(first)


@pytest.mark.parametrize(
    ("metadata", "reason"),
    [
        ({}, "it does not say where it comes from"),
        ({"provenance": "not json"}, "Expecting value"),
        ({"provenance": "[1]"}, "it does not say where it comes from"),
        ({"provenance": "[" * 100_000}, "it is nested too deeply"),
        ({"provenance": '{"identity": 3}'}, "the identity it states is 3"),
        ({"provenance": '{"backbone": ["resnet18"]}'}, "the backbone it states is"),
        ({"provenance": '{"logged": {"loss": "low"}}'}, "the logged loss it states is 'low'"),
        ({"provenance": "{}"}, "its content is not the one that was written"),
        ({"provenance": "{}", "digest": "0" * 64}, "its content is not the one that was written"),
        ({"provenance": '{"cost": {"seconds": NaN}}'}, "the cost seconds it states is nan"),
        ({"provenance": '{"seed": ' + "1" * 5000 + "}"}, "a number has 5000 digits"),
    ],
)
def test_what_a_checkpoint_says_of_itself_is_checked(tmp_path, metadata, reason):
    path = tmp_path / "encoder.safetensors"
    save_file({"a": torch.zeros(1)}, path, {"format": "bench-encoder-1", **metadata})
    with pytest.raises(StorageError, match=rf"encoder\.safetensors: is not a readable checkpoint: .*{reason}"):
        read_encoder(path)


def saved(folder):
    torch.manual_seed(0)
    path = folder / "encoder.safetensors"
    save_encoder(path, nn.Linear(64, 64), {"identity": "a", "cost": {"seconds": 1.5}})
    return path, path.read_bytes()


DAMAGE = {
    "zeroed block": lambda b: b[:4096] + bytes(64) + b[4160:],
    "zeroed end": lambda b: b[:-500] + bytes(500),
    "a bit of a tensor": lambda b: b[:9000] + bytes([b[9000] ^ 1]) + b[9001:],
    "a figure of its cost": lambda b: b.replace(b"1.5", b"9.5"),
    "another identity": lambda b: b.replace(b'identity\\": \\"a', b'identity\\": \\"b'),
    "cut": lambda b: b[:9000],
    "empty": lambda b: b"",
    "all zeros": lambda b: bytes(len(b)),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_encoder_of_the_cache_is_none_with_one_line(tmp_path, capsys, damage):
    path, whole = saved(tmp_path)
    path.write_bytes(DAMAGE[damage](whole))
    assert path.read_bytes() != whole
    assert find_encoder(tmp_path, "a", Report()) is None
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"Warning: {path}: is not a readable checkpoint: ")
    assert line.endswith(". It is pretrained again.")
    with pytest.raises(StorageError, match=r"is not a readable checkpoint(.|\n)*Delete it to pretrain again"):
        load_encoder(path, nn.Linear(64, 64))


def test_an_encoder_that_cannot_be_opened_is_an_error(tmp_path):
    (tmp_path / "encoder.safetensors").mkdir()
    with pytest.raises(StorageError, match="it is a directory"):
        find_encoder(tmp_path, "a")
