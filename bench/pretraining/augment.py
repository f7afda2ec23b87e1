"""Views of an image as SimCLR, BYOL, DINO and VICRegL publish them: one declaration, computed on a CPU or a device.

An `Augmentation` draws the random numbers of a view (`views/drawn.py`); one image at a time is computed by OpenCV and
numba here, a batch on any device of torch by `views/batched.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from bench.core.settings import ViewSettings
from bench.pretraining.views import levels, opencv
from bench.pretraining.views.drawn import Box, Drawn, draw_changes, draw_crop
from bench.pretraining.views.resize import Crop, Pixels, crop_resized

PUBLISHED_SIDE = 224
"""Side in pixels of the views for which all publications state the blur's standard deviation."""


@dataclass(frozen=True)
class Augmentation:
    """One random view: crop and flip, colour jitter, grey, blur, solarise, ImageNet normalisation.

    Randomness comes from torch's global generator. The crop is resized as by Pillow.
    """

    size: int
    """Side of the view in pixels."""
    scale: tuple[float, float] = (0.08, 1.0)
    """Range of the share of the image's area that the crop covers."""
    jitter: tuple[float, float, float, float] = (0.8, 0.8, 0.8, 0.2)
    """Strength of the jitter of brightness, contrast, saturation and hue."""
    jitter_probability: float = 0.8
    grey_probability: float = 0.2
    blur_probability: float = 0.5
    blur_sigma: tuple[float, float] = (0.1, 2.0)
    """Range of the blur's standard deviation in pixels of a view of 224 px; in proportion at another side."""
    solarise_probability: float = 0.0
    flip_probability: float = 0.5
    resample: Image.Resampling = Image.Resampling.BILINEAR

    @classmethod
    def of(cls, size: int, views: ViewSettings, **own: Any) -> Augmentation:
        """A view of `size` px by the settings of a run; `own` is what the method's definition changes."""
        common = {"scale": (views.crop_min, 1.0), "jitter": views.jitter}
        chances = {"grey_probability": views.grey, "blur_probability": views.blur}
        return cls(size, **{**common, **chances, **own})

    def __call__(self, image: Image.Image | Pixels) -> Tensor:
        """A view (3, size, size) of an RGB image of any size, an array (H, W, 3) or Pillow's."""
        return self.cut(image)[0]

    def cut(self, image: Image.Image | Pixels) -> tuple[Tensor, Box]:
        """A view (3, size, size) of an RGB image of any size, and where it was cut."""
        pixels: Pixels = np.asarray(image)
        height, width = pixels.shape[:2]
        drawn = self.draw(height, width)
        return self.computed(pixels, drawn), drawn.box(height, width)

    def crop(self, image: Image.Image | Pixels) -> tuple[Pixels, Box]:
        """Crop and flip alone: a view (size, size, 3), uint8, and where it was cut."""
        pixels: Pixels = np.asarray(image)
        height, width = pixels.shape[:2]
        drawn = Drawn(*self._draw_place(height, width), (), False, 0.0, False)
        return self._cropped(pixels, drawn), drawn.box(height, width)

    def draw(self, height: int, width: int) -> Drawn:
        """The random numbers of a view of an image of this size."""
        crop, flipped = self._draw_place(height, width)
        jitter, grey, blur, solarise = torch.rand(4).tolist()
        changes = draw_changes(self.jitter) if jitter < self.jitter_probability else ()
        sigma = 0.0
        if blur < self.blur_probability:
            low, high = self.blur_sigma
            sigma = (low + (high - low) * float(torch.rand(()))) * self.size / PUBLISHED_SIDE
        return Drawn(crop, flipped, changes, grey < self.grey_probability, sigma, solarise < self.solarise_probability)

    def computed(self, pixels: Pixels, drawn: Drawn) -> Tensor:
        """The view (3, size, size) of an image (H, W, 3) that was drawn."""
        pixels = self._cropped(pixels, drawn)
        for number, factor in drawn.changes:
            pixels = opencv.CHANGES[number](pixels, factor)
        if drawn.grey:
            pixels = opencv.saturate(pixels, 0.0)
        if drawn.sigma > 0:
            pixels = opencv.gaussian_blur(pixels, drawn.sigma)
        if drawn.solarised:
            pixels = levels.solarise(pixels)
        return levels.normalised(pixels)

    def _draw_place(self, height: int, width: int) -> tuple[Crop, bool]:
        return draw_crop(height, width, self.scale), bool(torch.rand(()) < self.flip_probability)

    def _cropped(self, pixels: Pixels, drawn: Drawn) -> Pixels:
        return crop_resized(pixels, drawn.crop, self.size, self.size, self.resample, flipped=drawn.flipped)


class MultiView:
    """Several views of an image, each by its own augmentation: a declaration, which a device can compute for a batch.

    A subclass that gives its loss something else than the list of views says so by `arranged`.
    """

    def __init__(self, augmentations: Sequence[Augmentation]) -> None:
        self.augmentations = list(augmentations)

    def __call__(self, image: Image.Image | Pixels) -> Any:
        """The views of an image, `arranged`."""
        cut = [augmentation.cut(image) for augmentation in self.augmentations]
        return self.arranged([view for view, _ in cut], [torch.tensor(box) for _, box in cut])

    def arranged(self, views: list[Tensor], boxes: list[Tensor]) -> Any:
        """What the loss is given of views (3, size, size) and their boxes (5,), see `Box`; of a batch, of batches."""
        return views


def is_declared(transform: Any) -> bool:
    """Whether a transform of images is a declaration alone, whose views any executor may compute from an array."""
    if isinstance(transform, Augmentation):
        return type(transform) is Augmentation
    if not isinstance(transform, MultiView) or type(transform).__call__ is not MultiView.__call__:
        return False
    return all(map(is_declared, transform.augmentations))
