"""A library's model as a backbone: padding and names."""

import torch
from torch import nn

from bench.models.libraries.backbone import Layout, LibraryBackbone


class Patches(LibraryBackbone):
    def levels(self, images):
        found = self.model(images)
        return [found], found.mean(dim=(2, 3))


def patches(whole=1, side=None, normalisation=None):
    layout = Layout((5,), (4,), 0, 5, side, whole)
    return Patches("timm:made_up", nn.Sequential(nn.Conv2d(3, 5, 4, stride=4)), layout, normalisation)


def test_images_are_padded_with_the_mean_to_whole_patches():
    encoder = patches(whole=4)
    images = torch.randn(1, 3, 6, 8)
    padded = nn.functional.pad(images, (0, 0, 0, 2))
    assert torch.equal(encoder(images).maps[0], encoder(padded).maps[0])
    assert encoder(images).maps[0].shape == (1, 5, 2, 2)
    assert patches(whole=1)(images).maps[0].shape == (1, 5, 1, 2)


def test_tensors_have_the_models_own_names_and_missing_ones_are_found():
    encoder = patches()
    assert list(encoder.state_dict()) == ["0.weight", "0.bias"]
    found = encoder.load_state_dict({"0.weight": torch.zeros(5, 3, 4, 4), "1.bias": torch.zeros(5)}, strict=False)
    assert (found.missing_keys, found.unexpected_keys) == (["model.0.bias"], ["model.1.bias"])
    assert not encoder.state_dict()["0.weight"].any()


def test_another_normalisation_is_undone_exactly():
    plain, other = patches(), patches(normalisation=((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))
    other.load_state_dict(plain.state_dict())
    images = torch.randn(1, 3, 8, 8)
    assert torch.allclose(plain(images).pooled, other(images).pooled, atol=1e-6)
