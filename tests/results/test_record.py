"""What a record must hold, and its published schema."""

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from bench.results.record import CasesRecord, Record, fields_digest, schema_text
from tests.records_of import record


def test_record_checks_itself():
    with pytest.raises(ValidationError, match="headline metric"):
        record(metric="dice")
    with pytest.raises(ValidationError, match="3 rows of cases for 1 test cases"):
        record(cases=CasesRecord(sha256="0" * 64, rows=3, columns=["target"]))
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        record(scores={})


def test_digest_is_of_every_other_field():
    one = record().sealed()
    assert one.digest == one.sealed().digest == fields_digest(json.loads(one.to_json()))
    for change in ({"metrics": {"accuracy": 0.6}}, {"warnings": ["x"]}, {"seed": 1}):
        assert one.model_copy(update=change).sealed().digest != one.digest


def test_a_line_of_the_file_is_a_field():
    one = record().sealed()
    lines = one.to_json().splitlines()
    assert len(lines) == len(Record.model_fields) + 2
    assert Record.model_validate_json(one.to_json()) == one
    with pytest.raises(ValidationError, match="frozen"):
        one.seed = 3


def test_published_schema_is_the_current_one():
    published = Path(__file__).parents[2] / "docs" / "record.schema.json"
    assert published.read_text() == schema_text(), "run: bench schema > docs/record.schema.json"
    assert set(json.loads(schema_text())["properties"]) == set(Record.model_fields)
