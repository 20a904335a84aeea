"""What a stored answer is good for now.

Fresh      give it.
Stale      give it and ask Sentry again behind the caller's back.
Fallback   ask Sentry; give it only if Sentry breaks.
Miss       ask Sentry; there is nothing to give.

Age runs from the moment Sentry was asked:

    0 ........ fresh_s ........ fresh_s + stale_s ........ fresh_s + if_error_s
      Fresh             Stale                    Fallback                       Miss

What a write has overtaken, or what was asked for while search lagged behind one, is never Fresh: it is Stale for those
who did not write, up to an age of `OVERTAKEN_FOR_S`, and Fallback for everybody else and after that; also for those
who state `max-age` without `max-stale`. Nor is what was renewed in part: it is Stale for those who did not write since
all of it was asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from dexter.wire import Reason

if TYPE_CHECKING:
    from dexter.wire import CacheRule


class Stored(Protocol):
    """What the judgement needs to know of an entry."""

    @property
    def status(self) -> int:
        """The status of the answer: 200, or 404 for what is not there."""

    @property
    def stored_at(self) -> float:
        """The epoch second at which Sentry was asked."""

    @property
    def fallback_only(self) -> bool:
        """Stored while Sentry's search lagged behind a write: never to be given as fresh."""

    @property
    def outdated(self) -> bool:
        """A write came since: never to be given as fresh."""

    @property
    def brief(self) -> bool:
        """The next event may outdate it: nothing was found, or an issue that is put aside."""

    @property
    def renewed_at(self) -> float | None:
        """The epoch second at which Sentry was asked for parts of it anew: never to be given as fresh."""


BRIEF_FRESH_S = 5.0
"""How long what the next event may outdate is fresh, at most, and stale after that."""

OVERTAKEN_FOR_S = 120.0
"""How old what a write has overtaken may be given as stale: the longest that a colleague's change stays unseen."""
LAGGING_ASKED_AGAIN_S = 5.0
"""How long an answer from the lag is good enough for those who may have it; then Sentry is asked again behind them."""

ABSENT = 404
ABSENT_FRESH_S = 10.0
"""How long "not found" is given again, at most. After that it is worth nothing, also when Sentry breaks."""

E = TypeVar("E", bound=Stored)


@dataclass(frozen=True, slots=True)
class Fresh(Generic[E]):
    """Give it."""

    entry: E


@dataclass(frozen=True, slots=True)
class Stale(Generic[E]):
    """Give it, and refresh it behind."""

    entry: E


@dataclass(frozen=True, slots=True)
class Fallback(Generic[E]):
    """Ask Sentry, and give it only if that fails."""

    entry: E


@dataclass(frozen=True, slots=True)
class Miss:
    """Ask Sentry."""


Judgement = Fresh[E] | Stale[E] | Fallback[E] | Miss


def why_not_given(entry: Stored, max_age_s: float | None, now: float, *, others_wrote: bool) -> Reason:
    """Give why Sentry is asked although there is an entry; `others_wrote` as in `judge`."""
    if may_lack_a_write(entry) and not others_wrote:
        return Reason.OWN_CHANGE
    if is_overtaken(entry):
        return Reason.CHANGE
    return Reason.AGE if max_age_s is None or now - entry.stored_at <= max_age_s else Reason.MAX_AGE


def is_overtaken(entry: Stored) -> bool:
    """Whether a write came since Sentry was asked, or shortly before, so that the entry must not be given as fresh."""
    return entry.outdated or entry.fallback_only


def may_lack_a_write(entry: Stored) -> bool:
    """Whether a write may have come since all of the entry was asked for."""
    return is_overtaken(entry) or entry.renewed_at is not None


def refresh_is_due(entry: Stored, now: float) -> bool:
    """Whether Sentry should be asked again behind a caller who is given the entry as stale."""
    return entry.outdated or not entry.fallback_only or now - entry.stored_at >= LAGGING_ASKED_AGAIN_S


def judge(
    entry: E | None,
    rule: CacheRule,
    now: float,
    max_age_s: float | None = None,
    max_stale_s: float = 0.0,
    *,
    others_wrote: bool = False,
    brief_stale_s: float = BRIEF_FRESH_S,
) -> Judgement[E]:
    """Give what an entry is good for at the epoch second `now`, to a caller who takes it up to `max_age_s` old.

    For `max_stale_s` more the caller takes it as stale, within the stale time of the rule.

    `others_wrote` says that it was others who wrote what the entry does not show, if anybody did. `brief_stale_s` is
    for how long what the next event may outdate is given as stale.
    """
    if entry is None or rule.fresh_s <= 0:
        return Miss()
    age_s = now - entry.stored_at
    if entry.status == ABSENT and (age_s >= _fresh_for_s(entry, rule) or age_s < 0 or is_overtaken(entry)):
        return Miss()
    if age_s >= rule.fresh_s + max(rule.if_error_s, rule.stale_s):
        return Miss()
    if may_lack_a_write(entry) and not others_wrote:
        return Fallback(entry)
    # Who says how old an answer may be, and takes none that is stale, has heard of a change and wants to see it.
    takes_stale = max_age_s is None or max_stale_s > 0
    if age_s < 0 or (is_overtaken(entry) and (not takes_stale or age_s >= OVERTAKEN_FOR_S)):
        # A negative age means that the clock was set back: how old it really is, nobody knows.
        return Fallback(entry)
    too_old = max_age_s is not None and age_s > max_age_s
    if too_old and (entry.status == ABSENT or age_s > (max_age_s or 0.0) + max_stale_s):
        return Miss() if entry.status == ABSENT else Fallback(entry)
    fresh_s = _fresh_for_s(entry, rule)
    if age_s < fresh_s and not too_old and not may_lack_a_write(entry):
        return Fresh(entry)
    return Stale(entry) if _is_stale(entry, rule, now, brief_stale_s) else Fallback(entry)


def fresh_for_s(entry: Stored, rule: CacheRule) -> float:
    """Give how long after it was stored an entry is fresh, in seconds."""
    return 0.0 if may_lack_a_write(entry) else _fresh_for_s(entry, rule)


def _is_stale(entry: Stored, rule: CacheRule, now: float, brief_stale_s: float) -> bool:
    if now - entry.stored_at >= rule.fresh_s + rule.stale_s:
        return False
    if not entry.brief:
        return True
    recent_s = now - (entry.stored_at if entry.renewed_at is None else entry.renewed_at)
    return recent_s < _fresh_for_s(entry, rule) + min(rule.stale_s, brief_stale_s)


def _fresh_for_s(entry: Stored, rule: CacheRule) -> float:
    if entry.status == ABSENT:
        return min(rule.fresh_s, ABSENT_FRESH_S)
    return min(rule.fresh_s, BRIEF_FRESH_S) if entry.brief else rule.fresh_s
