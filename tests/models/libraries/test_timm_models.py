"""Models of timm: the embedding is timm's own, and the seed's generator moves only with the weights."""

import pytest
import timm
import torch

from bench.models.build import build_backbone
from bench.models.libraries import timm_models

NAMES = (
    "convnext_atto",
    "vit_tiny_patch16_224",
    "test_vit4",
    "efficientnet_b0",
    "test_resnet",
    "swin_tiny_patch4_window7_224",
)


@pytest.mark.parametrize("name", NAMES)
def test_timm_loads_the_state_strictly_and_embeds_the_same(name):
    encoder = build_backbone(f"timm:{name}").eval()
    theirs = timm.create_model(name, num_classes=0).eval()
    theirs.load_state_dict(encoder.state_dict(), strict=True)
    side = theirs.default_cfg["input_size"][1]
    images = torch.randn(2, 3, side, side)
    with torch.inference_mode():
        assert torch.allclose(encoder(images).pooled, theirs(images), atol=1e-5)


def test_the_first_call_measures_and_draws_the_same_weights_as_later_ones():
    states = []
    for _ in range(2):
        timm_models._plan.cache_clear()
        torch.manual_seed(0)
        states.append(build_backbone("timm:test_resnet").state_dict())
        torch.manual_seed(0)
        states.append(build_backbone("timm:test_resnet").state_dict())
    assert all(torch.equal(states[0][key], state[key]) for state in states for key in states[0])


def test_a_tag_names_the_normalisation_that_its_weights_were_trained_with():
    torch.manual_seed(0)
    plain = build_backbone("timm:vit_tiny_patch16_224").eval()
    tagged = build_backbone("timm:vit_tiny_patch16_224.augreg_in21k").eval()  # mean and deviation 0.5
    tagged.load_state_dict(plain.state_dict(), strict=True)
    rgb = torch.rand(2, 3, 32, 32)
    mean, std = (torch.tensor(v)[:, None, None] for v in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))
    with torch.inference_mode():
        assert torch.allclose(tagged((rgb - mean) / std).pooled, plain((rgb - 0.5) / 0.5).pooled, atol=1e-5)


def test_a_transformers_four_maps_are_its_quarters_and_the_last_is_normed():
    encoder = build_backbone("timm:vit_tiny_patch16_224").eval()
    assert encoder.taps == [2, 5, 8, 11]
    images = torch.randn(1, 3, 32, 48)
    with torch.inference_mode():
        maps = encoder(images).maps
        tokens = encoder.model.forward_features(images)
    assert torch.allclose(maps[-1].flatten(2).mT, tokens[:, 1:], atol=1e-5)
