"""Errors a user can act on: what was found, what was expected, what to do next. Each class has one exit code."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager


class BenchError(Exception):
    """Base of every error that is shown to the user as one message, without a traceback."""

    exit_code = 1
    parts: tuple[BenchError, ...] = ()
    """The errors that it puts together, where it is of several."""


class UsageError(BenchError):
    """An unknown name or key, or settings that contradict each other."""

    exit_code = 2


class DataError(BenchError):
    """The data set on disk is missing, laid out differently, unreadable or inconsistent."""

    exit_code = 3


class PluginError(BenchError):
    """A plugin could not be imported, or lacks something a plugin must have."""

    exit_code = 4


class TrainingError(BenchError):
    """Training cannot go on: the loss is not finite, or the corpus is smaller than one batch."""

    exit_code = 5


class RunsFailed(TrainingError):
    """Some runs of a grid failed; the others are stored.

    Args:
        result: What the runs came to that did not fail, as the command gives it where none does.
        unexpected: Whether one of the reasons is an error that nobody expected; its traceback is a note of this error.
    """

    def __init__(self, text: str, result: object = None, *, unexpected: bool = False) -> None:
        super().__init__(text)
        self.result = result
        self.unexpected = unexpected


class Interrupted(BenchError):
    """The user stopped a run."""

    exit_code = 130


class StorageError(BenchError):
    """A results or cache file could not be written, or a checkpoint is not what it says."""

    exit_code = 6


def came_of_interruption(error: BaseException) -> bool:
    """Whether an error was raised because the user stopped the command.

    A signal to a whole process group ends the loading processes too, and their end is an error that takes the place of
    the interruption.
    """
    seen: set[int] = set()
    causes: list[BaseException | None] = [error]
    while causes:
        one = causes.pop()
        if isinstance(one, KeyboardInterrupt | Interrupted):
            return True
        if one is not None and id(one) not in seen:
            seen.add(id(one))
            causes += [one.__cause__, one.__context__]
    return False


class Problems:
    """Errors that are collected, so that a user sees all of them and not only the first."""

    def __init__(self) -> None:
        self.found: list[BenchError] = []

    @contextmanager
    def noted(self) -> Iterator[None]:
        """Keep the error that the block raises, and go on; the same text once."""
        try:
            yield
        except BenchError as error:
            known = {str(one) for one in self.found}
            self.found += [one for one in error.parts or (error,) if str(one) not in known]

    def raise_all(self) -> None:
        """Raise the one error that was found, or one that lists all, with the exit code of the first."""
        if not self.found:
            return
        if len(self.found) == 1:
            raise self.found[0]
        lines = (f"- {error}".replace("\n", "\n  ") for error in self.found)
        whole = type(self.found[0])("\n".join([f"{len(self.found)} problems:", *lines]))
        whole.parts = tuple(self.found)
        raise whole


def closest(name: str, known: Iterable[str]) -> str:
    """Return ` Did you mean 'x'?`, or nothing when no known name is near."""
    match = difflib.get_close_matches(name, list(known), n=1, cutoff=0.5)
    return f" Did you mean {match[0]!r}?" if match else ""


def unknown(noun: str, name: str, known: Iterable[str], listing: str) -> UsageError:
    """Build the error for an unknown name: what was asked, the closest match, what exists, how to list."""
    names = sorted(known)
    return UsageError(f"Unknown {noun} {name!r}.{closest(name, names)} Known: {', '.join(names)}. {listing}")
