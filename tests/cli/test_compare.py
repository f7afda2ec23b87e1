"""`bench compare` prints what `bench.compare` returns."""

import json

from tests.results.stores_of import add_run, three_methods


def test_command_prints_the_same(bench, tmp_path, monkeypatch):
    monkeypatch.setenv("BENCH_CACHE", str(tmp_path / "cache"))
    store = three_methods(tmp_path)
    for seed in range(3):
        for method, right in (("simclr", 0.7), ("random", 0.5)):
            add_run(store, method, seed, right, protocol="knn")
    done = bench("compare", "simclr", "random", "--results", store.results, "--json")
    assert done.code == 0, done.err
    rows = json.loads(done.out)
    assert [row["protocol"] for row in rows] == ["finetune", "knn"]
    text = bench("compare", "simclr", "random", "--results", store.results, "--protocol", "knn").out
    assert "seeds and cases" in text
    assert "shown from" in text
    assert "finetune" not in text
    wrong = bench("compare", "simclr", "nothing", "--results", store.results)
    assert (wrong.code, "No records of the method 'nothing'" in wrong.err) == (2, True)
