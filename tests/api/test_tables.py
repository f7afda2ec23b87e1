"""What `import bench` loads and offers, and its tables."""

import subprocess
import sys

import pytest

import bench
from bench.runs.listing import listing
from tests.results.stores_of import three_methods


def test_importing_loads_nothing_and_offers_the_nouns():
    code = (
        "import sys, bench; print(sorted(m for m in sys.modules if m.split('.')[0] in "
        "('bench', 'torch', 'pandas', 'pydantic', 'numpy'))); print(bench.BenchError.exit_code); "
        "bench.load_records; print('torch' in sys.modules)"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split("\n")
    assert out[:3] == ["['bench']", "1", "False"]
    assert set(dir(bench)) >= {"run", "ablate", "leaderboard", "Method", "Task", "Case", "Record", "evaluate", "export"}
    assert all(getattr(bench, name) is not None for name in dir(bench))
    with pytest.raises(AttributeError, match="no attribute 'runn'"):
        _ = bench.runn


def test_lists_are_tables():
    assert set(bench.methods()["name"]) >= {"random", "lvmmed"}
    rows = listing("tasks", ())
    assert bench.tasks()["name"].tolist() == [row["name"] for row in rows]
    assert bench.tasks()["metric"].tolist() == [row["metric"] for row in rows]


def test_report_writes_the_file_of_the_command(tmp_path, monkeypatch):
    monkeypatch.setenv("BENCH_CACHE", str(tmp_path / "cache"))
    store = three_methods(tmp_path)
    (store.runs / "real" / "x.json").write_text("{}")
    path = bench.report(store.results, tmp_path / "r.html", cases=1)
    assert path == tmp_path / "r.html"
    assert path.read_text().startswith("<!DOCTYPE html>")
    assert "is not a valid record" in path.read_text()
