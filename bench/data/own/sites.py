"""Sites that files add to another task's data set: only tested on, the scores of the data set itself stay."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from bench.core.digest import digest
from bench.core.errors import DataError, PluginError
from bench.core.identity import reader_settings
from bench.core.task import Case, DataSet, Declared, Reader, RemarkingReader, Task, Volume
from bench.core.versions import plugin_versions
from bench.data.own.cases import list_cases
from bench.data.own.made import holds_data
from bench.data.root import SITE_PHANTOMS, folder_name

if TYPE_CHECKING:
    import numpy as np
    from PIL import Image


@dataclass(frozen=True)
class Site:
    """The data set of one added site."""

    data_set: DataSet = field(metadata={"identity": False})
    name: str
    reader: Reader
    versions: tuple[tuple[str, Any], ...]

    @classmethod
    def of(cls, data_set: DataSet) -> Site:
        """With what of it counts in identities: its name, how it is read, and the versions of its reader."""
        reader = type(data_set.reader)
        versions = plugin_versions("reader", reader.__name__, reader)
        return cls(data_set, data_set.name, data_set.reader, tuple(versions.items()))


@dataclass(frozen=True)
class SitedReader:
    """Reads a data set and the sites added to it; ids and subjects of a site's cases begin with its name."""

    version: ClassVar[int] = 1

    base: Site
    domain: str
    """Of the cases of the data set itself, where it has no sites of its own."""
    added: tuple[Site, ...]

    @property
    def layout(self) -> str:
        """The data set's, then those of the sites."""
        return "\n".join([self.base.reader.layout, *(f"site {s.name}: {s.reader.layout}" for s in self.added)])

    def matches(self, folder: Path) -> bool:
        """As the data set's own reader."""
        return self.base.reader.matches(folder)

    def read(self, folder: Path) -> list[Case]:
        """List the cases of all, sorted by id. Raises `DataError` as their readers do."""
        cases = list_cases(self.base.data_set, folder)
        cases = [case if case.domain else replace(case, domain=self.domain) for case in cases]
        for site in self.added:
            own = site.data_set.declared
            made = folder / SITE_PHANTOMS / site.name
            place = made if made.is_dir() or not (own and own.folder) else own.folder
            if not place.is_dir():
                raise DataError(f"{place}: this folder of the site {site.name} is missing.\n{site.data_set.obtain}")
            cases += [_at(site.name, case) for case in list_cases(site.data_set, place)]
        return sorted(cases, key=lambda case: case.id)

    def remarks(self, cases: Sequence[Case]) -> tuple[str, ...]:
        """What the readers say of their cases, and which sites have a region while others have none."""
        found: list[str] = []
        for site in (self.base, *self.added):
            own = [self._own(case)[1] for case in cases if self._own(case)[0] is site]
            if isinstance(site.reader, RemarkingReader):
                found += site.reader.remarks(own)
        return (*found, *self._regions(cases))

    def _regions(self, cases: Sequence[Case]) -> tuple[str, ...]:
        if not hasattr(self, "load_region"):
            return ()
        firsts = {str(case.domain): case for case in reversed(cases)}
        regions = {name: self.load_region(case) is not None for name, case in sorted(firsts.items())}
        with_, without = ([n for n, has in regions.items() if has is wanted] for wanted in (True, False))
        if not (with_ and without):
            return ()
        return (
            f"cases of {', '.join(with_)} have a region (field of view) and those of {', '.join(without)} none: there "
            "every pixel counts, and scores of the sites are not of the same pixels.",
        )

    def _own(self, case: Case) -> tuple[Site, Case]:
        """The data set that a case is of, and the case as that data set lists it."""
        for site in self.added:
            if case.domain == site.name:
                return site, replace(case, id=case.id.removeprefix(f"{site.name}/"))
        return self.base, case

    def _load(self, part: str, case: Case) -> Any:
        site, own = self._own(case)
        return getattr(site.reader, part)(own)


class SitedImages(SitedReader):
    """Of images of which a reader decodes some itself."""

    version: ClassVar[int] = 1

    def load_image(self, case: Case) -> Image.Image:
        """8-bit RGB image (H x W). Raises `DataError`."""
        from bench.data.decoding.images import read_image

        own = hasattr(self._own(case)[0].reader, "load_image")
        return self._load("load_image", case) if own else read_image(case.image)


class SitedMasks(SitedImages):
    """Of images with masks."""

    version: ClassVar[int] = 1

    def load_masks(self, case: Case) -> np.ndarray:
        """(C, H, W) bool. Raises `DataError`."""
        return self._load("load_masks", case)

    def load_region(self, case: Case) -> np.ndarray | None:
        """(H, W) bool, or None where the case's site has none. Raises `DataError`."""
        return self._load("load_region", case)


class SitedBoxes(SitedImages):
    """Of images with boxes."""

    version: ClassVar[int] = 1

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the objects."""
        return self.base.data_set.classes


class SitedVolumes(SitedReader):
    """Of volumes with label maps."""

    version: ClassVar[int] = 1

    def load_volume(self, case: Case) -> Volume:
        """Intensities (X, Y, Z), float32. Raises `DataError`."""
        return self._load("load_volume", case)

    def load_labels(self, case: Case) -> Volume:
        """Labels (X, Y, Z), uint8. Raises `DataError`."""
        return self._load("load_labels", case)


READERS: Mapping[str, type[SitedReader]] = {
    "classification": SitedReader,
    "segmentation_2d": SitedMasks,
    "segmentation_3d": SitedVolumes,
    "detection": SitedBoxes,
}


@dataclass(frozen=True)
class SitedPhantom:
    """Writes the phantom of a data set, and those of its sites inside it."""

    base: DataSet
    added: tuple[DataSet, ...]

    def __call__(self, folder: Path, seed: int) -> None:
        """Write them into a folder."""
        self.base.phantom(folder, seed)
        for number, data_set in enumerate(self.added, start=1):
            place = folder / SITE_PHANTOMS / data_set.name
            place.mkdir(parents=True)
            data_set.phantom(place, seed + number)


def add_sites(task: Task, added: Sequence[DataSet]) -> Task:
    """The task on its data set with sites added, under the name `task+site`. Raises `PluginError` for other kinds."""
    if task.kind not in READERS:
        raise PluginError(f"Sites cannot be added to {task.name!r}: its kind {task.kind!r} is none of {list(READERS)}.")
    base = task.data
    names = tuple(data_set.name for data_set in added)
    cls = READERS[task.kind]
    if cls is SitedReader and any(hasattr(d.reader, "load_image") for d in (base, *added)):
        cls = SitedImages
    reader = cls(Site.of(base), base.name, tuple(map(Site.of, added)))
    name = "+".join((base.name, *names))
    data_set = replace(
        base,
        name=name,
        title=f"{base.title}, with {', '.join(names)}",
        reader=reader,
        expected_counts={},
        obtain="\n".join(d.obtain for d in (base, *added)),
        phantom=SitedPhantom(base, tuple(added)),
        folder=folder_name(base),
        domains=(*(base.domains or (base.name,)), *names),
        declared=Declared(
            base.declared.folder if base.declared else None,
            f"{name}-{digest(reader_settings(reader))[:8]}",
            extends=base.name,
        ),
    )
    return replace(task, name="+".join((task.name, *names)), data=data_set)


def has_real_sites(data_set: DataSet) -> bool:
    """Whether sites were added to a data set whose own data lie where files say, and are there."""
    reader = data_set.reader
    return isinstance(reader, SitedReader) and any(holds_data(site.data_set) for site in reader.added)


def _at(site: str, case: Case) -> Case:
    subject = case.subject and f"{site}/{case.subject}"
    return replace(case, id=f"{site}/{case.id}", owner_split=None, subject=subject, domain=site)
