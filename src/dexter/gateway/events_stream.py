"""`GET /events/stream`: the feed as server-sent events, from any place in its log on."""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import msgspec
import structlog

from dexter.errors import BadRequest, DexterError, NotFound
from dexter.gateway.asgi import AsgiSend, Message, Receive, Scope, headers_of, query_of
from dexter.gateway.feed_access import RECHECK_S, access, renewed
from dexter.gateway.listeners import STREAM
from dexter.gateway.problems import MethodNotAllowed
from dexter.gateway.protocol import FAREWELL
from dexter.policy.feed_channels import ISSUES, MOST_CHANNELS, Filter, is_channel, read_filter
from dexter.realtime.audience import Interest, Listener
from dexter.realtime.hub import Frame, Gap, Position
from dexter.stores.feed_log import FeedUnavailable
from dexter.wire import header

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dexter.gateway.feed_access import Access
    from dexter.gateway.listeners import Listeners, Seat
    from dexter.gateway.runtime import Gateway
    from dexter.realtime.hub import Hub

log = structlog.get_logger("dexter.gateway")

PATH = "/events/stream"
HEARTBEAT_S = 15.0
LONGEST_QUEUE = 1000
"""How many events a slow client may be behind before it is told and dropped."""
STUCK_S = 30.0
"""How long a client may take to read one message before it is dropped: it could not be told any more."""
_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
]


_BYE = {
    "slow": "You read more slowly than events happen; ask again from your last id.",
    "refused": "You may not hear this any more: the session or token ended, or a right was taken away.",
    "restart": "This Dexter ends; connect again from your last id.",
}


class FeedDown(DexterError):
    """The feed's log does not answer."""

    status = 503
    remedy = "Try again in a moment; until then read the lists themselves."
    retry_after_s = 2.0


@dataclass(frozen=True, slots=True)
class Wish:
    """What a client wants to hear, and from where on; from now on without a place."""

    channels: frozenset[str]
    wanted: Filter
    since: Position | None


class EventsStream:
    """Serves the feed of the hub's organization."""

    def __init__(self, gateway: Gateway, hub: Hub, listeners: Listeners) -> None:
        self._gateway = gateway
        self._hub = hub
        self._listeners = listeners
        self._inboxes: set[_Inbox] = set()
        listeners.watch(STREAM, lambda: sum(len(inbox) for inbox in self._inboxes))

    async def __call__(self, scope: Scope, receive: Receive, send: AsgiSend) -> None:
        if scope["method"] != "GET":
            raise MethodNotAllowed(scope["method"], frozenset({"GET"}))
        headers = headers_of(scope)
        query = query_of(scope)
        wish = read_wish(query, header(headers, "last-event-id"))
        require_organization(query, self._hub.organization)
        request_id = str(scope["state"]["request_id"])
        self._listeners.require_room()
        caller = self._gateway.sentry_caller("GET", headers)
        held = await access(self._gateway, caller, self._hub.organization, request_id)
        seat = self._listeners.enter(STREAM, caller)
        inbox = _Inbox()
        scope["state"][FAREWELL] = inbox.end
        listener = Listener(inbox.give, Interest(wish.channels, wish.wanted, held.projects))
        try:
            webhooks_at = await self._hub.webhooks_at()
            now = await self._hub.join(listener)
        except BaseException as error:
            seat.give_back()
            if isinstance(error, FeedUnavailable):
                raise FeedDown("The feed's log does not answer.") from error
            raise
        self._inboxes.add(inbox)
        gone = asyncio.ensure_future(_gone(receive))
        gone.add_done_callback(lambda _: inbox.end())
        try:
            await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
            writer = _Writer(send, self._listeners, seat)
            await writer.hello(now, wish, webhooks_at)
            if wish.since is not None:
                await self._replayed(writer, listener, wish.since, now)
                await writer.heartbeat()  # says that this was all
            await self._live(writer, listener, inbox, held, request_id)
            if not gone.done():
                reason = "slow" if inbox.is_overrun else "restart" if inbox.is_over else "refused"
                seat.ends_for(reason)
                await writer.bye(reason, _BYE[reason])
        except (TimeoutError, FeedUnavailable) as error:
            # The server breaks the connection off, and the client comes back when it can.
            seat.ends_for("slow" if isinstance(error, TimeoutError) else "unavailable")
            log.info("stream_broken_off", error=type(error).__name__)
        finally:
            self._hub.leave(listener)
            self._inboxes.discard(inbox)
            seat.leave()
            gone.cancel()
            with suppress(asyncio.CancelledError):
                await gone

    async def _replayed(self, writer: _Writer, listener: Listener, since: Position, until: Position) -> None:
        """Tell what a client has missed."""
        is_whole = True
        async for found in self._hub.between(since, until):
            if isinstance(found, Gap):
                is_whole = False
                await writer.tell(found)
            elif listener.wants(found):
                await writer.tell(found)
        if is_whole:
            listener.heard = since

    async def _live(self, writer: _Writer, listener: Listener, inbox: _Inbox, held: Access, request_id: str) -> None:
        """Tell what happens, until the client may not hear it any more or nothing more is to be told."""
        clock = self._gateway.clock
        checked_at = clock.monotonic()
        while not inbox.is_over and not inbox.is_overrun:
            if clock.monotonic() - checked_at >= RECHECK_S:
                try:
                    held = await renewed(self._gateway, held, request_id)
                except DexterError:
                    return
                self._hub.change(listener, replace(listener.interest, projects=held.projects))
                checked_at = clock.monotonic()
            found = await inbox.next(HEARTBEAT_S)
            if isinstance(found, Gap):
                listener.heard = None  # what comes after it begins anew
            if found is None:
                await writer.heartbeat()
            elif isinstance(found, Gap) or (listener.interest.allows(found) and not listener.has_heard(found)):
                await writer.tell(found)


class _Inbox:
    """What waits to be told to one client, and whether it is over with that."""

    def __init__(self) -> None:
        self._found: deque[Frame | Gap] = deque()
        self._came = asyncio.Event()
        self.is_overrun = False
        """Whether the client was so slow that something was left out."""
        self.is_over = False
        """Whether the client has left, or the server ends."""

    def __len__(self) -> int:
        return len(self._found)

    def give(self, found: Frame | Gap) -> None:
        """Have something told."""
        if len(self._found) >= LONGEST_QUEUE:
            self.is_overrun = True
        else:
            self._found.append(found)
        self._came.set()

    def end(self) -> None:
        """Have nothing more told."""
        self.is_over = True
        self._came.set()

    async def next(self, timeout_s: float) -> Frame | Gap | None:
        """Give what comes next; None after so long, or when it is over."""
        if not self._found and not self.is_over:
            self._came.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(timeout_s):
                    await self._came.wait()
        return self._found.popleft() if self._found else None


class _Writer:
    """Writes messages as server-sent events. The id of each is the place after it."""

    def __init__(self, send: AsgiSend, listeners: Listeners, seat: Seat) -> None:
        self._send = send
        self._listeners = listeners
        self._seat = seat

    async def hello(self, now: Position, wish: Wish, webhooks_at: str | None) -> None:
        """Say where now is, what will be told, and when Sentry last told of something by itself."""
        document = {**_place(now), "channels": sorted(wish.channels), "webhooks_at": webhooks_at}
        await self._message("hello", document, None)

    async def tell(self, found: Frame | Gap) -> None:
        """Tell of an event or of a gap."""
        if isinstance(found, Gap):
            self._seat.missed(found.why)
            await self._message("gap", {**_place(found.position), "why": found.why}, found.position)
        else:
            await self._raw("event", found.text, Position(found.epoch, found.offset))

    async def bye(self, reason: str, detail: str) -> None:
        """Say why nothing more comes, and end."""
        await self._message("bye", {"reason": reason, "detail": detail}, None)
        await self._written({"type": "http.response.body", "body": b""})

    async def heartbeat(self) -> None:
        """Show that the connection lives."""
        await self._written({"type": "http.response.body", "body": b": \n\n", "more_body": True})

    async def _message(self, kind: str, document: Mapping[str, Any], place: Position | None) -> None:
        await self._raw(kind, msgspec.json.encode({"kind": kind, **document}), place)

    async def _raw(self, kind: str, text: bytes, place: Position | None) -> None:
        named = b"" if place is None else b"id: %b:%d\n" % (place.epoch.encode(), place.offset)
        body = b"%bevent: %b\ndata: %b\n\n" % (named, kind.encode(), text)
        await self._written({"type": "http.response.body", "body": body, "more_body": True})
        self._listeners.told(STREAM, 1)

    async def _written(self, message: Message) -> None:
        async with asyncio.timeout(STUCK_S):
            await self._send(message)


def read_wish(pairs: Sequence[tuple[str, str]], last_id: str | None, default: str = ISSUES) -> Wish:
    """Give what a client asks for. Raises BadRequest for what there is not."""
    known = {"channels", "filter", "since", "organization"}
    for name, _ in pairs:
        if name not in known:
            raise BadRequest(f"{name[:80]!r} is not a name of this query; it takes {', '.join(sorted(known))}.")
    stated = dict(pairs)
    named = [value for name, value in pairs if name == "channels"] or [default]
    channels = [name for value in named for name in value.split(",") if name]
    return Wish(read_channels(channels), wanted(stated.get("filter", "")), read_place(stated.get("since") or last_id))


def require_organization(pairs: Sequence[tuple[str, str]], organization: str) -> None:
    """Raise NotFound when a query asks for another organization than the one that there is a feed of."""
    if dict(pairs).get("organization", organization).lower() != organization.lower():
        raise NotFound(
            "There is no feed of this organization here.",
            remedy=f"There is one of {organization!r}.",
        )


def read_channels(names: Sequence[str]) -> frozenset[str]:
    """Give channels. Raises BadRequest for one that there is not."""
    for name in names:
        if not is_channel(name):
            raise BadRequest(
                f"{name[:80]!r} is no channel.",
                remedy="There are issues, alerts, jobs, gateway, presence, project:SLUG and issue:NUMBER.",
            )
    if len(names) > MOST_CHANNELS:
        raise BadRequest(f"At most {MOST_CHANNELS} channels can be heard at once.")
    return frozenset(names)


def wanted(text: str) -> Filter:
    """Give a filter. Raises BadRequest for one that is none."""
    try:
        return read_filter(text)
    except ValueError as error:
        raise BadRequest(f"filter: {error}.") from error


def read_place(text: str | None, name: str = "since") -> Position | None:
    """Give a place in the log. Raises BadRequest for a text that names none."""
    if text is None:
        return None
    epoch, _, offset = text.rpartition(":")
    if not epoch or len(epoch) > 64 or not (offset.isascii() and offset.isdigit() and len(offset) < 19):
        raise BadRequest(f"{name} must be the id of an event, EPOCH:OFFSET.")
    return Position(epoch, int(offset))


def _place(position: Position) -> dict[str, Any]:
    return {"epoch": position.epoch, "offset": position.offset}


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
