"""Train / validation / test: drawn by seed, stratified, and never cutting through a subject or a group of copies."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bench.core.errors import DataError
from bench.core.files import write_text
from bench.core.task import Case
from bench.data.dataset import Data

TEST_FRACTION = 0.2
"""Share of all cases drawn for the test split where the owner gives none."""
TEST_SEED = 0
"""Seed of that drawing: the same for every run, so that scores of different seeds share one test split."""


@dataclass(frozen=True)
class SplitCases:
    """The cases of each split, each sorted by id."""

    train: tuple[Case, ...]
    validation: tuple[Case, ...]
    test: tuple[Case, ...]
    fingerprint: str
    """SHA-256 (hex) of the file that `write_split` writes."""
    seed: int
    """Seed that drew the validation cases."""
    given: str | None = None
    """SHA-256 (hex) of the split file that the user gave; None where the split was drawn."""

    @property
    def sides(self) -> dict[str, tuple[Case, ...]]:
        """The cases by the name of their split."""
        return {"train": self.train, "validation": self.validation, "test": self.test}


def draw_split(data: Data, seed: int, copies: Mapping[str, str] | None = None) -> SplitCases:
    """Draw validation from the owner's training cases; the owner's test split, and validation if any, stay as they are.

    The drawing is stratified by class and moves whole groups: cases of one subject and copies stay on one side. Copies
    are cases with the same name in `copies` (case id -> name, see `Copies.labels`), or without it byte-identical files.
    It depends on ids, copies and targets only, not on the order of the file system. Where the owner gives no test
    split, `TEST_FRACTION` of the cases is drawn for it first, with `TEST_SEED`. Where the data set has domains, this
    holds for the first; all cases of the others are test cases.

    Raises:
        DataError: a class has too few cases to stand on both sides, or the owner gives no training case.
    """
    data = data if copies is None else replace(data, hashes=copies)
    everything = sorted(data.cases, key=lambda case: case.id)
    trained = data.data_set.domains[:1]
    cases = [case for case in everything if not trained or case.domain == trained[0]]
    foreign = [case for case in everything if trained and case.domain != trained[0]]
    test = [case for case in cases if case.owner_split == "test"]
    validation = [case for case in cases if case.owner_split == "validation"]
    rest = [case for case in cases if case.owner_split not in ("test", "validation")]
    if not test:
        joined, free = _joined(data, rest, validation)
        free, test = _hold_out(data, free, TEST_FRACTION, TEST_SEED)
        rest = _flatten([joined, free])
    train = rest
    if validation and not train:
        raise DataError(
            f"{data.folder}: the owner's split has {len(validation)} validation cases and no training case.\n"
            "Give some cases the split train, or none a split, so that one is drawn."
        )
    if not validation:
        train, validation = draw_validation(data, rest, seed)
    return make_split(train, validation, test + foreign, seed)


def make_split(
    train: Iterable[Case], validation: Iterable[Case], test: Iterable[Case], seed: int, given: str | None = None
) -> SplitCases:
    """Sort the three sides by id and take their fingerprint."""
    sides = [tuple(sorted(side, key=lambda case: case.id)) for side in (train, validation, test)]
    fingerprint = hashlib.sha256(_format_split(*sides).encode()).hexdigest()
    return SplitCases(sides[0], sides[1], sides[2], fingerprint, seed, given)


def draw_validation(data: Data, cases: list[Case], seed: int) -> tuple[list[Case], list[Case]]:
    """Cut training cases in two, (training, validation), as `draw_split` does. Raises `DataError` as it does."""
    return _hold_out(data, cases, data.data_set.validation_fraction, seed)


def write_split(split: SplitCases, path: Path) -> None:
    """Write the split as CSV with the columns `case` and `split`, sorted by case, in one step.

    Raises:
        StorageError: the file cannot be written.
    """
    write_text(path, _format_split(split.train, split.validation, split.test))


def group_cases(cases: Sequence[Case], hashes: Mapping[str, str]) -> list[list[Case]]:
    """Join cases that share a subject or a hash (name of a copy), also through third cases; sorted."""
    parent = {case.id: case.id for case in cases}

    def root(case_id: str) -> str:
        while parent[case_id] != case_id:
            parent[case_id] = case_id = parent[parent[case_id]]
        return case_id

    first: dict[tuple[str, str], str] = {}
    for case in cases:
        keys = [("hash", hashes[case.id])] + ([("subject", case.subject)] if case.subject is not None else [])
        for key in keys:
            parent[root(case.id)] = root(first.setdefault(key, case.id))
    groups: dict[str, list[Case]] = {}
    for case in sorted(cases, key=lambda case: case.id):
        groups.setdefault(root(case.id), []).append(case)
    return list(groups.values())


def _hold_out(data: Data, cases: list[Case], fraction: float, seed: int) -> tuple[list[Case], list[Case]]:
    """Cut `cases` in two, (kept, held out), by whole groups and stratified by the class of each group's first case."""
    from sklearn.model_selection import train_test_split

    groups = group_cases(cases, data.hashes)
    strata = [group[0].target for group in groups]
    stratify = strata if all(isinstance(target, int) for target in strata) else None
    try:
        kept, held_out = train_test_split(
            groups, test_size=fraction, random_state=seed % 2**32, shuffle=True, stratify=stratify
        )
    except ValueError as error:
        raise DataError(
            f"{data.folder}: cannot hold out {fraction:.0%} of {len(cases)} cases ({len(groups)} groups of one "
            f"subject or copies) with every class on both sides: {error}\n"
            f"Check that the data set is complete: found {dict(data.counts)}."
        ) from error
    return _flatten(kept), _flatten(held_out)


def _joined(data: Data, cases: list[Case], others: list[Case]) -> tuple[list[Case], list[Case]]:
    """Cut `cases` in two: those that share a subject or a copy with one of `others`, and the free ones."""
    if not others:
        return [], cases
    apart = {case.id for case in others}
    groups = group_cases([*cases, *others], data.hashes)
    bound = {case.id for group in groups if any(case.id in apart for case in group) for case in group}
    return [case for case in cases if case.id in bound], [case for case in cases if case.id not in bound]


def _flatten(groups: list[list[Case]]) -> list[Case]:
    return sorted((case for group in groups for case in group), key=lambda case: case.id)


def _format_split(train: Sequence[Case], validation: Sequence[Case], test: Sequence[Case]) -> str:
    sides = (("train", train), ("validation", validation), ("test", test))
    text = io.StringIO()
    returns = any("\r" in case.id for _, cases in sides for case in cases)  # which the writer itself does not quote
    writer = csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL if returns else csv.QUOTE_MINIMAL)
    writer.writerow(("case", "split"))
    writer.writerows(sorted((case.id, name) for name, cases in sides for case in cases))
    return text.getvalue()
