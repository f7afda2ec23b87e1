"""Nothing need be at hand."""

from bench.results.report.extras import Extras
from tests.records_of import record


def test_extras_may_be_missing():
    extras = Extras()
    assert extras.picture_of(record(), "a case") is None
    assert (extras.classes, extras.curves) == ({}, {})
