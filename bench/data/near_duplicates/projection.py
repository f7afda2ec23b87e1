"""Few numbers of a thumbnail, chosen so that crops of one image lie close together and different images far apart.

The directions are those of a linear discriminant analysis on the thumbnails at hand: scatter between images against
scatter within one image, over crops of it. Head MRIs, which correlate at 0.9 by their outline, then differ.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

SIDE = 32
DIMENSIONS = 64
LARGEST_CROP = 0.05
"""Largest share of the side that a crop takes off one edge."""
_SAMPLE, _CROPS, _RIDGE = 2000, 8, 0.05
_BLOCK = 4096
_WHOLE = np.zeros(4)


@dataclass(frozen=True)
class Projection:
    """From thumbnails to points of unit length, whose products say how alike the images are, whether cropped or not."""

    mean: np.ndarray
    """(SIDE * SIDE,) float32."""
    directions: np.ndarray
    """(SIDE * SIDE, DIMENSIONS) float32."""

    def points(self, thumbnails: np.ndarray) -> np.ndarray:
        """(N, 64, 64) uint8 -> (N, DIMENSIONS) float32."""
        blocks = [thumbnails[i : i + _BLOCK] for i in range(0, len(thumbnails), _BLOCK)]
        return np.concatenate([self._block(block) for block in blocks])

    def _block(self, thumbnails: np.ndarray) -> np.ndarray:
        vectors = np.stack([_describe(one, _WHOLE) for one in thumbnails])
        return _to_unit((vectors - self.mean) @ self.directions)


def fit_projection(thumbnails: np.ndarray) -> Projection:
    """Learn the directions from at most 2000 of the thumbnails (N, 64, 64) and their mirror images, 8 crops each.

    The same thumbnails in the same order give the same directions.
    """
    from scipy.linalg import eigh

    rng = np.random.default_rng(0)
    chosen = thumbnails[np.sort(rng.permutation(len(thumbnails))[:_SAMPLE])]
    chosen = np.where(rng.random((len(chosen), 1, 1)) < 0.5, chosen, chosen[:, :, ::-1])
    margins = rng.uniform(0, LARGEST_CROP, (len(chosen), _CROPS, 4))
    margins[:, 0] = 0
    crops = np.stack([[_describe(one, m) for m in own] for one, own in zip(chosen, margins, strict=True)])
    centres = crops.mean(axis=1)
    mean = centres.mean(axis=0)
    inside = (crops - centres[:, None]).reshape(-1, SIDE * SIDE)
    within = inside.T @ inside / len(inside)
    within += np.eye(SIDE * SIDE, dtype=np.float32) * (_RIDGE * max(float(np.trace(within)), 1e-6) / SIDE**2)
    between = (centres - mean).T @ (centres - mean) / len(centres)
    last = SIDE * SIDE - 1
    _, directions = eigh(between, within, subset_by_index=[last - DIMENSIONS + 1, last])
    return Projection(mean, directions.astype(np.float32))


def _describe(thumbnail: np.ndarray, margins: np.ndarray) -> np.ndarray:
    """(SIDE * SIDE,) float32 of unit length and without mean: a crop, smoothed.

    Margins are shares of the side: left, top, right, bottom.
    """
    import cv2

    left, top, right, bottom = margins
    smooth = cv2.GaussianBlur(thumbnail.astype(np.float32), (0, 0), 1.0)
    side = len(thumbnail)
    x, y = side * (1 - left - right) / SIDE, side * (1 - top - bottom) / SIDE
    to_source = np.array([[x, 0, side * left + x / 2 - 0.5], [0, y, side * top + y / 2 - 0.5]], np.float32)
    how = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    small = cv2.warpAffine(smooth, to_source, (SIDE, SIDE), flags=how, borderMode=cv2.BORDER_REPLICATE)
    return _to_unit((small - small.mean()).reshape(1, -1))[0]


def _to_unit(vectors: np.ndarray) -> np.ndarray:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit: np.ndarray = (vectors / np.maximum(lengths, 1e-6)).astype(np.float32)
    return unit
