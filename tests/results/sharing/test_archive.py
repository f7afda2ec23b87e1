"""Bundles that were made to do harm are not unpacked, and nothing is left of them."""

import io
import struct
import zipfile

import pytest

from bench.core.errors import StorageError
from bench.results.sharing import archive
from bench.results.sharing.archive import unpack
from tests.results.sharing.stores import zipped

MANIFEST = ("manifest.json", "{}")
RECORD = "runs/real/quick/a/b/c.json"


def link(name, target):
    member = zipfile.ZipInfo(name)
    member.create_system, member.external_attr = 3, 0o120777 << 16
    return member, target


def refused(path, folder, match):
    with pytest.raises(StorageError, match=match) as caught:
        unpack(path, folder)
    assert str(path) in str(caught.value)
    assert list(folder.iterdir()) == []


@pytest.fixture
def folder(tmp_path):
    place = tmp_path / "unpacked"
    place.mkdir()
    return place


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_files_are_written_as_they_are(tmp_path, folder, method):
    unpack(zipped(tmp_path / "a.zip", [MANIFEST, (RECORD, "x" * 100)], method), folder)
    assert (folder / RECORD).read_text() == "x" * 100
    assert sorted(p.name for p in folder.rglob("*") if p.is_file()) == ["c.json", "manifest.json"]


@pytest.mark.parametrize(
    ("member", "match"),
    [
        (("../outside.json", ""), "leads out of the folder"),
        (("/tmp/outside.json", ""), "leads out of the folder"),
        (("runs/../../outside.json", ""), "leads out of the folder"),
        (("runs/evil.py", ""), "bundles hold"),
        (link(RECORD, "/etc/passwd"), "it is a link"),
        (("runs/real/", ""), "it is a link, a folder or a device"),
        (("runs/real/A.json", ""), "differs from"),
    ],
)
def test_names_and_links(tmp_path, folder, member, match):
    path = zipped(tmp_path / "a.zip", [MANIFEST, ("runs/real/a.json", ""), member])
    refused(path, folder, match)
    assert not (tmp_path / "outside.json").exists()


def test_a_name_that_is_there_twice(tmp_path, folder):
    with pytest.warns(UserWarning, match="Duplicate name"):
        path = zipped(tmp_path / "a.zip", [MANIFEST, (RECORD, "a"), (RECORD, "b")])
    refused(path, folder, "there twice")


def test_what_would_unpack_to_too_much(tmp_path, folder, monkeypatch):
    bomb = zipped(tmp_path / "a.zip", [MANIFEST, (RECORD, bytes(4 << 20))], zipfile.ZIP_DEFLATED)
    refused(bomb, folder, "would become 4194304")
    monkeypatch.setattr(archive, "MOST_RATIO", 10_000)
    monkeypatch.setattr(archive, "MOST_OF_ONE", 1 << 20)
    refused(bomb, folder, "4194304 bytes; at most 1048576")
    monkeypatch.setattr(archive, "MOST_OF_ONE", 1 << 30)
    monkeypatch.setattr(archive, "MOST_BYTES", 1 << 20)
    refused(bomb, folder, "unpacked it has 4194306 bytes")
    monkeypatch.setattr(archive, "MOST_BYTES", 1 << 30)
    monkeypatch.setattr(archive, "MOST_FILES", 1)
    refused(bomb, folder, "holds 2 files")


def test_a_size_that_is_a_lie(tmp_path, folder):
    """The table of contents promises 10 bytes of a member that unpacks to more: no more than these are read."""
    path = zipped(tmp_path / "a.zip", [MANIFEST, (RECORD, bytes(100_000))], zipfile.ZIP_DEFLATED)
    content = path.read_bytes()
    path.write_bytes(content.replace(struct.pack("<I", 100_000), struct.pack("<I", 10)))
    with pytest.raises(StorageError, match="is not a bundle"):
        unpack(path, folder)
    assert sum(p.stat().st_size for p in folder.rglob("*") if p.is_file()) < 1000


def test_members_that_share_their_content(tmp_path, folder):
    path = zipped(tmp_path / "a.zip", [MANIFEST, ("runs/a.json", "x" * 500), ("runs/b.json", "y" * 500)])
    with zipfile.ZipFile(path) as opened:
        first, second = (opened.getinfo(name).header_offset for name in ("runs/a.json", "runs/b.json"))
    content = path.read_bytes()
    at = content.rindex(b"runs/b.json")
    offset = at - 46 + 42
    assert content[offset : offset + 4] == struct.pack("<I", second)
    path.write_bytes(content[:offset] + struct.pack("<I", first) + content[offset + 4 :])
    refused(path, folder, "overlaps that of another file")


@pytest.mark.parametrize("content", [b"", b"PK", b"not a zip file at all", b"PK\x05\x06" + bytes(18)])
def test_what_is_no_bundle(tmp_path, folder, content):
    path = tmp_path / "a.zip"
    path.write_bytes(content)
    refused(path, folder, r"is not a bundle|manifest\.json: it is not there")


def test_other_methods_and_passwords(tmp_path, folder):
    refused(zipped(tmp_path / "a.zip", [MANIFEST, (RECORD, "x")], zipfile.ZIP_LZMA), folder, "other than deflate")
    plain = zipped(tmp_path / "b.zip", [MANIFEST, (RECORD, "x")])
    content = bytearray(plain.read_bytes())
    with zipfile.ZipFile(io.BytesIO(bytes(content))) as opened:
        start = opened.start_dir
    content[start + 8] |= 1
    plain.write_bytes(bytes(content))
    refused(plain, folder, "it is encrypted")


def test_a_disk_that_is_too_small(tmp_path, folder, monkeypatch):
    monkeypatch.setattr(archive.shutil, "disk_usage", lambda place: type("U", (), {"free": 1})())
    refused(zipped(tmp_path / "a.zip", [MANIFEST, (RECORD, "xyz")]), folder, "1 are free")
