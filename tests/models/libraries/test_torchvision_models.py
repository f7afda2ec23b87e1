"""Classifiers of torchvision: maps and names are the library's own."""

import copy

import pytest
import torch
import torchvision

from bench.models.build import build_backbone
from bench.models.libraries import torchvision_models


@pytest.mark.parametrize(
    ("name", "last"),
    [
        ("densenet121", lambda model, x: model.features(x)),
        ("convnext_tiny", lambda model, x: model.features(x)),
        ("swin_t", lambda model, x: model.permute(model.norm(model.features(x)))),
        ("resnet18", lambda model, x: model.layer4(model.layer3(model.layer2(model.layer1(_stem(model, x)))))),
    ],
)
def test_the_last_map_and_its_mean_are_torchvisions(name, last):
    encoder = build_backbone(f"torchvision:{name}").eval()
    theirs = torchvision.models.get_model(name, weights=None).eval()
    absent = theirs.load_state_dict(encoder.state_dict(), strict=False)
    assert absent.unexpected_keys == []
    assert {key.split(".")[0] for key in absent.missing_keys} <= {"classifier", "head", "fc"}
    images = torch.randn(2, 3, 64, 96)
    with torch.inference_mode():
        features = encoder(images)
        expected = last(theirs, images)
    assert torch.allclose(features.maps[-1], expected, atol=1e-5)
    assert torch.allclose(features.pooled, expected.mean(dim=(2, 3)), atol=1e-5)


def _stem(model, x):
    return model.maxpool(model.relu(model.bn1(model.conv1(x))))


def test_our_own_resnet_and_torchvisions_by_name_are_the_same_encoder():
    own, theirs = build_backbone("resnet18").eval(), build_backbone("torchvision:resnet18").eval()
    theirs.load_state_dict(own.state_dict(), strict=True)
    images = torch.randn(1, 3, 48, 48)
    with torch.inference_mode():
        for a, b in zip(own(images).maps, theirs(images).maps, strict=True):
            assert torch.equal(a, b)
        assert torch.equal(own(images).stem, theirs(images).stem)


def test_a_model_that_needs_its_weights_to_be_made_is_measured_all_the_same():
    assert torchvision_models.layout_of("torchvision:regnet_y_400mf").channels == (48, 104, 208, 440)


@pytest.mark.parametrize("training", [True, False])
def test_a_copy_computes_the_same_in_training_and_in_evaluation(training):
    encoder = build_backbone("torchvision:efficientnet_b0").train(training)
    copied = copy.deepcopy(encoder)
    assert copied.training == copied.model.training == training
    images = torch.randn(2, 3, 32, 32)
    for mode in (False, True):
        found = []
        for one in (encoder.train(mode), copied.train(mode)):
            torch.manual_seed(0)
            found.append(one(images).pooled)
        assert torch.equal(*found)
    assert not {id(p) for p in encoder.parameters()} & {id(p) for p in copied.parameters()}
    with torch.no_grad():
        next(copied.parameters()).zero_()
    assert next(encoder.parameters()).any()
