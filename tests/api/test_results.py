"""The same from Python, with what `bench results` does."""

import pytest

import bench
from tests.results.sharing.stores import edit, whole_run


def test_results_are_verified_packed_and_merged(tmp_path, monkeypatch):
    monkeypatch.setenv("BENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("BENCH_DATA", raising=False)
    record = whole_run(tmp_path / "a")
    whole_run(tmp_path / "a", "random")
    assert bench.verify_results(tmp_path / "a").holds
    done = bench.bundle_results(tmp_path / "a.zip", tmp_path / "a", method="simclr")
    assert done.records == 1
    assert bench.validate_results(done.path).verified.holds
    assert len(bench.merge_results(done.path, tmp_path / "b").added) == 1
    assert len(bench.merge_results([done.path, tmp_path / "a"], str(tmp_path / "b")).added) == 1
    assert len(bench.load_records(tmp_path / "b")) == 2
    edit(tmp_path / "a", record, lambda d: d.update(seed=4))
    assert bench.verify_results(tmp_path / "a").findings[0].field == "seed"
    with pytest.raises(bench.BenchError, match="nothing of it was merged"):
        bench.merge_results(tmp_path / "a", tmp_path / "b")
