"""Checkpoints of encoders: what fits is loaded, anything else is named."""

import pytest
from torch import nn

from bench.core.errors import StorageError
from bench.models.build import build_backbone
from bench.models.checkpoints import find_encoder, load_encoder, save_encoder


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
