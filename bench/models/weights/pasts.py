"""What an entry of weights says that they were pretrained on: `past` and `pretrained_on`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from bench.core.errors import UsageError, closest
from bench.core.escape import one_line
from bench.core.reading import reading, text_of
from bench.core.registry import tasks
from bench.data.published.known import find_past
from bench.data.published.past import Past, SeenList, list_of

_TIED = re.compile(r"(?P<data_set>[A-Za-z0-9][A-Za-z0-9._+-]*)=(?P<file>.+)", re.DOTALL)
_ADVICE = "Give a text file with a file name or a content key (bench data keys) a line."


def placed_lists(pretrained_on: Sequence[str], folder: Path) -> tuple[str, ...]:
    """The same with the place of each file, which is relative to `folder`; what is no file is a data set's name.

    Raises:
        UsageError: a file that is not there.
    """
    return tuple(_placed(text, folder) for text in pretrained_on)


def _placed(text: str, folder: Path) -> str:
    if (folder / text).is_file():
        return str(folder / text)
    tied = _TIED.fullmatch(text)
    name = tied["file"] if tied else text
    if tied and (folder / name).is_file():
        return f"{tied['data_set']}={folder / name}"
    if tied or "/" in name or Path(name).suffix:
        raise UsageError(
            f"pretrained_on: {one_line(folder / name)}: no such file. Name a file relative to the TOML file, or a data "
            "set by its name (bench list tasks)."
        )
    return text


def past_of(past: str | None, pretrained_on: Sequence[str]) -> Past | None:
    """What an entry names, its files read; None where it names nothing.

    Raises:
        UsageError: an unknown past, or a file that is no text.
    """
    if past is None and not pretrained_on:
        return None
    known = find_past(past).past if past else Past("")
    data_sets, lists = [], []
    for text in pretrained_on:
        tied = None if Path(text).is_file() else _TIED.fullmatch(text)
        file = Path(tied["file"] if tied else text)
        if file.is_file():
            lists.append(_read(file, tied["data_set"] if tied else "", file.stat().st_mtime_ns))
        else:
            data_sets.append(text)
    own = [*data_sets, *(f"{one.label} ({len(one.names)} lines)" for one in lists)]
    statement = f"They were pretrained on {', '.join(own)}, as the entry says." if own else ""
    return Past(" ".join(filter(None, (known.statement, statement))), tuple(data_sets), (*known.lists, *lists))


@cache
def _read(file: Path, data_set: str, changed: int) -> SeenList:
    with reading(file, _ADVICE, UsageError, what="cannot be read as text"):
        return list_of(one_line(file.name), text_of(file), data_set)


def past_notices(where: str, past: Past | None) -> list[str]:
    """What to say of data sets that are named and that no task here is on."""
    known = {task.data.name for task in tasks().working().values()}
    unknown = [name for name in (past.data_sets if past else ()) if name not in known]
    return [
        f"{where}: pretrained_on names {one_line(name)}, which is no data set here, so that none of its cases are "
        f"looked for.{closest(name, known)}"
        for name in unknown
    ]
