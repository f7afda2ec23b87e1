"""The data a plan sees: data sets under the root, their splits per seed, and the corpora drawn from them. Read once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from bench.core.console import Report
from bench.core.digest import digest_of_list
from bench.core.errors import BenchError
from bench.core.registry import tasks
from bench.core.task import DataSet
from bench.data.cache import FOLDER, DiskCache
from bench.data.content import Source, sources_of
from bench.data.dataset import Data, find_data_sets, read_data
from bench.data.duplicates import Overlap, find_duplicates
from bench.data.fingerprints.files import Fingerprints
from bench.data.grouped_split import GROUPED, GROUPED_VERSION, draw_grouped_split
from bench.data.near_duplicates.groups import COPIES_VERSION, Copies, component_labels, find_copies
from bench.data.phantom import ensure_phantoms
from bench.data.published.named_splits import is_named, read_named_split
from bench.data.split_files import read_split, selection_note
from bench.data.splits import SplitCases, draw_split
from bench.pretraining.corpus import Corpus, held_out_contents, manifest_corpus, pool_corpus
from bench.pretraining.listed_images import ListedImages
from bench.pretraining.manifest import Listing

_Pair = tuple[Data, SplitCases]


class World:
    """Data sets, splits and corpora under one data root, each made at most once per process."""

    def __init__(
        self,
        root: Path,
        report: Report,
        only: frozenset[str] | None = None,
        given_splits: Mapping[str, Path] | None = None,
        cache: Path | None = None,
    ) -> None:
        self.root = root
        self.only = only
        """Names of the data sets that count as lying under the root; None for all."""
        self.report = report
        self.given_splits = given_splits or {}
        """Data set -> split file that the user gave, name of a published one, or `GROUPED`, by which all are split."""
        self.grouped = Path(GROUPED) in self.given_splits.values()
        self.decoded = DiskCache(cache / FOLDER, report) if cache else None
        """Where decoded images and what is computed of them are kept; None: nowhere."""
        self.fingerprints = Fingerprints(cache, report)
        self._copies: dict[str, Copies] = {}
        self._components: dict[str, tuple[list[str], np.ndarray]] = {}
        self._data: dict[str, Data] = {}
        self._splits: dict[tuple[str, int], SplitCases] = {}
        self._overlaps: dict[tuple[str, int], Overlap] = {}
        self._manifests: dict[Path, ListedImages] = {}
        self._broken: set[str] = set()
        """Data sets that cannot be read, which was said."""
        self._corpora: dict[tuple[str, str, int], Corpus] = {}

    @classmethod
    def declared(
        cls, data_sets: Sequence[DataSet], cache: Path, report: Report, given_splits: Mapping[str, Path] | None = None
    ) -> World:
        """A world without a data root, of data sets whose files say where they lie, and of nothing else."""
        places = [d.declared.folder for d in data_sets if d.declared and d.declared.folder]
        return cls(places[0], report, frozenset(data_set.name for data_set in data_sets), given_splits, cache)

    @classmethod
    def phantom(
        cls, data_sets: list[DataSet], cache: Path, report: Report, given_splits: Mapping[str, Path] | None = None
    ) -> World:
        """A world of the synthetic data of these data sets, written to the cache unless it is there.

        What else the cache holds does not count, so that a corpus does not depend on what was run before.
        """
        report.say("No data root is configured (--data-root or BENCH_DATA), so this runs on synthetic phantom data.")
        root = ensure_phantoms(data_sets, cache)
        report.say(f"Phantom data: {root}. Scores on it say that the harness works, nothing about a method.")
        return cls(root, report, frozenset(data_set.name for data_set in data_sets), given_splits, cache)

    @classmethod
    def without_data(cls, cache: Path, report: Report) -> World:
        """A world without data sets, for pretraining on images of one's own."""
        return cls(cache, report, frozenset(), cache=cache)

    def data(self, data_set: DataSet) -> Data:
        """Read a data set; its warnings are said once. Raises `DataError`."""
        if data_set.name not in self._data:
            data = read_data(data_set, self.root, self.fingerprints)
            for warning in data.warnings:
                self.report.warn(warning)
            self._data[data_set.name] = data
        return self._data[data_set.name]

    def split(self, data_set: DataSet, seed: int) -> SplitCases:
        """Training, validation and test cases for a seed: drawn, grouped, or as the user's file says.

        Raises:
            DataError: they cannot be drawn, an image cannot be decoded, or the file is wrong.
        """
        key = (data_set.name, seed)
        if key not in self._splits:
            given = self.given_splits.get(data_set.name)
            data = self.data(data_set)
            if self.grouped:
                self._splits[key] = draw_grouped_split(data, self.copies(data_set).near, seed)
            elif given and is_named(given):
                self._splits[key] = read_named_split(data, str(given), seed, self.report)
            elif given:
                self._splits[key] = read_split(data, given, seed, self.report)
            else:
                self._splits[key] = draw_split(data, seed, self.copies(data_set).labels(data, near=True))
        return self._splits[key]

    def copies(self, data_set: DataSet) -> Copies:
        """Groups of equal and nearly equal images of a data set. Raises `DataError`."""
        if data_set.name not in self._copies:
            self._copies[data_set.name] = find_copies(self.data(data_set), self.report, self.decoded)
        return self._copies[data_set.name]

    def overlap(self, data_set: DataSet, seed: int) -> Overlap:
        """Copies in a data set under the split of a seed. Raises `DataError`."""
        key = (data_set.name, seed)
        if key not in self._overlaps:
            data, copies = self.data(data_set), self.copies(data_set)
            labels = (copies.labels(data, near=near) for near in (False, True))
            self._overlaps[key] = find_duplicates(data, self.split(data_set, seed), *labels)
        return self._overlaps[key]

    def copies_note(self, data_set: DataSet, seed: int) -> list[str]:
        """What is wrong with the test cases under the split of a seed: copies of training cases, use for selection."""
        split, overlap = self.split(data_set, seed), self.overlap(data_set, seed)
        n_test, selected = len(split.test), selection_note(split)
        exact, near = len(overlap.affected_test_cases), len(overlap.near_affected_test_cases)
        if not near:
            return selected
        return [
            *selected,
            f"{data_set.name}: {exact} of {n_test} test images equal a training or validation image by content, "
            f"{near} with near copies. Scores reward memory; those without the copies stand beside them. No copy "
            "crosses the split of: --split grouped",
        ]

    def corpus(self, name: str, data_set: DataSet | None, seed: int) -> Corpus:
        """`pool`, `task` (of `data_set`), a folder or a manifest, without what a data set under the root evaluates on.

        Images are told in any encoding. Raises `DataError`.
        """
        key = (name, data_set.name if data_set and name == "task" else "", seed)
        if key not in self._corpora:
            pairs, held = self._pairs(data_set, seed)
            listed = None if name in ("pool", "task") else self._listed(Path(name))
            copies = self._copies_of_held_out([*pairs, *held], listed)
            rule = " ".join([COPIES_VERSION, *[GROUPED_VERSION] * self.grouped])
            if name == "pool":
                self._corpora[key] = pool_corpus(pairs, copies=copies, rule=rule)
            elif name == "task" and data_set:
                own = [(self.data(data_set), self.split(data_set, seed))]
                self._corpora[key] = pool_corpus(own, "task", copies, rule)
            else:
                self._corpora[key] = manifest_corpus(Path(name), [*pairs, *held], copies, rule, listed)
        return self._corpora[key]

    def _listed(self, manifest: Path) -> ListedImages:
        """The images of a manifest; what it does not take of its folders is said once."""
        if manifest not in self._manifests:
            listing = Listing(manifest)
            self._manifests[manifest] = listing.images(self.fingerprints)
            if others := listing.left_out:
                self.report.warn(f"{manifest}: {others}.")
        return self._manifests[manifest]

    def _copies_of_held_out(self, sets: Sequence[tuple[Data, SplitCases]], listed: ListedImages | None) -> set[str]:
        """SHA-256 of every file under the root or listed that is a copy of an image which is evaluated on."""
        evaluated = held_out_contents(sets)
        if not evaluated:
            return set()  # nothing has to be decoded
        own = {file: source for data, _ in sets for file, source in sources_of(data).items()}
        decoders = dict.fromkeys((content for content, _, _ in listed.keys), "") if listed is not None else {}
        decoders |= {file: source.decoder for file, source in own.items()}
        place = digest_of_list(sorted(decoders))
        if place not in self._components:
            self._components[place] = component_labels(
                decoders, lambda: {i.content: Source(i.path) for i in listed or ()} | own, self.report, self.decoded
            )
        files, labels = self._components[place]
        held_out = np.isin(labels, labels[[file in evaluated for file in files]])
        return {files[place] for place in np.flatnonzero(held_out).tolist()}

    def _pairs(self, asked: DataSet | None, seed: int) -> tuple[list[_Pair], list[_Pair]]:
        """Data and split of every data set under the root, and of those that are only held out of corpora.

        One that was not asked for and is broken is a warning.
        """
        found = self._found()
        pairs: list[_Pair] = []
        held: list[_Pair] = []
        for data_set in found:
            try:
                pair = (self.data(data_set), self.split(data_set, seed))
            except BenchError as error:
                if asked and data_set.name == asked.name:
                    raise
                self._leave_out(data_set.name, error)
                continue
            (held if self._is_held(data_set, found) else pairs).append(pair)
        return pairs, held

    def _leave_out(self, name: str, error: BenchError) -> None:
        if name not in self._broken:
            self._broken.add(name)
            advice = f"repair it, or see bench data verify {name}"
            self.report.warn(f"the corpus goes without {name}, which cannot be read ({advice}): {error}")

    @staticmethod
    def _is_held(data_set: DataSet, found: Sequence[DataSet]) -> bool:
        """Whether it is another of the data sets with sites added: the other is trained on, its sites only held out."""
        own = data_set.declared
        return own is not None and any(other.name == own.extends for other in found)

    def _found(self) -> list[DataSet]:
        if self.only == frozenset():
            return []
        known = {task.data.name: task.data for task in tasks().working(warn=self.report.warn).values()}
        found = sorted(find_data_sets(self.root, known.values()))
        return [known[name] for name in found if self.only is None or name in self.only]
