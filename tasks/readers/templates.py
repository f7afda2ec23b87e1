"""Path templates of an owner's layout, such as `training/{case}_image.{nii.gz,nii}`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

FIELDS = ("case", "split", "site", "class")
"""Names in braces that stand for a part of a path, without `/`."""
_FIELD = "|".join(FIELDS)


@dataclass(frozen=True)
class Template:
    """Path relative to a data set's folder. `{case}` is what names a case, `*` anything, `{a,b}` alternatives.

    `{split}`, `{site}` and `{class}` name the case's split, site and class (`FIELDS`).

    Of several alternatives the first comes first: it wins where a case has files of more than one. Upper and lower
    case are not told apart.
    """

    text: str

    def fields(self, path: str) -> dict[str, str] | None:
        """Name in braces -> what stands there in a relative path; None where it is of another form."""
        for pattern in self._patterns:
            if found := pattern.fullmatch(path):
                return found.groupdict()
        return None

    def filled(self, **fields: str) -> str:
        """The text of the template with some of its fields replaced by what they are."""
        text = self.text
        for name, value in fields.items():
            text = text.replace(f"{{{name}}}", value)
        return text

    @cached_property
    def alternatives(self) -> tuple[str, ...]:
        """The template without `{a,b}`, best first."""
        return tuple(_expand(self.text))

    @cached_property
    def _patterns(self) -> tuple[re.Pattern[str], ...]:
        return tuple(_compile(text) for text in self.alternatives)

    def match(self, path: str) -> tuple[str, int] | None:
        """Case name and number of the alternative (0 is best) of a relative path; None where it is of another form."""
        for rank, pattern in enumerate(self._patterns):
            found = pattern.fullmatch(path)
            if found:
                return found["case"], rank
        return None

    def matches_end(self, path: Path) -> bool:
        """Whether a path, absolute or not, ends in the form of the template."""
        parts = path.as_posix().split("/")
        ends = {text.count("/") + 1 for text in self.alternatives}
        return any(self.match("/".join(parts[-n:])) for n in ends)

    @cached_property
    def folders(self) -> tuple[str, ...]:
        """The part of each alternative before the first component that differs from case to case."""
        return tuple(dict.fromkeys(_fixed_folder(text) for text in self.alternatives))

    @property
    def file_form(self) -> str:
        """The template without the folders that are the same for all cases."""
        parts = self.text.split("/")
        first = next((i for i, part in enumerate(parts) if "{case}" in part), len(parts) - 1)
        return "/".join(parts[first:])

    def existing_folders(self, folder: Path) -> list[Path]:
        """Those of `folders` that exist under the data set's folder."""
        return [folder / name for name in self.folders if (folder / name).is_dir()]


@cache
def template(text: str) -> Template:
    """The template of a text, made once."""
    return Template(text)


def _expand(text: str) -> list[str]:
    found = re.search(rf"\{{(?!(?:{_FIELD})\}})([^{{}}]*)\}}", text)
    if not found:
        return [text]
    head, tail = text[: found.start()], text[found.end() :]
    return [whole for option in found[1].split(",") for whole in _expand(head + option + tail)]


def _compile(text: str) -> re.Pattern[str]:
    pattern = ""
    for piece in re.split(rf"(\{{(?:{_FIELD})\}}|\*\*/|\*)", text):
        name = piece.strip("{}")
        if piece == f"{{{name}}}":
            pattern += f"(?P={name})" if f"(?P<{name}>" in pattern else f"(?P<{name}>[^/]+?)"
        else:
            pattern += {"**/": "(?:.*/)?", "*": "[^/]*"}.get(piece) or re.escape(piece)
    return re.compile(pattern, re.IGNORECASE)


def _varies(part: str) -> bool:
    return "*" in part or any(f"{{{name}}}" in part for name in FIELDS)


def _fixed_folder(text: str) -> str:
    parts = text.split("/")[:-1]
    fixed = next((i for i, part in enumerate(parts) if _varies(part)), len(parts))
    return "/".join(parts[:fixed])
