"""`bench predict` before it predicts; what it scores is in tests/runs/kept/test_predict.py."""

from pathlib import Path

REPOSITORY = Path(__file__).parents[3]


def test_a_run_that_is_not_there_or_kept_nothing(bench, tmp_path):
    done = bench("predict", "0123456789ab", "--results", tmp_path)
    assert (done.code, "no run has the identity" in done.err) == (2, True)
    path = next(iter(sorted((REPOSITORY / "results" / "runs").rglob("*.json"))))
    done = bench("predict", path)
    assert (done.code, "kept no model" in done.err) == (6, True), done.err
    done = bench("predict", path, "--task", "drve")
    assert (done.code, "Did you mean 'drive'" in done.err) == (2, True), done.err
