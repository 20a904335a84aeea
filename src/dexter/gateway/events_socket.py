"""`GET /events`: the feed on a WebSocket. What clients say and hear is in `docs/realtime.md`.

A socket that waits has no task: what all sockets need now and then is done for all of them by one.
"""

from __future__ import annotations

import asyncio
from contextvars import Context
from functools import partial
from typing import TYPE_CHECKING

import structlog

from dexter.errors import BadRequest, CallerError, DexterError
from dexter.gateway.access_token import session_id_hash
from dexter.gateway.asgi import headers_of, query_of
from dexter.gateway.events_socket_client import FORBIDDEN, UNAUTHENTICATED, Client
from dexter.gateway.events_socket_frames import PING, framed
from dexter.gateway.events_socket_messages import Plain
from dexter.gateway.events_socket_outbox import Outbox
from dexter.gateway.events_socket_wire import socket_of
from dexter.gateway.events_stream import FeedDown, read_wish, require_organization
from dexter.gateway.feed_access import RECHECK_S, access, renewed
from dexter.gateway.identity import CSRF_HEADER, TOKEN_HEADER
from dexter.gateway.listeners import SOCKET
from dexter.policy.feed_channels import PRESENCE
from dexter.realtime.audience import Interest, Listener
from dexter.realtime.hub import Frame, Gap
from dexter.realtime.presence import Presence, Viewer
from dexter.stores.feed_log import FeedUnavailable

if TYPE_CHECKING:
    from dexter.gateway.asgi import AsgiSend, Receive, Scope
    from dexter.gateway.events_socket_messages import Language
    from dexter.gateway.events_socket_wire import Socket
    from dexter.gateway.feed_access import Access
    from dexter.gateway.identity import Caller
    from dexter.gateway.listeners import Listeners
    from dexter.gateway.runtime import Gateway
    from dexter.gateway.tickets import Tickets
    from dexter.realtime.hub import Hub, Position
    from dexter.wire import Headers

log = structlog.get_logger("dexter.gateway")

TICKET = "ticket"
LOOK_S = 5.0
"""How often the sockets are looked at."""
PING_S = 20.0
"""A client that said nothing for so long is asked whether it lives."""
DEAD_S = 50.0
"""A client that showed no life for so long is taken for dead."""
_CREDENTIALS = frozenset({TOKEN_HEADER, "authorization", "cookie", CSRF_HEADER})
_PING = framed(b"", PING)


class UpgradeRequired(CallerError):
    """The address speaks WebSocket only."""

    status = 426
    remedy = "Connect with a WebSocket client, or read /events/stream with any HTTP client."


class EventsSocket:
    """Serves the feed of the hub's organization on sockets, and knows all of them."""

    def __init__(self, gateway: Gateway, hub: Hub, tickets: Tickets, listeners: Listeners) -> None:
        self._gateway = gateway
        self._listeners = listeners
        self._hub = hub
        self._tickets = tickets
        self._outbox = Outbox(partial(listeners.told, SOCKET))
        self._plain = Plain()
        self._clients: set[Client] = set()
        self._looking: asyncio.Task[None] | None = None
        self._renewed_at = 0.0
        self.presence = Presence(hub.log, hub.organization, gateway.clock.now)
        self._ear = Listener(self._notice, Interest(frozenset({PRESENCE})))
        hub.before_close.append(self.presence.aclose)
        listeners.watch(SOCKET, lambda: sum(len(client.pending) for client in self._clients))

    @property
    def connected(self) -> int:
        """How many clients are connected."""
        return len(self._clients)

    @property
    def position(self) -> Position:
        """Give where now is."""
        return self._hub.position

    async def __call__(self, scope: Scope, receive: Receive, send: AsgiSend) -> None:
        if scope["type"] != "websocket":
            raise UpgradeRequired("This is a WebSocket's address, and the request asks for none.")
        query = query_of(scope)
        stated = tuple(pair for pair in query if pair[0] != TICKET)
        if any(name in ("token", "access_token") for name, _ in stated):
            raise BadRequest(
                "A token has no place in an address, which ends up in logs.",
                remedy="Send it as X-Dexter-Token, or ask for a ticket by POST /api/v1/events/ticket.",
            )
        wish = read_wish(stated, None, default="")
        require_organization(stated, self._hub.organization)
        held = await self.proved(scope)
        try:
            webhooks_at = await self._hub.webhooks_at()
        except FeedUnavailable as error:
            raise FeedDown("The feed's log does not answer.") from error
        client = await self.joined(socket_of(scope), self._plain, held)
        client.begin(self._hub.position, wish, {"webhooks_at": webhooks_at})

    async def proved(self, scope: Scope) -> Access:
        """Give what whoever asks for a socket may hear. Raises what stands against it."""
        self._listeners.require_room()
        ticket = dict(query_of(scope)).get(TICKET)
        headers = headers_of(scope)
        if ticket is not None:
            headers = await self._stood_for(ticket, headers)
        caller = self._gateway.sentry_caller("GET", headers)
        return await access(self._gateway, caller, self._hub.organization, str(scope["state"]["request_id"]))

    async def joined(self, socket: Socket, language: Language, held: Access) -> Client:
        """Open a socket whose client may hear. Raises FeedDown, TooManyListeners or TooManyOfYours."""
        seat = self._listeners.enter(SOCKET, held.caller)
        now = self._gateway.clock.monotonic()
        client = Client(socket, seat, self._hub, self._outbox, self.presence, language, held, now)
        client.viewer = _viewer(held.caller)
        try:
            await self._hub.join(client.listener)
            await self._hub.join(self._ear)
        except BaseException as error:
            seat.give_back()
            self._hub.leave(client.listener)
            if not self._clients:
                self._hub.leave(self._ear)
            if isinstance(error, FeedUnavailable):
                raise FeedDown("The feed's log does not answer.") from error
            raise
        socket.on_lost = lambda: self._left(client)
        self._clients.add(client)
        socket.accept()
        if not socket.is_open:
            self._left(client)  # it went away while it was found out who it is
            return client
        if self._looking is None or self._looking.done():
            # Not within the request: it works for all, and outlives this one.
            self._looking = asyncio.get_running_loop().create_task(self._look_now_and_then(), context=Context())
        return client

    async def look(self) -> None:
        """Ask the quiet whether they live, drop the dead, and see whether all still may hear."""
        now_real, now = asyncio.get_running_loop().time(), self._gateway.clock.monotonic()
        due: dict[object, list[Client]] = {}
        for client in tuple(self._clients):
            socket, client.messages = client.socket, 0
            if now_real - socket.heard_at >= DEAD_S:
                client.seat.ends_for("dead")
                socket.abort()
                continue
            if now_real - max(socket.heard_at, client.pinged_at) >= PING_S and not socket.is_full:
                client.pinged_at = now_real
                socket.write(_PING)
            if now - client.checked_at >= RECHECK_S:
                caller = client.held.caller
                due.setdefault((caller.shown, caller.identity.key, caller.credential.authorization), []).append(client)
        for clients in due.values():
            await self._renew(clients, now)

    async def _renew(self, clients: list[Client], now: float) -> None:
        """Look anew at what the clients of one caller may hear."""
        held = clients[0].held
        try:
            held = await renewed(self._gateway, held, f"feed-{id(clients[0]):x}")
        except DexterError as error:
            code = UNAUTHENTICATED if error.status == 401 else FORBIDDEN
            for client in clients:
                client.end(code, "refused", error.message)
            return
        for client in clients:
            client.allowed(held, now)

    async def _look_now_and_then(self) -> None:
        while self._clients:
            await asyncio.sleep(LOOK_S)
            try:
                await self.look()
            except Exception:
                # Whoever lost a right must not hear on because of a surprise with somebody else.
                log.exception("sockets_not_looked_at")

    async def _stood_for(self, ticket: str, headers: Headers) -> Headers:
        """Give the headers of a request with what its ticket stands for instead of what the browser sent unasked."""
        try:
            shown = await self._tickets.take(ticket, self._hub.log, self._hub.organization)
        except FeedUnavailable as error:
            raise FeedDown("The feed's log does not answer.") from error
        proved = (*(pair for pair in headers if pair[0].lower() not in _CREDENTIALS), *shown)
        await self._gateway.authenticator.recognise("GET", proved)
        return proved

    def _left(self, client: Client) -> None:
        client.leave()
        self._clients.discard(client)
        if not self._clients:
            self._hub.leave(self._ear)
            if self._looking is not None:
                self._looking.cancel()
                self._looking = None

    def _notice(self, found: Frame | Gap) -> None:
        if isinstance(found, Frame) and found.event.issue is not None and found.event.after.get("people"):
            self.presence.noticed(found.event.issue.id)


def _viewer(caller: Caller) -> Viewer | None:
    """Give the person whom others may see, if the caller is one."""
    person = caller.person
    if person is None:
        return None
    # The built-in administrator may be many, whom their sessions tell apart.
    apart = session_id_hash(caller.session_id)[:12] if person.built_in and caller.session_id else ""
    return Viewer(f"{person.id}:{apart}" if apart else person.id, person.name)
