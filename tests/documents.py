"""The commands, files and outputs that README, CONTRIBUTING and docs/ show, in their order."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).parents[1]
NEEDS_DATA = "<!-- needs data -->"
"""Before a block, or in the line of a command: it needs data, weights or hours that no test has."""
_INLINE = re.compile(r"(?<!`)`(bench [^`\n]*)`(?!`)")
_FENCE = re.compile(r"^```(\w*)(?: title=\"([^\"]+)\")?$")
_OPEN = re.compile(r"[A-Z][A-Z_]*(\.\w+)?")
"""A word that stands for something."""


@dataclass(frozen=True)
class Step:
    """What a page shows at a place: a `command`, a part of the `output` of the command before it, or a `file`."""

    page: str
    line: int
    kind: str
    text: str
    name: str = ""
    """Of a file."""
    block: bool = True
    """Whether it stands in a block of code, and not within a sentence or a table."""
    needs_data: bool = False

    def __str__(self) -> str:
        return f"{self.page}:{self.line}: {self.text}"

    @property
    def words(self) -> list[str]:
        """The command's arguments, without its first word; of alternatives the first, as if nothing were left out."""
        text = re.sub(r"\[(-[^]]*)\]", r"\1", self.text)
        return [word for word in shlex.split(re.sub(r"(\w)(\|\w+)+", r"\1", text))[1:] if word != "..."]

    @property
    def is_pattern(self) -> bool:
        """Whether there is nothing to run: the name of a command, or words in capitals that stand for something."""
        parts = [part for word in self.words for part in re.split(r"[=:@/]", word)]
        return "..." in self.text or self.is_name or any(part != "DATA" and _OPEN.fullmatch(part) for part in parts)

    @property
    def is_name(self) -> bool:
        """Whether a sentence only names a command, or one option of it."""
        words = self.words[1:] if self.words[:1] in (["data"], ["dev"]) else self.words
        return not self.block and all(word.startswith("--") for word in words[1:])


def pages() -> list[Path]:
    """Every page of the documentation, README and CONTRIBUTING first."""
    return [REPOSITORY / "README.md", REPOSITORY / "CONTRIBUTING.md", *sorted((REPOSITORY / "docs").rglob("*.md"))]


def steps(page: Path) -> list[Step]:
    """What a page shows, in its order."""
    return list(_steps(page.relative_to(REPOSITORY).as_posix(), page.read_text(encoding="utf-8").splitlines()))


def _steps(page: str, lines: list[str]) -> Iterator[Step]:
    number, marked = 0, False
    while number < len(lines):
        line, end = lines[number], number + 1
        if fence := _FENCE.match(line):
            end = 1 + next(i for i in range(end, len(lines)) if lines[i] == "```")
            yield from _block(page, number + 1, lines[number + 1 : end - 1], marked, fence[1], fence[2] or "")
        elif line.startswith("    "):
            end = next((i for i in range(end, len(lines)) if not lines[i].startswith("    ")), len(lines))
            yield from _block(page, number, [text[4:] for text in lines[number:end]], marked)
        else:
            here = marked or NEEDS_DATA in line
            for text in _INLINE.findall(line):
                yield Step(page, number + 1, "command", text, block=False, needs_data=here)
        if line.strip() == NEEDS_DATA:
            marked = True
        elif line.strip() and not "".join(lines[end : end + 1]).strip():
            marked = False  # a block or paragraph ends here, and with it what its mark is for
        number = end


def _block(page: str, before: int, body: list[str], marked: bool, language: str = "", name: str = "") -> Iterator[Step]:
    """A file, an output, or commands: continued lines are one, and what stands behind two spaces is no part of it."""
    if name or language == "text":
        yield Step(page, before + 1, "file" if name else "output", "\n".join(body) + "\n", name, needs_data=marked)
        return
    start = 0
    for number, line in enumerate(body):
        if line.endswith("\\"):
            continue
        whole = " ".join(part.rstrip("\\").strip() for part in body[start : number + 1])
        for part in (re.sub(r"^([A-Z]+=\S+ )+", "", one) for one in re.split(r" && ", whole.removeprefix("$ "))):
            if re.match(r"(bench|python) ", part):
                text = re.split(r"  +", part)[0].strip()
                yield Step(page, before + start + 1, "command", text, needs_data=marked)
        start = number + 1
