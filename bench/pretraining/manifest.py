"""Manifests of pretraining images: CSV and TOML files that list images, folders and volumes; or a folder alone."""

from __future__ import annotations

import os
import stat
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from bench.core.errors import DataError
from bench.core.escape import one_line
from bench.core.reading import files_below, is_junk, reading
from bench.data.decoding import dicom
from bench.data.decoding.images import SUFFIXES, is_image
from bench.data.fingerprints.files import Fingerprints
from bench.data.volumes import is_volume, n_slices, read_grid
from bench.pretraining.listed_images import NO_AXIS, Files, ListedImages
from bench.pretraining.manifest_rows import EVERYTHING, Entries, Entry, rows_of

_HINT = " (to read DICOM: pip install 'medical-ssl-bench[dicom]')"


class Listing:
    """The files that a manifest (`.csv`, `.toml`) lists or that a folder holds; linked folders are followed, each once.

    Raises:
        DataError: the manifest or an entry of it is missing, empty or of an unknown form; names the entry.
    """

    def __init__(self, manifest: Path) -> None:
        self._paths: list[str] = []
        self._axes: list[int] = []
        self._modalities: list[str] = []
        self._others: Counter[str] = Counter()
        entries = Entries(manifest)
        for place, row in rows_of(manifest):
            path, entry = entries.check(place, row)
            target = os.path.join(manifest.parent, os.path.expanduser(path))  # noqa: PTH111, PTH118 (see Fingerprints)
            if _is_plain(target) and _is_file(target):
                self._add(target, entry.modality)
            else:
                self._take(f"{one_line(manifest)}, {place}", Path(target), entry)

    def images(self, fingerprints: Fingerprints) -> ListedImages:
        """Every image, each content once, volumes by slices. Raises `DataError` for a file that cannot be read."""
        contents = fingerprints.hashes(self._paths, "Restore this file, or take it out of the manifest.")
        slices = [
            1 if axis == NO_AXIS else n_slices(read_grid(Path(path)), axis)
            for path, axis in zip(self._paths, self._axes, strict=True)
        ]
        return ListedImages.once(Files.of(self._paths, contents, self._axes, self._modalities), slices)

    @property
    def left_out(self) -> str | None:
        """How many files of listed folders are no images, in all and by suffix: `15 files not taken: .txt 12, .webp 3`.

        None where all are. Hidden files do not count.
        """
        others = self._others
        total, counts = sum(others.values()), ", ".join(f"{suffix} {n}" for suffix, n in others.most_common())
        hint = _HINT if any(suffix in others for suffix in dicom.SUFFIXES) and not dicom.is_installed() else ""
        return f"{total} file{'s' * (total > 1)} not taken: {counts}{hint}" if others else None

    def _add(self, path: str, modality: str, axis: int = NO_AXIS) -> None:
        self._paths.append(path)
        self._axes.append(axis)
        self._modalities.append(modality)

    def _take(self, place: str, target: Path, entry: Entry) -> None:
        """What an entry names that is no image by its suffix; at least one file of it is an image."""
        before = len(self._paths)
        unread = False
        with reading(target, f"Correct {place}: paths and patterns are relative."):
            if not target.exists():
                raise DataError(f"{place}: {one_line(target)} does not exist (paths are relative to the manifest).")
            for name in _files(target, entry.pattern):
                file = Path(name)
                if _is_plain(name):
                    self._add(name, entry.modality)
                elif _is_taken(file):
                    self._add(name, entry.modality, entry.axis if is_volume(file) else NO_AXIS)
                else:
                    self._others[file.suffix.lower() or "without a suffix"] += 1
                    unread = unread or dicom.is_dicom(file)
        if len(self._paths) == before:
            hint = _HINT if unread and not dicom.is_installed() else ""
            raise DataError(
                f"{place}: no images under {one_line(target)} (known: {', '.join(SUFFIXES)}, NIfTI, DICOM{hint})."
            )


def read_manifest(manifest: Path, fingerprints: Fingerprints | None = None) -> ListedImages:
    """Every image that a manifest lists or that a folder holds, see `Listing`. Raises `DataError`."""
    return Listing(manifest).images(fingerprints or Fingerprints())


def left_out(manifest: Path) -> str | None:
    """What a manifest's folders hold that is no image, see `Listing`. Raises `DataError`."""
    return Listing(manifest).left_out


def _is_plain(path: str) -> bool:
    """Whether a file is an image by its suffix alone; no volume and no DICOM file has such a one."""
    return path.lower().endswith(SUFFIXES) and path.rpartition("/")[2].lower() not in SUFFIXES


def _is_file(path: str) -> bool:
    """Whether something is there that is no folder."""
    try:
        return not stat.S_ISDIR(os.stat(path).st_mode)  # noqa: PTH116
    except (OSError, ValueError):
        return False


def _is_taken(file: Path) -> bool:
    """Whether a file is an image or a volume; DICOM only where it holds an image and can be read."""
    if dicom.is_dicom(file):
        return dicom.is_installed() and dicom.holds_image(file)
    return is_image(file) or is_volume(file)


def _files(target: Path, pattern: str) -> Iterable[str]:
    """The file itself, or those of a folder that fit a pattern, sorted by the names on their way."""
    if not target.is_dir():
        return [str(target)]
    if pattern == EVERYTHING:
        return files_below(target)
    found = sorted(path for path in target.glob(pattern) if path.is_file())
    return [str(path) for path in found if not any(map(is_junk, path.relative_to(target).parts))]
