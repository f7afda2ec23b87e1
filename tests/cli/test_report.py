"""`bench report`: what it writes and says, and that it needs no torch."""

import json
import subprocess
import sys

from tests.results.stores_of import three_methods


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
