"""`bench results`: what its commands print and write, and their exit codes."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.results.sharing.stores import edit, whole_run

REPOSITORY = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("BENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("BENCH_DATA", raising=False)


@pytest.fixture
def results(tmp_path):
    whole_run(tmp_path / "results")
    return tmp_path / "results"


def test_verify_says_that_all_holds_or_what_was_edited(bench, results):
    done = bench("results", "verify", "--results", results)
    assert (done.code, done.out.splitlines()[0]) == (0, "1 records: 1 hold, 0 do not (0 findings)")
    edit(results, whole_run(results), lambda d: d["metrics"].update(accuracy=0.99), reseal=True)
    done = bench("results", "verify", "--results", results)
    assert done.code == 6
    assert "metrics.accuracy: it states accuracy 0.99, and its own cases give" in done.out.splitlines()[0]
    done = bench("results", "verify", "--results", results, "--json")
    assert (done.code, json.loads(done.out)["findings"][0]["field"]) == (6, "metrics.accuracy")
    nothing = bench("results", "verify", "--results", results / "nowhere")
    assert (nothing.code, "No records under" in nothing.err) == (2, True)


def test_a_bundle_goes_from_one_folder_to_another(bench, results, tmp_path):
    bundle, other = tmp_path / "a.zip", tmp_path / "other"
    done = bench("results", "bundle", bundle, "--results", results, "--method", "simclr")
    assert (done.code, done.out.startswith(f"1 records, 6 files -> {bundle}")) == (0, True)
    done = bench("results", "validate", bundle)
    assert done.code == 0
    assert f"  bench results merge {bundle}" in done.out
    done = bench("results", "merge", bundle, "--results", other)
    assert (done.code, done.out.splitlines()[0]) == (0, "1 records added, 0 replaced, 0 there already")
    assert (other / "leaderboard" / "real-quick.csv").is_file()
    assert bench("results", "verify", "--results", other).code == 0
    again = json.loads(bench("results", "merge", bundle, "--results", other, "--json").out)
    assert again == {"added": [], "replaced": [], "known": 1, "conflicts": []}


def test_conflicts_are_said_with_what_resolves_them(bench, results, tmp_path):
    whole_run(tmp_path / "other", right=0.2)
    done = bench("results", "merge", tmp_path / "other", "--results", results)
    assert done.code == 0
    assert "the same run with other content" in done.err
    assert done.out.splitlines()[-1].endswith("--replace")
    done = bench("results", "merge", tmp_path / "other", "--results", results, "--replace")
    assert done.out.splitlines()[0] == "0 records added, 1 replaced, 0 there already"


def test_errors_leave_the_results_as_they_were(bench, results, tmp_path):
    before = {p: p.read_bytes() for p in results.rglob("*") if p.is_file()}
    (tmp_path / "bad.zip").write_bytes(b"no zip")
    done = bench("results", "merge", tmp_path / "bad.zip", "--results", results)
    assert (done.code, "is not a bundle" in done.err) == (6, True)
    assert bench("results", "validate", tmp_path / "bad.zip").code == 6
    assert bench("results", "validate", tmp_path / "nowhere").code == 2
    done = bench("results", "bundle", tmp_path / "x.zip", "--results", results, "--method", "simcrl")
    assert (done.code, "Did you mean 'simclr'" in done.err) == (2, True)
    assert {p: p.read_bytes() for p in results.rglob("*") if p.is_file()} == before


def test_validating_needs_no_torch(results):
    code = (
        "import sys; from bench.cli.app import main\n"
        f"sys.argv = ['bench', 'results', 'validate', {str(results)!r}]\n"
        "try: main()\nfinally: print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "False"


def test_the_jobs_of_the_repository_run_what_the_documents_say():
    jobs = {}
    for path in sorted((REPOSITORY / ".github" / "workflows").glob("*.yml")):
        for job in yaml.safe_load(path.read_text())["jobs"].values():
            jobs[path.name] = "\n".join(step.get("run", "") for step in job["steps"])
    assert ".ci/run" in jobs["ci.yml"]
    assert "bench results validate submitted/results" in jobs["results.yml"]
    assert "bench results validate results" in (REPOSITORY / "tox.ini").read_text()
    text = (REPOSITORY / "docs" / "submit.md").read_text()
    assert "tox -e results" in text
    assert ".github/workflows/results.yml" in text
