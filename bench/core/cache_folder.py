"""Where this program keeps what can be made again: checkpoints, logs, phantoms, decoded data, the index of records."""

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
LOGS = "logs"
"""Folder in it with logs of adaptations."""
LOG_FILE = "log.csv"
"""File of a log with a row for each step."""
EPOCHS_FILE = "epochs.csv"
"""Likewise for each epoch."""


def default_cache() -> Path:
    """`$BENCH_CACHE`, else the per-user cache folder of this program."""
    named = os.environ.get(CACHE_VARIABLE, "").strip()
    return Path(named) if named else Path(platformdirs.user_cache_dir("medical-ssl-bench"))


def encoder_folder(method: str, identity: str, cache: Path) -> Path:
    """Where the encoder of a pretraining and its log lie."""
    return cache / CHECKPOINTS / method / identity[:16]


def log_folder(place: Path, cache: Path) -> Path:
    """Where the log of an adaptation lies whose record has a place among records; others are beside their encoders."""
    return cache / LOGS / place


def of_rate(column: str, rate: float) -> str:
    """Name of a column of a log for one of several heads that are trained together, each at a rate of its own."""
    return f"{column}@{rate:g}"
