"""Splits of papers that are named: `--split lvmmed`."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from bench.core.console import Report
from bench.core.errors import DataError, UsageError
from bench.data.dataset import Data
from bench.data.published.known import FACTS
from bench.data.published.names import names_of_cases
from bench.data.split_files import check_rows, read_content
from bench.data.split_import import json_rows
from bench.data.splits import SplitCases

SPLITS: Mapping[str, Mapping[str, str]] = {
    "lvmmed": {
        "buid": "buid",
        "fgadr": "fgadr",
        "kvasir_det": "kvasir_seg",
        "kvasir_seg": "kvasir_seg",
        "mmwhs_ct": "mmwhs_ct",
        "mmwhs_mri": "mmwhs_mri",
    }
}
"""Name of a split -> data set -> file below `facts/<name>/splits`."""
TITLES: Mapping[str, str] = {"lvmmed": "of the LVM-Med paper (D. M. H. Nguyen et al., NeurIPS 2023)"}
MOST_UNKNOWN = 0.1
"""Largest share of the split's cases that a copy may lack, and of the copy's cases that the split may not know."""


def is_named(split: Path | str | None) -> bool:
    """Whether it is the name of a published split, not a file."""
    return str(split) in SPLITS


def named_splits_of(data_set: str) -> list[str]:
    """The published splits that a data set has."""
    return [name for name, files in SPLITS.items() if data_set in files]


def require_named(name: str, data_set: str) -> None:
    """Raise `UsageError` unless a data set has a published split of a name."""
    if data_set not in SPLITS[name]:
        raise UsageError(
            f"--split {name}: no split of {data_set} is published under this name; there are those of "
            f"{', '.join(SPLITS[name])}. Leave --split out, or give a file."
        )


def sizes_of(name: str, data_set: str) -> dict[str, int]:
    """Number of cases on each side of a published split."""
    rows = json_rows(_file(name, data_set), _content(name, data_set))
    return {side: sum(row.side == side for row in rows) for side in ("train", "validation", "test")}


def given_of_named(name: str, data_set: str) -> str:
    """What stands in the split's `given`, and so in the identity: the name and the beginning of the list's hash."""
    return f"{name}-{hashlib.sha256(_content(name, data_set).encode()).hexdigest()[:16]}"


def read_named_split(data: Data, name: str, seed: int, report: Report) -> SplitCases:
    """The published split of a name. Cases that the copy lacks are a warning, and so are those it does not name.

    Raises:
        UsageError: the data set has no such split.
        DataError: more than `MOST_UNKNOWN` of its cases are not there, or of the copy's are not in it; or what
            `read_split` raises, such as a side without cases.
    """
    data_set = data.data_set.name
    require_named(name, data_set)
    content = _content(name, data_set)
    rows, known, place = json_rows(_file(name, data_set), content), names_of_cases(data), Path(f"--split {name}")
    found = [row._replace(name=known[row.name][0]) for row in rows if len(known.get(row.name, ())) == 1]
    named = {row.name for row in rows}
    lacking = len(named) - len({row.name for row in found})
    unnamed = len(data.cases) - len({row.name for row in found})
    if max(lacking / len(named), unnamed / len(data.cases)) > MOST_UNKNOWN:
        raise DataError(
            f"{place}: {lacking} of its {len(named)} cases are not in {data.folder}, and it does not know {unnamed} of "
            f"the {len(data.cases)} cases there; at most {MOST_UNKNOWN:.0%} may be so.\nGet the data set as its owner "
            f"ships it, with the owner's file names (bench show {data_set}), or leave --split out."
        )
    if lacking:
        report.warn(f"{place}: {lacking} of its {len(named)} cases are not in this copy of {data_set}.")
    split = check_rows(data, place, found, content, seed, report)
    return replace(split, given=given_of_named(name, data_set))


def _file(name: str, data_set: str) -> Path:
    return FACTS / name / "splits" / f"{SPLITS[name][data_set]}.json"


def _content(name: str, data_set: str) -> str:
    return read_content(_file(name, data_set))
