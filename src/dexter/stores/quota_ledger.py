"""What all processes together count of Sentry's quota: a row for each process in each bucket, told and read at once.

A process tells what it has counted by itself, in absolute numbers, and how many calls it wants to send; it gets how
many it may, added to its row already, and what the others count. That is one step which nobody comes between, so that
no two processes are given the same call. A row tells of a process that died, too: what it sent in the present window
stays counted, what it had under way does not.
"""

from __future__ import annotations

import asyncio
import sqlite3
import struct
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from dexter.policy.headroom import PRIORITIES, room
from dexter.policy.quota import Peers
from dexter.wire import Priority

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

LEDGER_FILE = "quota.sqlite3"
SILENT_S = 3.0
"""After so long without a word a process is taken for dead, and what it had under way for ended."""
PRESENT_S = 60.0
"""For so long a process counts as one of those that share."""
KEPT_S = 24 * 3600.0 + 600.0
"""How long rows stay: longer than the longest window."""
BUSY_PAUSES_S = (0.0005, 0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.128)
"""How long to wait, again and again, while another process holds the file."""

NOBODY = (0,) * PRIORITIES
ROW = struct.Struct(f"<{3 + 3 * PRIORITIES}d")
"""The window's reset, when the last call was sent, when the row was told, then used, under way and demand."""


class LedgerFailed(Exception):
    """What the others count cannot be known."""


@dataclass(frozen=True, slots=True)
class Row:
    """What one process counts in one bucket. Moments are by Sentry's clock."""

    reset_epoch: float = 0.0
    """When its present window ends."""
    sent_at: float = 0.0
    """The latest moment at which it may have sent its last call."""
    used: tuple[int, ...] = NOBODY
    in_flight: tuple[int, ...] = NOBODY
    demand: tuple[float, ...] = (0.0,) * PRIORITIES


@dataclass(frozen=True, slots=True)
class Wish:
    """How many calls a process wants to send, by priority, and within which bounds. Without any it only tells."""

    calls: tuple[int, ...] = NOBODY
    limit: int = 0
    """How many a window, less what strangers were seen to send."""
    kept: tuple[int, ...] = NOBODY
    """How many of them are kept for those more urgent, by priority."""
    places: int | None = None
    """How many at once, None where there is no cap."""
    kept_places: tuple[int, ...] = NOBODY
    began: float = 0.0
    """Calls sent since then may be counted in this window, whatever window their process believes in."""


@dataclass(frozen=True, slots=True)
class Told:
    """How many calls of each priority may be sent, what the others count, and how many processes share."""

    granted: tuple[int, ...]
    peers: Peers
    processes: int


class QuotaLedger(Protocol):
    """Where processes share what they count. Every method raises LedgerFailed."""

    async def exchange(self, bucket: str, holder: str, row: Row, wish: Wish) -> Told:
        """Tell a row, and get what is wished for as far as there is room."""

    async def learned(self, account: str, knowledge: bytes) -> None:
        """Keep what was learned of a credential's limits."""

    async def known(self, account: str) -> bytes | None:
        """Give what any process learned of a credential's limits."""

    async def knows_any(self) -> bool:
        """Whether anybody ever met a limit."""

    async def shared_by(self) -> int | None:
        """Give how many processes shared it last, None where nobody remembers. It never raises."""

    async def aclose(self) -> None:
        """Let go of it."""


@dataclass(slots=True)
class Sum:
    """What the others' rows add up to, seen from a process's own window."""

    own_reset: float
    began: float
    reset_epoch: float = 0.0
    used: list[int] = field(default_factory=lambda: list(NOBODY))
    in_flight: list[int] = field(default_factory=lambda: list(NOBODY))
    demand: list[float] = field(default_factory=lambda: [0.0] * PRIORITIES)
    processes: int = 1

    def add(self, row: Row, silent_s: float) -> None:
        """Count one of the others, heard of so many seconds ago."""
        lives = silent_s < SILENT_S
        self.reset_epoch = max(self.reset_epoch, row.reset_epoch)
        self.processes += silent_s < PRESENT_S
        for priority in range(PRIORITIES):
            under_way = row.in_flight[priority] if lives else 0
            self.in_flight[priority] += under_way
            self.demand[priority] += row.demand[priority] if lives else 0.0
            if row.reset_epoch == self.own_reset:
                self.used[priority] += row.used[priority]
            elif row.sent_at >= self.began:
                # It still believes in an earlier window, but its last calls may fall into this one.
                self.used[priority] += under_way

    def granted(self, row: Row, wish: Wish) -> tuple[int, ...]:
        """Give how many calls there is room for beside all rows: the more urgent first."""
        if self.reset_epoch > self.own_reset:
            return NOBODY  # its window is over: it has to look again
        used = [own + other for own, other in zip(row.used, self.used, strict=True)]
        under_way = [own + other for own, other in zip(row.in_flight, self.in_flight, strict=True)]
        found = []
        for priority in Priority:
            fit = min(wish.calls[priority], room(priority, wish.limit, used, wish.kept[priority]))
            if wish.places is not None:
                fit = min(fit, room(priority, wish.places, under_way, wish.kept_places[priority]))
            used[priority] += fit
            under_way[priority] += fit
            found.append(fit)
        return tuple(found)

    def peers(self) -> Peers:
        """Give the sums."""
        newest = max(self.reset_epoch, self.own_reset)
        used = tuple(self.used) if newest == self.own_reset else NOBODY
        return Peers(used, tuple(self.in_flight), tuple(self.demand), newest)


class HostQuotaLedger:
    """A `QuotaLedger` for the processes of one host, in a file that need not survive the machine."""

    def __init__(self, path: Path, namespace: str, now: Callable[[], float]) -> None:
        self._path = path
        self._namespace = namespace
        self._now = now
        self._opened: sqlite3.Connection | None = None

    async def exchange(self, bucket: str, holder: str, row: Row, wish: Wish) -> Told:
        """Tell a row, and get what is wished for as far as there is room: some 50 us, so that no thread is needed."""
        for pause_s in BUSY_PAUSES_S:
            try:
                return self._exchanged(f"{self._namespace}:{bucket}", holder, row, wish)
            except sqlite3.OperationalError:
                # Another process is at it; nobody here waits for that but this call.
                await asyncio.sleep(pause_s)
            except sqlite3.Error as error:
                raise LedgerFailed(type(error).__name__) from error
        raise LedgerFailed("busy")

    async def learned(self, account: str, knowledge: bytes) -> None:
        """Keep what was learned of a credential's limits."""
        with _failing(), self._database as database:
            name = f"{self._namespace}:{account}"
            database.execute("REPLACE INTO known VALUES (?, ?, ?)", (name, knowledge, self._now()))

    async def known(self, account: str) -> bytes | None:
        """Give what any process learned of a credential's limits."""
        name = f"{self._namespace}:{account}"
        with _failing():
            found = self._database.execute("SELECT knowledge FROM known WHERE account = ?", (name,)).fetchone()
        return None if found is None else found[0]

    async def knows_any(self) -> bool:
        """Whether anybody ever met a limit."""
        with _failing():
            return self._database.execute("SELECT 1 FROM known LIMIT 1").fetchone() is not None

    async def shared_by(self) -> int | None:
        """Give None: whoever cannot read the file remembers nothing."""
        return None

    async def aclose(self) -> None:
        """Let go of the file."""
        if self._opened is not None:
            self._opened.close()
            self._opened = None

    @property
    def _database(self) -> sqlite3.Connection:
        if self._opened is None:
            self._opened = _opened(self._path, self._now())
        return self._opened

    def _exchanged(self, bucket: str, holder: str, row: Row, wish: Wish) -> Told:
        now, database = self._now(), self._database
        with database:
            database.execute("BEGIN IMMEDIATE")
            # Whoever is long gone and sent nothing in this window has nothing to say.
            gone = (bucket, now - PRESENT_S, row.reset_epoch)
            database.execute("DELETE FROM rows WHERE bucket = ? AND told_at < ? AND reset_epoch < ?", gone)
            others: Iterable[tuple[bytes]] = database.execute(
                "SELECT told FROM rows WHERE bucket = ? AND holder != ?", (bucket, holder)
            )
            total = Sum(row.reset_epoch, wish.began)
            for (told,) in others:
                other, told_at = unpacked(told)
                total.add(other, now - told_at)
            granted = total.granted(row, wish)
            told_row = (bucket, holder, packed(row, granted, now), now, row.reset_epoch)
            database.execute("REPLACE INTO rows VALUES (?, ?, ?, ?, ?)", told_row)
        return Told(granted, total.peers(), total.processes)


def packed(row: Row, granted: tuple[int, ...], told_at: float) -> bytes:
    """Give a row as bytes, with what was granted added to it."""
    used = (own + more for own, more in zip(row.used, granted, strict=True))
    in_flight = (own + more for own, more in zip(row.in_flight, granted, strict=True))
    return ROW.pack(row.reset_epoch, row.sent_at, told_at, *used, *in_flight, *row.demand)


def unpacked(told: bytes) -> tuple[Row, float]:
    """Give a row, and when it was told."""
    reset, sent_at, told_at, *numbers = ROW.unpack(told)
    counts = tuple(map(int, numbers[: 2 * PRIORITIES]))
    demand = tuple(numbers[2 * PRIORITIES :])
    return Row(reset, sent_at, counts[:PRIORITIES], counts[PRIORITIES:], demand), told_at


@contextmanager
def _failing() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise LedgerFailed(type(error).__name__) from error


def _opened(path: Path, now: float) -> sqlite3.Connection:
    database = sqlite3.connect(path, timeout=0.05, isolation_level=None)
    try:
        database.execute("PRAGMA journal_mode = WAL")
        # What a failing machine takes along is over when it is back.
        database.execute("PRAGMA synchronous = OFF")
        database.execute(
            "CREATE TABLE IF NOT EXISTS rows (bucket TEXT, holder TEXT, told BLOB, told_at REAL, "
            "reset_epoch REAL, PRIMARY KEY (bucket, holder)) WITHOUT ROWID"
        )
        database.execute("CREATE TABLE IF NOT EXISTS known (account TEXT PRIMARY KEY, knowledge BLOB, learned_at REAL)")
        database.execute("DELETE FROM rows WHERE told_at < ?", (now - KEPT_S,))
        database.execute("DELETE FROM known WHERE learned_at < ?", (now - KEPT_S,))
        # From here on nobody is waited for with everything else standing still.
        database.execute("PRAGMA busy_timeout = 0")
    except sqlite3.Error:
        database.close()
        raise
    path.chmod(0o600)
    return database


def open_quota_ledger(data_dir: Path, redis_url: str | None, namespace: str, now: Callable[[], float]) -> QuotaLedger:
    """Give the ledger of all processes with the same namespace: over Redis where there is one, else of this host."""
    data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    host = HostQuotaLedger(data_dir / LEDGER_FILE, namespace, now)
    if redis_url is None:
        return host
    # Imported here, since whoever has no Redis need not pay for its client.
    from dexter.stores.redis_quota import RedisQuotaLedger
    from dexter.stores.redis_server import connected
    from dexter.stores.remembering_quota import RememberingQuotaLedger

    return RememberingQuotaLedger(RedisQuotaLedger(connected(redis_url), namespace), host, now)
