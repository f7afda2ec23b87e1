"""Whether two thumbnails show one image: they are laid over each other, and their fine structure is correlated."""

from __future__ import annotations

import numpy as np

THRESHOLD = 0.92
"""Correlation from which two images are near duplicates; docs/duplicates.md has the curve behind it."""
_COARSE_THRESHOLD = 0.7
"""Pairs below it at half the size are given up: copies have more than 0.85 there."""
_PARTS = ((0, 0.0), (12, 0.12))
"""The whole and the centre: margin in pixels of 64, and by how much it may correlate less than `THRESHOLD`."""
_FURTHEST = 8.0
"""Pixels of a thumbnail's 64 by which a corner may move: more than a crop of 5 % from every edge."""
_STEPS, _PRECISION = 25, 1e-4
_FINE = 4.0
"""Standard deviation of the blur that is taken off, and of the window of local contrast, in pixels of 64."""


def similarity(first: np.ndarray, second: np.ndarray) -> float:
    """Correlation of the fine structure of two thumbnails (64, 64), after the second was laid over the first.

    The overlay is affine (enhanced correlation coefficient, Evangelidis and Psarakis 2008), found at half the size
    and then at full size. Fine structure is what a blur takes away, divided by its local contrast, so that outlines,
    which all heads share, weigh no more than what lies inside them. The centre counts once more, by itself: there the
    round edge of fundus photographs does not reach. 0 where no overlay is found, or an unlikely one.
    """
    import cv2

    first, second = first.astype(np.float32), second.astype(np.float32)
    half = len(first) // 2
    small = [cv2.resize(one, (half, half), interpolation=cv2.INTER_AREA) for one in (first, second)]
    overlay = _align(small[0], small[1], np.eye(2, 3, dtype=np.float32), 5)
    if overlay is None:
        return 0.0
    coarse = _correlation(small[0], small[1], overlay, _FINE / 2)
    if coarse < _COARSE_THRESHOLD:
        return coarse * THRESHOLD
    overlay = overlay.copy()
    overlay[:, 2] = 2 * overlay[:, 2] + 0.5 - overlay[:, :2].sum(axis=1) / 2  # pixels' centres lie at whole numbers
    overlay = _align(first, second, overlay, 3)
    if overlay is None:
        return 0.0
    return min(_correlation(first, second, overlay, _FINE, margin) + allowance for margin, allowance in _PARTS)


def _align(first: np.ndarray, second: np.ndarray, start: np.ndarray, smoothing: int) -> np.ndarray | None:
    """(2, 3) from pixels of the first to those of the second; None where none is found or it moves a corner too far."""
    import cv2

    everywhere = np.ones(first.shape, np.uint8)
    criteria = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, _STEPS, _PRECISION)
    try:
        _, found = cv2.findTransformECC(first, second, start, cv2.MOTION_AFFINE, criteria, everywhere, smoothing)
    except cv2.error:  # it did not converge, or an image has no structure
        return None
    overlay: np.ndarray = np.asarray(found)
    last = len(first) - 1
    corners = np.array([[0, 0, 1], [last, 0, 1], [0, last, 1], [last, last, 1]], np.float32)
    moved = np.abs(corners @ overlay.T - corners[:, :2]).max()
    return overlay if moved <= _FURTHEST * len(first) / 64 else None


def _correlation(first: np.ndarray, second: np.ndarray, overlay: np.ndarray, sigma: float, margin: int = 0) -> float:
    """Correlation of fine structure where both images are, without a margin at each edge."""
    import cv2

    size, part = first.shape, slice(margin, len(first) - margin)
    where = np.ones(size, np.float32)
    inside = cv2.warpAffine(where, overlay, size, flags=cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP)[part, part] > 0
    how = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    laid = cv2.warpAffine(second, overlay, size, flags=how, borderMode=cv2.BORDER_REPLICATE)
    a, b = (_fine_structure(one[part, part], sigma)[inside] for one in (first, laid))
    a, b = a - a.mean(), b - b.mean()
    return float((a @ b) / max(float(np.sqrt((a @ a) * (b @ b))), 1e-6))


def _fine_structure(image: np.ndarray, sigma: float) -> np.ndarray:
    import cv2

    fine = image - cv2.GaussianBlur(image, (0, 0), sigma)
    energy = cv2.GaussianBlur(fine * fine, (0, 0), sigma)
    floor = 0.02 * energy.mean() + 0.01 * image.var() + 1e-6  # flat parts hold nothing but noise
    structure: np.ndarray = fine / np.sqrt(energy + floor)
    return structure
