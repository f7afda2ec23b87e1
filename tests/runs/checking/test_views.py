"""Views must be normalised tensors of one size, the size that was asked for."""

import numpy as np
import pytest
import torch
from torchvision import transforms as T

from bench.core import registry
from bench.core.errors import PluginError
from bench.core.method import Method, MethodConfig
from bench.engine.images import MEAN, STD
from bench.engine.seeding import seeded
from bench.runs.checking.views import made_up_image, views_of_batch

SIZE = 32
TENSOR = (T.Resize((SIZE, SIZE)), T.ToTensor())
NORMAL = T.Normalize(MEAN, STD)


class Views(Method):
    name = "views"
    transform = None

    def view_transform(self, image_size):
        return self.transform

    def build(self, backbone):
        return backbone

    def loss(self, module, views, progress):
        return {}


def method(transform):
    return type("Views", (Views,), {"transform": staticmethod(transform)})(MethodConfig())


MISTAKES = {
    "Pillow images": (lambda image: (image, image), "gives Pillow images"),
    "arrays": (lambda image: np.asarray(image.resize((SIZE, SIZE))), r"gives NumPy arrays \(32, 32, 3\)"),
    "not normalised": (T.Compose(TENSOR), r"views from 0 to 1, which are not ImageNet-normalised"),
    "bytes as floats": (T.Compose([*TENSOR, lambda x: 255 * (x - 0.5)]), "not ImageNet-normalised"),
    "whole numbers": (T.Compose([*TENSOR, lambda x: (255 * x).byte()]), "views of torch.uint8, expected float32"),
    "another size": (
        T.Compose([T.Resize((64, 64)), T.ToTensor(), NORMAL]),
        r"view_transform\(32\) .* at most 64 pixels",
    ),
    "sizes of the images": (T.Compose([T.ToTensor(), NORMAL]), "cannot be stacked to a batch"),
    "grey": (T.Compose([*TENSOR, NORMAL, lambda x: x[:1]]), r"views of shape \(1, 32, 32\), expected \(3, H, W\)"),
    "nothing": (lambda image: {"number": 1}, "gives no image among its views"),
    "not finite": (T.Compose([*TENSOR, NORMAL, lambda x: x / 0]), "not finite"),
    "an error": (lambda image: image.nothing, r"view_transform\(image_size\)\(image\) raised AttributeError"),
}


@pytest.mark.parametrize(("transform", "message"), MISTAKES.values(), ids=MISTAKES)
def test_views_that_no_encoder_can_take(transform, message):
    with pytest.raises(PluginError, match=message) as caught:
        views_of_batch(method(transform), SIZE, 4)
    assert str(caught.value).startswith("Views")


def test_no_function():
    broken = type("Views", (Views,), {"view_transform": lambda self, size: None})(MethodConfig())
    with pytest.raises(PluginError, match=r"Views.view_transform gave a NoneType, no function"):
        views_of_batch(broken, SIZE, 4)


@pytest.mark.parametrize("name", ["simclr", "byol", "dino", "lvmmed", "swav", "vicreg", "vicregl"])
def test_views_of_this_project_under_many_seeds(name):
    cls = registry.methods().get(name)
    for seed in range(5):
        with seeded(seed):
            views_of_batch(cls(cls.config_class.model_validate(cls.quick)), 48, 4)


def test_made_up_images_have_several_sizes_and_black_everywhere():
    images = [np.asarray(made_up_image(number, 48)) for number in range(4)]
    assert len({image.shape for image in images}) > 1
    assert all(image[y : y + 24, x : x + 24].min() == 0 for image in images for y in (0, 30) for x in (0, 30))
    assert all(torch.from_numpy(image.copy()).float().std() > 60 for image in images)
