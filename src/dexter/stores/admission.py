"""Which entries stay when room is short: those asked for again, not those that a scan touched once.

S3-FIFO: what is new waits in a small queue, a tenth of the room; asked for again there, it moves to the main queue,
otherwise it goes, and only its key is remembered for a while. Who comes back while remembered goes to the main queue
at once. The main queue gives a second chance for every use. No entry moves on a hit, so a hit costs next to nothing.
Source: Yang et al., "FIFO queues are all you need for cache eviction", SOSP 2023. `bench admission` compares.
"""

from __future__ import annotations

from collections import OrderedDict

SMALL_SHARE = 10
"""The small queue may take one tenth of the room."""
MOST_USES = 3
"""Uses beyond this count as this many."""


class Admission:
    """Keeps the order of keys and their sizes in bytes; holds no values."""

    def __init__(self, max_bytes: int) -> None:
        self._small_bytes_limit = max_bytes // SMALL_SHARE
        self._small: OrderedDict[str, int] = OrderedDict()
        self._main: OrderedDict[str, int] = OrderedDict()
        self._gone: OrderedDict[str, None] = OrderedDict()
        self._uses: dict[str, int] = {}
        self._small_bytes = 0

    def __len__(self) -> int:
        return len(self._uses)

    def used(self, key: str) -> None:
        """Note that a key was asked for."""
        uses = self._uses.get(key)
        if uses is not None and uses < MOST_USES:
            self._uses[key] = uses + 1

    def add(self, key: str, size: int) -> None:
        """Take in a key; one that is in already keeps its place and its uses."""
        if key in self._main:
            self._main[key] = size
        elif key in self._small:
            self._small_bytes += size - self._small[key]
            self._small[key] = size
        elif key in self._gone:
            del self._gone[key]
            self._main[key] = size
            self._uses[key] = 0
        else:
            self._small[key] = size
            self._small_bytes += size
            self._uses[key] = 0

    def remove(self, key: str) -> None:
        """Forget a key that is no longer kept."""
        if self._uses.pop(key, None) is None:
            return
        if key in self._small:
            self._small_bytes -= self._small.pop(key)
        else:
            del self._main[key]

    def next_to_go(self) -> str:
        """Give the key to let go of, which counts as gone from here on. There must be one."""
        while True:
            if self._small and (self._small_bytes > self._small_bytes_limit or not self._main):
                key, size = self._small.popitem(last=False)
                self._small_bytes -= size
                if self._uses[key]:
                    self._uses[key] = 0
                    self._main[key] = size
                    continue
                self._remember(key)
            else:
                key, size = self._main.popitem(last=False)
                if self._uses[key]:
                    self._uses[key] -= 1
                    self._main[key] = size
                    continue
            del self._uses[key]
            return key

    def _remember(self, key: str) -> None:
        self._gone[key] = None
        while len(self._gone) > max(len(self._uses), 100):
            self._gone.popitem(last=False)
