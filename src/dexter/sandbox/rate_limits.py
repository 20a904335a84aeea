"""Sentry's API rate limits: fixed windows and a cap on concurrency, per caller, method and group of operations.

Off until `PUT /_sandbox/faults` brings a `rate_limit`. Operations without a rule of their own share one
bucket per HTTP method, so a busy poller starves the others; that is how Sentry does it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any


@dataclass(frozen=True, slots=True)
class Limit:
    """So many requests in a window of so many seconds, and so many at once (None: no cap)."""

    limit: int
    window_s: int = 1
    concurrent: int | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """A limit of its own for the operations whose keys match one of the patterns."""

    operations: tuple[str, ...]
    limit: Limit


@dataclass(frozen=True, slots=True)
class LimitPlan:
    """The shared limit, and the rules that stand before it."""

    shared: Limit
    rules: tuple[Rule, ...] = ()


_ISSUE = "/api/0/organizations/*/issues/{issue_id}/"

SAAS = LimitPlan(
    shared=Limit(40, 1, 25),
    rules=(
        Rule((f"GET {_ISSUE}", f"PUT {_ISSUE}"), Limit(5, 1, 25)),
        Rule((f"DELETE {_ISSUE}",), Limit(5, 5, 25)),
        Rule(("GET /api/0/organizations/*/events/",), Limit(30, 1, 15)),
    ),
)
"""What sentry.io was seen to enforce in 2026; `{"rate_limit": "saas"}` sets it."""


@dataclass(frozen=True, slots=True)
class Admission:
    """Whether a request may go on, and the state of its bucket to tell in the reply's headers."""

    allowed: bool
    limit: Limit
    remaining: int
    reset_epoch: int
    concurrent_remaining: int | None
    too_many_at_once: bool = False

    def headers(self) -> list[tuple[str, str]]:
        """Give Sentry's headers; the concurrent pair is left out where no cap is known."""
        told = [
            ("X-Sentry-Rate-Limit-Limit", str(self.limit.limit)),
            ("X-Sentry-Rate-Limit-Remaining", str(self.remaining)),
            ("X-Sentry-Rate-Limit-Reset", str(self.reset_epoch)),
        ]
        if self.limit.concurrent is None:
            return told
        return [
            *told,
            ("X-Sentry-Rate-Limit-ConcurrentLimit", str(self.limit.concurrent)),
            ("X-Sentry-Rate-Limit-ConcurrentRemaining", str(self.concurrent_remaining or 0)),
        ]

    def refusal(self) -> bytes:
        """Give the body of the 429."""
        if self.too_many_at_once:
            said = (
                "You are attempting to go above the allowed concurrency for this endpoint. "
                f"Concurrency limit is {self.limit.concurrent}"
            )
        else:
            said = (
                "You are attempting to use this endpoint too frequently. "
                f"Limit is {self.limit.limit} requests in {self.limit.window_s} seconds"
            )
        return json.dumps({"detail": said}).encode()


@dataclass(slots=True)
class _Bucket:
    window: int = -1
    used: int = 0
    active: int = 0


@dataclass(slots=True)
class RateLimiter:
    """Counts requests by bucket. `plan` of None limits nothing."""

    plan: LimitPlan | None = None
    _buckets: dict[tuple[str, str, str], _Bucket] = field(default_factory=dict)

    def set(self, plan: LimitPlan | None) -> None:
        """Put another plan in force and forget what was counted."""
        self.plan = plan
        self._buckets.clear()

    def enter(self, caller: str, operation: str, now: float) -> Admission | None:
        """Count a request in; an allowed one must `leave` when it is done. None where nothing is limited."""
        if self.plan is None:
            return None
        group, limit = group_of(self.plan, operation)
        bucket = self._bucket(caller, operation, group)
        window = int(now // limit.window_s)
        if bucket.window != window:
            bucket.window, bucket.used = window, 0
        bucket.used += 1
        crowded = limit.concurrent is not None and bucket.active >= limit.concurrent
        allowed = bucket.used <= limit.limit and not crowded
        if allowed:
            bucket.active += 1
        return Admission(
            allowed=allowed,
            limit=limit,
            remaining=max(0, limit.limit - bucket.used),
            reset_epoch=(window + 1) * limit.window_s,
            concurrent_remaining=None if limit.concurrent is None else max(0, limit.concurrent - bucket.active),
            too_many_at_once=crowded and bucket.used <= limit.limit,
        )

    def leave(self, caller: str, operation: str) -> None:
        """Count an allowed request out."""
        if self.plan is None:
            return
        bucket = self._bucket(caller, operation, group_of(self.plan, operation)[0])
        bucket.active = max(0, bucket.active - 1)

    def _bucket(self, caller: str, operation: str, group: str) -> _Bucket:
        return self._buckets.setdefault((caller, operation.partition(" ")[0], group), _Bucket())


def group_of(plan: LimitPlan, operation: str) -> tuple[str, Limit]:
    """Give the bucket's group and limit: the first rule that names the operation, or the shared one."""
    for rule in plan.rules:
        if any(fnmatchcase(operation, pattern) for pattern in rule.operations):
            return ",".join(rule.operations), rule.limit
    return "shared", plan.shared


def parse_limits(body: Any) -> LimitPlan | None:
    """Give the plan of `"saas"`, `null` or `{limit, window_s?, concurrent?, rules?: [{operations, limit, ...}]}`.

    Raises ValueError naming the field, the value and the permitted form.
    """
    if body is None:
        return None
    if body == "saas":
        return SAAS
    if not isinstance(body, Mapping):
        raise ValueError(f'rate_limit: {body!r} is not a limit; permitted are null, "saas" and an object')
    return LimitPlan(_limit(body), tuple(map(_rule, body.get("rules", ()))))


def _rule(body: Any) -> Rule:
    operations = body.get("operations") if isinstance(body, Mapping) else None
    if not isinstance(operations, list) or not all(isinstance(item, str) for item in operations):
        raise ValueError(f"rate_limit.rules: {body!r} does not name its operations as a list")
    return Rule(tuple(operations), _limit(body))


def _limit(body: Mapping[str, Any]) -> Limit:
    concurrent = body.get("concurrent")
    return Limit(
        _count("limit", body.get("limit")),
        _count("window_s", body.get("window_s", 1)),
        None if concurrent is None else _count("concurrent", concurrent),
    )


def _count(name: str, value: Any) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and value >= 1:
        return value
    raise ValueError(f"rate_limit.{name}: {value!r} is not a count; permitted are whole numbers from 1")


def shown_limits(plan: LimitPlan | None) -> dict[str, Any] | None:
    """Give the plan as the JSON that would set it."""
    if plan is None:
        return None
    rules = [{"operations": list(rule.operations), **_shown(rule.limit)} for rule in plan.rules]
    return _shown(plan.shared) | ({"rules": rules} if rules else {})


def _shown(limit: Limit) -> dict[str, Any]:
    return {"limit": limit.limit, "window_s": limit.window_s, "concurrent": limit.concurrent}
