"""Whatever stands in a file that people write by hand, the answer is a value or a clear error."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from tests.faults.fuzzing import READERS
from tests.faults.outcomes import CLEAR, RIGHT, judge

EXAMPLES = 60


@pytest.mark.parametrize("name", READERS)
def test_any_content_is_read_or_refused(name):
    contents, read = READERS[name]

    @settings(max_examples=EXAMPLES, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(contents)
    def holds(content):
        outcome, found = judge(lambda: read(Path(folder), content), lambda value: True)
        assert outcome in (RIGHT, CLEAR), found

    with tempfile.TemporaryDirectory() as folder:
        holds()
