"""What was computed before is kept in a file, and a file that cannot be read is done without."""

import pytest

from bench.results.statistics.kept import StatisticsCache, cache_file, key_of


def filled(file, names="abcdefghijkl"):
    cache = StatisticsCache(file)
    for name in names:
        cache.put(name, name.encode())
    cache.save()
    return StatisticsCache(file)


def test_entries_come_back(tmp_path):
    again = filled(tmp_path / "kept.parquet")
    assert again.get("c") == b"c"
    assert again.get("z") is None


def test_few_entries_are_not_worth_a_file(tmp_path):
    filled(tmp_path / "kept.parquet", "abc")
    assert not (tmp_path / "kept.parquet").exists()
    assert StatisticsCache(None).get("a") is None


@pytest.mark.parametrize("content", [b"", b"PAR1 damaged"])
def test_a_damaged_file_is_made_again(tmp_path, content):
    file = tmp_path / "kept.parquet"
    file.write_bytes(content)
    assert filled(file).get("a") == b"a"


def test_keys_tell_records_their_order_and_the_purpose_apart():
    keys = [key_of("x", "ab"), key_of("x", "ba"), key_of("y", "ab"), key_of("x", ["ab"])]
    assert len(set(keys)) == 4
    assert keys[0] == key_of("x", iter("ab"))


def test_each_results_folder_has_its_own(tmp_path):
    one, other = (cache_file(tmp_path / name, tmp_path / "cache") for name in "ab")
    assert one != other
    assert one.parent == other.parent
