"""The C library's memory allocator, set for training on a CPU."""

from __future__ import annotations

import ctypes
import sys

_M_TRIM_THRESHOLD = -1
_M_MMAP_MAX = -4


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
