"""Made-up images of one organ, and the copies of an image that must be found."""

from __future__ import annotations

import io
from collections.abc import Callable

import cv2
import numpy as np
from PIL import Image, ImageOps

Change = Callable[[Image.Image], Image.Image]


def head(seed: int, side: int = 160) -> Image.Image:
    """An oval with a bright rim, nearly the same in all of them, and inside it a texture of its own."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[-1 : 1 : side * 1j, -1 : 1 : side * 1j]
    width, height = 0.7 + 0.04 * rng.random(2)
    radius = np.hypot(x / width, y / (height + 0.1))
    noise = rng.standard_normal((side, side))
    inside = cv2.GaussianBlur(noise, (0, 0), side / 12) * side / 12 + cv2.GaussianBlur(noise, (0, 0), side / 50) * 2
    values = np.where(radius < 0.9, 90 + 60 * inside, np.where(radius < 1, 220, 4))
    return Image.fromarray(np.clip(values, 0, 255).astype(np.uint8)).convert("RGB")


def texture(seed: int, side: int = 160) -> Image.Image:
    """Smooth colours without an outline."""
    noise = np.random.default_rng(seed).standard_normal((side, side, 3))
    smooth = cv2.GaussianBlur(noise, (0, 0), side / 14)
    return Image.fromarray(np.clip(128 + 50 * smooth / smooth.std(), 0, 255).astype(np.uint8))


def _jpeg(image: Image.Image) -> Image.Image:
    file = io.BytesIO()
    image.save(file, "JPEG", quality=40)
    return Image.open(io.BytesIO(file.getvalue())).convert("RGB")


def _crop(left: float, top: float, right: float, bottom: float) -> Change:
    def change(image: Image.Image) -> Image.Image:
        w, h = image.size
        return image.crop((round(w * left), round(h * top), round(w * (1 - right)), round(h * (1 - bottom))))

    return change


def _brightness(factor: float, offset: float) -> Change:
    return lambda image: Image.fromarray(np.clip(np.asarray(image, float) * factor + offset, 0, 255).astype(np.uint8))


CHANGES: dict[str, Change] = {
    "half size": lambda image: image.resize((image.width // 2, image.height // 2)),
    "a square of 224": lambda image: image.resize((224, 224)),
    "JPEG 40": _jpeg,
    "mirrored": ImageOps.mirror,
    "5 % off every edge": _crop(0.05, 0.05, 0.05, 0.05),
    "2.5 % off every edge": _crop(0.025, 0.025, 0.025, 0.025),
    "5 % off two edges": _crop(0.05, 0, 0, 0.05),
    "70 % bright": _brightness(0.7, 0),
    "130 % bright": _brightness(1.3, 0),
    "30 brighter": _brightness(1, 30),
}
