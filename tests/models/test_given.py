"""Modules of this process as contestants: by their embedding, copied, and named by what they are."""

import pytest
import torch
from torch import nn

from bench.core.errors import UsageError
from bench.core.registry import methods
from bench.models.build import build_backbone
from bench.models.given import PooledModule, add_encoder, own_architecture
from bench.models.specs import BACKBONES, find_backbone


class Mine(nn.Module):
    version = 1

    def __init__(self, width=4):
        super().__init__()
        self.layers = nn.Sequential(nn.Conv2d(3, width, 3, stride=4), nn.AdaptiveAvgPool2d(1), nn.Flatten())

    def forward(self, images):
        return self.layers(images)


@pytest.fixture(autouse=True)
def _forget():
    before = dict(BACKBONES)
    yield
    methods.cache_clear()
    for name in BACKBONES.keys() - before.keys():
        del BACKBONES[name]


def built(name, backbone):
    """The encoder of a run of a registered contestant."""
    encoder = build_backbone(backbone)
    cls = methods().get(name)
    record = cls(cls.config_class()).initialise(encoder)
    return encoder, record


def test_a_run_has_a_copy_with_the_modules_weights():
    module = Mine()
    name, backbone = add_encoder(module, None, 32)
    assert name == "mine"
    assert methods().get(name).backbones == (backbone,)
    assert find_backbone(backbone).channels == (4,)
    encoder, record = built(name, backbone)
    images = torch.randn(2, 3, 32, 32)
    features = encoder(images)
    assert features.maps == []
    assert torch.equal(features.pooled, module(images))
    with torch.no_grad():
        encoder.module.layers[0].weight.zero_()
    assert module.layers[0].weight.abs().sum() > 0
    assert record.matched == 2
    assert "cannot be checked" in record.corpus


@pytest.mark.slow
def test_weights_are_settings_and_structure_is_the_backbone():
    first, second, wider = Mine(), Mine(), Mine(width=5)
    (_, one), (_, two), (_, three) = (add_encoder(m, f"e{i}", 32) for i, m in enumerate((first, second, wider)))
    assert one == two != three
    hashes = [methods().get(f"e{i}").config_class().model_dump()["sha256"] for i in range(3)]
    assert len(set(hashes)) == 3


def test_an_encoder_of_this_project_keeps_its_architecture():
    torch.manual_seed(0)
    encoder = build_backbone("resnet18")
    assert own_architecture(encoder) == "resnet18"
    assert own_architecture(Mine()) == ""
    name, backbone = add_encoder(encoder, "mine", 32)
    assert backbone == "resnet18"
    copied, _ = built(name, backbone)
    assert all(torch.equal(v, encoder.state_dict()[k]) for k, v in copied.state_dict().items())


def test_a_module_is_looked_at_without_changing_it():
    module = nn.Sequential(nn.BatchNorm2d(3), nn.Flatten()).train()
    assert PooledModule(module, 4).embedding_dim == 48
    assert module.training
    assert int(module[0].num_batches_tracked) == 0


@pytest.mark.parametrize(
    ("module", "message"),
    [
        (nn.Conv2d(3, 8, 3), r"maps images \(2, 3, 32, 32\) to \(2, 8, 30, 30\); expected embeddings"),
        (nn.Linear(7, 2), "Linear does not take images of shape"),
    ],
)
def test_what_gives_no_embedding_is_refused_and_registered_nowhere(module, message):
    before = set(methods().plugins)
    with pytest.raises(UsageError, match=message):
        add_encoder(module, "x", 32)
    assert set(methods().plugins) == before
