"""Verifying with a data root: records agree with their data, and edits that fit everything else are found."""

import csv
import shutil

import pytest

import bench
from bench.core.console import Report
from bench.core.errors import DataError, UsageError
from bench.results.case_table import case_table, file_hash, read_cases, to_bytes
from bench.results.record import Record
from bench.results.sharing.references import References
from bench.results.sharing.rescoring import rescore
from bench.results.store import Store
from bench.runs.sharing.verify import verify_results


@pytest.fixture(scope="module")
def made(phantom_root, tmp_path_factory):
    """Results folder and cache of a run on the phantom; do not change them."""
    place = tmp_path_factory.mktemp("made")
    places = {"results": place / "results", "cache": place / "cache", "data_root": phantom_root, "quiet": True}
    bench.run("random", "brain_tumor", "knn", seeds=1, settings={"task.image_size": 32}, device="cpu", **places)
    return place


@pytest.fixture
def verified(made, phantom_root, tmp_path, monkeypatch):
    """A copy of the results, and what verifying them with the data root says."""
    monkeypatch.delenv("BENCH_DATA", raising=False)
    results = shutil.copytree(made / "results", tmp_path / "results")

    def call(root=phantom_root):
        found = verify_results(results, Report(quiet=True), data_root=root, cache=made / "cache")
        return {one.field: one.reason for one in found.findings}, dict(found.against_data)

    return results, call


def restored(store, record, cases=None, **changes):
    """The record with other fields, hashes and digest that fit."""
    store.path(record).unlink()
    cases = cases if cases is not None else store.path(record).with_suffix(".parquet").read_bytes()
    changed = record.model_copy(
        update=changes | {"cases": record.cases.model_copy(update={"sha256": file_hash(cases)})}
    )
    hashes = changed.facts.hashes
    changed = Record.model_validate(
        changed.model_copy(update={"identity": hashes.pop("identity"), "hashes": hashes}).model_dump()
    )
    store.add(changed, cases)


def test_records_agree_with_their_data_and_forged_ones_do_not(verified, phantom_root, tmp_path):
    results, call = verified
    store = Store(results)
    assert call() == ({}, {"agree": 1})
    (record,), _ = store.load()

    table = read_cases(store.path(record).with_suffix(".parquet"))
    right = {"target": table["prediction"].map(lambda p: int(p.argmax())).tolist(),
             "prediction": [list(map(float, p)) for p in table["prediction"]]}  # fmt: skip
    forged = to_bytes(case_table(right))
    restored(store, record, forged)
    (changed,) = [store.read(path) for path in store.paths()]
    path = store.path(changed).relative_to(results).as_posix()
    scores = {}
    for one in rescore(changed, path, References(store))[0]:
        where, _, name = one.field.partition(".")
        scores.setdefault(where, dict(getattr(changed, where)))[name] = one.before
    restored(store, changed, forged, **scores)
    assert verify_results(results, Report(quiet=True)).holds  # it fits everything that is stored
    fields, came = call()
    assert came == {"do not agree": 1}
    assert "stored targets are not those of the data set" in fields["cases"]

    other = tmp_path / "other"
    shutil.copytree(phantom_root, other)
    next(iter(sorted(other.rglob("*.jpg")) or sorted(other.rglob("*.png")))).unlink()
    assert "or made on another copy" in call(other)[0]["fingerprints.data"]


def test_another_split_of_the_same_data_is_found(verified):
    results, call = verified
    store = Store(results)
    (record,), _ = store.load()
    rows = list(csv.reader((results / record.split.file).read_text().splitlines()))
    moved = [i for i, row in enumerate(rows) if row[1] in ("train", "validation")][:40]
    sides = [rows[i][1] for i in moved]
    for i, side in zip(moved, reversed(sides), strict=True):
        rows[i][1] = side
    text = "".join(",".join(row) + "\n" for row in rows)
    (results / "splits" / "other.csv").write_text(text)
    split = {"file": "splits/other.csv", "fingerprint": file_hash(text.encode())}
    restored(store, record, split=record.split.model_copy(update=split))
    fields, _ = call()
    assert list(fields) == ["split.fingerprint"]


def test_data_of_the_other_sort_and_data_that_are_not_there(verified, tmp_path):
    _, call = verified
    (tmp_path / "real" / "drive").mkdir(parents=True)
    assert call(tmp_path / "real") == ({}, {"of the other sort, real or phantom": 1})
    (tmp_path / "real" / "PHANTOM.json").write_text("{}")
    assert call(tmp_path / "real") == ({}, {"not at hand": 1})
    with pytest.raises(DataError, match="does not exist"):
        call(tmp_path / "nowhere")
    with pytest.raises(UsageError, match="No records under"):
        verify_results(tmp_path / "nothing", Report(quiet=True))
