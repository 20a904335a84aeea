"""One bucket of Sentry's quota: what is known of it, and whether one more call may be sent now.

Sentry counts in fixed windows and caps what is under way at once. A bucket learns both from answers, counts what was
sent since, and believes whichever is more. It is careful where it cannot know: a window's end is taken at the latest
moment that the clocks' difference allows, and a call sent shortly before it counts in the next window too, until its
answer tells in which one it was counted.

Nothing here reads a clock: `now` is passed in, in epoch seconds of ours.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from math import ceil, inf
from typing import TYPE_CHECKING

from dexter.policy.headroom import PRIORITIES, free, per_round
from dexter.policy.quota_told import AskedToWait, Overloaded, TooManyAtOnce, TooOften, Unexplained
from dexter.policy.server_clock import ClockOffset

if TYPE_CHECKING:
    from dexter.policy.quota_told import Refusal, Told
    from dexter.wire import Priority

TRANSIT_S = 0.1
"""How long a call may be on its way before Sentry counts it."""

SCOUT_FROM = 0.1
"""From this doubt about a window's end on, as a share of the window, its last call is kept for the midst of the doubt.

Its answer halves the doubt. Without that, calls that wait for the latest end would never show that it was earlier.
"""

CROWDED_S = 0.25
"""How long to hold back when others of the same bucket, whom we do not see, take the places at once."""

SPARE_FROM = 4
"""From this cap on, one place at once is left free: Sentry may free a place a moment after its answer has left."""

FADES = 0.8
"""What is left, a window later, of the demand that was seen."""


def _none_sent() -> list[int]:
    return [0] * PRIORITIES


def _no_demand() -> list[float]:
    return [0.0] * PRIORITIES


@dataclass(frozen=True, slots=True)
class Peers:
    """What other processes count in the same bucket, by priority, when they were last asked."""

    used: tuple[int, ...] = (0,) * PRIORITIES
    """What they sent in the window that ends at `reset_epoch`, by Sentry's clock."""
    in_flight: tuple[int, ...] = (0,) * PRIORITIES
    demand: tuple[float, ...] = (0.0,) * PRIORITIES
    reset_epoch: float = 0.0


ALONE = Peers()


@dataclass(slots=True, eq=False)
class Sent:
    """One call under way, as its bucket counts it."""

    priority: Priority
    at: float
    counted_until: float
    """The reset of the latest window that it is counted in, by Sentry's clock."""


@dataclass(slots=True, eq=False)
class Bucket:
    """What is known of one bucket. A new one knows nothing and lets everything through."""

    limit: int | None = None
    window_s: float = 1.0
    """How long a window is at least; headers do not say it, so that it is found out from their resets."""
    window_at_most_s: float = inf
    """How long a window is at most: resets are apart by whole windows."""
    reset_epoch: float = 0.0
    """When the present window ends, by Sentry's clock."""
    told_reset_epoch: float | None = None
    """The last such moment that Sentry told itself."""
    offset: ClockOffset = field(default_factory=ClockOffset)
    used: list[int] = field(default_factory=_none_sent)
    """What was sent in the present window, by priority."""
    others: int = 0
    """What Sentry counted beyond that: calls of the same credential that did not come through here."""
    demand: list[float] = field(default_factory=_no_demand)
    """How many a window each priority sent lately; fades."""
    concurrent_limit: int | None = None
    in_flight: list[int] = field(default_factory=_none_sent)
    held_until: float = 0.0
    """Sentry asked everybody in this bucket to wait until then."""
    unanswered: dict[Sent, None] = field(default_factory=dict)
    """Calls that Sentry may have counted in the present window or in the one before."""
    peers: Peers = ALONE
    parts: int = 1
    """Among how many the bucket is divided, when what the others send cannot be known."""

    @property
    def ends_at(self) -> float:
        """Give the latest moment, by our clock, at which the present window may end."""
        return self.reset_epoch - self.offset.low_s

    @property
    def places(self) -> int | None:
        """Give how many calls may be under way at once from here and, where they are known, from the others."""
        cap = self.concurrent_limit
        if cap is None:
            return None
        cap = cap - 1 if cap >= SPARE_FROM else cap
        return self._part(cap)

    @property
    def expected(self) -> list[float]:
        """Give how many a window each priority needed lately, everywhere."""
        return [own + other for own, other in zip(self.demand, self.peers.demand, strict=True)]

    @property
    def strangers(self) -> int:
        """Give how many of the present window's calls came from none of those that are known."""
        return max(0, self.others - sum(self.peers.used))

    @property
    def sure_window_s(self) -> float | None:
        """Give how long a window is, when that is sure."""
        return self.window_s if self.window_s == self.window_at_most_s else None

    def opens_at(self, priority: Priority, now: float, ahead: int = 0) -> float:
        """Give the moment from which one more call may be sent, `ahead` others before it; `now` for at once."""
        if now < self.held_until:
            return self.held_until
        self.roll(now)
        if self.limit is None:
            return now
        left = self._left(priority, self.limit)
        scout_at = self._scout_at()
        if ahead < left - (now < scout_at):
            return now
        if ahead < left:
            return scout_at
        rounds = (ahead - left) // self._per_round(priority, self.limit)
        return self.ends_at + rounds * self.window_s

    def _left(self, priority: Priority, limit: int) -> int:
        left = free(priority, limit, self._counted(), self.expected)
        return left if self.parts == 1 else min(left, free(priority, self._part(limit), self.used, self.demand))

    def _per_round(self, priority: Priority, limit: int) -> int:
        return per_round(priority, self._part(limit), self.expected if self.parts == 1 else self.demand)

    def _part(self, limit: int) -> int:
        return max(1, limit // self.parts)

    def has_place(self, priority: Priority) -> bool:
        """Whether one more call may be under way at once."""
        return self.places is None or free(priority, self.places, self.in_flight) > 0

    def take(self, priority: Priority, now: float) -> Sent:
        """Count a call that is sent now."""
        self.roll(now)
        sent = Sent(priority, now, self.reset_epoch)
        self.adopt(sent)
        return sent

    def adopt(self, sent: Sent) -> None:
        """Count in a call under way that belongs to this bucket."""
        sent.counted_until = self.reset_epoch
        self.used[sent.priority] += 1
        self.in_flight[sent.priority] += 1
        self.unanswered[sent] = None

    def give_back(self, sent: Sent) -> None:
        """Note that a call under way has ended."""
        self.in_flight[sent.priority] -= 1
        self.unanswered.pop(sent, None)

    def learn(self, said: Told, offset: ClockOffset, now: float, sent: Sent | None = None) -> None:
        """Take in the headers of an answer that came now, to a call that was counted here."""
        self.offset = offset
        self.roll(now)
        self._learn(said, now)
        if sent is not None and self.unanswered.pop(sent, sent) is None:
            self._place(sent, said.reset_epoch)

    def _learn(self, said: Told, now: float) -> None:
        if said.concurrent_limit is not None:
            self.concurrent_limit = said.concurrent_limit
        if said.limit is None:
            return
        new = self.limit is None
        self.limit = said.limit
        if said.reset_epoch is None or said.reset_epoch - self.offset.low_s <= now:
            return  # nothing on the present window: a late answer speaks of one that is over
        self.window_s = max(self.window_s, float(ceil(said.reset_epoch - (now + self.offset.high_s))))
        self._compare_resets(said.reset_epoch)
        if new or said.reset_epoch > self.reset_epoch:
            self._begin(said.reset_epoch, new=new)
        self.reset_epoch = said.reset_epoch
        if said.remaining is not None:
            self.others = max(self.others, said.limit - said.remaining - sum(self.used))

    def refused(self, why: Refusal, offset: ClockOffset, now: float) -> None:
        """Take in a 429 that came now, after its headers."""
        self.offset = offset
        match why:
            case TooOften(limit=limit, window_s=window_s):
                self._exhaust(limit, window_s, now)
            case TooManyAtOnce(limit=limit):
                self.concurrent_limit = limit
                self.held_until = max(self.held_until, now + CROWDED_S)
            case AskedToWait(retry_after_s=wait_s):
                self.held_until = max(self.held_until, now + wait_s)
            case Overloaded() | Unexplained():
                pass

    def remaining(self, now: float) -> int | None:
        """Give how many calls the present window still takes, or None when no limit is known."""
        self.roll(now)
        return None if self.limit is None else max(0, self.limit - sum(self._counted()))

    def join(self, peers: Peers, now: float) -> None:
        """Take in what other processes count, and the window that they have seen begin."""
        self.roll(now)
        if self.limit is not None and peers.reset_epoch > self.reset_epoch:
            self._begin(peers.reset_epoch)
        self.peers = peers if peers.reset_epoch == self.reset_epoch else replace(peers, used=ALONE.used)

    def _exhaust(self, limit: int, window_s: float | None, now: float) -> None:
        new = self.limit is None
        self.limit = limit
        if window_s is not None:
            self.window_s = self.window_at_most_s = window_s
        if self.ends_at <= now or new:
            # No header said when: Sentry's windows begin at multiples of their length, by its clock.
            begun = (now + self.offset.high_s) // self.window_s * self.window_s
            # Whichever window it is, it ends within its length from now, however little is known of that clock.
            self._begin(min(begun, now + self.offset.low_s) + self.window_s, new=new)
        self.others = max(self.others, limit - sum(self.used))

    def _compare_resets(self, reset_epoch: float) -> None:
        if self.told_reset_epoch is not None and reset_epoch != self.told_reset_epoch:
            apart_s = abs(reset_epoch - self.told_reset_epoch)
            self.window_at_most_s = max(self.window_s, min(self.window_at_most_s, apart_s))
        self.told_reset_epoch = reset_epoch

    def _place(self, sent: Sent, reset_epoch: float | None) -> None:
        """Take a call out of the present window when Sentry counted it in an earlier one."""
        if reset_epoch is not None and reset_epoch < self.reset_epoch == sent.counted_until:
            self.used[sent.priority] = max(0, self.used[sent.priority] - 1)

    def _scout_at(self) -> float:
        """Give the moment for which the window's last call is kept; a past one when none is kept."""
        if self.limit == 1 or self.offset.doubt_s < SCOUT_FROM * self.window_s or self.sure_window_s is None:
            return 0.0
        return self.ends_at - self.offset.doubt_s / 2

    def _counted(self) -> list[int]:
        counted = [own + other for own, other in zip(self.used, self.peers.used, strict=True)]
        # Strangers' calls stand with the most urgent: nobody knows better, and it keeps nothing free for them twice.
        counted[0] += self.strangers
        return counted

    def roll(self, now: float) -> None:
        """Begin the window that `now` lies in, if the last one is over."""
        if self.limit is None or now < self.ends_at:
            return
        passed = int((now - self.ends_at) // self.window_s) + 1
        self._begin(self.reset_epoch + passed * self.window_s, passed)

    def _begin(self, reset_epoch: float, passed: int = 1, *, new: bool = False) -> None:
        """Begin the window that ends then, and count in what may still be on its way into it."""
        self.reset_epoch = reset_epoch
        # The earliest moment, by our clock, at which a call may have been sent that is counted in this window.
        began = reset_epoch - self.window_s - self.offset.high_s - TRANSIT_S
        seen = [max(pair) for pair in zip(self.used, [FADES * amount for amount in self.demand], strict=True)]
        self.demand = _no_demand() if new else [amount * FADES ** (passed - 1) for amount in seen]
        self.used, self.others = _none_sent(), 0
        self.peers = replace(self.peers, used=ALONE.used)
        for sent in self.unanswered:
            # Where the window's length is not sure, it may be the old window still, with all that was sent in it.
            if new or sent.at >= began or self.sure_window_s is None:
                self.used[sent.priority] += 1
                sent.counted_until = reset_epoch
