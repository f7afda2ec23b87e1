"""`verify` names what was edited, by field where anything tells it; sound stores hold."""

import shutil
from pathlib import Path

import pytest

from bench.core.console import Report
from bench.results.sharing.findings import Finding
from bench.results.sharing.verify import verify
from bench.results.store import Store
from tests.results.sharing.stores import edit, whole_run

REPOSITORY = Path(__file__).parents[3]


def found(results):
    done = verify(Store(results), Report(quiet=True))
    return {one.field: one for one in done.findings}, done


def test_sound_records_hold(results):
    fields, done = found(results)
    assert fields == {}
    assert done.holds
    assert done.records == 3
    assert done.rescored == {"from stored predictions": 3}


def test_committed_records_hold(tmp_path):
    """One of each protocol; all of them are read, and their identities computed, by other tests."""
    folder = tmp_path / "results"
    for part in ("runs/real/quick/random", "splits"):
        shutil.copytree(REPOSITORY / "results" / part, folder / part)
    for protocol in ("finetune", "knn", "linear", "few_shot_10pct"):
        for path in sorted(folder.rglob(f"*-{protocol}-*.json"))[1:]:
            path.unlink()
            path.with_suffix(".parquet").unlink()
    _, done = found(folder)
    assert done.findings == []
    assert done.rescored["from the scores of draws alone"] > 0


@pytest.mark.parametrize(
    ("change", "field", "reason"),
    [
        (lambda d: d["metrics"].update(accuracy=0.99), "metrics.accuracy", "its own cases give 0."),
        (lambda d: d["metrics_without_near_duplicates"].update(accuracy=0.9),
         "metrics_without_near_duplicates.accuracy", "its own cases give 0."),
        (lambda d: d["config"]["method"].update(lr=5.0), "config.method.lr", "with the same pretraining hash has None"),
        (lambda d: d["fingerprints"].update(data="x"), "fingerprints.data", "with the same evaluation hash has 'd'"),
        (lambda d: d.update(seed=7), "seed", "its place says 0"),
        (lambda d: d.update(method="byol"), "method", "its place says simclr"),
        (lambda d: d["split"].update(train=5), "split.train", "its file has 2"),
        (lambda d: d["duplicates"].update(n_crossing_split=0), "duplicates.n_crossing_split", "its file has 2"),
        (lambda d: d["selection"].update(validation_accuracy=0.9), "selection.validation_accuracy",
         "the sweep has 0.5"),
        (lambda d: d["overrides"].update(task={"size": 1}), "digest", "is not told by anything else"),
        (lambda d: d["duplicates"].update(n_groups=0), "duplicates.n_groups", "the digest holds"),
        (lambda d: d["provenance"].update(dirty=True), "provenance.dirty", "the digest holds"),
        (lambda d: d["hashes"].update(evaluation="f" * 64), "hashes.evaluation", "does not follow from its fields"),
        (lambda d: d.update(identity="f" * 64), "identity", "does not follow from its fields"),
        (lambda d: d["metrics"].update(accuracy=7.0), "metrics.accuracy", "its own cases give"),
        (lambda d: d.update(metrics={}), "", "headline metric"),
        (lambda d: d.pop("seed"), "seed", "Field required"),
        (lambda d: d["cases"].update(sha256="0" * 64), "cases.sha256", "not the file that it was stored with"),
    ],
)  # fmt: skip
def test_the_field_that_was_edited_is_named(results, change, field, reason):
    whole_run(results, "simclr", 0)
    edited = edit(results, whole_run(results, "simclr", 0), change)
    fields, done = found(results)
    assert reason in fields[field].reason
    assert done.wrong == {edited}
    assert {one.path for one in done.findings} == {edited}


def test_the_digest_says_whether_that_was_all(results):
    record = whole_run(results, "simclr", 0)
    edit(results, record, lambda d: d["metrics"].update(accuracy=0.99))
    assert "nothing else was edited" in found(results)[0]["digest"].reason
    edit(results, record, lambda d: d["cost"]["adapt"].update(seconds=0.01))
    assert "nothing else was edited" not in found(results)[0]["digest"].reason


def test_edits_with_a_new_digest_are_found_too(results):
    record = whole_run(results, "simclr", 0)
    edit(results, record, lambda d: d["metrics_without_duplicates"].update(accuracy=0.99), reseal=True)
    fields, _ = found(results)
    assert list(fields) == ["metrics_without_duplicates.accuracy"]


def test_files_that_a_record_refers_to(results):
    record = whole_run(results, "simclr", 0)
    (results / record.split.file).write_text("case,split\n")
    fields, done = found(results)
    assert "was changed" in fields["split"].reason
    assert len(done.wrong) == 3
    assert done.rescored == {}
    (results / record.duplicates.file).unlink()
    assert "No such file" in found(results)[0]["duplicates"].reason


def test_cases_that_are_missing_and_cases_alone(results):
    path = Store(results).path(whole_run(results, "simclr", 0))
    path.rename(path.with_suffix(".kept"))
    _, done = found(results)
    assert [one.reason for one in done.findings] == [f"its content belongs at {path.relative_to(results)}"]
    path.with_suffix(".kept").unlink()
    _, done = found(results)
    assert done.holds
    assert done.notes == [
        f"{path.with_suffix('.parquet').relative_to(results)}: cases without a record, which are no run"
    ]
    whole_run(results, "simclr", 0)
    path.with_suffix(".parquet").unlink()
    assert "No such file" in found(results)[0]["cases"].reason


def test_two_records_of_one_run(results):
    record = whole_run(results, "simclr", 0)
    whole_run(results, "simclr", 0, corpus=record.corpus.model_copy(update={"fingerprint": "other"}))
    _, done = found(results)
    assert len(done.wrong) == 2
    assert all("remove the outdated one" in one.reason for one in done.findings)


def test_what_the_data_say_is_asked_of_sound_records_alone(results):
    edited = edit(results, whole_run(results, "simclr", 0), lambda d: d.update(seed=9))
    asked = []

    def against(record, path):
        asked.append(path)
        return [Finding(path, "fingerprints.data", "x")] * (record.method == "random"), "agree"

    done = verify(Store(results), Report(quiet=True), against)
    assert edited not in asked
    assert len(asked) == 2
    assert done.against_data == {"agree": 2}
    assert len(done.wrong) == 2
