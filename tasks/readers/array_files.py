"""Arrays in `.npy`, `.npz` and `.h5` files: one at a time, never a Python object, and no more than is asked for."""

from __future__ import annotations

import math
import zipfile
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import IO, Any

import numpy as np

from bench.core.errors import DataError
from bench.core.escape import one_line
from bench.core.reading import Unusable, reading, require_content, require_memory

SUFFIXES = (".npy", ".npz", ".h5", ".hdf5")
"""In lower case."""
_HDF5 = (".h5", ".hdf5")
_FIX = "Correct this file, or restore it from the owner's archive."
_KEPT = 4
"""Arrays of compressed files that are held in memory, by process."""
_WORKING = 1.2


def array_names(path: Path) -> tuple[str, ...]:
    """Names of the arrays of a file, sorted; one empty name for `.npy`. Raises `DataError` as `read_array` does."""
    with reading(path, _FIX, what="cannot be read as arrays"):
        require_content(path)
        suffix = path.suffix.lower()
        if suffix == ".npy":
            return ("",)
        if suffix == ".npz":
            with zipfile.ZipFile(path) as archive:
                return tuple(sorted(n.removesuffix(".npy") for n in archive.namelist() if n.endswith(".npy")))
        found: list[str] = []
        with _hdf5(path) as file:
            file.visititems(lambda name, item: found.append(name) if hasattr(item, "shape") else None)
        return tuple(sorted(found))


def array_shape(path: Path, name: str) -> tuple[int, ...]:
    """Shape of an array, from its header alone. Raises `DataError` as `read_array` does."""
    with reading(path, _FIX, what=f"the array {name!r} cannot be read" if name else "cannot be read as an array"):
        require_content(path)
        suffix = path.suffix.lower()
        if suffix == ".npz":
            with zipfile.ZipFile(path) as archive, archive.open(_member(archive, name)) as file:
                return _header(file)[0]
        if suffix == ".npy":
            with path.open("rb") as plain:
                return _header(plain)[0]
        with _hdf5(path) as hdf5:
            return tuple(_dataset(hdf5, name).shape)


def read_array(path: Path, name: str, index: int | None = None) -> np.ndarray:
    """An array of a file, or its part `index` along the first axis: `.npy` mapped, `.h5` read in part.

    An array of `.npz`, which is compressed as a whole, is read once and held while few others are.

    Raises:
        DataError: the file is missing, empty, damaged or of another form, has no such array, or the array holds Python
            objects or texts, values that are not finite, or more than fits into memory; names the file and the fix.
    """
    with reading(path, _FIX, what=f"the array {name!r} cannot be read" if name else "cannot be read as an array"):
        require_content(path)
        suffix = path.suffix.lower()
        if suffix in _HDF5:
            with _hdf5(path) as file:
                found = _dataset(file, name)
                shape = found.shape if index is None else found.shape[1:]
                require_memory(math.prod(shape) * found.dtype.itemsize * _WORKING, "the array")
                values = np.asarray(found[()] if index is None else found[index])
        else:
            status = path.stat()
            whole = _mapped(path) if suffix == ".npy" else _whole(path, name, status.st_mtime_ns, status.st_size)
            values = np.array(whole if index is None else whole[index])
        _require_numbers(values.dtype)
        if values.dtype.kind == "f" and not np.isfinite(values).all():
            where = "" if index is None else f", number {index}"
            raise Unusable(f"it holds values that are not finite{where}")
        return values


def write_arrays(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Write arrays into a new file, in the form that its suffix names; `.npy` takes one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    suffix = path.suffix.lower()
    if suffix == ".npy":
        (array,) = arrays.values()
        np.save(path, array, allow_pickle=False)
    elif suffix == ".npz":
        np.savez_compressed(path, **dict(arrays))  # type: ignore[arg-type]
    else:
        with _hdf5(path, "w") as file:
            for name, array in arrays.items():
                file.create_dataset(name, data=array, compression="gzip")


def _hdf5(path: Path, mode: str = "r") -> Any:
    try:
        import h5py
    except ImportError:
        raise DataError(
            f"{one_line(path)}: this is an HDF5 file, and h5py, which reads it, is not installed.\n"
            "Install it: pip install 'medical-ssl-bench[hdf5]'"
        ) from None
    return h5py.File(path, mode)


def _dataset(file: Any, name: str) -> Any:
    found = file.get(name)
    if found is None or not hasattr(found, "shape"):
        names: list[str] = []
        file.visititems(lambda key, item: names.append(key) if hasattr(item, "shape") else None)
        raise Unusable(f"there is no such array; found {one_line(', '.join(names[:8])) or 'none'}")
    _require_numbers(found.dtype)
    return found


def _member(archive: zipfile.ZipFile, name: str) -> str:
    if f"{name}.npy" not in archive.namelist():
        names = ", ".join(n.removesuffix(".npy") for n in archive.namelist()[:8])
        raise Unusable(f"there is no such array; found {one_line(names) or 'none'}")
    return f"{name}.npy"


def _header(file: IO[bytes]) -> tuple[tuple[int, ...], np.dtype[Any]]:
    version = np.lib.format.read_magic(file)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, dtype = read(file)
    _require_numbers(dtype)
    return tuple(shape), dtype


def _require_numbers(dtype: np.dtype[Any]) -> None:
    if dtype.hasobject:
        raise Unusable("it holds Python objects, which are never read; save it as plain numbers")
    if dtype.kind not in "biuf":
        raise Unusable(f"it holds values of type {dtype}; expected real numbers")


def _mapped(path: Path) -> np.ndarray:
    with path.open("rb") as file:
        _header(file)
    mapped: np.ndarray = np.load(path, mmap_mode="r", allow_pickle=False)
    return mapped


@lru_cache(maxsize=_KEPT)
def _whole(path: Path, name: str, changed_ns: int, size: int) -> np.ndarray:
    """An array of an `.npz` file; time and size name its version."""
    with zipfile.ZipFile(path) as archive:
        member = _member(archive, name)
        with archive.open(member) as file:
            shape, dtype = _header(file)
        require_memory(math.prod(shape) * dtype.itemsize * _WORKING, "the array")
        with archive.open(member) as file:
            array: np.ndarray = np.lib.format.read_array(file, allow_pickle=False)
    array.flags.writeable = False
    return array
