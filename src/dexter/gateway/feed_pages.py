"""The addresses of the feed, for webhooks, streams and sockets, and Dexter's own way to Sentry for it."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from dexter.features.sentry import Sentry
from dexter.gateway import events_stream, webhooks, webhooks_unsigned
from dexter.gateway.events_old_addresses import CONNECTIONS, OldPushes
from dexter.gateway.events_socket import EventsSocket
from dexter.gateway.events_socket_legacy import OldSocket
from dexter.gateway.events_stream import EventsStream
from dexter.gateway.protocol import OLD_PUSH_PATHS, OLD_SOCKET_PATHS, SOCKET_PATH
from dexter.gateway.tickets import Tickets
from dexter.gateway.webhooks import SentrysDoor
from dexter.gateway.webhooks_unsigned import PluginsDoor
from dexter.observe.records import Observer, WebhookCame, tell
from dexter.realtime.events import ActorRef
from dexter.wire import Priority

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dexter.gateway.asgi import AsgiApp
    from dexter.gateway.listeners import Listeners
    from dexter.gateway.runtime import Gateway
    from dexter.gateway.webhooks import WebhookSecrets
    from dexter.realtime.feed import Feed


def feeds_sentry(gateway: Gateway, organization: str) -> Sentry:
    """Give Dexter's own way to Sentry, past the cache and behind people's own requests."""
    identity, credential = gateway.authenticator.service
    return Sentry(
        send=gateway.send,
        identity=identity,
        credential=credential,
        organization=organization,
        deadline=gateway.deadline(),
        clock=gateway.clock.now,
        request_id=f"feed-{secrets.token_hex(8)}",
        no_cache=True,
        priority=Priority.REALTIME,
    )


async def who_acts(gateway: Gateway, person_id: str) -> ActorRef | None:
    """Give a person as events name them; None for a session, which says nothing of who sits before it."""
    acting = await gateway.logins.acting(person_id)
    return None if acting is None else ActorRef("person", acting.person.id, acting.person.name)


def feed_pages(
    gateway: Gateway,
    feed: Feed | None,
    signed_with: WebhookSecrets,
    takes_unsigned: bool,
    listeners: Listeners,
    observers: tuple[Observer, ...],
) -> Mapping[str, AsgiApp]:
    """Give who answers at each address of the feed; nobody without one.

    `signed_with` is for webhooks; `takes_unsigned` says whether those are taken, too, that nothing signs.
    """
    if feed is None:
        return {}

    def counted(resource: str, became: str) -> None:
        tell(observers, WebhookCame(resource, became))

    door = SentrysDoor(signed_with, feed.inbox, feed.webhooks, gateway.clock.now, counted)
    sockets = EventsSocket(gateway, feed.hub, Tickets(gateway.key, gateway.clock.now), listeners)
    old = OldPushes(gateway, feed.organization)
    return {
        **dict.fromkeys((CONNECTIONS, *OLD_PUSH_PATHS), old),
        webhooks.PATH: door,
        webhooks_unsigned.PATH: PluginsDoor(takes_unsigned, feed.inbox, feed.webhooks, gateway.clock.now, counted),
        events_stream.PATH: EventsStream(gateway, feed.hub, listeners),
        SOCKET_PATH: sockets,
        OLD_SOCKET_PATHS: OldSocket(sockets),
    }
