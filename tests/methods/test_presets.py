"""Presets: settings resolve for every profile, rates follow the batch, the clip is the method's, views are equal."""

from dataclasses import asdict

import cv2
import numpy as np
import pytest
import torch
from PIL import Image

from bench.core.registry import methods, tasks
from bench.core.settings import PROFILES, ViewSettings
from bench.engine.optim import build_optimizer
from bench.engine.seeding import seeded
from bench.pretraining.augment import Augmentation
from bench.runs.config import resolve_config

TRAINED = (
    *("byol", "dino", "lvmmed", "simclr"),
    *("barlow_twins", "deepcluster_v2", "moco_v2", "swav", "vicreg", "vicregl"),
)
ASYMMETRIC = {"blur_probability", "solarise_probability"}
BY_DEFINITION = {
    "byol": ASYMMETRIC,
    "dino": ASYMMETRIC | {"resample"},
    "barlow_twins": ASYMMETRIC,
    "vicreg": {"solarise_probability"},
    "vicregl": ASYMMETRIC,
}
"""Method -> what its definition demands of its global views."""


def resolved(name, profile, **overrides):
    return resolve_config(name, tasks().get("brain_tumor"), "finetune", profile, "resnet18", overrides)


def global_views(name, views):
    """The augmentations of a method's two global views, as dictionaries."""
    cls = methods().get(name)
    method = cls(cls.config_class(**cls.quick))
    method.views = views
    transform = method.view_transform(48)
    return [asdict(a) for a in transform.augmentations[:2]]


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("name", TRAINED)
def test_settings_resolve_and_hold_the_views(name, profile):
    config = resolved(name, profile)
    views = {k: getattr(config.pretrain, k) for k in ViewSettings.model_fields}
    published = methods().get(name).published_views if profile == "paper" else {}
    assert views == {**ViewSettings().model_dump(), **published}
    assert resolved(name, profile, pretrain={"crop_min": 0.3}).pretrain.crop_min == 0.3


@pytest.mark.parametrize(
    ("name", "at_256", "at_3200"),
    [
        *[("simclr", 0.3, 3.75), ("byol", 0.45, 5.625), ("dino", 0.03, 0.375), ("lvmmed", 2e-3, 2e-3)],
        *[("moco_v2", 0.03, 0.375), ("barlow_twins", 0.2, 2.5), ("vicreg", 0.3, 3.75), ("vicregl", 0.3, 3.75)],
        *[("swav", 0.3, 3.75), ("deepcluster_v2", 0.3, 3.75)],
    ],
)
def test_published_rates_follow_the_batch(name, at_256, at_3200):
    config = methods().get(name).config_class()
    assert config.peak_lr(256) == pytest.approx(at_256)
    assert config.peak_lr(3200) == pytest.approx(at_3200)
    optimizer = build_optimizer(torch.nn.Linear(2, 2), config, 3200)
    assert [group["lr"] for group in optimizer.param_groups] == pytest.approx([at_3200] * 2)


def test_the_square_root_rule_is_simclrs():
    config = methods().get("simclr").config_class(lr=1.2, lr_scaling="sqrt")
    for batch in (64, 256, 4096):
        assert config.peak_lr(batch) == pytest.approx(0.075 * batch**0.5)


@pytest.mark.parametrize(
    ("name", "momentum", "decay", "clip"),
    [
        *[("simclr", None, 1e-6, None), ("byol", 0.99, 1e-6, None), ("dino", 0.996, 1e-4, 3.0)],
        *[("lvmmed", None, 0, None), ("moco_v2", 0.999, 1e-4, None), ("barlow_twins", None, 1.5e-6, None)],
        *[(name, None, 1e-6, None) for name in ("vicreg", "vicregl", "swav", "deepcluster_v2")],
    ],
)
def test_published_values(name, momentum, decay, clip):
    config = methods().get(name).config_class()
    assert (getattr(config, "momentum", None), config.weight_decay, config.gradient_clip) == (momentum, decay, clip)


def test_a_clip_can_be_set_for_a_method():
    assert resolved("byol", "quick", method={"gradient_clip": "1.5"}).method["gradient_clip"] == 1.5


@pytest.mark.parametrize("name", TRAINED)
def test_views_are_equal_but_for_what_a_definition_demands(name):
    plain = asdict(Augmentation.of(48, ViewSettings()))
    for view in global_views(name, ViewSettings()):
        assert {k for k, v in view.items() if v != plain[k]} <= BY_DEFINITION.get(name, set())


@pytest.mark.parametrize("name", ["byol", "dino", "barlow_twins", "vicregl"])
def test_asymmetric_blur_is_the_published_one_at_one_half_and_off_at_none(name):
    found = global_views(name, ViewSettings(blur=0.5))
    assert [v["blur_probability"] for v in found] == pytest.approx([1.0, 0.1])
    assert [v["solarise_probability"] for v in found] == [0, 0.2]
    assert [v["blur_probability"] for v in global_views(name, ViewSettings(blur=0))] == [0, 0]


@pytest.mark.parametrize(("side", "expected"), [(48, 2 * 48 / 224), (224, 2.0)])
def test_blur_is_in_proportion_to_the_side(side, expected, monkeypatch):
    drawn, blur = [], cv2.GaussianBlur

    def record(pixels, size, sigma, **rest):
        drawn.append(sigma)
        return blur(pixels, size, sigma, **rest)

    monkeypatch.setattr(cv2, "GaussianBlur", record)
    view = Augmentation(side, blur_probability=1, blur_sigma=(2.0, 2.0))
    view(Image.fromarray(np.zeros((64, 64, 3), np.uint8)))
    assert drawn == [pytest.approx(expected)]


@pytest.mark.parametrize("name", ["dino", "swav"])
def test_local_crops_end_where_global_ones_begin(name):
    cls = methods().get(name)
    method = cls(cls.config_class(**cls.quick))
    method.views = ViewSettings(crop_min=0.14)
    first, _, local, _ = method.view_transform(48).augmentations
    assert (first.scale, local.scale) == ((0.14, 1.0), (0.05, 0.14))
    assert local.blur_sigma[1] * local.size == pytest.approx(first.blur_sigma[1] * first.size)


@pytest.mark.parametrize("wrong", [{"crop_min": 0}, {"jitter": (0.1, 0.1, 0.1, 0.6)}, {"blur": 1.1}, {"grey": -0.1}])
def test_views_that_cannot_be_are_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        ViewSettings(**wrong)


def test_equal_views_of_equal_seeds():
    """SimCLR's two views, drawn from one state, are one and the same image."""
    image = Image.effect_noise((60, 80), 60).convert("RGB")
    view = Augmentation.of(48, ViewSettings())
    with seeded(5):
        first = view(image)
    with seeded(5):
        assert torch.equal(first, view(image))
