"""Settings of the whole process that make training faster; a program that only imports `bench` keeps its own."""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import signal
import sys

_M_TRIM_THRESHOLD = -1
_M_MMAP_MAX = -4


def prepare_process(worker: int = 0) -> None:
    """Reuse freed memory, and let OpenCV compute in the calling thread alone. No result depends on it.

    Images are small, several are made at once, and OpenCV's threads do not survive a fork. The command line calls this
    at its start, before OpenCV is imported, and so does every loading process (`worker` is its number).
    """
    if multiprocessing.parent_process() is not None:
        leave_stops_to_parent()
    keep_freed_memory()
    os.environ["OPENCV_FOR_THREADS_NUM"] = "1"  # read when OpenCV is imported, which takes too long for `bench list`
    if "cv2" in sys.modules:
        sys.modules["cv2"].setNumThreads(0)


def leave_stops_to_parent() -> None:
    """Let a loading process outlive a signal to its whole process group, as Ctrl-C, SLURM and `timeout` send it.

    Its command ends it; a loading process that ends by itself is an error there. A second SIGTERM does end it.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: signal.signal(signal.SIGTERM, signal.SIG_DFL))


def keep_freed_memory() -> bool:
    """Let the process reuse freed memory, however large the block, instead of giving it back to the system.

    glibc maps every tensor above 32 MiB anew, and the system then clears each page of it again in every step: 6 % of
    the time of a ResNet-18 step on a CPU. Returns whether the C library understood; elsewhere nothing happens.
    """
    if sys.platform != "linux":
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    return bool(mallopt(_M_MMAP_MAX, 0)) and bool(mallopt(_M_TRIM_THRESHOLD, 2**31 - 1))
