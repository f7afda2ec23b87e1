"""`bench data keys`: keys of cases, and the file that an entry of weights takes."""

import json


def test_keys_of_all_cases_and_their_file(bench, phantom_root, tmp_path):
    options = ("--data-root", phantom_root, "--cache", tmp_path / "c")
    keys = json.loads(bench("data", "keys", "brain_tumor", *options, "--json").out)
    assert all(len(key) == 64 for key in keys.values())
    lines = bench("data", "keys", "brain_tumor", *options).out.splitlines()
    assert lines == [f"{key}  {case}" for case, key in keys.items()]
    done = bench("data", "keys", "brain_tumor", *options, "--export", tmp_path / "keys.txt")
    assert done.out == (
        f"Wrote {len(set(keys.values()))} content keys of {len(keys)} cases to {tmp_path / 'keys.txt'}.\n"
    )
    assert (tmp_path / "keys.txt").read_text().split() == sorted(set(keys.values()))
