"""Units of work share an encoder; failures are told once for each reason."""

from bench.core.errors import DataError, RunsFailed
from bench.runs.engines.unit import Failure, failed, failure_of, units_of


def test_runs_of_one_encoder_are_one_unit_in_the_order_of_the_plan(grid):
    runs = grid(("simclr", "random"), ("linear", "knn"), (0, 1)).runs
    units = units_of(runs)
    assert [unit.name for unit in units] == [
        f"{method} (vit_tiny_8, seed {seed})" for seed in (0, 1) for method in ("simclr", "random")
    ]
    assert [[run.plan.protocol for run in unit.runs] for unit in units] == [["linear", "knn"]] * 4
    assert len({unit.key for unit in units}) == 4


def raised(error):
    try:
        raise error
    except type(error) as caught:
        return caught


def test_a_failure_keeps_texts_alone(grid):
    (run,) = grid().runs
    expected = failure_of(run, raised(DataError("a.png cannot be read")), pretraining=False)
    assert (expected.reason, expected.trace, expected.again) == ("a.png cannot be read", "", False)
    assert expected.what == "random on brain_tumor (knn, vit_tiny_8, seed 0)"
    other = failure_of(run, raised(ValueError("bad")), pretraining=True)
    assert other.reason == "an error that nobody expected: ValueError: bad"
    assert "in raised" in other.trace
    assert other.what == "random (vit_tiny_8, seed 0): its pretraining"
    assert all(isinstance(value, str | bool) for one in (expected, other) for value in vars(one).values())


def test_one_error_tells_all_failures_and_a_shared_pretraining_once():
    shared = [Failure(name, f"run {name}", "the loss\nis not finite", encoder="simclr (seed 0)") for name in "ab"]
    own = Failure("c", "run c", "an error that nobody expected: OSError: x", trace="Traceback c")
    error = failed([*shared, own], 5, result="the rest")
    assert str(error).splitlines() == [
        "3 of 5 runs failed; the others are stored, and the same command tries these again.",
        "- simclr (seed 0): its pretraining failed (2 runs need it: run a; run b): the loss",
        "  is not finite",
        "- run c failed: an error that nobody expected: OSError: x",
    ]
    assert isinstance(error, RunsFailed)
    assert (error.exit_code, error.result, error.unexpected) == (5, "the rest", True)
    assert error.__notes__ == ["Traceback c"]
    assert not failed(shared, 2).unexpected
