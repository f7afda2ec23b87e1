"""Arrays in files: parts of them, never Python objects, and one error for what cannot be read."""

import pickle
import zipfile

import numpy as np
import pytest

pytest.importorskip("h5py")

from bench.core.errors import DataError
from tasks.readers.array_files import array_names, array_shape, read_array, write_arrays

VALUES = np.arange(24, dtype=np.int16).reshape(4, 2, 3)


@pytest.fixture(params=["a.npy", "a.npz", "a.h5"])
def written(request, tmp_path):
    """A file, and the name of the one array in it."""
    name = "" if request.param == "a.npy" else "group/x" if request.param == "a.h5" else "x"
    write_arrays(tmp_path / request.param, {name: VALUES})
    return tmp_path / request.param, name


def test_whole_arrays_and_parts_are_read(written):
    path, name = written
    assert array_names(path) == (name,)
    assert array_shape(path, name) == (4, 2, 3)
    assert read_array(path, name).tolist() == VALUES.tolist()
    part = read_array(path, name, 2)
    assert (part.tolist(), part.dtype) == (VALUES[2].tolist(), np.int16)
    part[:] = 0
    assert read_array(path, name, 2).tolist() == VALUES[2].tolist(), "a part is a copy"


def test_a_changed_file_is_read_again(tmp_path):
    path = tmp_path / "a.npz"
    write_arrays(path, {"x": VALUES})
    assert read_array(path, "x").max() == 23
    write_arrays(path, {"x": np.arange(1000)})
    assert read_array(path, "x").max() == 999


class Touch:
    def __reduce__(self):
        return (open, ("ran", "w"))


def test_python_objects_are_never_read(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with (tmp_path / "a.npy").open("wb") as file:
        np.lib.format.write_array_header_1_0(file, {"descr": "|O", "fortran_order": False, "shape": (1,)})
        file.write(pickle.dumps(Touch()))
    with zipfile.ZipFile("a.npz", "w") as archive:
        archive.write("a.npy", "x.npy")
    for name, key in (("a.npy", ""), ("a.npz", "x")):
        for read in (read_array, array_shape):
            with pytest.raises(DataError, match="holds Python objects, which are never read"):
                read(tmp_path / name, key)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    "array", [np.array(["a"]), np.array([1j]), np.array([(1, 2)], dtype=[("a", "i4"), ("b", "i4")])]
)
def test_other_values_than_numbers_are_errors(tmp_path, array):
    np.save(tmp_path / "a.npy", array)
    with pytest.raises(DataError, match="holds values of type"):
        read_array(tmp_path / "a.npy", "")


def test_values_that_are_not_finite_are_errors(tmp_path):
    write_arrays(tmp_path / "a.npz", {"x": np.array([[1.0, 2.0], [np.nan, 1.0]])})
    assert read_array(tmp_path / "a.npz", "x", 0).tolist() == [1, 2]
    with pytest.raises(DataError, match=r"a.npz: the array 'x' cannot be read: .*not finite, number 1"):
        read_array(tmp_path / "a.npz", "x", 1)


def test_unknown_names_say_what_is_there(written):
    path, name = written
    if name:
        with pytest.raises(DataError, match=rf"there is no such array; found {name}"):
            read_array(path, "y")


@pytest.mark.parametrize("damage", [lambda b: b"", lambda b: b"no array", lambda b: b[: len(b) // 2], lambda b: b[:20]])
def test_damaged_files_are_one_error(written, damage):
    path, name = written
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(DataError) as caught:
        read_array(path, name)
    assert str(caught.value).startswith(str(path))
    assert len(str(caught.value).splitlines()) == 2


def test_missing_files_are_one_error(tmp_path):
    for suffix in (".npy", ".npz", ".h5"):
        with pytest.raises(DataError, match="there is no such file"):
            read_array(tmp_path / f"a{suffix}", "x")


def test_what_does_not_fit_into_memory_is_an_error(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive, archive.open("x.npy", "w") as file:
        np.lib.format.write_array_header_1_0(file, {"descr": "<f8", "fortran_order": False, "shape": (10**7, 10**7)})
    with pytest.raises(DataError, match="GiB of memory"):
        read_array(tmp_path / "a.npz", "x")


def test_without_h5py_the_error_says_what_to_install(tmp_path, monkeypatch):
    write_arrays(tmp_path / "a.h5", {"x": VALUES})
    monkeypatch.setitem(__import__("sys").modules, "h5py", None)
    with pytest.raises(DataError, match=r"pip install 'medical-ssl-bench\[hdf5\]'"):
        read_array(tmp_path / "a.h5", "x")
