"""Outlines of objects as COCO writes them, polygons and run lengths, as masks."""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from bench.core.errors import DataError
from bench.core.escape import one_line
from bench.core.task import Box

_FIX = "Correct this annotation, or restore the file from the owner's archive."
_BITS, _MORE, _SIGN, _FIRST = 5, 0x20, 0x10, 48
"""Of a character of compressed run lengths: bits of the number, whether it goes on, its sign; code of the zero."""


class Outline(NamedTuple):
    """One object of an image; plain values, which are part of a data set's fingerprint."""

    label: int
    polygons: tuple[tuple[float, ...], ...]
    """Of each part x, y, x, y, ... in pixels from the upper left corner; empty where there are `runs`."""
    runs: tuple[int, ...]
    """Numbers of pixels outside, inside, outside, ... column by column; empty where there are `polygons`."""


def read_outline(found: Any, label: int, width: int, height: int, place: str) -> Outline:
    """The `segmentation` of an annotation, points cut at the image's edge.

    Raises:
        DataError: it is neither polygons nor run lengths, a number is not finite, run lengths do not fill the image, or
            the outline lies outside the image; the message begins with `place`.
    """
    if isinstance(found, Mapping):
        return Outline(label, (), _runs(found, width, height, place))
    if not isinstance(found, list) or not found:
        raise DataError(f"{place}: `segmentation` must be polygons or run lengths; found {_shown(found)}.\n{_FIX}")
    polygons = tuple(_polygon(points, width, height, place) for points in found)
    outside = all(min(p[::2]) == max(p[::2]) or min(p[1::2]) == max(p[1::2]) for p in polygons)
    if outside:
        raise DataError(f"{place}: this outline has no area inside its image of {width} x {height} pixels.\n{_FIX}")
    return Outline(label, polygons, ())


def draw_outline(outline: Outline, width: int, height: int) -> np.ndarray:
    """The mask (H, W), bool, of an outline, polygons as COCO's own tools fill them."""
    if outline.runs:
        inside = np.zeros(len(outline.runs), dtype=bool)
        inside[1::2] = True
        return np.repeat(inside, outline.runs).reshape(width, height).T
    from faster_coco_eval.core import mask

    parts = mask.frPyObjects([list(points) for points in outline.polygons], height, width)
    return np.asarray(mask.decode(mask.merge(parts)), dtype=bool)


def box_around(outline: Outline) -> Box:
    """The smallest box around polygons."""
    x = [value for points in outline.polygons for value in points[::2]]
    y = [value for points in outline.polygons for value in points[1::2]]
    return Box(outline.label, min(x), min(y), max(x), max(y))


def _polygon(points: Any, width: int, height: int, place: str) -> tuple[float, ...]:
    numbers = isinstance(points, list) and all(
        isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) for value in points
    )
    if not numbers or len(points) < 6 or len(points) % 2:
        raise DataError(
            f"{place}: a polygon must be six finite numbers or more, x, y, x, y, ...; found {_shown(points)}.\n{_FIX}"
        )
    return tuple(min(max(float(value), 0.0), float((width, height)[i % 2])) for i, value in enumerate(points))


def _runs(found: Mapping[str, Any], width: int, height: int, place: str) -> tuple[int, ...]:
    size, counts = found.get("size"), found.get("counts")
    if size != [height, width]:
        raise DataError(
            f"{place}: the run lengths are of {_shown(size)} (height, width), the image has {[height, width]}.\n{_FIX}"
        )
    runs: Any = _uncompressed(counts, place) if isinstance(counts, str) else counts
    whole = isinstance(runs, list) and all(isinstance(n, int) and not isinstance(n, bool) and n >= 0 for n in runs)
    if not whole or sum(runs) != width * height:
        raise DataError(f"{place}: the run lengths do not fill the image of {width} x {height} pixels.\n{_FIX}")
    if not sum(runs[1::2]):
        raise DataError(f"{place}: the run lengths have no pixel inside.\n{_FIX}")
    return tuple(runs)


def _uncompressed(text: str, place: str) -> list[int]:
    """Run lengths of COCO's characters; from the fourth on they are differences to the one before the last.

    Not by the tools' own decoder, which writes beyond its memory where the sum is wrong.
    """
    runs: list[int] = []
    number = shift = 0
    for character in text:
        code = ord(character) - _FIRST
        if not 0 <= code < 64 or shift > 60:
            raise DataError(f"{place}: {one_line(character)!r} is no character of run lengths.\n{_FIX}")
        number |= (code & (_MORE - 1)) << shift
        shift += _BITS
        if not code & _MORE:
            number -= (code & _SIGN and 1) << shift
            runs.append(number + (runs[-2] if len(runs) > 2 else 0))
            number = shift = 0
    return runs


def _shown(value: Any) -> str:
    return one_line(repr(value))[:60]


def compressed(mask: np.ndarray) -> list[int]:
    """Run lengths of a mask (H, W), bool: outside first, column by column."""
    flat = np.concatenate([[False], mask.T.ravel(), [not mask.T.ravel()[-1]]])
    edges = [0, *(np.flatnonzero(flat[1:] != flat[:-1])).tolist()]
    return [after - before for before, after in pairwise(edges)]
