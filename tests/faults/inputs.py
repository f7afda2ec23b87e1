"""Bad files in place of each kind of file that a data set has, for every data set of the registry.

`bench data verify` and a run must say the same: whatever a run could not read, `verify` names, and neither ends
otherwise than with a clear error. A file that is taken in its changed form counts as right: a data set's fingerprint
tells it from the owner's.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from bench.core import registry
from bench.core.console import Report
from bench.core.task import DataSet
from bench.data.contract.loads import loaders
from bench.data.dataset import read_data
from bench.data.root import folder_name
from bench.data.verify import verify
from tests.faults.outcomes import CLEAR, RIGHT, WRONG, Tally, judge

Change = Callable[[Path], object]


def _rename(path: Path, name: bytes) -> None:
    path.rename(path.parent / os.fsdecode(name + os.fsencode("".join(path.suffixes[-2:]))))


def _link(path: Path, target: str) -> None:
    path.unlink()
    path.symlink_to(target)


def _folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _noise(path: Path) -> None:
    path.write_bytes(np.random.default_rng(0).bytes(max(path.stat().st_size, 100)))


def _replace(path: Path, start: float, content: bytes) -> None:
    whole = path.read_bytes()
    at = int(start * len(whole))
    path.write_bytes(whole[:at] + content + whole[at + len(content) :])


CHANGES: Mapping[str, Change] = {
    "empty": lambda p: p.write_bytes(b""),
    "one byte": lambda p: p.write_bytes(b"\x00"),
    "noise": _noise,
    "cut in half": lambda p: p.write_bytes(p.read_bytes()[: p.stat().st_size // 2]),
    "cut by one byte": lambda p: p.write_bytes(p.read_bytes()[:-1]),
    "zeroed": lambda p: p.write_bytes(bytes(p.stat().st_size)),
    "zeros at its end": lambda p: p.write_bytes(p.read_bytes()[: -p.stat().st_size // 3] + bytes(100)),
    "0xff inside": lambda p: _replace(p, 0.5, b"\xff\xfe\xff"),
    "a line feed inside": lambda p: _replace(p, 0.3, b"\n"),
    "twice": lambda p: p.write_bytes(p.read_bytes() * 2),
    "a folder": _folder,
    "a device": lambda p: _link(p, "/dev/zero"),
    "a link to itself": lambda p: _link(p, p.name),
    "a link to nothing": lambda p: _link(p, "nowhere"),
    "gone": lambda p: p.unlink(),
    "a name that is not UTF-8": lambda p: _rename(p, b"caf\xe9"),
    "a name with a line feed": lambda p: _rename(p, b"a\nb"),
    "a name like an option": lambda p: _rename(p, b"--help"),
}
TEXT_CHANGES: Mapping[str, Change] = {
    "deep": lambda p: p.write_bytes(b"[" * 100_000),
    "a number of 5000 digits": lambda p: p.write_bytes(p.read_bytes().replace(b"1", b"1" * 5000, 1)),
    "NaN": lambda p: p.write_bytes(p.read_bytes().replace(b"1", b"NaN", 1)),
    "another value": lambda p: p.write_bytes(p.read_bytes().replace(b"0", b"-7", 1)),
    "an open quote": lambda p: p.write_bytes(p.read_bytes() + b'"'),
    "latin-1": lambda p: p.write_bytes(p.read_bytes() + b"caf\xe9"),
    "a field more": lambda p: p.write_bytes(p.read_bytes().replace(b"\n", b",x\n", 2)),
    "no header": lambda p: p.write_bytes(p.read_bytes().partition(b"\n")[2]),
}
TEXTS = (".csv", ".json", ".txt", ".xml")


def data_sets() -> dict[str, DataSet]:
    """Every data set of the registry, by name, so that a new reader is covered."""
    tasks = (registry.tasks().get(name) for name in registry.tasks().plugins)
    return {task.data.name: task.data for task in tasks if task.data.phantom is not None}


def kinds_of_files(folder: Path) -> dict[str, Path]:
    """One file of each sort: suffix, and folder with its numbers taken out; the second where there are several."""
    sorts: dict[str, list[Path]] = {}
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        place = path.parent.relative_to(folder).as_posix() if path.suffix not in TEXTS else ""
        first = place.partition("/")[0]
        sorts.setdefault(f"{first}*{''.join(path.suffixes[-2:])}", []).append(path)
    return {sort: paths[min(1, len(paths) - 1)] for sort, paths in sorts.items()}


@contextmanager
def changed(path: Path, change: Change) -> Iterator[None]:
    """A file with a change, until the block ends; what stands in its folder is as it was afterwards."""
    kept = path.read_bytes()
    before = set(path.parent.iterdir())
    change(path)
    try:
        yield
    finally:
        for new in set(path.parent.iterdir()) - before:
            new.unlink()
        if path.is_symlink():
            path.unlink()
        elif path.is_dir():
            shutil.rmtree(path)
        path.write_bytes(kept)


def load_all(data_set: DataSet, root: Path) -> int:
    """Read a data set and every part of every case, as a run would; the number of cases."""
    data = read_data(data_set, root)
    for case in data.cases:
        for load in loaders(data_set.reader).values():
            load(case)
    return len(data.cases)


def try_inputs(data_set: DataSet, root: Path, tally: Tally, only: slice = slice(None)) -> None:
    """All changes, or some, of one file of each sort under a data root that may be changed."""
    folder = root / folder_name(data_set)
    trials = [
        (sort, path, name, change)
        for sort, path in kinds_of_files(folder).items()
        for name, change in (CHANGES | (TEXT_CHANGES if path.suffix in TEXTS else {})).items()
    ]
    for sort, path, name, change in trials[only]:
        with changed(path, change):
            what = f"{data_set.name}, {sort}, {name}"
            run, found = judge(lambda: load_all(data_set, root), lambda n: n > 0)
            verified, said = judge(lambda: verify(data_set, root, Report(quiet=True)), lambda v: True)
            tally.add(run, f"{what}: {found}")
            tally.add(verified, f"{what}, verify: {said}")
            if run == CLEAR and verified == RIGHT and not verify(data_set, root, Report(quiet=True)).problems:
                tally.add(WRONG, f"{what}: verify is silent where a run says: {found}")
