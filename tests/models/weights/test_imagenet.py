"""ImageNet weights come from the cache of torch alone."""

import pytest
import torch

from bench.core.errors import StorageError, UsageError
from bench.models.build import build_backbone


def test_imagenet_weights_are_never_downloaded(tmp_path, monkeypatch):
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    with pytest.raises(StorageError, match=r"resnet18-f37072fd\.pth does not exist. Nothing is downloaded here"):
        build_backbone("resnet18", "imagenet")


def test_imagenet_weights_are_read_from_the_torch_cache(tmp_path, monkeypatch):
    import torchvision

    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    network = torchvision.models.resnet18(weights=None)
    (tmp_path / "checkpoints").mkdir()
    torch.save(network.state_dict(), tmp_path / "checkpoints" / "resnet18-f37072fd.pth")
    state = network.state_dict()
    assert all(torch.equal(v, state[k]) for k, v in build_backbone("resnet18", "imagenet").state_dict().items())


def test_imagenet_weights_need_a_file_that_exists(tmp_path, monkeypatch):
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    with pytest.raises(UsageError, match=r"no ImageNet weights of vit_tiny_8.*resnet50, vit_b_16"):
        build_backbone("vit_tiny_8", "imagenet")
    with pytest.raises(
        StorageError, match=r"vit_b_16-c867db91\.pth does not exist.* with --set pretrain\.init=random\.$"
    ):
        build_backbone("vit_b_16", "imagenet")
