"""What a record's place, hashes and siblings tell of an edit."""

import json

from bench.results.record import Record
from bench.results.sharing.edits import Siblings, digest_findings, edits, formed
from bench.results.store import Store
from tests.results.sharing.stores import whole_run


def read(store, record):
    return json.loads(store.path(record).read_text())


def test_each_field_of_another_form_is_named(results):
    fields = read(Store(results), whole_run(results))
    fields["seed"], fields["metrics"]["accuracy"] = "0", "much"
    found = formed(json.dumps(fields).encode(), "runs/x.json")
    assert [one.field for one in found] == ["seed", "metrics.accuracy"]
    assert [one.field for one in formed(b"[" * 100_000, "runs/x.json")] == [""]


def test_without_a_sibling_the_fields_that_a_hash_is_of_are_named(results):
    store = Store(results)
    record = whole_run(results)
    fields = read(store, record)
    fields["config"]["protocol"] = {"lr": 3.0}
    path = store.path(record).relative_to(results).as_posix()
    (found,) = edits(fields, Record.model_validate(fields), path, store, Siblings([]))
    assert found.field == "hashes.evaluation"
    assert "config.protocol" in found.reason
    sibling = ("runs/other.json", read(store, whole_run(results, seed=1)))
    (found,) = edits(fields, Record.model_validate(fields), path, store, Siblings([sibling]))
    assert (found.field, found.before) == ("config.protocol.lr", None)


def test_a_record_of_another_place(results):
    store, record = Store(results), whole_run(results)
    found = edits(read(store, record), record, "runs/x.json", store, Siblings([]))
    assert [one.reason for one in found] == [f"its content belongs at {store.path(record).relative_to(results)}"]


def test_a_right_digest_says_nothing(results):
    store, record = Store(results), whole_run(results)
    assert digest_findings(read(store, record), record, "runs/x.json", [], Siblings([])) == []
