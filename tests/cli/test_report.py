"""`bench report`: a small run on phantoms, and the file of the committed records."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.results.stores_of import three_methods

REPOSITORY = Path(__file__).parents[2]
MOST_BYTES = 5_000_000


def test_command_writes_a_file_and_says_what(bench, tmp_path, monkeypatch):
    monkeypatch.setenv("BENCH_CACHE", str(tmp_path / "cache"))
    store = three_methods(tmp_path)
    file = tmp_path / "study.html"
    done = bench("report", "--results", store.results, "--output", file, "--json")
    assert done.code == 0, done.err
    facts = json.loads(done.out)
    assert facts == {"file": str(file), "runs": 9, "bytes": file.stat().st_size, "problems": []}
    said = bench("report", "--results", store.results, "-o", file, "--cases", "1")
    assert said.out.startswith("9 runs -> ")
    nothing = bench("report", "--results", tmp_path / "nowhere")
    assert (nothing.code, "No records under" in nothing.err) == (2, True)


def test_it_needs_no_torch(tmp_path, monkeypatch):
    monkeypatch.setenv("BENCH_CACHE", str(tmp_path / "cache"))
    store = three_methods(tmp_path)
    code = (
        "import sys; from bench.cli.app import main\n"
        f"sys.argv = ['bench', 'report', '--results', {str(store.results)!r}, '-o', {str(tmp_path / 'r.html')!r}]\n"
        "try: main()\nfinally: print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "False"


def test_the_committed_records_fit_into_one_file(bench, tmp_path, monkeypatch):
    if not (REPOSITORY / "results" / "runs" / "real").is_dir():
        pytest.skip("no record of a real run is committed")
    monkeypatch.setenv("BENCH_CACHE", str(tmp_path / "cache"))
    file = tmp_path / "report.html"
    done = bench("report", "--results", REPOSITORY / "results", "--output", file)
    assert done.code == 0, done.err
    assert 500_000 < file.stat().st_size < MOST_BYTES
    text = file.read_text()
    assert "http" not in text.replace("http-equiv", "")
    for row in (REPOSITORY / "results/leaderboard/real-quick.csv").read_text().splitlines()[1:]:
        assert f"{100 * float(row.split(',')[15]):.1f}" in text
