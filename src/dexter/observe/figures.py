"""Records as the live figures of the Gateway screen and the objectives: a few additions each, on a board."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from dexter.observe.history import latency_name
from dexter.observe.mishaps import Mishap, Mishaps
from dexter.observe.operations import Operations
from dexter.observe.present import current_trace_id
from dexter.observe.promises import Notices
from dexter.observe.records import (
    AnswerServed,
    AttemptFinished,
    CallFinished,
    CallWaited,
    DeprecationSeen,
    FlightLanded,
    Record,
    RefreshFailed,
    ReplyChecked,
)
from dexter.observe.templates import Templates
from dexter.observe.timeline import LATENCIES, Field, Timeline
from dexter.policy.latency import EDGE_S, bucket_of
from dexter.wire import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable

    from dexter.observe.board import Board

ANSWERED, ASKED = "answered", "asked"
"""The families of operations on the board: what the gateway answers, and what Sentry is asked."""

_OF_OUTCOME = {outcome: Field[outcome.name] for outcome in Outcome}
_HITS = frozenset({Outcome.HIT, Outcome.STALE})
"""Answers that did not wait for Sentry."""
_REFUSED_HERE = frozenset({"RateLimited", "NoPlace"})
"""Errors by which Dexter itself turns a call away that Sentry's quota leaves no room for."""
_GIVES_WAY = _REFUSED_HERE | {"CircuitOpen"}
_NO_READ = frozenset({Outcome.BYPASS, None})


class Figures:
    """An observer that keeps the last hour, and counts what the thirty days are made of."""

    def __init__(self, board: Board, now: Callable[[], float] = time.time, templates: Templates | None = None) -> None:
        self._now = now
        self._templates = Templates() if templates is None else templates
        self._timeline = Timeline(board)
        self.answered = Operations(board, ANSWERED)
        self.asked = Operations(board, ASKED)
        self.mishaps = Mishaps(board)
        self.drift = Notices(board, "drift", now)
        self.deprecations = Notices(board, "deprecation", now)
        self._counts: dict[str, int] = {}

    def __call__(self, record: Record) -> None:
        """Note one record."""
        match record:
            case AnswerServed():
                self._answer(record)
            case CallFinished(error=error):
                refused = (Field.REFUSED,) if error in _REFUSED_HERE else ()
                self._timeline.count(self._now(), Field.CALLS, *refused, times=record.count)
            case AttemptFinished():
                self._attempt(record)
            case FlightLanded(joined=joined):
                now = self._now()
                self._timeline.count(now, Field.FLIGHTS)
                self._timeline.add(now, Field.JOINED, joined)
            case CallWaited():
                self._timeline.count(self._now(), Field.WAITED)
            case ReplyChecked(endpoint=endpoint, faults=faults) if faults:
                for field, fault in faults:
                    self.drift.note(endpoint, f"{field}: {fault}")
            case DeprecationSeen(endpoint=endpoint, date=date):
                self.deprecations.note(endpoint, date)
            # A refresh that gives way to people, or to a Sentry that is left alone, is no error: it is tried again.
            case RefreshFailed(endpoint=endpoint, error=error) if error not in _GIVES_WAY:
                self._mishap(Mishap(self._now(), "refresh", endpoint, error=error))
            case _:
                pass

    def take_counts(self) -> dict[str, int]:
        """Give what was counted since the last time, and begin anew."""
        counts, self._counts = self._counts, {}
        return counts

    def give_back(self, counts: dict[str, int]) -> None:
        """Take back counts that could not be written."""
        for what, n in counts.items():
            self._counts[what] = self._counts.get(what, 0) + n

    def browser_failed(self, message: str, request_id: str, trace_id: str) -> None:
        """Keep an error that the workbench met in somebody's browser."""
        mishap = Mishap(self._now(), "browser", "workbench", error=message, request_id=request_id, trace_id=trace_id)
        self.mishaps.keep(mishap)

    def _answer(self, record: AnswerServed) -> None:
        now, status, outcome = self._now(), record.status, record.outcome
        bucket = bucket_of(record.duration_s)
        fields = [Field.REQUESTS, LATENCIES + bucket]
        names = ["requests", latency_name(bucket)]
        if record.duration_s <= EDGE_S:
            fields.append(Field.QUICK)
            names.append("quick")
        if status >= 500:
            fields.append(Field.ERRORS)
            names.append("errors")
        elif status >= 400:
            fields.append(Field.CLIENT_ERRORS)
        if outcome is not None:
            fields.append(_OF_OUTCOME[outcome])
        if outcome not in _NO_READ:
            names.append("reads")
            if outcome in _HITS:
                names.append("hits")
        self._timeline.count(now, *fields, times=record.count)
        for name in names:
            self._counts[name] = self._counts.get(name, 0) + record.count
        endpoint = self._templates[record.endpoint]
        key = (record.method, endpoint)
        self.answered.count(now, record.duration_s, failed=status >= 500, key=key, times=record.count)
        if status >= 500:
            self._mishap(
                Mishap(
                    now,
                    "answer",
                    endpoint,
                    method=record.method,
                    status=status,
                    duration_ms=_ms(record.duration_s),
                    request_id=record.request_id,
                )
            )

    def _attempt(self, record: AttemptFinished) -> None:
        if record.error == "CancelledError":
            return
        now = self._now()
        failed = record.status is None or record.status >= 500
        self._timeline.count(now, Field.ATTEMPTS, *((Field.ATTEMPT_FAILURES,) if failed else ()))
        self.asked.count(now, record.duration_s, failed=failed, key=(record.endpoint,))
        if failed:
            self._mishap(
                Mishap(
                    now,
                    "sentry",
                    record.endpoint,
                    method=record.method,
                    status=record.status,
                    error=record.error,
                    duration_ms=_ms(record.duration_s),
                    request_id=record.request_id,
                )
            )

    def _mishap(self, mishap: Mishap) -> None:
        self.mishaps.keep(mishap, current_trace_id())


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 1)
