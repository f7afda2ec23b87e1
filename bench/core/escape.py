"""Names and texts from outside on their way out: to a terminal, a log, a CSV cell, a Markdown or LaTeX cell.

HTML has `html.escape`, JSON its own escapes.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

if TYPE_CHECKING:
    import pandas as pd

_UNPRINTABLE = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
"""Control characters but tab and line feed, other separators of lines, marks that turn text around, no UTF-8."""
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What makes a cell a formula for a spreadsheet, at its start (OWASP, CSV injection)."""
_SPECIAL = re.compile(r"[|<>]")
_LATEX = {
    "\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}",
    ">": r"\textgreater{}", "|": r"\textbar{}", "[": "{[}", "]": "{]}", "*": "{*}", "±": r"$\pm$",
} | {c: f"\\{c}" for c in "_%&#${}"}  # fmt: skip
"""What is no plain character in LaTeX's text; brackets and stars because they may follow the end of a row."""
_LIGATURE = re.compile(r"(?<=([-'`,?!]))(?=[-'`])")
"""Between two signs that LaTeX would set as one."""


def printable(text: str) -> str:
    r"""The text with characters escaped that would control a terminal; lines stay lines.

    >>> printable("a\x1b[2Jb\udcff")
    'a\\x1b[2Jb\\xff'
    """
    return _UNPRINTABLE.sub(_escaped, text)


def one_line(name: object) -> str:
    """A name for a message: as `printable`, with line feeds escaped too."""
    return printable(str(name)).replace("\n", "\\n").replace("\t", "\\t")


def in_file_name(name: str) -> str:
    """A name as part of a file's: `timm:resnet18` is `timm%3Aresnet18`, which `urllib.parse.unquote` undoes.

    Some systems allow no colon in the name of a file, and none a slash.
    """
    return quote(name, safe="")


def csv_cell(value: Any) -> Any:
    """A cell that no spreadsheet takes for a formula: texts that begin like one get a `'`, as they do it themselves."""
    if not isinstance(value, str):
        return value
    text = one_line(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


def csv_safe(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with every text, of columns' names too, as `csv_cell` gives it."""
    texts = [c for c in frame if frame[c].dtype.kind not in "biufcM"]
    safe = frame.assign(**{str(c): frame[c].map(csv_cell) for c in texts}) if texts else frame
    return safe.rename(columns={c: csv_cell(c) for c in map(str, safe)})


def markdown_cell(text: object) -> str:
    """A cell of a Markdown table: `|` cannot end it, `<` begins no element."""
    return _SPECIAL.sub(lambda found: {"|": "\\|", "<": "&lt;", ">": "&gt;"}[found[0]], one_line(text))


def latex_cell(text: object) -> str:
    r"""A cell of a LaTeX table in which every character stands for itself.

    >>> latex_cell("50 % of a_b & {c}")
    '50 \\% of a\\_b \\& \\{c\\}'
    """
    return _LIGATURE.sub("{}", "".join(_LATEX.get(character, character) for character in one_line(text)))


def _escaped(found: re.Match[str]) -> str:
    code = ord(found[0])
    if 0xDC80 <= code <= 0xDCFF:  # a byte that was no UTF-8, as `os.fsdecode` gives it
        code -= 0xDC00
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
