"""An HTML page of groups of copies, one file without links: pictures are in it, names are escaped."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from pathlib import Path

from bench.core.escape import one_line
from bench.core.files import write_text
from bench.core.task import Case
from bench.data.content import THUMBNAIL_PX
from bench.data.dataset import Data
from bench.data.duplicates import Group
from bench.data.near_duplicates.groups import Copies

PICTURE_PX = 160
MOST_GROUPS = 500
"""Groups that the page shows, those across the owner's split and of several classes first."""
_STYLE = (
    "body{font:14px sans-serif;margin:2em;max-width:80em}section{border-top:1px solid #ccc;padding:.5em 0}"
    "figure{display:inline-block;margin:.3em;width:170px;vertical-align:top;overflow-wrap:anywhere}"
    "img{max-width:160px;max-height:160px}figcaption{font-size:12px}.alarm{color:#a00}"
)


def write_page(path: Path, data: Data, copies: Copies, groups: Sequence[Group]) -> None:
    """Write the page of some groups (`copies.exact` or `copies.near`) of a data set.

    Raises:
        StorageError: the file cannot be written.
    """
    write_text(path, "\n".join(_lines(data, copies, groups)) + "\n")


def _lines(data: Data, copies: Copies, groups: Sequence[Group]) -> Iterator[str]:
    cases = {case.id: case for case in data.cases}
    order = sorted(groups, key=lambda group: (-len(_remarks(group, cases)), group))
    title = escape(f"Copies in {data.data_set.name}")
    yield f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
    yield f"<style>{_STYLE}</style></head><body><h1>{title}</h1>"
    left_out = f"; the first {MOST_GROUPS} are shown" if len(order) > MOST_GROUPS else ""
    yield f"<p>{len(order)} groups of {sum(map(len, order))} cases{left_out}.</p>"
    scores = {(pair.first, pair.second): pair.similarity for pair in copies.pairs}
    for number, group in enumerate(order[:MOST_GROUPS], start=1):
        yield f"<section><h2>Group {number}</h2>"
        yield from (f'<p class="alarm">{escape(remark)}</p>' for remark in _remarks(group, cases))
        yield from (_figure(cases[case_id], data, copies) for case_id in group)
        near = [(a, b, score) for (a, b), score in scores.items() if a in group and b in group]
        yield from (f"<p>{_text(a)} and {_text(b)}: similarity {score:.3f}</p>" for a, b, score in near)
        yield "</section>"
    yield "</body></html>"


def _text(name: str) -> str:
    """A name as HTML, in one line."""
    return escape(one_line(name))


def _remarks(group: Group, cases: Mapping[str, Case]) -> list[str]:
    members = [cases[case_id] for case_id in group]
    remarks = []
    if len({case.owner_split for case in members if case.owner_split}) > 1:
        remarks.append("On both sides of the owner's split.")
    if len({case.target for case in members if isinstance(case.target, int)}) > 1:
        remarks.append("Contradicting labels.")
    return remarks


def _figure(case: Case, data: Data, copies: Copies) -> str:
    label = data.data_set.classes[case.target] if isinstance(case.target, int) else ""
    caption = ", ".join(filter(None, (case.id, label, case.owner_split)))
    picture = _picture(case, data, copies)
    image = f'<img alt="" src="data:image/jpeg;base64,{picture}">' if picture else ""
    return f"<figure>{image}<figcaption>{_text(caption)}</figcaption></figure>"


def _picture(case: Case, data: Data, copies: Copies) -> str:
    """A small JPEG in base64, in the picture's own proportions where it can be opened; empty for a volume."""
    from PIL import Image

    from bench.data.decoding.images import read_image

    thumbnail = copies.contents[data.hashes[case.id]].thumbnail
    if thumbnail is None:
        return ""
    if case.image.suffix.lower() in Image.registered_extensions():
        image = read_image(case.image)
    else:
        image = Image.fromarray(thumbnail).resize((2 * THUMBNAIL_PX, 2 * THUMBNAIL_PX))
    image.thumbnail((PICTURE_PX, PICTURE_PX))
    file = io.BytesIO()
    image.save(file, "JPEG", quality=80)
    return base64.b64encode(file.getvalue()).decode()
