"""Fast views: the same augmentations as torchvision's, Pillow's and lightly's, within rounding."""

import numpy as np
import pytest
import torch
from lightly.transforms import (
    BYOLTransform,
    DINOTransform,
    MoCoV2Transform,
    SimCLRTransform,
    SwaVTransform,
    VICRegTransform,
)
from lightly.transforms.byol_transform import BYOLView1Transform, BYOLView2Transform
from PIL import Image, ImageFilter, ImageOps
from torchvision.transforms import functional as F

from bench.core.registry import methods
from bench.core.settings import ViewSettings
from bench.engine.seeding import seeded
from bench.pretraining.augment import Augmentation
from bench.pretraining.views import opencv


@pytest.fixture(scope="module")
def image():
    """Smooth colours of every hue and some grain, 80 x 96."""
    draw = np.random.default_rng(0)
    coarse = Image.fromarray(draw.integers(0, 256, (6, 6, 3), dtype=np.uint8)).resize(
        (96, 80), Image.Resampling.BICUBIC
    )
    grain = draw.normal(0, 8, (80, 96, 3))
    return Image.fromarray(np.clip(np.asarray(coarse) + grain, 0, 255).astype(np.uint8))


@pytest.mark.parametrize("factor", [0.0, 0.4, 1.0, 1.7])
@pytest.mark.parametrize(
    ("ours", "published"),
    [
        (opencv.brighten, F.adjust_brightness),
        (opencv.contrast, F.adjust_contrast),
        (opencv.saturate, F.adjust_saturation),
    ],
)
def test_jitter_is_torchvisions(image, ours, published, factor):
    ours = ours(np.asarray(image), factor).astype(int)
    assert np.abs(ours - np.asarray(published(image, factor))).max() <= 2


@pytest.mark.parametrize("shift", [-0.2, 0.0, 0.07, 0.5])
def test_hue_is_torchvisions(image, shift):
    ours = opencv.shift_hue(np.asarray(image), shift).astype(int)
    distance = np.abs(ours - np.asarray(F.adjust_hue(image, shift)))
    assert distance.mean() < 2
    assert np.quantile(distance, 0.99) <= 8


@pytest.mark.parametrize("sigma", [0.1, 0.7, 2.0])
def test_blur_is_close_to_pillows(image, sigma):
    ours = opencv.gaussian_blur(np.asarray(image), sigma).astype(int)
    distance = np.abs(ours - np.asarray(image.filter(ImageFilter.GaussianBlur(sigma))))
    assert distance.mean() < 1


def test_solarised_grey_view_of_the_whole_image(image):
    square = image.crop((0, 0, 80, 80))
    view = Augmentation(64, (1.0, 1.0), (0, 0, 0, 0), 0, 1.0, 0, solarise_probability=1, flip_probability=0)
    with seeded(0):
        views = [view.cut(square) for _ in range(40)]
    uncut = next(view for view, box in views if box[2:4] == (1.0, 1.0))
    grey = square.resize((64, 64), Image.Resampling.BILINEAR).convert("L").convert("RGB")
    levels = np.asarray(ImageOps.solarize(grey, 128)).astype(float)
    ours = ((uncut * torch.tensor([0.229, 0.224, 0.225])[:, None, None]).permute(1, 2, 0) * 255).numpy()
    ours += 255 * np.array([0.485, 0.456, 0.406])
    near_threshold = np.abs(np.asarray(grey).astype(int) - 128) <= 1  # one level of rounding turns them over
    assert np.abs(ours - levels)[~near_threshold].max() < 1.5


def statistics(transform, image, count):
    """Mean, spread between and inside the views, and sharpness, of each view: (views, 4)."""
    rows = []
    with seeded(0):
        for _ in range(count):
            views = [v.numpy() for v in transform(image)]
            rows.append([[v.mean(), v.mean() ** 2, v.std(), np.abs(np.diff(v)).mean()] for v in views])
    values = np.array(rows)
    return values.mean(0), values.std(0) / np.sqrt(count)


SIGMAS = (0.1 * 32 / 224, 2 * 32 / 224)
"""lightly's blur does not follow the view's side."""
LOCAL = {"n_local_views": 2, "sigmas": SIGMAS}


@pytest.mark.parametrize(
    ("name", "published"),
    [
        ("simclr", SimCLRTransform(32, sigmas=SIGMAS)),
        ("byol", BYOLTransform(BYOLView1Transform(32, sigmas=SIGMAS), BYOLView2Transform(32, sigmas=SIGMAS))),
        ("dino", DINOTransform(32, (0.14, 1), local_crop_size=16, local_crop_scale=(0.05, 0.14), **LOCAL)),
        ("moco_v2", MoCoV2Transform(32, sigmas=SIGMAS)),
        ("vicreg", VICRegTransform(32, sigmas=SIGMAS)),
        ("swav", SwaVTransform((32, 16), (2, 2), sigmas=SIGMAS)),
    ],
)
def test_views_have_the_statistics_of_lightlys(image, name, published):
    cls = methods().get(name)
    method = cls(cls.config_class(**cls.quick))
    method.views = ViewSettings(**cls.published_views)
    transform = method.view_transform(32)
    (ours, error), (theirs, other_error) = (statistics(t, image, 300) for t in (transform, published))
    assert ours.shape == theirs.shape
    assert (np.abs(ours - theirs) < 4 * np.hypot(error, other_error) + 0.01).all()
