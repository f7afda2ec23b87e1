"""Contact sheets: the worst, median and best test cases of a run with image, truth, prediction and score."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image, ImageColor, ImageDraw, ImageFont

from bench.core.escape import one_line
from bench.core.files import write_atomic
from bench.core.kind import Shown, TaskKind
from bench.core.task import Case

FILE = "contact-sheet.png"
EACH = 3
"""Cases of each sort."""
TILE, WIDE = 256, 768
"""Sides of a picture in pixels: it is fitted into TILE x TILE, or, as slices beside each other are, WIDE x TILE."""
LINE, MARGIN, NAMES = 18, 8, 220
"""Height of a line of text, space between pictures, and width of the column of names, in pixels."""
SORTS = ("worst", "median", "best")


def chosen(scores: Sequence[float | None], each: int = EACH) -> list[tuple[str, int]]:
    """(`worst`, `median` or `best`, index) of cases by score, none twice; cases without a score are left out.

    Equal scores keep the order of the cases. The best comes last.
    """
    known = [i for i, score in enumerate(scores) if score is not None and np.isfinite(score)]
    order = sorted(known, key=lambda i: float(scores[i] or 0.0))
    n = min(each, -(-len(order) // len(SORTS)))
    worst, best = order[:n], order[n:][-n:] if n else []
    rest = order[len(worst) : len(order) - len(best)]
    start = max(len(rest) // 2 - n // 2, 0)
    parts = (worst, rest[start : start + n], best)
    return [(sort, i) for sort, part in zip(SORTS, parts, strict=True) for i in part]


def write_contact_sheet(kind: TaskKind, cases: Sequence[Case], predictions: np.ndarray, folder: Path) -> Path | None:
    """Write the sheet of a run to `folder`, which holds its saved predictions; None where the kind draws none.

    Raises:
        DataError: a file of a case cannot be read.
        StorageError: the sheet cannot be written.
    """
    if type(kind).show is TaskKind.show:
        return None
    scores = kind.case_scores(cases, predictions)
    rows = []
    for sort, index in chosen(scores):
        shown = kind.show(cases[index], predictions[index], folder)
        if shown is None:
            return None
        rows.append(([sort, cases[index].id, f"{kind.case_score_name} {scores[index]:.3f}"], shown))
    if not rows:
        return None
    sheet = draw_sheet(rows, kind.legend)
    write_atomic(folder / FILE, partial(sheet.save, format="PNG"))
    return folder / FILE


def draw_sheet(rows: Sequence[tuple[Sequence[str], Shown]], legend: Mapping[str, str]) -> Image.Image:
    """A row for each case under headings: lines that name it, then image, truth and prediction; the legend below."""
    tiles = [[_tile(part) for part in shown] for _, shown in rows]
    widths = [max(row[column].width for row in tiles) for column in range(len(Shown._fields))]
    heights = [
        max(max(tile.height for tile in row), LINE * len(names)) for row, (names, _) in zip(tiles, rows, strict=True)
    ]
    width = NAMES + sum(widths) + MARGIN * (len(widths) + 2)
    entries = _legend_places(legend, width)
    below = LINE * (1 + max((line for _, _, line, _ in entries), default=-1)) + MARGIN
    sheet = Image.new("RGB", (width, 2 * MARGIN + LINE + sum(heights) + MARGIN * len(rows) + below), "white")
    draw = ImageDraw.Draw(sheet)
    lefts = [MARGIN, *(NAMES + 2 * MARGIN + sum(widths[:i]) + MARGIN * i for i in range(len(widths)))]
    for left, heading in zip(lefts, ("case", *Shown._fields), strict=True):
        _write(draw, (left, MARGIN), heading, NAMES)
    top = 2 * MARGIN + LINE
    for height, row, (names, _) in zip(heights, tiles, rows, strict=True):
        for number, text in enumerate(names):
            _write(draw, (MARGIN, top + LINE * number), text, NAMES)
        for left, tile in zip(lefts[1:], row, strict=True):
            sheet.paste(tile, (left, top))
        top += height + MARGIN
    for name, colour, line, left in entries:
        corner = (left, top + LINE * line + 3)
        draw.rectangle((*corner, corner[0] + 10, corner[1] + 10), fill=colour, outline="black")
        _write(draw, (left + 16, top + LINE * line), name, width)
    return sheet


def _tile(part: Image.Image | str) -> Image.Image:
    """A picture enlarged or made smaller to fit; a text as a picture."""
    if isinstance(part, str):
        tile = Image.new("RGB", (TILE, TILE), "#eeeeee")
        draw = ImageDraw.Draw(tile)
        for number, line in enumerate(part.splitlines()):
            _write(draw, (MARGIN, MARGIN + LINE * number), line, TILE - 2 * MARGIN)
        return tile
    room = WIDE if part.width > 2 * part.height else TILE
    scale = min(room / part.width, TILE / part.height)
    size = (max(round(scale * part.width), 1), max(round(scale * part.height), 1))
    return part.convert("RGB").resize(size, Image.Resampling.BILINEAR if scale < 1 else Image.Resampling.NEAREST)


def _legend_places(legend: Mapping[str, str], width: int) -> list[tuple[str, str, int, int]]:
    """Name, colour, line and left side of each entry of the legend."""
    found, line, left = [], 0, MARGIN
    for name, colour in legend.items():
        ImageColor.getrgb(colour)
        wide = 16 + round(_font().getlength(one_line(name))) + 2 * MARGIN
        if left > MARGIN and left + wide > width:
            line, left = line + 1, MARGIN
        found.append((name, colour, line, left))
        left += wide
    return found


def _font() -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(13)


def _write(draw: ImageDraw.ImageDraw, place: tuple[int, int], text: str, width: int) -> None:
    """A line of text; of one that is too wide its end, which tells the names of files apart, after three dots."""
    text, font = one_line(text), _font()
    if font.getlength(text) > width:
        while text and font.getlength(f"...{text}") > width:
            text = text[1:]
        text = f"...{text}"
    draw.text(place, text, fill="black", font=font)
