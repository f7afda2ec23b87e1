"""A process that holds a lock for a while, in tests of those who wait for it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HOLD = """
import sys
from pathlib import Path
from bench.core.console import Report
from bench.core.storage.turns import one_at_a_time
with one_at_a_time(Path(sys.argv[1]), "a long work", Report()):
    print("held", flush=True)
    sys.stdin.readline()
    print("done", flush=True)
"""


def hold(lock: Path) -> subprocess.Popen[str]:
    """Start a process that holds a lock until `let_go`, or until it is killed."""
    command = [sys.executable, "-c", HOLD, str(lock)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    assert process.stdout.readline() == "held\n"
    return process


def let_go(process: subprocess.Popen[str]) -> None:
    """End it."""
    assert process.stdin
    process.stdin.close()
    process.wait(timeout=60)
