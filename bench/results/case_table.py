"""The table of a run's test cases: a Parquet file beside the record, a row for each case as the split file has them.

Columns: `target` and `prediction` where the kind keeps them, `domain` where there are several, and `metric:<name>`
where every case has scores of its own. Numbers are float32, rounded as the kind gives them.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.core.errors import StorageError
from bench.core.reading import Unusable, require_memory

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

METRIC = "metric:"
"""Start of the columns with a metric of each case."""


def case_table(columns: Mapping[str, Sequence[Any]], domains: Sequence[str] = ()) -> pa.Table:
    """Arrow table of per-case columns; `metrics`, a mapping for each case, becomes a column for each metric."""
    import pyarrow as pa

    wide: dict[str, Sequence[Any]] = {"domain": domains, **columns}
    scores: Sequence[Mapping[str, Any]] = wide.pop("metrics", ())
    for name in dict.fromkeys(name for one in scores for name in one):
        wide[f"{METRIC}{name}"] = [one.get(name) for one in scores]
    return pa.table({name: _array(list(values)) for name, values in wide.items() if len(values)})


def to_bytes(table: pa.Table) -> bytes:
    """The table as the content of a Parquet file; the same rows give the same bytes under one version of pyarrow."""
    import pyarrow.parquet as pq

    buffer = io.BytesIO()
    pq.write_table(table, buffer, compression="zstd", compression_level=12, write_statistics=False)
    return buffer.getvalue()


def read_cases(path: Path, columns: Sequence[str] | None = None) -> pd.DataFrame:
    """The rows of a table, all columns or some. Raises `StorageError` where it is missing or no Parquet file."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        content = path.read_bytes()
        require_memory(_unpacked_bytes(pq.read_metadata(io.BytesIO(content))))
        return pq.read_table(io.BytesIO(content), columns=columns).to_pandas()
    except (OSError, pa.ArrowException, Unusable) as error:
        raise _unreadable(path, error) from error


def size_of(path: Path) -> tuple[int, int]:
    """Rows of a table, and values in all its columns, as the file says. Raises `StorageError` as `read_cases` does."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        metadata = pq.read_metadata(path)
    except (OSError, pa.ArrowException) as error:
        raise _unreadable(path, error) from error
    return metadata.num_rows, sum(column.num_values for column in _chunks(metadata))


def _chunks(metadata: Any) -> list[Any]:
    groups = [metadata.row_group(number) for number in range(metadata.num_row_groups)]
    return [group.column(number) for group in groups for number in range(group.num_columns)]


def _unpacked_bytes(metadata: Any) -> int:
    """What the values take in memory at least; equal ones may be packed as one."""
    return sum(max(column.total_uncompressed_size, 8 * column.num_values) for column in _chunks(metadata))


def _unreadable(path: Path, error: Exception) -> StorageError:
    return StorageError(f"{path} is not a readable table of cases: {error}. Delete its record to run it again.")


def file_hash(content: bytes) -> str:
    """SHA-256 (hex), as records name their files."""
    return hashlib.sha256(content).hexdigest()


def _array(values: list[Any]) -> pa.Array:
    import pyarrow as pa

    kinds = {type(value) for value in values if value is not None}
    if kinds <= {int}:
        return pa.array(values, pa.int64())
    if kinds <= {str}:
        return pa.array(values, pa.string())
    number = pa.float32()
    for _ in range(_depth(values) - 1):
        number = pa.list_(number)
    return pa.array(values, number)


def _depth(value: Any) -> int:
    """How deeply lists are nested: 1 for a list of numbers."""
    return 1 + max((_depth(item) for item in value), default=0) if isinstance(value, list | tuple) else 0
