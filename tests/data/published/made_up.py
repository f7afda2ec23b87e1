"""Data sets with chosen names of cases, without files."""

from collections.abc import Iterable
from pathlib import Path

from bench.core.task import Case, DataSet
from bench.data.dataset import Data


class NoReader:
    """A reader of nothing."""

    version = 1
    layout = "*"

    def matches(self, folder: Path) -> bool:
        return False

    def read(self, folder: Path) -> list[Case]:
        return []


def data_of(names: Iterable[str], name: str = "made_up") -> Data:
    """A data set of some name with cases of some names; every case has a content of its own."""
    data_set = DataSet(name, name, NoReader(), ("one",), modality="", citation="", licence="", obtain="")
    cases = tuple(Case(case, Path("made_up", case), 0, None) for case in sorted(names))
    hashes = {case.id: case.id for case in cases}
    return Data(data_set, Path("made_up"), "real", cases, hashes, {}, (), "fingerprint")
