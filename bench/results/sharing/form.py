"""Which files a bundle, or a results folder that is taken in, may hold, and under which names."""

from __future__ import annotations

import os
import re
import stat
import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

from bench.core.escape import printable
from bench.core.reading import is_junk
from bench.results.sharing.findings import Finding

MANIFEST, ENVIRONMENT, STUDY = "manifest.json", "environment.json", "study.toml"
_PLAIN = (MANIFEST, ENVIRONMENT, STUDY)
_FOLDERS = ("runs", "splits")
_SUFFIXES = {"runs": (".json", ".parquet"), "splits": (".csv", ".json")}
_FORBIDDEN = re.compile(r'[\\:*?"<>|\x00]')
"""What some systems do not allow in a name, or read as a way out of the folder."""
_DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
_MOST_BYTES = 255
"""Of a name of a file or folder."""


def name_findings(names: Iterable[str]) -> list[Finding]:
    """What is wrong with the names of members, each and together."""
    names = list(names)
    wrong = [Finding(name, "", reason) for name in names if (reason := wrong_name(name))]
    return [*wrong, *alike(names)]


def wrong_name(name: str) -> str:
    """Why a bundle must not hold a file of this name; empty where it may."""
    if name in _PLAIN:
        return ""
    parts = name.split("/")
    if name.startswith("/") or ".." in parts or _FORBIDDEN.search(name):
        return "its name leads out of the folder, or is not allowed on every system"
    if printable(name) != name or "\n" in name or "\t" in name:
        return "its name has characters that cannot be printed"
    for part in parts:
        if not part or part.startswith(".") or part != part.strip() or part.endswith(".") or _DEVICES.fullmatch(part):
            return "its name has a part that is empty, hidden, or not allowed on every system"
        if len(part.encode()) > _MOST_BYTES:
            return f"its name has a part of more than {_MOST_BYTES} bytes"
    if len(parts) < 2 or parts[0] not in _FOLDERS or PurePosixPath(name).suffix not in _SUFFIXES[parts[0]]:
        return f"bundles hold {', '.join(_PLAIN)}, .json and .parquet below runs/, .csv and .json below splits/"
    return ""


def alike(names: Iterable[str], there: Iterable[str] = ()) -> list[Finding]:
    """Names that are the same on a system that does not tell upper from lower case, in any of their folders.

    `there` are names of files that are in place, which may be the same to the letter.
    """
    known: dict[str, str] = {}
    for name in there:
        for part in _beginnings(name):
            known.setdefault(_folded(part), part)
    found, files = [], set()
    for name in names:
        twice = name in files
        files.add(name)
        other = next((known[k] for p in _beginnings(name) if known.setdefault(k := _folded(p), p) != p), None)
        if twice or other is not None:
            reason = "its name is there twice" if twice else f"its name differs from {other} in case alone"
            found.append(Finding(name, "", reason))
    return found


def _beginnings(name: str) -> Iterator[str]:
    parts = name.split("/")
    return ("/".join(parts[: i + 1]) for i in range(len(parts)))


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def folder_findings(folder: Path) -> list[Finding]:
    """What is wrong with the files below runs/ and splits/ of a folder: links, devices, names. None is opened."""
    names, found = [], []
    for place in (folder / name for name in _FOLDERS):
        for path in _entries(place):
            name = path.relative_to(folder).as_posix()
            mode = path.lstat().st_mode
            if stat.S_ISLNK(mode):
                found.append(Finding(name, "", "it is a link"))
            elif stat.S_ISREG(mode):
                names += [name] if not is_junk(path.name) else []
            elif not stat.S_ISDIR(mode):
                found.append(Finding(name, "", "it is no regular file"))
    return [*found, *name_findings(names)]


def _entries(place: Path) -> Iterator[Path]:
    if place.is_symlink():
        yield place
        return
    for above, folders, files in os.walk(place):
        yield from (Path(above, name) for name in sorted([*folders, *files]))
