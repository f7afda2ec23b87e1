"""Ctrl-C ends a command, whatever it is doing: at once where Python can, else within `GRACE_SECONDS`."""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

GRACE_SECONDS = 4.0
"""How long a command may take to end by itself: to close files, and to end its loading processes."""
INTERRUPTED = 130
_MESSAGE = b"Interrupted: stopped.\n"
_STOPS = (signal.SIGINT, signal.SIGTERM)
_OVER = b"\0"
_own: set[int] = set()
"""The descriptor that signals of this process are written to."""


def _forget_after_fork() -> None:
    """A loading process shares the pipe; its own end must not look like its parent's."""
    if _own:
        signal.set_wakeup_fd(-1)


os.register_at_fork(after_in_child=_forget_after_fork)


@contextmanager
def ending_when_interrupted(grace_seconds: float = GRACE_SECONDS) -> Iterator[None]:
    """While the block runs, an interruption raises `KeyboardInterrupt`; if the process then lives on, it is ended.

    A second interruption ends it at once. Python's own handler in C writes a byte for each signal, whatever the program
    is waiting for, and a thread reads it. Files are written beside their place and renamed, so that no half of one is
    left. Only the main thread can do this; elsewhere nothing changes.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    here, there = socket.socketpair()
    there.setblocking(False)
    before = signal.set_wakeup_fd(there.fileno(), warn_on_full_buffer=False)
    _own.add(there.fileno())
    handlers = {one: signal.signal(one, signal.default_int_handler) for one in _STOPS}
    watch = _Watch(here, there, grace_seconds)
    watch.start()
    try:
        yield
    finally:
        there.send(_OVER)
        watch.decided.wait()
        if not watch.stopping:
            signal.set_wakeup_fd(before)
            for one, handler in handlers.items():
                signal.signal(one, handler)
            _own.clear()
            there.close()
            watch.join()
            here.close()


class _Watch(threading.Thread):
    """Waits for a signal that stops, or for the end of the block; after a signal for the next, for a grace."""

    def __init__(self, pipe: socket.socket, other_end: socket.socket, grace_seconds: float) -> None:
        super().__init__(daemon=True)
        self.pipe, self.grace_seconds = pipe, grace_seconds
        self.other_end = other_end  # open as long as this waits
        self.decided = threading.Event()
        self.stopping = False

    def run(self) -> None:
        """End the process after a signal."""
        self.stopping = self._stops(over=True)
        self.decided.set()
        if not self.stopping:
            return
        self.pipe.settimeout(self.grace_seconds)
        with suppress(TimeoutError):
            self._stops(over=False)
        with suppress(OSError):
            os.write(2, _MESSAGE)
        os._exit(INTERRUPTED)

    def _stops(self, *, over: bool) -> bool:
        """Read until a signal that stops: True; or, where that counts, until the block is over: False."""
        while received := self.pipe.recv(1):
            if received[0] in _STOPS:
                return True
            if over and received == _OVER:
                return False
        return False
