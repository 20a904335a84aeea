"""What befalls the gateway itself, as events: a breaker that opens, Sentry's quota, an API that drifts.

An observer: it hears of every call, so that it takes notes and leaves the telling to a task.
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import structlog

from dexter.features.moment import iso
from dexter.observe.records import BreakerChanged, DeprecationSeen, Record, RefusedByQuota, ReplyChecked
from dexter.realtime.events import GATEWAY_BREAKER, GATEWAY_DRIFT, GATEWAY_QUOTA, FeedEvent, Source
from dexter.stores.feed_log import FeedUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable

    from dexter.realtime.intake import Intake

log = structlog.get_logger("dexter.realtime")

QUOTA_EVERY_S = 10.0
"""How often, at most, it is told that Sentry refused for quota."""
MOST_WAITING = 200
MOST_DRIFTS = 500
"""So many drifts are told of in the life of a process; all of them are counted elsewhere."""


@dataclass(frozen=True, slots=True)
class _News:
    """An event to be told, unless its subject is in that state already, whoever told so."""

    event: FeedEvent
    subject: str | None = None
    state: bytes = b""


@dataclass(slots=True)
class GatewayNews:
    """Takes note of what befalls the gateway, and tells it."""

    organization: str
    now: Callable[[], float]
    _waiting: deque[_News] = field(default_factory=lambda: deque(maxlen=MOST_WAITING))
    _is_waiting: asyncio.Event = field(default_factory=asyncio.Event)
    _refused_at: float = 0.0
    _drifts: set[tuple[str, ...]] = field(default_factory=set)

    def __call__(self, record: Record) -> None:
        """Take note of a record."""
        data: dict[str, Any]
        match record:
            case BreakerChanged(call_class=call_class, state=state, last_failure=failure):
                data = {"call_class": call_class, "state": state, "last_failure": failure}
                self._note(GATEWAY_BREAKER, data, f"breaker:{call_class}", state)
            case RefusedByQuota(endpoint=endpoint, method=method, reason=reason):
                if self.now() - self._refused_at >= QUOTA_EVERY_S:
                    self._refused_at = self.now()
                    self._note(GATEWAY_QUOTA, {"endpoint": endpoint, "method": method, "reason": reason})
            case ReplyChecked(endpoint=endpoint, faults=faults) if faults:
                for name, fault in faults:
                    if self._is_first(endpoint, name, fault):
                        data = {"endpoint": endpoint, "field": name, "fault": fault}
                        self._note(GATEWAY_DRIFT, data, f"drift:{endpoint}:{name}", fault)
            case DeprecationSeen(endpoint=endpoint, date=date, replacement=replacement) if endpoint != "*":
                if self._is_first(endpoint, date):
                    data = {"endpoint": endpoint, "ends": date, "replacement": replacement}
                    self._note(GATEWAY_DRIFT, data, f"drift:{endpoint}", date)

    async def tell(self, intake: Intake) -> None:
        """Tell what was noted, for ever."""
        while True:
            await self._is_waiting.wait()
            await self.tell_now(intake)

    async def tell_now(self, intake: Intake) -> None:
        """Tell what was noted."""
        self._is_waiting.clear()
        while self._waiting:
            news = self._waiting.popleft()
            try:
                await intake.told(news.event, subject=news.subject, state=news.state)
            except FeedUnavailable as error:
                log.warning("event_lost", type=news.event.type, error=str(error))

    def _is_first(self, *drift: str) -> bool:
        if drift in self._drifts or len(self._drifts) >= MOST_DRIFTS:
            return False
        self._drifts.add(drift)
        return True

    def _note(self, kind: str, data: dict[str, Any], subject: str | None = None, state: str = "") -> None:
        event = FeedEvent(
            type=kind, at=iso(self.now()), organization=self.organization, source=Source.DEXTER.value, data=data
        )
        self._waiting.append(_News(event, subject, state.encode()))
        self._is_waiting.set()
