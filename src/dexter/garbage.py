"""How often Python looks for garbage in a process that serves for weeks."""

from __future__ import annotations

import gc

YOUNG = 20_000
"""Objects made since the last look: a request makes a few hundred, nearly all of which go without being looked for."""


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
