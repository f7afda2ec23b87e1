"""Prepared cases: decoded and resized once, kept in memory within a bound, and on disk where a cache is given.

A task kind or a corpus only says how one case is prepared. What is kept is named, shared and evicted here.
"""

from __future__ import annotations

import shutil
import tempfile
import threading
import weakref
from collections.abc import Callable, Iterator, Mapping
from enum import IntEnum
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np

from bench.core.digest import digest
from bench.core.identity import declaration_fingerprint
from bench.core.kind import TaskKind
from bench.core.task import Case
from bench.core.versions import preparation_versions
from bench.data.cache import DiskCache
from bench.data.dataset import Data

LIMIT_BYTES = 2**30
"""Memory for prepared cases, per process; what is beyond it comes from disk, or is prepared again."""
Item = TypeVar("Item")
"""What is prepared: a case of a task, or an image of a corpus."""
Arrays = Mapping[str, np.ndarray]
"""Name of a part -> array, as `TaskKind.prepare` gives them."""


class Room(IntEnum):
    """Where prepared cases are kept; what is smaller than a bound is kept by what is nearer."""

    NOWHERE = 0
    """Each is prepared whenever it is used."""
    DISK = 1
    MEMORY = 2
    """And on disk, where a cache is given."""


class Memory:
    """Arrays by key, up to `LIMIT_BYTES`; safe to fill from several threads."""

    def __init__(self) -> None:
        self.used_bytes = 0
        self.arrays: dict[str, np.ndarray] = {}
        self._lock = threading.Lock()

    @property
    def full(self) -> bool:
        """Whether the bound is reached."""
        return self.used_bytes >= LIMIT_BYTES

    def get(self, key: str, make: Callable[[], np.ndarray]) -> np.ndarray:
        """The array of a key, read-only; made, and kept while there is room, if it is not there."""
        found = self.arrays.get(key)
        if found is not None:
            return found
        array = make()
        if self.full:
            return array
        array = np.array(array)  # neither a memory map nor a view that keeps something larger alive
        array.flags.writeable = False
        with self._lock:
            if self.full or key in self.arrays:
                return array
            self.arrays[key] = array
            self.used_bytes += array.nbytes
        return array


MEMORY = Memory()


class KeptCases(Generic[Item]):
    """`prepare` with a memory: `kept(item)[part]` prepares an item only where that part is not kept yet.

    Args:
        prepare: Gives the parts of an item; every item has the same parts.
        name: What an item's parts depend on besides `origin`, as plain values: above all the content of its files.
        origin: What all of them depend on, as plain values: versions and settings.
        files: Where arrays are kept between runs; None: nowhere.
        memory_mapped: Hold nothing in memory: arrays are only ever memory-mapped, without `files` from a temporary
            folder that goes away with this object. An array that the disk cannot hold is then a `StorageError`.
    """

    def __init__(
        self,
        prepare: Callable[[Item], Arrays],
        name: Callable[[Item], Any],
        origin: Any,
        files: DiskCache | None = None,
        *,
        memory_mapped: bool = False,
    ) -> None:
        self.prepare, self.memory_mapped = prepare, memory_mapped
        self.room = Room.DISK if memory_mapped else Room.MEMORY
        self._name, self._origin, self._files = name, digest(origin), files
        self._parts: tuple[str, ...] | None = None
        self._lock = threading.Lock()

    def __call__(self, item: Item) -> Arrays:
        """The parts of an item, each read when it is asked for; arrays are not to be written to."""
        return _Parts(self, item)

    @property
    def files(self) -> DiskCache | None:
        """Where arrays are kept between runs, or at least while this object lives."""
        with self._lock:
            if self._files is None and self.memory_mapped:
                folder = Path(tempfile.mkdtemp(prefix="bench-kept-"))
                weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
                self._files = DiskCache(folder)
            return self._files

    def fill(self, item: Item) -> None:
        """Prepare an item and keep it, as far as the bounds allow; nothing where there is no room left.

        Raises what `prepare` raises, and `StorageError` where `memory_mapped` parts cannot be kept.
        """
        if self.room and (not MEMORY.full or (self.files is not None and not self.files.failed)):
            dict(self(item))

    def note(self, what: str) -> None:
        """Keep a word about these cases, for `noted`."""
        self._keep(["noted", what], lambda: np.ones(1, np.uint8))

    def noted(self, what: str) -> bool:
        """Whether `note` was called with it, by whatever process."""
        return self.files is not None and self.files.has(digest([self._origin, "noted", what]))

    def part(self, item: Item, part: str, make: Callable[[], np.ndarray]) -> np.ndarray:
        """One part of an item, made if it is not kept."""
        return self._keep([self._name(item), part], make)

    def parts(self, prepare: Callable[[], Arrays]) -> tuple[str, ...]:
        """Names of the parts, the same for every item; `prepare()` is called where nothing is known yet."""
        if self._parts is None:
            names = self._keep(["parts"], lambda: np.array(list(prepare())))
            self._parts = tuple(names.tolist())
        return self._parts

    def _keep(self, what: list[Any], make: Callable[[], np.ndarray]) -> np.ndarray:
        if self.room == Room.NOWHERE:
            return make()
        key, files = digest([self._origin, *what]), self.files
        if files is None:
            return MEMORY.get(key, make)
        if self.memory_mapped:
            return files.get(key, make, required=True)
        if self.room == Room.DISK:
            return files.get(key, make)
        return MEMORY.get(key, lambda: files.get(key, make))


class _Parts(Arrays):
    """The parts of one item; where one has to be made, the others are kept with it."""

    def __init__(self, keeper: KeptCases[Any], item: Any) -> None:
        self._keeper, self._item = keeper, item
        self._found: dict[str, np.ndarray] = {}
        self._made: dict[str, np.ndarray] = {}

    def _prepare(self) -> dict[str, np.ndarray]:
        if not self._made:
            self._made = dict(self._keeper.prepare(self._item))
        return self._made

    def __getitem__(self, part: str) -> np.ndarray:
        if part not in self._found:
            self._keep(part)
            for other in self._made.keys() - self._found.keys():
                self._keep(other)
            self._made = {}
        return self._found[part]

    def _keep(self, part: str) -> None:
        self._found[part] = self._keeper.part(self._item, part, lambda: self._prepare()[part])

    def __iter__(self) -> Iterator[str]:
        return iter(self._keeper.parts(self._prepare))

    def __len__(self) -> int:
        return len(self._keeper.parts(self._prepare))


def keep_cases(kind: TaskKind, contents: Mapping[str, str], files: DiskCache | None = None) -> KeptCases[Case]:
    """Make `kind.kept` keep what `kind.prepare` gives, named by all that it depends on; returns the keeper.

    `contents` maps a case's id to a name of its files' content, see `name_contents`.

    Raises:
        TypeError: `prepared_by` names a setting that the kind does not have.
    """
    data_set, settings = kind.task.data, kind.settings.model_dump(mode="json")
    names = settings.keys() if kind.prepared_by is None else kind.prepared_by
    if unknown := set(names) - settings.keys():
        raise TypeError(f"{type(kind).__name__}.prepared_by: no setting is named {', '.join(sorted(unknown))}.")

    def name(case: Case) -> list[Any]:
        return [case.id, ["/".join(path.parts[-3:]) for path in case.labels], contents[case.id]]

    origin = [
        preparation_versions(kind),
        declaration_fingerprint(data_set),
        data_set.name,
        {setting: settings[setting] for setting in names},
    ]
    kept = KeptCases(kind.prepare, name, origin, files, memory_mapped=kind.memory_mapped)
    kind.kept = kept
    return kept


def name_contents(data: Data) -> dict[str, str]:
    """Case id -> hashes of the contents of its file and of its label files."""
    return {case.id: f"{data.hashes[case.id]}/{data.label_hashes.get(case.id)}" for case in data.cases}
