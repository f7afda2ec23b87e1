"""Opening weight files without running code from them: safetensors, and pickles of tensors alone."""

from __future__ import annotations

import hashlib
import pickle
import re
import warnings
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import safetensors
import torch

from bench.core.errors import StorageError, UsageError
from bench.models.checkpoints import FORMAT, read_provenance
from bench.models.weights.formats import FORMATS


def file_hash(path: Path) -> str:
    """SHA-256 (hex) of a file. Raises `UsageError` when there is no such file."""
    require_file(path)
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def require_file(path: Path) -> None:
    """Raise `UsageError` unless `path` is a file."""
    if not path.is_file():
        raise UsageError(
            f"Weights {path}: no such file. Nothing is downloaded here: put it there, or correct the path."
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
    _refuse_torchscript(path)
    try:
        with warnings.catch_warnings():  # what a file of another pickle protocol may lack becomes an error below
            warnings.filterwarnings("ignore", "Detected pickle protocol", UserWarning)
            tree = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise StorageError(_refusal(path, str(error))) from error
    except Exception as error:  # torch raises many types for damaged archives
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise StorageError(f"{path} is not a readable weight file ({reason}). Copy or download it again.") from error
    if not isinstance(tree, Mapping):
        raise StorageError(f"{path} holds a {type(tree).__name__}; expected a dict of tensors (a state dict).")
    return tree, {}


def _read_safetensors(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    try:
        with safetensors.safe_open(str(path), framework="pt") as file:
            own = (file.metadata() or {}).get("format") == FORMAT
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
    except (OSError, safetensors.SafetensorError) as error:
        raise StorageError(
            f"{path} is not a readable safetensors file ({error}). Copy or download it again."
        ) from error
    return tensors, read_provenance(path) if own else {}


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
        f"import torch; file = torch.load({str(path)!r}, map_location='cpu', weights_only=False); "
        f"torch.save({{k: file[k] for k in {_containers()} if k in file}}, 'weights.pth'). Where the file is a whole "
        "module, save file.state_dict()."
    )


def _containers() -> tuple[str, ...]:
    """Top-level keys under which the known formats keep weights."""
    return tuple(dict.fromkeys(path[0] for form in FORMATS.values() for path in form.containers if path))
