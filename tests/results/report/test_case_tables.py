"""Cases are those of the store, read once for each group."""

import pytest
from pandas.testing import assert_frame_equal

from bench.core.errors import StorageError
from bench.results.report.case_tables import CaseTables
from tests.results.stores_of import three_methods


def test_tables_are_those_of_the_store_until_they_are_forgotten(tmp_path):
    store = three_methods(tmp_path)
    records = {path.relative_to(store.runs).as_posix(): store.read(path) for path in store.paths()}
    tables = CaseTables(store, records)
    path = next(iter(records))
    assert_frame_equal(tables[path], store.cases(records[path]))
    assert tables[path] is tables[path]
    before = tables[path]
    tables.forget()
    assert tables[path] is not before
    tables.forget()
    (store.runs / path).with_suffix(".parquet").unlink()
    with pytest.raises(StorageError, match="not a readable table"):
        tables[path]
