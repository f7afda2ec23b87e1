"""The store of hashes: what was written is found, and nothing else is believed."""

import sqlite3

import pytest

from bench.core.console import Report
from bench.data.cache import clean
from bench.data.fingerprints.store import FingerprintStore

ONE = ((3, 10**18, 10**18 + 1), bytes(range(32)))


@pytest.fixture
def store(tmp_path):
    return FingerprintStore(tmp_path, Report())


def test_what_is_kept_is_found_by_another_command(store, tmp_path):
    store.keep({"/a": ONE, "/b\N{SNOWMAN}'\"": ONE, "/c\udcff": ONE})
    found = FingerprintStore(tmp_path, Report()).find(["/none", "/b\N{SNOWMAN}'\"", "/a", "/c\udcff"])
    assert found == {"/a": ONE, "/b\N{SNOWMAN}'\"": ONE}
    newer = ((4, 5, 6), bytes(32))
    store.keep({"/a": newer})
    assert store.find(["/a"]) == {"/a": newer}


@pytest.mark.parametrize("damage", ["no database", "a page", "a row"])
def test_a_damaged_store_is_made_again_and_said_in_one_line(store, damage, capfd):
    store.keep({f"/{n}": ONE for n in range(1000)})
    content = store.file.read_bytes()
    if damage == "no database":
        store.file.write_bytes(b"x" * len(content))
    elif damage == "a page":
        store.file.write_bytes(content[:4096] + b"\xff" * (len(content) - 4096))
    else:
        store.file.write_bytes(content.replace(ONE[1], bytes(32)))
    assert store.find([f"/{n}" for n in range(1000)]) == {}
    assert capfd.readouterr().err.count(f"{store.file} is damaged, and is made again") == 1
    store.keep({"/a": ONE})
    assert store.find(["/a", "/1"]) == {"/a": ONE}
    assert not capfd.readouterr().err


def test_a_store_of_an_earlier_version_is_another(store):
    store.file.parent.mkdir()
    with sqlite3.connect(store.file) as connection:
        connection.execute("CREATE TABLE files (path TEXT)")
    connection.close()
    store.keep({"/a": ONE})
    assert store.find(["/a"]) == {"/a": ONE}


def test_a_store_that_cannot_be_written_costs_time_alone(tmp_path, capfd):
    (tmp_path / "index").write_text("a file where the folder should be")
    store = FingerprintStore(tmp_path, Report())
    store.keep({"/a": ONE})
    assert store.find(["/a"]) == {}
    assert capfd.readouterr().err.count("cannot be used") == 1


def test_cleaning_the_cache_takes_it_away(store, tmp_path):
    store.keep({"/a": ONE})
    assert clean(tmp_path)[0] == 1
    assert store.find(["/a"]) == {}
