"""The way to Sentry, read in one function."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dexter.stores.cells import OwnCells
from dexter.upstream.admission import Admission
from dexter.upstream.background import Background
from dexter.upstream.breakers import Breakers
from dexter.upstream.breakers_of_hosts import BreakersOfHosts
from dexter.upstream.cached import Cached
from dexter.upstream.clock import Clock, SystemClock
from dexter.upstream.coalesced import Coalesced
from dexter.upstream.confirmations import Confirmations
from dexter.upstream.credited import credited
from dexter.upstream.deadlined import deadlined
from dexter.upstream.decoded import decoded
from dexter.upstream.followed import followed
from dexter.upstream.foreseen import Foreseen
from dexter.upstream.guarded import Guarded
from dexter.upstream.metered import Metered
from dexter.upstream.one_asks import OneAsks
from dexter.upstream.options import StackOptions
from dexter.upstream.own_changes import OwnChanges
from dexter.upstream.parts import Parts
from dexter.upstream.probe import Prober
from dexter.upstream.purging import purging
from dexter.upstream.quota_book import ProcessQuotaBook
from dexter.upstream.renewals import Renewals
from dexter.upstream.retried import Retried
from dexter.upstream.sent import sent
from dexter.upstream.shared_quota import QuotaSharing, SharedQuotaBook
from dexter.upstream.stored import stored
from dexter.upstream.traced import traced
from dexter.upstream.translated import Translated
from dexter.upstream.watched import Watched
from dexter.upstream.witnessed import witnessed

if TYPE_CHECKING:
    from collections.abc import Callable

    from dexter.observe.records import Observer
    from dexter.observe.spans import Tracing
    from dexter.stores.cells import Cells
    from dexter.stores.flights import Flights
    from dexter.stores.ranked_values import RankedValues
    from dexter.stores.store import Store
    from dexter.upstream.transport import Transport
    from dexter.upstream.witnessed import Witness
    from dexter.wire import Answer, Call, Identity, Send


@dataclass(frozen=True, slots=True)
class Stack:
    """A `Send` made of stages, and the work that goes on behind it."""

    outermost: Send
    background: Background
    prober: Prober
    """Knows what this Sentry can do."""
    breakers: Breakers
    """Know which parts of it are left alone."""
    is_confirmed: Callable[[Identity], bool]
    """Whether stored data may be given to an identity now."""
    start: Callable[[], None]
    """Begins the work that goes on also while nobody calls."""

    async def __call__(self, call: Call) -> Answer:
        """Give the answer to a call. Raises an UpstreamError when there is none to give."""
        return await self.outermost(call)

    async def aclose(self) -> None:
        """End flights and refreshes. The transport belongs to whoever made it."""
        await self.background.aclose()


def build_stack(
    transport: Transport,
    store: Store,
    clock: Clock | None = None,
    options: StackOptions | None = None,
    observers: tuple[Observer, ...] = (),
    chance: Callable[[], float] = random.random,
    flights: Flights | None = None,
    tracing: Tracing | None = None,
    sharing: QuotaSharing | None = None,
    witness: Witness | None = None,
    cells: Cells | None = None,
    hosts: RankedValues | None = None,
) -> Stack:
    """Give the way to one Sentry. Each line wraps the one above it, so that the last is passed first.

    `chance` draws the numbers from 0 to 1 that spread retries. `flights` are shared with other processes, if any.
    `tracing` puts spans round the attempts and round the stages that calls may wait in. `sharing` is with whom Sentry's
    quotas are shared, if with anybody. `witness` hears of every change that Sentry accepted. `cells` hold what
    other processes found out about this Sentry, if there are any, and `hosts` what other hosts did.
    """
    options = options or StackOptions()
    parts = Parts(store, clock or SystemClock(), options, Background(), observers)
    book = ProcessQuotaBook() if sharing is None else SharedQuotaBook(sharing, parts.clock, parts.background)
    admission = Admission(book, parts)
    cells = OwnCells() if cells is None else cells
    breakers = Breakers(cells, options.breaker, parts.clock.now)

    stage = tracing.stage if tracing is not None else _plain

    attempt: Send = sent(transport, parts)
    if tracing is not None:
        attempt = tracing.attempt(attempt)
    attempt = stage("metered", Metered(attempt, admission, book, parts))
    joined = None if hosts is None else BreakersOfHosts(hosts, breakers, parts.clock)
    attempt = guarded = Guarded(attempt, breakers, admission, parts, joined)
    attempt = Retried(attempt, parts, chance)
    attempt = Watched(attempt, transport.upstream, parts)
    prober = Prober(decoded(attempt, parts), transport.upstream, parts, cells)
    confirmations = Confirmations(decoded(attempt, parts), parts)

    send: Send = credited(attempt, confirmations, parts)
    send = Translated(send, decoded(send, parts), prober, transport.upstream, parts, cells)
    send = stored(send, parts)
    if flights is not None:
        send = OneAsks(send, parts, flights)
    send = stage("coalesced", Coalesced(send, parts))
    renewals = Renewals(decoded(send, parts), parts)
    own_changes = OwnChanges(store, parts.clock)
    send = stage("cached", Cached(send, confirmations, renewals, own_changes, parts))
    if options.ahead_share > 0:
        send = Foreseen(send, parts)
    send = purging(send, confirmations, renewals, own_changes, parts)
    if witness is not None:
        send = witnessed(send, witness)
    send = followed(send, transport.upstream)
    send = deadlined(send, parts)
    send = decoded(send, parts)
    send = traced(send, parts)

    def start() -> None:
        if joined is not None:
            parts.background.start(joined.follow(guarded.took_note))

    return Stack(send, parts.background, prober, breakers, confirmations.is_confirmed, start)


def _plain(_name: str, send: Send) -> Send:
    return send
