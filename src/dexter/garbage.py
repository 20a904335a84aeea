"""What keeps a process small and quick that serves for weeks."""

from __future__ import annotations

import ctypes
import gc
from contextlib import suppress

YOUNG = 20_000
"""Objects made since the last look: a request makes a few hundred, nearly all of which go without being looked for."""

_ARENA_MAX = -8
"""What `mallopt` calls the number of heaps."""


def one_heap() -> None:
    """Let all threads that begin from now on share a heap, where the C library is GNU's.

    A heap for each keeps what each has let go of for itself: some 5 MB here, for threads that rarely run together.
    """
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(_ARENA_MAX, 1)


def settle() -> None:
    """Take what is there out of the search for garbage, as it stays for good, and look less often.

    A search of everything takes some 50 ms here, in which nobody is answered.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, 20, 20)


def spare() -> None:
    """Take out of the search what was imported since; without searching, as somebody may be waiting."""
    gc.freeze()
