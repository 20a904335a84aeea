"""The quota book of a process that shares its credentials with others: what they send counts like what it sends.

What is learned, and who goes next, is each process's own affair. Before a call is sent, though, a place in the window
is taken in the ledger that all share, for as many waiting calls at once as there are: one round trip at most for each,
and none at all where Sentry told no limit. Cut off from the ledger, a process keeps to its part of every limit.
"""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import blake2b
from math import inf
from typing import TYPE_CHECKING, Any

import msgspec

from dexter.policy.headroom import PRIORITIES, kept_free
from dexter.policy.quota import TRANSIT_S, Bucket
from dexter.stores.quota_ledger import NOBODY, LedgerFailed, QuotaLedger, Row, Told, Wish
from dexter.upstream.quota_book import Account, Limits, ProcessQuotaBook, QuotaLeft, Subject, Taken
from dexter.wire import Priority

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from dexter.policy.quota_told import Refusal
    from dexter.upstream.background import Background
    from dexter.upstream.clock import Clock
    from dexter.wire import Headers

DENIED_S = 0.02
"""How long to wait before the others are asked again for what they did not leave."""
BEAT_S = 1.0
"""How often a process with calls under way says that it lives."""
RETRY_S = 1.0
"""How often a ledger that does not answer is tried."""


@dataclass(slots=True, eq=False)
class Share:
    """What this process has of one bucket that all share."""

    account: str
    name: str
    bucket: Bucket
    wants: dict[tuple[Subject, Priority], int] = field(default_factory=dict)
    granted: list[int] = field(default_factory=lambda: list(NOBODY))
    granted_for: float = 0.0
    """The window in which they are granted."""
    denied_until: list[float] = field(default_factory=lambda: [0.0] * PRIORITIES)
    sent_at: float = 0.0
    has_news: bool = False
    is_settling: bool = False
    window: tuple[float, float] = (0.0, inf)
    """What was last published of the window's length."""


class Knowledge(msgspec.Struct, frozen=True):
    """What is learned of an account's limits and worth telling to a process that has just begun."""

    limits_of: dict[str, Limits]
    windows: list[tuple[int, float, float | None]]
    """By limit: how long a window is at least and at most."""


@dataclass(frozen=True, slots=True)
class QuotaSharing:
    """With whom quotas are shared, and who hears it when that is not possible."""

    ledger: QuotaLedger
    on_suspended: Callable[[int], None] = lambda _: None
    """Hears among how many the limits are divided while the ledger cannot be asked, and 0 when it can again."""
    processes: Callable[[], int] = lambda: 1
    """Gives how many share at least, for a process that begins while the ledger is away and nobody remembers it."""


class SharedQuotaBook(ProcessQuotaBook):
    """A `QuotaBook` over a ledger."""

    def __init__(self, sharing: QuotaSharing, clock: Clock, background: Background) -> None:
        """Share with others."""
        super().__init__()
        self._ledger = sharing.ledger
        self._clock = clock
        self._background = background
        self._on_suspended = sharing.on_suspended
        self._fewest = sharing.processes
        self._processes: int | None = None
        """How many share; None until the ledger has said it."""
        self._holder = f"{os.getpid()}-{secrets.token_hex(6)}"
        self._shares: dict[Bucket, Share] = {}
        self._are_limits_known: bool | None = None
        """Whether anybody met a limit; None until the ledger was asked, which happens once."""
        self._asked: set[str] = set()
        """Accounts of which the ledger was asked what others learned."""
        self._asking: set[str] = set()
        self._is_cut_off = False
        self._beats = False

    def may_take(self, subject: Subject, priority: Priority, waiting: int, now: float) -> bool:
        """Whether the other processes leave room for one more call, of so many that wait; if not, they are asked."""
        if not self._has_asked(subject):
            return False
        share = self._shares.get(self._bucket(subject))
        if share is None:
            return True
        if self._is_cut_off:
            return True
        if share.granted[priority] and share.granted_for == share.bucket.reset_epoch:
            return True
        if now >= share.denied_until[priority]:
            share.wants[subject, priority] = waiting
            self._settle(share)
        return False

    def take(self, subject: Subject, priority: Priority, now: float) -> Taken:
        """Count a call that is sent now."""
        taken = super().take(subject, priority, now)
        share = self._shares.get(taken.bucket)
        if share is not None:
            share.granted[priority] = max(0, share.granted[priority] - 1)
            share.sent_at = now + self._offset.high_s
            self._begin_beats()
        return taken

    def give_back(self, taken: Taken) -> None:
        """Note that a call has ended."""
        super().give_back(taken)
        self._tell_of(taken.bucket)

    def learn(self, taken: Taken, headers: Headers, sent_at: float, now: float) -> QuotaLeft | None:
        """Take in what an answer's headers tell, and give what is left; None where nothing is limited."""
        left = super().learn(taken, headers, sent_at, now)
        if left is not None:
            self._tell_of(taken.bucket)
            self._publish(taken)
        return left

    def refused(self, taken: Taken, why: Refusal, now: float) -> None:
        """Take in a 429, after its headers."""
        super().refused(taken, why, now)
        self._tell_of(taken.bucket)

    def _opened(self, subject: Subject, account: Account, limits: Limits) -> Bucket:
        bucket = super()._opened(subject, account, limits)
        name = account_name(subject)
        self._shares[bucket] = Share(name, f"{name}:{limits[0]}", bucket)
        self._are_limits_known = True
        if self._is_cut_off:
            bucket.parts = self._processes or 1
        return bucket

    def _forgotten(self, account: Account) -> None:
        for bucket in account.buckets.values():
            self._shares.pop(bucket, None)

    def _tell_of(self, bucket: Bucket) -> None:
        share = self._shares.get(bucket)
        if share is not None and not self._is_cut_off:
            self._tell(share)

    def _tell(self, share: Share) -> None:
        share.has_news = True
        self._settle(share)

    def _settle(self, share: Share) -> None:
        if not share.is_settling:
            share.is_settling = True
            self._start(self._settled(share))

    async def _settled(self, share: Share) -> None:
        """Tell and ask until there is nothing more to tell, nor to ask."""
        try:
            while share.wants or share.has_news:
                wish, row = self._wish(share), self._row(share)
                share.wants.clear()
                share.has_news = False
                told = await self._ledger.exchange(share.name, self._holder, row, wish)
                self._take_in(share, wish, row, told)
        except LedgerFailed:
            await self._lost()
        finally:
            share.is_settling = False
        self.on_answer()

    def _row(self, share: Share) -> Row:
        bucket = share.bucket
        used, in_flight = tuple(bucket.used), tuple(bucket.in_flight)
        return Row(bucket.reset_epoch, share.sent_at, used, in_flight, tuple(bucket.demand))

    def _wish(self, share: Share) -> Wish:
        bucket = share.bucket
        bucket.roll(self._clock.now())
        calls = list(NOBODY)
        for (_, priority), waiting in share.wants.items():
            calls[priority] += waiting
        limit, places = bucket.limit or 0, bucket.places
        expected = bucket.expected
        return Wish(
            tuple(calls),
            max(0, limit - bucket.strangers),
            tuple(kept_free(priority, limit, expected) for priority in Priority),
            places,
            tuple(0 if places is None else kept_free(priority, places, NOBODY) for priority in Priority),
            bucket.reset_epoch - bucket.window_s - TRANSIT_S,
        )

    def _take_in(self, share: Share, wish: Wish, row: Row, told: Told) -> None:
        now = self._clock.now()
        self._found()
        self._processes = max(told.processes, 1)
        share.bucket.join(told.peers, now)
        share.granted, share.granted_for = list(told.granted), row.reset_epoch
        is_over = share.bucket.reset_epoch != row.reset_epoch
        for priority in Priority:
            if told.granted[priority] < wish.calls[priority] and not is_over:
                share.denied_until[priority] = now + DENIED_S
                self._start(self._again())
        self.on_answer()
        if any(share.granted):
            # Nobody was there to take them.
            share.granted = list(NOBODY)
            share.has_news = True

    async def _again(self) -> None:
        await self._clock.sleep(DENIED_S)
        self.on_answer()

    def _begin_beats(self) -> None:
        if not self._beats:
            self._beats = True
            self._start(self._beating())

    async def _beating(self) -> None:
        """Tell of long calls again and again, or the others take this process for dead."""
        while True:
            await self._clock.sleep(BEAT_S)
            busy = [share for share in self._shares.values() if any(share.bucket.in_flight)]
            if not busy:
                break
            for share in busy:
                self._tell_of(share.bucket)
        self._beats = False

    async def _lost(self) -> None:
        if self._processes is None:
            # It has begun just now, and whole limits for it would be more than there is: the others have their parts.
            remembered = await self._ledger.shared_by()
            self._processes = self._processes or max(self._fewest(), remembered or 1)
        if self._is_cut_off:
            return
        self._is_cut_off = True
        for share in self._shares.values():
            share.bucket.parts = self._processes
            share.wants.clear()
        self._on_suspended(self._processes)
        self._start(self._cut_off())

    async def _cut_off(self) -> None:
        while self._is_cut_off:
            await self._clock.sleep(RETRY_S)
            for share in [*self._shares.values()][:1]:
                self._tell(share)

    def _found(self) -> None:
        if self._is_cut_off:
            self._is_cut_off = False
            for share in self._shares.values():
                share.bucket.parts = 1
                self._tell(share)
            self._on_suspended(0)

    def _has_asked(self, subject: Subject) -> bool:
        """Whether it is known what others learned of a credential, or nobody ever met a limit."""
        if self._are_limits_known is None:
            self._are_limits_known = False
            self._start(self._asked_whether_limits_are_known())
        if not self._are_limits_known:
            return True
        name = account_name(subject)
        if name in self._asked:
            return True
        if name not in self._asking:
            self._asking.add(name)
            self._start(self._asked_what_is_known(name, subject))
        return False

    async def _asked_whether_limits_are_known(self) -> None:
        # Where the ledger does not say it, the first answer does.
        with suppress(LedgerFailed):
            self._are_limits_known = await self._ledger.knows_any() or self._are_limits_known

    async def _asked_what_is_known(self, name: str, subject: Subject) -> None:
        try:
            known = await self._ledger.known(name)
            if known is not None:
                self._know(subject, msgspec.json.decode(known, type=Knowledge))
        except (LedgerFailed, msgspec.DecodeError):
            # The first answer tells it as well.
            pass
        finally:
            self._asked.add(name)
            self._asking.discard(name)
            self.on_answer()

    def _know(self, subject: Subject, known: Knowledge) -> None:
        account = self._account(subject)
        for endpoint, limits in known.limits_of.items():
            if endpoint not in account.limits_of:
                account.limits_of[endpoint] = limits
                bucket = account.buckets.get(limits) or self._opened(subject, account, limits)
                bucket.limit, bucket.concurrent_limit = bucket.limit or limits[0], bucket.concurrent_limit or limits[1]
        lengths = {limit: (least, inf if most is None else most) for limit, least, most in known.windows}
        for (limit, _), bucket in account.buckets.items():
            least, most = lengths.get(limit, (0.0, inf))
            bucket.window_s = max(bucket.window_s, least)
            bucket.window_at_most_s = max(bucket.window_s, min(bucket.window_at_most_s, most))

    def _publish(self, taken: Taken) -> None:
        """Tell processes yet to come what was learned just now."""
        share, account = self._shares.get(taken.bucket), self._account(taken.subject)
        window = (taken.bucket.window_s, taken.bucket.window_at_most_s)
        endpoint = taken.subject.endpoint
        if share is None or (share.window == window and endpoint in account.told):
            return
        share.window = window
        account.told.add(endpoint)
        windows = [
            (limit, bucket.window_s, None if bucket.window_at_most_s == inf else bucket.window_at_most_s)
            for (limit, _), bucket in account.buckets.items()
        ]
        known = msgspec.json.encode(Knowledge(dict(account.limits_of), windows))
        self._start(self._published(share.account, known))

    async def _published(self, account: str, known: bytes) -> None:
        with suppress(LedgerFailed):
            await self._ledger.learned(account, known)

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        self._background.start(work)


def account_name(subject: Subject) -> str:
    """Name a credential's buckets of one method, in a way that tells nobody whose they are."""
    whose = f"{subject.identity.kind} {subject.identity.key} {subject.method}"
    return blake2b(whose.encode(), digest_size=16).hexdigest()
