"""Opening weight files without running code from them: safetensors, and pickles of tensors alone."""

from __future__ import annotations

import pickle
import re
import warnings
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import safetensors
import torch

from bench.core.errors import StorageError, UsageError
from bench.core.escape import one_line
from bench.core.reading import hash_of, reading, reason_of, require_memory
from bench.models.checkpoints import FORMAT, read_encoder


def file_hash(path: Path) -> str:
    """SHA-256 (hex) of a file. Raises `UsageError` when there is no such file."""
    require_file(path)
    with reading(path, _AGAIN, StorageError):
        return hash_of(path)


def require_file(path: Path) -> None:
    """Raise `UsageError` unless `path` is a file."""
    if not path.is_file():
        raise UsageError(
            f"Weights {one_line(path)}: no such file. Nothing is downloaded here: put it there, or correct the path."
        )


def read_weights(path: Path) -> tuple[Mapping[str, Any], dict[str, Any]]:
    """The nested dicts and tensors of a file, on the CPU, and its provenance where this harness wrote it.

    Raises:
        UsageError: no such file.
        StorageError: a damaged file, a TorchScript archive, or a pickle that holds more than tensors.
    """
    require_file(path)
    if path.suffix == ".safetensors":
        return _read_safetensors(path)
    with reading(path, _AGAIN, StorageError, what="is not a readable weight file"):
        require_memory(_COPIES * path.stat().st_size)
        _refuse_torchscript(path)
    try:
        with warnings.catch_warnings():  # what a file of another pickle protocol may lack becomes an error below
            warnings.filterwarnings("ignore", "Detected pickle protocol", UserWarning)
            tree = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise StorageError(_refusal(path, str(error))) from error
    except Exception as error:  # torch raises many types for damaged archives
        raise StorageError(f"{one_line(path)} is not a readable weight file ({reason_of(error)}). {_AGAIN}") from error
    if not isinstance(tree, Mapping):
        raise StorageError(
            f"{one_line(path)} holds a {type(tree).__name__}; expected a dict of tensors (a state dict)."
        )
    _require_plain(path, tree)
    return tree, {}


_AGAIN = "Copy or download it again."
_COPIES = 2
"""A weight file stands in memory twice while it is opened and translated."""


def _require_plain(path: Path, tree: Mapping[Any, Any], depth: int = 0) -> None:
    """Raise `StorageError` for a tensor that is no array of real numbers in memory, and for endless dicts of dicts."""
    if depth > _DEEPEST:
        raise StorageError(f"{one_line(path)} is not a readable weight file (it is nested too deeply). {_AGAIN}")
    for name, value in tree.items():
        if isinstance(value, Mapping):
            _require_plain(path, value, depth + 1)
        elif isinstance(value, torch.Tensor) and (kind := _unusual(value)):
            raise StorageError(
                f"{one_line(path)}: the tensor {one_line(name)!r} is {kind}; expected real numbers in memory. Where "
                "you trust the file, save ordinary tensors (value.dequantize(), value.to_dense(), value.real)."
            )


_DEEPEST = 50


def _unusual(tensor: torch.Tensor) -> str:
    if tensor.is_meta:
        return "without content (on the device meta)"
    if tensor.is_quantized:
        return "quantized"
    if tensor.layout != torch.strided:
        return "sparse"
    return "complex" if tensor.is_complex() else ""


def _read_safetensors(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    with reading(path, _AGAIN, StorageError, what="is not a readable safetensors file"):
        require_memory(_COPIES * path.stat().st_size)
        with safetensors.safe_open(str(path), framework="pt") as file:
            own = (file.metadata() or {}).get("format") == FORMAT
            tensors = {} if own else {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
    tensors, provenance = read_encoder(path, _AGAIN) if own else (tensors, {})
    _require_plain(path, tensors)
    return tensors, provenance


def _refuse_torchscript(path: Path) -> None:
    if not zipfile.is_zipfile(path):
        return
    with zipfile.ZipFile(path) as archive:
        if any(name.endswith("/constants.pkl") for name in archive.namelist()):
            raise StorageError(
                f"{path} is a TorchScript archive: a program, not only weights, so it is not opened. Where you trust "
                "it, save its weights alone: torch.save(torch.jit.load(FILE).state_dict(), 'weights.pth')."
            )


def _refusal(path: Path, reason: str) -> str:
    found = re.findall(r"GLOBAL ([\w.]+)", reason)
    if not found:
        why = (reason.rpartition("WeightsUnpickler error:")[2].strip() or "empty").splitlines()[0]
        return (
            f"{path} is not a readable weight file ({why}): it is damaged, or a pickle of another sort. Copy or "
            "download it again, or save it as safetensors."
        )
    return (
        f"{path} holds Python objects besides tensors ({', '.join(dict.fromkeys(found))}). Opening those can run code, "
        f"so the file is refused. Where you trust it, save its weights alone in Python, and name weights.pth instead: "
        f"{_tensors_alone(path, found)}."
    )


def _tensors_alone(path: Path, found: Sequence[str]) -> str:
    """Python that saves the tensors of a file, whatever dicts they are in; arrays become tensors, a module its own."""
    windows = any(name.endswith("WindowsPath") for name in found)
    lines = [
        "import torch",
        *(["import pathlib", "pathlib.WindowsPath = pathlib.PureWindowsPath"] if windows else []),
        f"file = torch.load({str(path)!r}, map_location='cpu', weights_only=False)",
        "file = file.state_dict() if hasattr(file, 'state_dict') else file",
        "tensor = lambda v: v if torch.is_tensor(v) else torch.as_tensor(v) if type(v).__name__ == 'ndarray' else None",
        "kept = lambda d: {str(k): w for k, v in d.items() "
        "if (w := kept(v) if isinstance(v, dict) else tensor(v)) is not None and 'optim' not in str(k)}",
        "torch.save(kept(file), 'weights.pth')",
    ]
    return "; ".join(lines)
