"""Where this program keeps what can be made again: checkpoints, phantoms, decoded data, the index of records."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

CACHE_VARIABLE = "BENCH_CACHE"
"""Environment variable that names the folder."""
INDEX = "index"
"""Folder in it with the indices of stores."""
CHECKPOINTS = "checkpoints"
"""Folder in it with encoders that were pretrained here."""


LOCKS = "locks"
"""Folder in it with a lock for each run that was made."""


def default_cache() -> Path:
    """`$BENCH_CACHE`, else the per-user cache folder of this program."""
    named = os.environ.get(CACHE_VARIABLE, "").strip()
    return Path(named) if named else Path(platformdirs.user_cache_dir("medical-ssl-bench"))


def encoder_folder(method: str, identity: str, cache: Path) -> Path:
    """Where the encoder of a pretraining and its log lie."""
    return cache / CHECKPOINTS / method / identity[:16]


def run_lock(identity: str, cache: Path) -> Path:
    """The lock that a command holds while it makes a run."""
    return cache / LOCKS / f"{identity[:16]}.lock"
