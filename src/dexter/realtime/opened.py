"""Opens the feed that the settings ask for: over Redis where there is one, else over files of this host."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dexter.realtime.feed import Feed, FeedParts
from dexter.stores.feed_sqlite import FEED_FILE, SqliteFeedLog
from dexter.stores.webhook_inbox import INBOX_FILE, WebhookInbox

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from dexter.features.sentry import Sentry
    from dexter.observe.records import Observer
    from dexter.realtime.events import ActorRef
    from dexter.realtime.gateway_news import GatewayNews
    from dexter.realtime.intake import Merged
    from dexter.realtime.job_news import Look
    from dexter.stores.feed_log import FeedLog
    from dexter.stores.store import Store

CONNECTIONS = 16


def open_feed(
    organization: str,
    data_dir: Path,
    redis_url: str | None,
    namespace: str,
    store: Store,
    sentry: Callable[[], Sentry],
    now: Callable[[], float],
    who: Callable[[str], Awaitable[ActorRef | None]],
    news: GatewayNews,
    look_at_job: Look,
    observers: tuple[Observer, ...] = (),
    merged: Merged | None = None,
) -> Feed:
    """Give the feed of an organization. Nothing is opened before its first use."""
    log = _log(data_dir, redis_url, namespace, now)
    inbox = WebhookInbox(data_dir / INBOX_FILE, now)
    return Feed(organization, FeedParts(log, inbox, store, sentry, now, who, news, look_at_job, observers, merged))


def _log(data_dir: Path, redis_url: str | None, namespace: str, now: Callable[[], float]) -> FeedLog:
    if redis_url is None:
        return SqliteFeedLog(data_dir / FEED_FILE, now)
    # Imported here, since whoever has no Redis need not pay for its client.
    from dexter.stores.feed_redis import RedisFeedLog
    from dexter.stores.redis_server import connected

    return RedisFeedLog(connected(redis_url, CONNECTIONS), namespace)
