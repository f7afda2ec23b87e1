"""A record whose metrics its own cases do not bear out is named and left out, also with a right digest."""

import json

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from bench.results.index import read_frame
from bench.results.record import DrawRecord, fields_digest
from bench.results.statistics.agreement import load_checked, read_checked
from bench.results.store import InvalidRecord, Store
from tests.results.stores_of import N_CASES, add_run


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "results")


def edit(store, made, **changes):
    """Change fields of a stored record, and its digest with them."""
    path = store.path(made)
    fields = json.loads(path.read_text()) | changes
    path.write_text(json.dumps(fields | {"digest": fields_digest(fields)}))
    return path


def reasons(store):
    frame, problems = read_frame(store)
    assert [p.path for p in problems] == [p.path for p in load_checked(store)[1]]
    return len(frame), [p.reason for p in problems]


def test_an_accuracy_that_the_predictions_do_not_give(store):
    made, _ = add_run(store, seed=0), add_run(store, seed=1)
    assert reasons(store) == (2, [])
    edit(store, made, metrics={"accuracy": 0.99, "macro_auroc": None})
    assert reasons(store) == (1, [f"it states accuracy 0.99, and its own cases give {made.metrics['accuracy']:.6g}"])
    with pytest.raises(InvalidRecord, match="its own cases give"):
        read_checked(store, store.path(made))


def test_probabilities_that_tie_after_rounding_leave_the_class_open(store):
    even = np.full((N_CASES, 2), 0.5).tolist()
    columns = {"target": [i % 2 for i in range(N_CASES)], "prediction": even}
    add_run(store, columns=columns, metrics={"accuracy": 0.7, "macro_f1": 0.7})
    assert reasons(store) == (1, [])


def test_an_area_may_differ_by_what_ties_leave_open_and_by_no_more(store):
    """Confident predictions round to 0 and 1: unrounded, the pairs that are tied now were all in order, or none was."""
    target = [i % 2 for i in range(N_CASES)]
    sure = [
        [1.0, 0.0] if t == 0 or i % 4 == 1 else [0.0, 1.0] for i, t in enumerate(target)
    ]  # half of class 1 is wrong
    columns = {"target": target, "prediction": sure}
    stated = {"accuracy": 0.75, "balanced_accuracy": 0.75}
    for seed, area in enumerate((1.0, 0.75, 0.5)):  # 0.75 with ties as halves
        add_run(store, seed=seed, columns=columns, metrics=stated | {"macro_auroc": area})
    assert reasons(store) == (3, [])
    add_run(store, seed=3, columns=columns, metrics=stated | {"macro_auroc": 0.49})
    assert reasons(store) == (3, ["it states macro_auroc 0.49, and its own cases give 0.75"])


def test_without_ties_an_area_is_exact(store):
    target = [i % 2 for i in range(N_CASES)]
    graded = [[1 - (i + 1) / 100, (i + 1) / 100] for i in range(N_CASES)]
    made = add_run(store, columns={"target": target, "prediction": graded}, metrics={"accuracy": 0.5})
    area = roc_auc_score(target, [p for _, p in graded])
    edit(store, made, metrics={"accuracy": 0.5, "macro_auroc": area})
    assert reasons(store) == (1, [])
    edit(store, made, metrics={"accuracy": 0.5, "macro_auroc": area + 0.001})
    assert len(reasons(store)[1]) == 1


def test_metrics_of_cases(store):
    columns = {"metrics": [{"dice": 0.5 + i / 1000} for i in range(N_CASES)]}
    mean = 0.5 + (N_CASES - 1) / 2000
    add_run(store, seed=0, columns=columns, metric="dice", metrics={"dice": mean})
    add_run(store, seed=1, columns=columns, metric="dice", metrics={"dice": mean + 0.01})
    assert reasons(store) == (1, [f"it states dice {mean + 0.01:.6g}, and its own cases give {mean:.6g}"])


def test_means_over_draws_and_over_domains(store):
    draws = [DrawRecord(labelled=4, metrics={"accuracy": value, "macro_auroc": None}) for value in (0.4, 0.6)]
    add_run(store, seed=0, draws=draws, metrics={"accuracy": 0.5, "macro_auroc": None})
    add_run(store, seed=1, draws=draws, metrics={"accuracy": 0.6, "macro_auroc": None})
    sites = {"domains": {"A": {"accuracy": 0.2}, "B": {"accuracy": 0.4}}, "trained_domain": "A"}
    add_run(store, seed=2, metrics={"accuracy": 0.4}, **sites)
    assert reasons(store) == (1, [
        "it states accuracy 0.6, and its own cases give 0.5", "it states accuracy 0.4, and its own cases give 0.3",
    ])  # fmt: skip


def test_a_table_of_another_length_or_with_other_columns(store):
    made = add_run(store)
    edit(store, made, cases={**made.cases.model_dump(), "columns": ["target"]})
    assert reasons(store)[1] == ["its cases are 40 rows of target, prediction, and it states others"]


def test_cases_of_a_form_of_its_own_are_no_fault(store):
    columns = {"target": [0.5] * N_CASES, "prediction": [0.25] * N_CASES}
    add_run(store, columns=columns, metric="error", metrics={"error": 3.0})
    assert reasons(store) == (1, [])


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("7.0", "accuracy is 7; it lies from 0 to 1"),
        ("-3", "accuracy is -3; it lies from 0 to 1"),
        ("NaN", "Invalid JSON"),
        ("Infinity", "Invalid JSON"),
        ("1e999", "metrics.accuracy: Input should be a finite number"),
        ('"0.9"', "metrics.accuracy: Input should be a valid number"),
        ("true", "metrics.accuracy: Input should be a valid number"),
        ("[0.5]", "metrics.accuracy: Input should be a valid number"),
        ("1" * 5000, ""),
        ("[" * 100_000, "Invalid JSON"),
    ],
)
def test_a_score_that_can_be_none(store, value, reason):
    made, _ = add_run(store, seed=0), add_run(store, seed=1)
    path = store.path(made)
    fields = json.loads(path.read_text())
    fields["metrics"]["accuracy"] = "@"
    text = json.dumps(fields | {"digest": "@digest"})
    try:
        digest = fields_digest(json.loads(text.replace('"@"', value)))
    except (ValueError, RecursionError):
        digest = ""
    path.write_text(text.replace('"@"', value).replace("@digest", digest))
    n, (found,) = reasons(store)
    assert n == 1
    assert found.startswith(reason)


@pytest.mark.parametrize(
    "changes",
    [
        {"hashes": {}},
        {"metrics_without_duplicates": {"accuracy": 1.5}},
        {"selection": {"validation_accuracy": 1.5}},
        {"seed": True},
        {"cost": {"adapt": {"seconds": "1"}}},
        {"split": None},
        {"cases": None},
        {"metrics": {}},
        {"config": []},
    ],
)
def test_fields_that_are_missing_or_of_another_type(store, changes):
    made, _ = add_run(store, seed=0), add_run(store, seed=1)
    edit(store, made, **changes)
    n, found = reasons(store)
    assert (n, len(found)) == (1, 1)


@pytest.mark.parametrize("content", [b"", b"null", b"[]", b"\xff", b"{", b'{"schema_version": 3}'])
def test_bytes_that_are_no_record(store, content):
    made, _ = add_run(store, seed=0), add_run(store, seed=1)
    store.path(made).write_bytes(content)
    n, found = reasons(store)
    assert (n, len(found)) == (1, 1)


def test_one_run_under_two_names_counts_once(store):
    for task in ("brain_tumor", "zz"):
        add_run(store, seed=0, task=task)
    frame, (problem,) = read_frame(store)
    assert list(frame["task"]) == ["brain_tumor"]
    assert problem.reason.startswith("its identity is that of real/quick/simclr/brain_tumor/")


def test_two_runs_of_one_contestant_and_seed_are_both_left_out(store):
    one = add_run(store, seed=0)
    corpus = one.corpus.model_copy(update={"fingerprint": "other"})
    other = add_run(store, seed=0, corpus=corpus)
    assert other.identity != one.identity
    add_run(store, seed=1)
    frame, problems = read_frame(store)
    assert list(frame["seed"]) == [1]
    assert {problem.path for problem in problems} == {store.path(one), store.path(other)}
    assert all("remove the outdated one" in problem.reason for problem in problems)
