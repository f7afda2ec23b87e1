"""Where this program keeps what can be made again: checkpoints, phantoms, decoded data, the index of records."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

CACHE_VARIABLE = "BENCH_CACHE"
"""Environment variable that names the folder."""
INDEX = "index"
"""Folder in it with the indices of stores."""


def default_cache() -> Path:
    """`$BENCH_CACHE`, else the per-user cache folder of this program."""
    named = os.environ.get(CACHE_VARIABLE, "").strip()
    return Path(named) if named else Path(platformdirs.user_cache_dir("medical-ssl-bench"))
