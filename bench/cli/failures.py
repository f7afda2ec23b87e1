"""What the command line does with errors that nobody expected: one message, a file for the report, exit code 70."""

from __future__ import annotations

import os
import platform
import shlex
import sys
import tempfile
import traceback
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from importlib.metadata import distributions
from pathlib import Path

from bench.core.cache_folder import default_cache
from bench.core.errors import RunsFailed
from bench.core.escape import printable
from bench.core.reading import reason_of

UNEXPECTED = 70
"""Exit code of an error that nobody expected (EX_SOFTWARE of sysexits.h)."""
FOLDER = "errors"
"""Folder of the cache with the files."""
DEBUG = "--debug"


def take_debug(arguments: list[str]) -> bool:
    """Take `--debug` out of the arguments of a command, wherever it stands before `--`."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    wanted = DEBUG in arguments[:end]
    arguments[:end] = [argument for argument in arguments[:end] if argument != DEBUG]
    return wanted


def unexpected_text(error: BaseException, arguments: Sequence[str]) -> str:
    """The one error to show; the traceback, the command and all versions are written to the file that it names.

    It names none where no folder can be written.
    """
    return (
        f"an error that nobody expected: {type(error).__name__}: {reason_of(error)}.\n"
        f"{_advice(error, arguments)} Finished runs are kept, and the same command continues."
    )


def failed_text(error: RunsFailed, arguments: Sequence[str]) -> str:
    """Which runs failed and why; the same file is written where nobody expected one of the reasons."""
    return f"{error}\n{_advice(error, arguments)}" if error.unexpected else str(error)


def _advice(error: BaseException, arguments: Sequence[str]) -> str:
    file = _write(_report(error, arguments))
    where = f"the file {file} has the details" if file else f"{DEBUG} shows the details"
    return (
        f"This is a mistake of the program (or of a plugin), not yours. Please report it; {where}, look through it "
        "first."
    )


def _report(error: BaseException, arguments: Sequence[str]) -> str:
    installed = sorted({f"{d.metadata['Name']} {d.version}" for d in distributions()}, key=str.lower)
    lines = [
        f"time: {datetime.now(UTC).isoformat(timespec='seconds')}",
        f"command: bench {shlex.join(arguments)}",
        f"python: {platform.python_version()} on {platform.platform()}",
        "",
        "".join(traceback.format_exception(error)),
        *installed,
    ]
    return printable("\n".join(lines)) + "\n"


def _write(text: str) -> Path | None:
    """Write a report where this can be done, in a file for this user alone: it holds names of files."""
    name = f"bench-{datetime.now(UTC):%Y%m%d-%H%M%S}-{os.getpid()}.txt"
    for folder in (default_cache() / FOLDER, Path(tempfile.gettempdir())):
        with suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
            number = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(number, "w", encoding="utf-8") as file:
                file.write(text)
            return folder / name
    return None


def say_error(text: str, word: str = "Error") -> None:
    """Print an error, with nothing in it that controls a terminal; where standard error is gone, nothing."""
    with suppress(OSError, ValueError):
        print(f"{word}: {printable(text)}", file=sys.stderr, flush=True)


def tolerant_streams() -> None:
    """Let standard output and error escape what their encoding has no letter for, as in an ASCII locale."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def close_output() -> None:
    """Write out what standard output still holds, and give it up where that fails.

    Raises:
        OSError: the disk is full, or whoever read it is gone.
    """
    try:
        sys.stdout.flush()
    except OSError:
        with suppress(OSError, ValueError):  # at its end Python would try again
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise
