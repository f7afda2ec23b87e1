"""What a record must hold, and its published schema."""

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from bench.results.record import Record, schema_text
from tests.records_of import record


def test_record_checks_itself():
    with pytest.raises(ValidationError, match="headline metric"):
        record(metric="dice")
    with pytest.raises(ValidationError, match="per-case lists"):
        record(cases={"id": [], "target": [], "prediction": []})


def test_published_schema_is_the_current_one():
    published = Path(__file__).parents[2] / "docs" / "record.schema.json"
    assert published.read_text() == schema_text(), "run: bench schema > docs/record.schema.json"
    assert set(json.loads(schema_text())["properties"]) == set(Record.model_fields)
