"""What a check says: which part of which class is wrong, where, and the fix."""

from __future__ import annotations

import inspect
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from bench.core.errors import BenchError, PluginError
from bench.core.escape import one_line
from bench.core.reading import reason_of


@dataclass(frozen=True)
class Checked:
    """A plugin that was checked and found sound."""

    noun: str
    name: str
    passed: tuple[str, ...]
    """What was checked, one sentence each."""


@contextmanager
def blaming(owner: type | object, member: str, advice: str) -> Iterator[None]:
    """Whatever a member of a plugin raises becomes one `PluginError` with the class, the line and `advice`.

    A `BenchError` passes as it is.
    """
    try:
        yield
    except BenchError:
        raise
    except Exception as error:
        what = f"{name_of(owner)}.{member} raised {type(error).__name__}: {reason_of(error)}"
        raise PluginError(f"{what}{_line_in(owner, error)}.\n{advice}") from error


def name_of(owner: type | object) -> str:
    """Name of a class, or of an object's class."""
    return owner.__name__ if inspect.isclass(owner) else type(owner).__name__


def require(held: object, owner: type | object, what: str, advice: str) -> None:
    """Raise `PluginError` with the class, what is wrong and `advice`, unless something holds."""
    if not held:
        raise PluginError(f"{name_of(owner)}{what}.\n{advice}")


def _line_in(owner: type | object, error: Exception) -> str:
    """`(line 12 of mine.py)`, of the plugin's own file."""
    cls = owner if inspect.isclass(owner) else type(owner)
    try:
        file = inspect.getfile(cls)
    except (TypeError, OSError):
        return ""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == file]
    return f" (line {lines[-1]} of {one_line(file)})" if lines else ""
