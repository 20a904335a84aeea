"""The figures of the Gateway screen, put together from the board that all workers of the host write."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import sqlite3
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import msgspec

from dexter.catalog.datafile import read_json
from dexter.catalog.evidence import PROVEN, is_routed
from dexter.catalog.table import operations
from dexter.features.moment import iso
from dexter.gateway import stats_view as view
from dexter.gateway.listeners import SOCKET, STREAM
from dexter.gateway.probes import Degraded
from dexter.observe.instruments import SECONDS, Series, merged
from dexter.observe.metrics import METRICS
from dexter.observe.timeline import LATENCIES, SLOTS, STEP_S, WIDTH, Field, Past, Slot, summed
from dexter.policy.breaker import Closed, Open
from dexter.policy.call_class import CallClass
from dexter.policy.latency import percentile_s
from dexter.policy.slo import WINDOW_DAYS, Standing, Traffic, standings
from dexter.upstream.breakers import state_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dexter.observe.history import History
    from dexter.observe.mishaps import Mishap
    from dexter.observe.promises import Notices
    from dexter.observe.watch import Watch
    from dexter.upstream.breakers import Breakers

HOUR_S = STEP_S * SLOTS
SHOWN_OPERATIONS = 20
BUILT_EVERY_S = 1.0
"""A crowd of watchers costs one document a second."""
OPERATIONS_EVERY_S = 10.0
"""The lists of slow operations cost most and change least."""

SHOWN_METRICS = {
    name: METRICS[name]
    for name in (
        "dexter_cache_bytes",
        "dexter_queue_wait_seconds",
        "dexter_quota_concurrent_limit",
        "dexter_quota_limit",
        "dexter_quota_remaining",
        "dexter_quota_reset_timestamp_seconds",
    )
}
_LISTENERS = {name: metric for name, metric in METRICS.items() if name.startswith("dexter_feed_")}
_OUTCOMES = {name: Field[name.upper()] for name in view.Outcomes.model_fields}
_EMPTY: Slot = [0.0] * WIDTH


@dataclass(frozen=True, slots=True)
class FiguresOptions:
    """What the figures are told of the gateway they are about."""

    version: str
    tracing: bool = False


class LiveFigures:
    """Gives the documents, each built at most once a second."""

    def __init__(self, watch: Watch, history: History, breakers: Breakers, options: FiguresOptions) -> None:
        self.figures = watch.figures
        self.promises = watch.promises
        self._board = watch.board
        self._metrics = watch.metrics
        self._now = watch.now
        self._history = history
        self._breakers = breakers
        self._options = options
        self._started_at = watch.now()
        self._past = Past(watch.board)
        self._covered: tuple[int, int] | None = None
        self._built: tuple[float, bytes, str] | None = None
        self._listed: tuple[float, list[view.AnsweredOperation], list[view.AskedOperation]] | None = None
        self._one_at_a_time = asyncio.Lock()

    def keep(self) -> None:
        """Write the counts of the thirty days, and what other workers show of this one; called every few seconds."""
        self._metrics.publish()
        counts = self.figures.take_counts()
        if not counts:
            return
        try:
            self._history.add(self._now(), counts)
        except sqlite3.Error:
            # Another worker may hold the file for long, or the disk be full; the counts wait for the next time.
            self.figures.give_back(counts)
            logging.getLogger("dexter.gateway").warning("history_not_written")

    async def stats(self) -> tuple[bytes, str]:
        """Give the whole document as JSON, and its ETag."""
        async with self._one_at_a_time:
            now, built = self._now(), self._built
            if built is None or not 0 <= now - built[0] < BUILT_EVERY_S:
                self.keep()
                # Some tens of milliseconds where much happened: others' requests must not wait for them.
                built = self._built = await asyncio.to_thread(self._build, now)
        return built[1], built[2]

    async def slo(self) -> view.SloView:
        """Give how the objectives stand."""
        async with self._one_at_a_time:
            now = self._now()
            self.keep()
            return await asyncio.to_thread(lambda: self._slo(now, self._sum(now, HOUR_S)))

    def turned_away(self) -> list[Degraded]:
        """Give the classes of calls that their breaker keeps from Sentry at the moment, at whichever worker."""
        found = []
        for kind in CallClass:
            # Once it may be tried, the next call is let through; where nobody asks, a breaker stands open for hours.
            away = self._breakers.turned_away(kind)
            if away is not None:
                state = state_name(self._breakers.state(kind))
                until = away.probe_at if state == "open" else None
                found.append(Degraded(kind.value, state, away.last_failure or None, until))
        return found

    def _build(self, now: float) -> tuple[float, bytes, str]:
        document = self._document(now)
        lasting = document.model_dump_json(by_alias=True, exclude={"now"}).encode()
        tag = f'"{hashlib.blake2b(lasting, digest_size=12).hexdigest()}"'
        return now, document.model_dump_json(by_alias=True).encode(), tag

    def _slo(self, now: float, hour: Slot) -> view.SloView:
        window, since = self._history.window(now)
        covered, published = self._coverage()
        stand = standings(window, _traffic(hour), covered=covered, published=published)
        return view.SloView(
            window_days=WINDOW_DAYS,
            since=None if since is None else iso(since),
            objectives=[_objective(standing) for standing in stand],
        )

    def close(self) -> None:
        """Close the file of the thirty days."""
        self._history.close()

    def _document(self, now: float) -> view.GatewayStats:
        sheets = self._board.sheets()
        hour = self._sum(now, HOUR_S)
        operations, upstream = self._slowest(now)
        gauges = merged(self._board, SHOWN_METRICS)
        return view.GatewayStats(
            now=iso(now),
            started_at=iso(self._started_at),
            version=self._options.version,
            workers=view.Workers(live=sum(sheet.is_live for sheet in sheets), seen=len(sheets)),
            windows=view.Windows(
                minute=_window(self._sum(now, 60), 60),
                five_minutes=_window(self._sum(now, 300), 300),
                hour=_window(hour, HOUR_S),
            ),
            series=self._series(now),
            operations=operations,
            upstream=upstream,
            breakers=[self._breaker(kind) for kind in CallClass],
            quota=_quota(gauges),
            queue=_queue(hour, gauges["dexter_queue_wait_seconds"]),
            flights=view.FlightsView(flown=int(hour[Field.FLIGHTS]), joined=int(hour[Field.JOINED])),
            cache=view.CacheView(used_bytes=_whole(gauges["dexter_cache_bytes"].get(())) or 0),
            listeners=self.listeners(),
            recent_errors=[_error(mishap) for mishap in self.figures.mishaps.latest()],
            suspended=[
                view.SuspendedPromise(promise=each.promise, since=iso(each.since), why=each.why)
                for each in self.promises.suspended()
            ],
            drift=_drift(self.figures.drift),
            deprecations=_deprecations(self.figures.deprecations),
            slo=self._slo(now, hour),
            tracing=self._options.tracing,
        )

    def listeners(self) -> view.ListenersView:
        """Give who listens to the feed at the moment, to all workers of this host."""
        self._metrics.publish()
        found = merged(self._board, _LISTENERS)
        open_now, ended = found["dexter_feed_listeners"], found["dexter_feed_listeners_ended_total"]
        return view.ListenersView(
            sockets=_whole(open_now.get((SOCKET,))) or 0,
            streams=_whole(open_now.get((STREAM,))) or 0,
            waiting=int(sum(block[0] for block in found["dexter_feed_waiting_messages"].values())),
            dropped=int(sum(block[0] for (_, reason), block in ended.items() if reason == "slow")),
            refused=int(sum(block[0] for block in found["dexter_feed_listeners_refused_total"].values())),
        )

    def _sum(self, now: float, seconds: int) -> Slot:
        return summed(self._past.slots(now, seconds)) or _EMPTY

    def _series(self, now: float) -> view.TimeSeries:
        slots = self._past.slots(now, HOUR_S)
        last = int(now) // STEP_S
        first = int(slots[0][Field.STAMP]) if slots else last
        known = {int(slot[Field.STAMP]): slot for slot in slots}
        points = [known.get(stamp, _EMPTY) for stamp in range(first, last + 1)]
        return view.TimeSeries(
            step_s=STEP_S,
            t=[stamp * STEP_S for stamp in range(first, last + 1)],
            requests=[int(point[Field.REQUESTS]) for point in points],
            errors=[int(point[Field.ERRORS]) for point in points],
            reads=[int(_reads(point)) for point in points],
            hits=[int(_hits(point)) for point in points],
            upstream_calls=[int(point[Field.ATTEMPTS]) for point in points],
            saved=[_saved(point) for point in points],
            p50_ms=[_ms(percentile_s(point[LATENCIES:], 0.5)) for point in points],
            p95_ms=[_ms(percentile_s(point[LATENCIES:], 0.95)) for point in points],
        )

    def _slowest(self, now: float) -> tuple[list[view.AnsweredOperation], list[view.AskedOperation]]:
        listed = self._listed
        if listed is None or not 0 <= now - listed[0] < OPERATIONS_EVERY_S:
            listed = self._listed = (now, self._answered(now), self._asked(now))
        return listed[1], listed[2]

    def _answered(self, now: float) -> list[view.AnsweredOperation]:
        return [
            view.AnsweredOperation(
                method=each.key[0],
                endpoint=each.key[1],
                requests=each.count,
                errors=each.errors,
                p50_ms=_sure_ms(each.p50_s),
                p95_ms=_sure_ms(each.p95_s),
                max_ms=_sure_ms(each.max_s),
            )
            for each in self.figures.answered.slowest(now, SHOWN_OPERATIONS)
        ]

    def _asked(self, now: float) -> list[view.AskedOperation]:
        return [
            view.AskedOperation(
                operation=each.key[0],
                calls=each.count,
                failures=each.errors,
                p50_ms=_sure_ms(each.p50_s),
                p95_ms=_sure_ms(each.p95_s),
                max_ms=_sure_ms(each.max_s),
            )
            for each in self.figures.asked.slowest(now, SHOWN_OPERATIONS)
        ]

    def _breaker(self, kind: CallClass) -> view.BreakerView:
        state = self._breakers.state(kind)
        return view.BreakerView(
            name=kind.value,
            state=state_name(state),
            since=None if state.since is None else iso(state.since),
            last_failure=None if isinstance(state, Closed) else state.last_failure or None,
            retry_at=iso(state.probe_at) if isinstance(state, Open) else None,
        )

    def _coverage(self) -> tuple[int, int]:
        if self._covered is None:
            public = [operation for operation in operations() if operation.dialect == "public"]
            proven = frozenset(read_json(PROVEN))
            covered = sum(operation.key in proven and is_routed(operation) for operation in public)
            self._covered = covered, len(public)
        return self._covered


def _quota(gauges: Mapping[str, Series]) -> list[view.QuotaView]:
    limits, concurrent = gauges["dexter_quota_limit"], gauges["dexter_quota_concurrent_limit"]
    resets = gauges["dexter_quota_reset_timestamp_seconds"]
    return [
        view.QuotaView(
            bucket=" ".join(labels),
            limit=_whole(limits.get(labels)),
            remaining=int(remaining),
            resets_at=None if labels not in resets else iso(resets[labels][0]),
            concurrent_limit=_whole(concurrent.get(labels)),
            learned_at=iso(moment),
        )
        for labels, (remaining, moment) in sorted(gauges["dexter_quota_remaining"].items())
    ]


def _queue(hour: Slot, waits: Series) -> view.QueueView:
    counts = [sum(column) for column in zip(*(block[:-1] for block in waits.values()), strict=True)]
    return view.QueueView(
        waited=int(hour[Field.WAITED]), refused=int(hour[Field.REFUSED]), p95_wait_ms=_ms(_coarse_s(counts, 0.95))
    )


def _window(slot: Slot, seconds: int) -> view.Window:
    requests, errors, reads, hits = slot[Field.REQUESTS], slot[Field.ERRORS], _reads(slot), _hits(slot)
    p50, p95, p99 = (_ms(percentile_s(slot[LATENCIES:], share)) for share in (0.5, 0.95, 0.99))
    return view.Window(
        seconds=seconds,
        requests=int(requests),
        per_s=round(requests / seconds, 3),
        errors=int(errors),
        error_rate=errors / requests if requests else None,
        client_errors=int(slot[Field.CLIENT_ERRORS]),
        p50_ms=p50,
        p95_ms=p95,
        p99_ms=p99,
        reads=int(reads),
        hits=int(hits),
        hit_ratio=hits / reads if reads else None,
        outcomes=view.Outcomes(**{name: int(slot[place]) for name, place in _OUTCOMES.items()}),
        upstream_calls=int(slot[Field.ATTEMPTS]),
        upstream_failures=int(slot[Field.ATTEMPT_FAILURES]),
        calls_saved=_saved(slot),
    )


def _traffic(slot: Slot) -> Traffic:
    return Traffic(
        requests=slot[Field.REQUESTS],
        errors=slot[Field.ERRORS],
        quick=slot[Field.QUICK],
        reads=_reads(slot),
        hits=_hits(slot),
        latencies=slot[LATENCIES:],
    )


def _hits(slot: Slot) -> float:
    return slot[Field.HIT] + slot[Field.STALE]


def _reads(slot: Slot) -> float:
    return _hits(slot) + slot[Field.FALLBACK] + slot[Field.MISS] + slot[Field.COLLAPSED]


def _saved(slot: Slot) -> int:
    return max(0, int(slot[Field.CALLS] - slot[Field.ATTEMPTS]))


def _sure_ms(seconds: float) -> float:
    return round(seconds * 1000, 2)


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else _sure_ms(seconds)


def _whole(block: Sequence[float] | None) -> int | None:
    return None if block is None else int(block[0])


def _coarse_s(counts: Sequence[float], share: float) -> float | None:
    """Give where the bucket of a percentile ends; the last one has no end, and is said to begin there."""
    passed, wanted = 0.0, sum(counts) * share
    for end, count in zip((*SECONDS, SECONDS[-1]), counts, strict=False):
        passed += count
        if count and passed >= wanted:
            return end
    return None


def _error(mishap: Mishap) -> view.RecentError:
    return view.RecentError(**{**msgspec.structs.asdict(mishap), "at": iso(mishap.at)})


def _drift(notices: Notices) -> list[view.DriftView]:
    return [
        view.DriftView(operation=each.key[0], what=each.key[1], count=each.count, last_seen=iso(each.last_seen))
        for each in notices.listed()
    ]


def _deprecations(notices: Notices) -> list[view.DeprecationView]:
    return [
        view.DeprecationView(
            operation=each.key[0], sunset=each.key[1] or None, count=each.count, last_seen=iso(each.last_seen)
        )
        for each in notices.listed()
    ]


def _objective(standing: Standing) -> view.ObjectiveView:
    objective, budget = standing.objective, standing.budget
    return view.ObjectiveView(
        name=objective.name,
        title=objective.title,
        unit=objective.unit,
        direction=objective.direction,
        target=objective.target,
        measured=standing.measured,
        met=standing.met,
        last_hour=standing.last_hour,
        budget=None if budget is None else view.BudgetView(**asdict(budget)),
    )
