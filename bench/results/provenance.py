"""Where a record comes from: commit, versions, device, time."""

from __future__ import annotations

import platform
import subprocess
from collections.abc import Iterable
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

PACKAGES = (
    "medical-ssl-bench",
    "torch",
    "torchvision",
    "lightly",
    "lightning",
    "monai",
    "timm",
    "scikit-learn",
    "numpy",
    "pillow",
)


def collect(device: torch.device) -> dict[str, Any]:
    """Facts about the code and the machine at this moment."""
    import torch

    return {
        **_commit(Path(__file__).parent),
        "versions": versions_of(PACKAGES),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu",
        "threads": torch.get_num_threads(),
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def versions_of(packages: Iterable[str]) -> dict[str, str]:
    """Package -> version, of those that are installed."""
    return {name: found for name in packages if (found := _version(name))}


def _commit(folder: Path) -> dict[str, Any]:
    """Commit of the harness's own checkout and whether it has changes outside results/; nulls outside a checkout."""
    commit = _git(folder, "rev-parse", "HEAD")
    changes = _git(folder, "status", "--porcelain", "--", ":/", ":(exclude,top)results") if commit else None
    return {"commit": commit, "dirty": None if changes is None else bool(changes)}


def _git(folder: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments], capture_output=True, text=True, timeout=20, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
