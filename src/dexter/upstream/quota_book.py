"""What is known of Sentry's quotas: buckets by credential, method and group of endpoints, found out from answers.

Sentry does not say which endpoints share a bucket, but endpoints that are told different limits cannot. So the limits
an endpoint was last told name its bucket, and one that was told nothing yet is taken for the roomiest bucket of its
credential and method, the one that Sentry gives to all that have no limit of their own.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from dexter.policy.quota import Bucket, Sent
from dexter.policy.quota_told import Told, told
from dexter.policy.server_clock import ClockOffset, Saying, date_epoch, narrowed
from dexter.wire import header

if TYPE_CHECKING:
    from collections.abc import Callable

    from dexter.policy.quota_told import Refusal
    from dexter.wire import Headers, Identity, Priority

REMEMBERED_ACCOUNTS = 10_000

Limits = tuple[int, int | None]
"""What names a bucket: how many a window, and how many at once."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What a call counts as: whose it is, its method, its endpoint's name."""

    identity: Identity
    method: str
    endpoint: str


@dataclass(slots=True, eq=False)
class Taken:
    """A call that was counted, until it is given back; `bucket` changes when it turns out to belong elsewhere."""

    subject: Subject
    priority: Priority
    bucket: Bucket
    sent: Sent


@dataclass(frozen=True, slots=True)
class QuotaLeft:
    """What a bucket still takes after an answer."""

    limit: int
    remaining: int
    concurrent_limit: int | None
    resets_at: float


class QuotaBook(Protocol):
    """Knows how much may be sent, and counts what is sent. Times are epoch seconds.

    It answers at once, since it is asked before every call. One that processes share asks the others behind that, and
    says when they have answered.
    """

    on_answer: Callable[[], None]
    """Called when what was not allowed may be now."""

    def may_take(self, subject: Subject, priority: Priority, waiting: int, now: float) -> bool:
        """Whether the other processes leave room for one more call, of so many that wait; if not, they are asked."""

    def opens_at(self, subject: Subject, priority: Priority, now: float, ahead: int = 0) -> float:
        """Give the moment from which a call may be sent after `ahead` others; `now` or earlier for at once."""

    def has_place(self, subject: Subject, priority: Priority) -> bool:
        """Whether one more call may be under way at once."""

    def take(self, subject: Subject, priority: Priority, now: float) -> Taken:
        """Count a call that is sent now."""

    def give_back(self, taken: Taken) -> None:
        """Note that a call has ended."""

    def learn(self, taken: Taken, headers: Headers, sent_at: float, now: float) -> QuotaLeft | None:
        """Take in what an answer's headers tell, and give what is left; None where nothing is limited."""

    def refused(self, taken: Taken, why: Refusal, now: float) -> None:
        """Take in a 429, after its headers."""

    def same_bucket(self, one: Subject, other: Subject) -> bool:
        """Whether two kinds of calls count together."""


@dataclass(slots=True)
class Account:
    """One credential's buckets of one method."""

    unknown: Bucket = field(default_factory=Bucket)
    """For calls before anything was told."""
    buckets: dict[Limits, Bucket] = field(default_factory=dict)
    limits_of: dict[str, Limits] = field(default_factory=dict)
    under_way: dict[str, list[Taken]] = field(default_factory=dict)
    told: set[str] = field(default_factory=set)
    """Endpoints whose limits other processes were told of."""

    def bucket(self, endpoint: str) -> Bucket:
        limits = self.limits_of.get(endpoint)
        if limits is None and self.buckets:
            limits = max(self.buckets, key=lambda each: each[0])
        return self.unknown if limits is None else self.buckets[limits]


class ProcessQuotaBook:
    """A `QuotaBook` in this process's memory."""

    def __init__(self) -> None:
        self.on_answer: Callable[[], None] = lambda: None
        self._accounts: OrderedDict[tuple[Identity, str], Account] = OrderedDict()
        self._offset = ClockOffset()

    def opens_at(self, subject: Subject, priority: Priority, now: float, ahead: int = 0) -> float:
        """Give the moment from which a call may be sent after `ahead` others; `now` or earlier for at once."""
        return self._bucket(subject).opens_at(priority, now, ahead)

    def has_place(self, subject: Subject, priority: Priority) -> bool:
        """Whether one more call may be under way at once."""
        return self._bucket(subject).has_place(priority)

    def may_take(self, subject: Subject, priority: Priority, waiting: int, now: float) -> bool:
        """Always: there are no other processes to ask."""
        return True

    def take(self, subject: Subject, priority: Priority, now: float) -> Taken:
        """Count a call that is sent now."""
        account = self._account(subject)
        bucket = account.bucket(subject.endpoint)
        taken = Taken(subject, priority, bucket, bucket.take(priority, now))
        account.under_way.setdefault(subject.endpoint, []).append(taken)
        return taken

    def give_back(self, taken: Taken) -> None:
        """Note that a call has ended."""
        taken.bucket.give_back(taken.sent)
        under_way = self._account(taken.subject).under_way
        same = under_way.get(taken.subject.endpoint, [])
        if taken in same:
            same.remove(taken)
            if not same:
                del under_way[taken.subject.endpoint]

    def learn(self, taken: Taken, headers: Headers, sent_at: float, now: float) -> QuotaLeft | None:
        """Take in what an answer's headers tell, and give what is left; None where nothing is limited."""
        said = told(headers)
        if said is None:
            return None
        if said.limit is not None:
            self._file(taken.subject, said.limit, said)
        time_said = Saying(date_epoch(header(headers, "date")), said.reset_epoch, taken.bucket.sure_window_s)
        self._offset = narrowed(self._offset, time_said, sent_at, now)
        taken.bucket.learn(said, self._offset, now, taken.sent)
        return _left(taken.bucket, now)

    def refused(self, taken: Taken, why: Refusal, now: float) -> None:
        """Take in a 429, after its headers."""
        taken.bucket.refused(why, self._offset, now)

    def same_bucket(self, one: Subject, other: Subject) -> bool:
        """Whether two kinds of calls count together."""
        return one == other or self._bucket(one) is self._bucket(other)

    def _file(self, subject: Subject, limit: int, said: Told) -> None:
        """Put an endpoint, and its calls under way, into the bucket that its limits name."""
        account = self._account(subject)
        known = account.limits_of.get(subject.endpoint)
        limits = (limit, said.concurrent_limit)
        # The cap on what is under way is left out now and then; that makes no other bucket.
        if known is not None and (known == limits or (known[0] == limit and said.concurrent_limit is None)):
            return
        account.limits_of[subject.endpoint] = limits
        bucket = account.buckets.get(limits) or self._opened(subject, account, limits)
        for taken in account.under_way.get(subject.endpoint, []):
            if taken.bucket is not bucket:
                taken.bucket.give_back(taken.sent)
                bucket.adopt(taken.sent)
                taken.bucket = bucket

    def _opened(self, subject: Subject, account: Account, limits: Limits) -> Bucket:
        """Give a new bucket of an account."""
        bucket = account.buckets[limits] = Bucket()
        return bucket

    def _bucket(self, subject: Subject) -> Bucket:
        return self._account(subject).bucket(subject.endpoint)

    def _account(self, subject: Subject) -> Account:
        key = (subject.identity, subject.method)
        account = self._accounts.get(key)
        if account is None:
            account = self._accounts[key] = Account()
            self._forget_idle()
        self._accounts.move_to_end(key)
        return account

    def _forget_idle(self) -> None:
        if len(self._accounts) <= REMEMBERED_ACCOUNTS:
            return
        oldest = next(iter(self._accounts))
        if not self._accounts[oldest].under_way:
            self._forgotten(self._accounts.pop(oldest))

    def _forgotten(self, account: Account) -> None:
        """Do nothing more for an account that nobody used for long."""


def _left(bucket: Bucket, now: float) -> QuotaLeft | None:
    remaining = bucket.remaining(now)
    if bucket.limit is None or remaining is None:
        return None
    return QuotaLeft(bucket.limit, remaining, bucket.concurrent_limit, bucket.ends_at)
