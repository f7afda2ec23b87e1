"""Names of cases as other projects write them: which case a name is of, and compact hashes of names."""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bench.data.dataset import Data

HASH_BYTES = 5
"""Of a name's hash: among 130 000 names, a name that is not there has the hash of one by chance once in 8 million."""
_SUFFIXES = re.compile(r"(\.(nii|gz|png|jpe?g|tiff?|bmp|webp|dcm|dicom|npy|npz|mat|nrrd|mha|mhd))+$")
_ROLE = re.compile(r"_(image|label|downsampled)$")
"""What names a part of a case, or, in ISIC 2019, a smaller copy of an image of the same name."""
_YEARS = re.compile(r"^brats(17|18|19)_")
"""BraTS 2017 to 2019 name the same scan alike but for the year."""


def names_of_cases(data: Data) -> dict[str, list[str]]:
    """Every name that a case may go by -> ids of the cases that go by it.

    A case goes by its id, its file's name, either without suffix, the latter without `_image` and the like, and by its
    folder where it is the only case in it and no file has that name.
    """
    found: dict[str, list[str]] = defaultdict(list)
    folders: dict[str, list[str]] = defaultdict(list)
    for case in data.cases:
        path = PurePosixPath(case.id)
        bare = without_suffix(path.name)
        names = (case.id, without_suffix(case.id), path.name, path.stem, bare, _ROLE.sub("", bare))
        for name in dict.fromkeys(names):
            found[name].append(case.id)
        folders[path.parent.name].append(case.id)
    return {name: ids for name, ids in folders.items() if len(ids) == 1} | found


def without_suffix(name: str) -> str:
    """A path without the suffix of its file; `.nii.gz` is one."""
    return str(PurePosixPath(name.removesuffix(".gz") if name.endswith(".nii.gz") else name).with_suffix(""))


def normalise(name: str) -> str:
    """A file's name without folder, suffixes of images and `_image`, `_label` or `_downsampled`, in lower case.

    BraTS's names of 2017 to 2019 lose their year.
    """
    last = re.split(r"[/\\]", name.strip().rstrip("/\\"))[-1].casefold()
    return _YEARS.sub("brats_", _ROLE.sub("", _SUFFIXES.sub("", last)))


def hash_of(name: str) -> bytes:
    """The first `HASH_BYTES` of the SHA-256 of a name after `normalise`."""
    return hashlib.sha256(normalise(name).encode()).digest()[:HASH_BYTES]


def pack(names: Iterable[str]) -> bytes:
    """The hashes of names, sorted and each once, one after the other."""
    return b"".join(sorted(set(map(hash_of, names))))


def unpack(content: bytes) -> frozenset[bytes]:
    """The hashes that `pack` put together."""
    return frozenset(content[i : i + HASH_BYTES] for i in range(0, len(content), HASH_BYTES))
