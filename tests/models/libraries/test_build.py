"""Encoders of libraries by name: contract, names of tensors, seeds, errors."""

import copy

import pytest
import torch

from bench.core.errors import UsageError
from bench.models.build import build_backbone
from bench.models.specs import find_backbone

ANY = ("timm:convnext_atto", "timm:vit_tiny_patch16_224", "timm:test_vit4", "torchvision:shufflenet_v2_x0_5")


@pytest.mark.parametrize("name", ANY)
@pytest.mark.parametrize("size", [(64, 96), (48, 48), (16, 40)])
def test_maps_and_embedding_have_the_measured_sizes(name, size):
    spec, encoder = find_backbone(name), build_backbone(name).eval()
    assert (encoder.channels, encoder.strides) == (spec.channels, spec.strides)
    with torch.inference_mode():
        features = encoder(torch.randn(2, 3, *size))
    expected = [
        (2, c, *(-(-side // stride) for side in _padded(size, encoder.layout.whole)))
        for c, stride in zip(spec.channels, spec.strides, strict=True)
    ]
    assert [tuple(one.shape) for one in features.maps] == expected
    assert tuple(features.pooled.shape) == (2, spec.embedding_dim)
    assert (features.stem is None) == (encoder.stem_channels == 0)
    if features.stem is not None:
        assert features.stem.shape[1] == encoder.stem_channels


def _padded(size, whole):
    return tuple(-(-side // whole) * whole for side in size)


@pytest.mark.parametrize("name", ANY[:2] + ANY[3:])
def test_a_seed_gives_the_same_weights_in_any_call(name):
    states = []
    for _ in range(2):
        torch.manual_seed(3)
        states.append(build_backbone(name).state_dict())
    assert all(torch.equal(tensor, states[1][key]) for key, tensor in states[0].items())
    assert not any(key.startswith("model.") for key in states[0])


@pytest.mark.parametrize("name", ANY[:2] + ANY[3:])
def test_a_copy_loads_the_state_and_computes_the_same(name):
    first, second = build_backbone(name).eval(), build_backbone(name).eval()
    holder = torch.nn.ModuleDict({"backbone": copy.deepcopy(second)})
    state = {f"backbone.{key}": tensor for key, tensor in first.state_dict().items()}
    assert holder.state_dict().keys() == state.keys()
    holder.load_state_dict(state, strict=True)
    images = torch.randn(2, 3, 64, 64)
    with torch.inference_mode():
        assert torch.equal(holder["backbone"](images).pooled, first(images).pooled)
        assert not torch.equal(second(images).pooled, first(images).pooled)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("timm:convnxt_tiny", "timm .* has no model 'convnxt_tiny'. Did you mean 'convnext_tiny'?"),
        ("timm:hf-hub:owner/name", "timm .* has no model 'hf-hub:owner/name'"),
        ("timm:vit_tiny_patch16_224.augreg_in22k", "no weights .*Did you mean 'augreg_in21k'?"),
        ("torchvision:densnet121", "no classifier 'densnet121'. Did you mean 'densenet121'?"),
        ("torchvision:vit_b_16", "timm:vit_base_patch16_224"),
        ("torchvision:squeezenet1_1", "No feature maps can be had of torchvision:squeezenet1_1"),
        ("timm:crossvit_9_240", "No feature maps can be had of timm:crossvit_9_240"),
    ],
)
def test_what_cannot_be_had_is_one_error_with_the_next_step(name, message):
    with pytest.raises(UsageError, match=message):
        find_backbone(name)


def test_every_model_that_an_error_proposes_can_be_had():
    for name in ("timm:convnext_tiny", "timm:resnet50", "timm:vit_small_patch16_224", "torchvision:convnext_tiny"):
        assert len(find_backbone(name).strides) == 4


def test_a_model_for_one_size_says_so_before_and_when_it_gets_another():
    name = "timm:mixer_s32_224"
    assert find_backbone(name).side == 224
    encoder = build_backbone(name).eval()
    with pytest.raises(UsageError, match=r"224 x 224 pixels alone; found 48 x 48.*task.image_size=224"):
        encoder(torch.zeros(1, 3, 48, 48))
    with torch.inference_mode():
        assert encoder(torch.zeros(1, 3, 224, 224)).pooled.shape == (1, 512)
