"""Reading a bundle that a stranger made: nothing is unpacked before all of its table of contents is in order."""

from __future__ import annotations

import shutil
import stat
import zipfile
from collections.abc import Sequence
from pathlib import Path

from bench.core.errors import StorageError
from bench.core.reading import Unusable, reading, require_regular
from bench.results.sharing.findings import Finding, listed
from bench.results.sharing.form import MANIFEST, name_findings

MOST_BYTES = 2 << 30
"""Of a bundle, packed or unpacked."""
MOST_OF_ONE = 256 << 20
"""Of one file in it."""
MOST_FILES = 200_000
MOST_RATIO, RATIO_FROM = 200, 1 << 20
"""How much smaller than its content a file of this many bytes may be packed."""
_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
_ENCRYPTED = 1
_LOCAL_HEADER = 30
"""Bytes that stand at least before a member's content."""
ADVICE = "Ask for a bundle that bench results bundle wrote."


def unpack(bundle: Path, folder: Path) -> None:
    """Write the files of a bundle into a folder.

    Raises:
        StorageError: it is no bundle, or one that must not be unpacked; nothing is left in the folder.
    """
    with reading(bundle, ADVICE, StorageError, what="is not a bundle"):
        if require_regular(bundle) > MOST_BYTES:
            raise Unusable(f"it has more than {MOST_BYTES >> 30} GiB")
        with zipfile.ZipFile(bundle) as archive:
            members = archive.infolist()
            if found := findings_of(members):
                raise StorageError(f"{bundle}: it was not opened:\n{listed(found)}\n{ADVICE}")
            need, free = sum(one.file_size for one in members), shutil.disk_usage(folder).free
            if need > free:
                raise Unusable(f"unpacked it has {need} bytes, and {free} are free in {folder}")
            for member in members:
                target = folder / member.filename
                target.parent.mkdir(parents=True, exist_ok=True)
                with archive.open(member) as packed, target.open("xb") as file:
                    shutil.copyfileobj(packed, file)


def findings_of(members: Sequence[zipfile.ZipInfo]) -> list[Finding]:
    """Why a bundle with these members must not be unpacked: names, links, sizes, methods, overlapping content."""
    if len(members) > MOST_FILES:
        return [Finding("bundle", "", f"it holds {len(members)} files; at most {MOST_FILES} are opened")]
    found = [Finding(one.filename, "", reason) for one in members if (reason := _wrong(one))]
    total = sum(one.file_size for one in members)
    if total > MOST_BYTES:
        found.append(Finding("bundle", "", f"unpacked it has {total} bytes; at most {MOST_BYTES} are unpacked"))
    if MANIFEST not in {one.filename for one in members}:
        found.append(Finding(MANIFEST, "", "it is not there"))
    return [*found, *name_findings(one.filename for one in members), *_overlapping(members)]


def _wrong(member: zipfile.ZipInfo) -> str:
    kind = stat.S_IFMT(member.external_attr >> 16)
    if member.is_dir() or kind not in (0, stat.S_IFREG):
        return "it is a link, a folder or a device; bundles hold files alone"
    if member.flag_bits & _ENCRYPTED:
        return "it is encrypted"
    if member.compress_type not in _METHODS:
        return "it is packed by a method other than deflate"
    if member.file_size > MOST_OF_ONE:
        return f"unpacked it has {member.file_size} bytes; at most {MOST_OF_ONE} are unpacked"
    if member.file_size > RATIO_FROM and member.file_size > MOST_RATIO * max(member.compress_size, 1):
        return f"{member.compress_size} bytes would become {member.file_size}"
    return ""


def _overlapping(members: Sequence[zipfile.ZipInfo]) -> list[Finding]:
    """Members whose content is that of others, too: a small file that unpacks to a huge one."""
    found, end = [], 0
    for one in sorted(members, key=lambda member: member.header_offset):
        if one.header_offset < end:
            found.append(Finding(one.filename, "", "its content overlaps that of another file"))
        end = one.header_offset + _LOCAL_HEADER + one.compress_size
    return found
