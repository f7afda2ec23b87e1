"""Path templates of an owner's layout, such as `training/{case}_image.{nii.gz,nii}`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path


@dataclass(frozen=True)
class Template:
    """Path relative to a data set's folder. `{case}` is what names a case, `*` anything, `{a,b}` alternatives.

    Of several alternatives the first comes first: it wins where a case has files of more than one. Upper and lower
    case are not told apart.
    """

    text: str

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
    found = re.search(r"\{(?!case\})([^{}]*)\}", text)
    if not found:
        return [text]
    head, tail = text[: found.start()], text[found.end() :]
    return [whole for option in found[1].split(",") for whole in _expand(head + option + tail)]


def _compile(text: str) -> re.Pattern[str]:
    pattern = ""
    for piece in re.split(r"(\{case\}|\*)", text):
        if piece == "{case}":
            pattern += "(?P=case)" if "(?P<case>" in pattern else "(?P<case>[^/]+?)"
        else:
            pattern += "[^/]*" if piece == "*" else re.escape(piece)
    return re.compile(pattern, re.IGNORECASE)


def _fixed_folder(text: str) -> str:
    parts = text.split("/")[:-1]
    fixed = next((i for i, part in enumerate(parts) if "{case}" in part or "*" in part), len(parts))
    return "/".join(parts[:fixed])
