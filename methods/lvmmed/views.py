"""Two views of an image that remember where they were cut, and where their feature-map cells lie in the image.

Coordinates come from a crop box alone (`cell_centres`), not from the grid of lightly's `RandomResizedCropAndFlip`. That
grid (lightly 1.6, `location_to_NxN_grid`) is `linspace(left, left + width, n) + width / (2 n)`: for n = 2 and a crop
from 0 to 1 it says 0.25 and 1.25 where the centres are 0.25 and 0.75, so its last cell is outside the crop, and a flip
gives the first cell 1.25 instead of 0.75.
"""

from __future__ import annotations

from typing import TypedDict

import torch
from lightly.transforms.gaussian_blur import GaussianBlur
from PIL.Image import Image
from torch import Tensor
from torchvision import transforms
from torchvision.transforms import functional as F

from methods.lvmmed.config import LVMMedConfig

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


class Views(TypedDict):
    """Two views of one image, or of a batch after collation."""

    images: list[Tensor]
    """Two normalised images, each (3, H, W); batched (B, 3, H, W)."""
    boxes: list[Tensor]
    """Two crop boxes, each (5,); batched (B, 5): top, left, height and width as fractions of the original image's
    height and width, and 1 if the crop was flipped left to right, else 0."""


class TwoViews:
    """Random crop, flip, colour jitter and blur, twice, of one RGB image; see `Views`.

    The paper names these transforms without their strengths; the defaults are VICRegL's. Randomness comes from torch's
    and NumPy's global generators.
    """

    def __init__(self, image_size: int, config: LVMMedConfig) -> None:
        self.crop = transforms.RandomResizedCrop(image_size, scale=config.crop_scale, antialias=True)
        self.flip_probability = config.flip_probability
        strength = config.jitter_strength
        jitter = transforms.ColorJitter(0.4 * strength, 0.4 * strength, 0.2 * strength, 0.1 * strength)
        self.finish = transforms.Compose(
            [
                transforms.RandomApply([jitter], p=config.jitter_probability),
                GaussianBlur(prob=config.blur_probability, sigmas=config.blur_sigma),
                transforms.ToTensor(),
                transforms.Normalize(IMAGENET_MEAN, IMAGENET_STD),
            ]
        )

    def __call__(self, image: Image) -> Views:
        """Two views of an RGB image of any size."""
        (first, first_box), (second, second_box) = self._view(image), self._view(image)
        return {"images": [first, second], "boxes": [first_box, second_box]}

    def _view(self, image: Image) -> tuple[Tensor, Tensor]:
        """One view (3, H, W) and its box (5,)."""
        top, left, height, width = self.crop.get_params(image, list(self.crop.scale), list(self.crop.ratio))
        cut = F.resized_crop(image, top, left, height, width, self.crop.size, self.crop.interpolation)
        flipped = bool(torch.rand(()) < self.flip_probability)
        if flipped:
            cut = F.hflip(cut)
        rows, columns = image.height, image.width
        return self.finish(cut), torch.tensor([top / rows, left / columns, height / rows, width / columns, flipped])


def cell_centres(boxes: Tensor, rows: int, columns: int) -> Tensor:
    """Centres of feature-map cells in the original image.

    Args:
        boxes: (B, 5), see `Views`.
        rows: R of the feature map.
        columns: S of the feature map.

    Returns:
        (B, R * S, 2), row-major, as (y, x) in fractions of the original image's height and width.
    """
    top, left, height, width, flipped = boxes.float().unbind(1)  # (B,) each
    y = (torch.arange(rows, device=boxes.device) + 0.5) / rows  # (R,), in the crop
    x = (torch.arange(columns, device=boxes.device) + 0.5) / columns  # (S,)
    x = torch.where(flipped[:, None] > 0.5, 1 - x, x)  # (B, S)
    y = top[:, None] + height[:, None] * y  # (B, R)
    x = left[:, None] + width[:, None] * x
    grid = torch.stack([y[:, :, None].expand(-1, -1, columns), x[:, None, :].expand(-1, rows, -1)], dim=-1)
    return grid.flatten(1, 2)
