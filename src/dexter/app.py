"""Builds the gateway from settings: one function that names every part, and the app that starts and ends them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from hashlib import blake2b
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from dexter import __version__
from dexter.catalog.endpoints import sentry_router
from dexter.database.deliveries import FEED, PURGE, feeding, purging
from dexter.database.engine import Database
from dexter.database.keeping import KeepingRule
from dexter.database.marks import follow_merge
from dexter.database.upkeep import Upkeep
from dexter.errors import SettingsError
from dexter.features.bulk.opened import open_bulk
from dexter.features.bulk.shown import job_shown
from dexter.features.current_user import CurrentUser
from dexter.features.people import People
from dexter.features.people_keys import KeyRing
from dexter.gateway import access_token
from dexter.gateway.api_v1 import ApiV1
from dexter.gateway.auditing import Audited, described_at_sentry
from dexter.gateway.bulk_scope import bulk_scope
from dexter.gateway.bulk_way import bulk_way
from dexter.gateway.cache_times import CacheTimes
from dexter.gateway.endpoint_templates import catalog_templates
from dexter.gateway.entrance import FRESH_AFTER_WRITES, Entrance, Faces
from dexter.gateway.fast_path import FAST_PATH, FastPath
from dexter.gateway.feed_pages import feed_pages, feeds_sentry, who_acts
from dexter.gateway.guard import host_name, is_loopback
from dexter.gateway.host_cells import host_cells
from dexter.gateway.identity import (
    SAFE_METHODS,
    Authenticator,
    Caller,
    Mode,
    require_csrf,
    require_permission,
    require_role_at_sentry,
)
from dexter.gateway.keeping import Keeper
from dexter.gateway.legacy.face import Legacy
from dexter.gateway.listeners import WAYS, ListenerLimits, Listeners, room_for_files
from dexter.gateway.live_figures import FiguresOptions, LiveFigures
from dexter.gateway.logins import Logins
from dexter.gateway.own_pages import own_pages
from dexter.gateway.passthrough import PassthroughOptions, build_passthrough
from dexter.gateway.probes import Reachability
from dexter.gateway.runtime import Gateway, GatewayOptions, NotConfigured
from dexter.gateway.sessions import SessionKinds, Sessions
from dexter.gateway.throttle import SignInThrottle
from dexter.gateway.values_at_sentry import LastKnown, telling
from dexter.gateway.webhooks import WebhookSecrets
from dexter.gateway.workbench import Workbench
from dexter.observe.evolution import Evolution
from dexter.observe.history import History
from dexter.observe.logs import LogRecords
from dexter.observe.present import keep_times
from dexter.observe.spans import TracingOptions
from dexter.observe.templates import Templates
from dexter.observe.tracing import open_tracing
from dexter.observe.watch import Watch
from dexter.policy.breaker import BreakerRule
from dexter.policy.call_class import CallClass
from dexter.policy.outgoing import RetryRule as OutgoingRule
from dexter.policy.outgoing_addresses import Reach
from dexter.policy.purge import LAG_S
from dexter.policy.retry import RetryRule
from dexter.realtime.gateway_news import GatewayNews
from dexter.realtime.opened import open_feed
from dexter.realtime.outgoing.opened import OutgoingOptions, open_outgoing
from dexter.stores.opened import StoreOptions, open_store
from dexter.stores.quota_ledger import QuotaLedger, open_quota_ledger
from dexter.upstream.breakers import Breakers, state_name
from dexter.upstream.clock import Clock, SystemClock
from dexter.upstream.options import StackOptions, TransportOptions
from dexter.upstream.shared_quota import QuotaSharing
from dexter.upstream.stack import Stack, build_stack
from dexter.upstream.transport import AiohttpTransport, Transport
from dexter.upstream.upstream import Upstream
from dexter.wire import Credential, Endpoint, Headers

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from dexter.gateway.asgi import AsgiApp, AsgiSend, Receive, Scope
    from dexter.observe.board import Board
    from dexter.observe.promises import Promises
    from dexter.observe.records import Observer
    from dexter.realtime.feed import Feed
    from dexter.settings import Settings
    from dexter.stores.ranked_values import RankedValues
    from dexter.stores.store import Store

SHARED_QUOTA = "shared-quota"
"""The promise that all processes together keep within Sentry's quota."""
HISTORY_FILE = "history.sqlite3"
PROBE_SLACK_S = 5.0
"""How much longer than one attempt a breaker's probe is waited for: it may have to wait for its turn."""


@dataclass(frozen=True, slots=True)
class Application:
    """The running gateway as an ASGI app, with what has to be let go at its end."""

    entrance: AsgiApp
    access_token: str
    fast_path: FastPath
    is_traced: bool
    _starters: tuple[Callable[[], None], ...]
    _closers: tuple[Callable[[], Awaitable[None]], ...]

    async def __call__(self, scope: Scope, receive: Receive, send: AsgiSend) -> None:
        if scope["type"] == "lifespan":
            if not self.is_traced:
                # The server hands this state to every connection it takes. An answer given there would have no span.
                scope.setdefault("state", {})[FAST_PATH] = self.fast_path
            await self._live(receive, send)
        else:
            await self.entrance(scope, receive, send)

    async def aclose(self) -> None:
        """End flights and refreshes, and close every connection and file."""
        self.fast_path.tell()
        for close in self._closers:
            await close()

    async def _live(self, receive: Receive, send: AsgiSend) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                for start in self._starters:
                    start()
                await send({"type": "lifespan.startup.complete"})
            else:
                await self.aclose()
                await send({"type": "lifespan.shutdown.complete"})
                return


def create_app(
    settings: Settings,
    *,
    transport: Transport | None = None,
    clock: Clock | None = None,
    board: Board | None = None,
    on_imported: Callable[[], None] = lambda: None,
) -> Application:
    """Give the gateway that stands in front of the Sentry of the settings.

    `transport` and `clock` are the seams that tests take. `board` is where the numbers are written that one of several
    workers shares with the others. `on_imported` is called when all is imported that a start does not wait for. Raises
    SettingsError without a Sentry.
    """
    if settings.sentry_base_url is None:
        raise SettingsError(
            "SENTRY_BASE_URL is not set, so there is no Sentry to stand in front of.",
            remedy="Set it to your Sentry's address, or run `dexter up` for one of your own to try things on.",
        )
    clock = clock or SystemClock()
    transport = transport or AiohttpTransport(
        _upstream(settings, settings.sentry_base_url), TransportOptions(connections=settings.connections)
    )
    templates = Templates(catalog_templates())
    watch = Watch.over(board, clock.now, templates)
    cells = host_cells(settings.data_dir, settings.sentry_base_url, watch.promises)
    reachability = Reachability(clock.now, cells)
    evolution = Evolution(clock.now, watch.board)
    store, flights = open_store(
        _store_options(settings, settings.sentry_base_url), clock, partial(_tell_promise, watch.promises)
    )
    watch.metrics.watch_suspended(store.suspended)
    watch.metrics.watch_bytes(lambda: store.used_bytes)
    log = LogRecords(templates)
    news = GatewayNews(settings.sentry_org or "", clock.now)
    observers: tuple[Observer, ...] = (keep_times, reachability, watch.metrics, watch.figures, evolution, log, news)
    tracing = open_tracing(_tracing_options(settings, settings.sentry_base_url))
    feed = _feed(settings, store, clock, lambda: gateway, news, observers)
    ledger = _quota_ledger(settings, settings.sentry_base_url, clock)
    hosts = _hosts(settings, settings.sentry_base_url)
    stack = build_stack(
        transport,
        store,
        clock,
        _stack_options(settings),
        observers,
        flights=flights,
        tracing=tracing,
        witness=None if feed is None else feed.witness,
        sharing=_quota_sharing(settings, ledger, watch),
        cells=cells,
        hosts=hosts,
    )
    listeners = Listeners(_listener_limits(settings), observers)
    for listening_way in WAYS:
        watch.metrics.watch_listeners(
            listening_way, partial(listeners.open, listening_way), partial(listeners.waiting, listening_way)
        )
    for kind in CallClass:
        watch.metrics.watch_breaker(kind.value, partial(_breaker_state, stack.breakers, kind))
    key = access_token.key_of(settings.data_dir, settings.secret_key)
    token = settings.access_token or access_token.access_token(key)
    database = Database(settings.database)
    kinds = SessionKinds(key, token)
    ring = KeyRing(settings.data_dir, settings.secret_keys)
    logins = Logins(
        database,
        clock,
        key=key,
        opened_with=kinds.counts,
        upstream_url=settings.sentry_base_url,
        ring=ring,
        idle_s=settings.session_idle_s,
    )
    people = People(database, clock.now, upstream_url=settings.sentry_base_url, changed=logins.refresh)
    sessions = Sessions(database, logins, clock, key=key, by_token=kinds.by_token, ttl_s=settings.session_ttl_s)
    authenticator = Authenticator(
        key=key,
        access_token=token,
        service_token=settings.sentry_api_token,
        logins=logins,
        sessions=sessions,
        upstream_url=settings.sentry_base_url,
    )
    live = LiveFigures(watch, History(settings.data_dir / HISTORY_FILE), stack.breakers, _figures_options(settings))
    keeper = Keeper(live.keep)
    upkeep = Upkeep(
        database,
        {PURGE: purging(partial(_purge, store, clock)), FEED: feeding(None if feed is None else feed.announced)},
        _keeping_rule(settings),
        clock.now,
    )
    users = CurrentUser()
    way = bulk_way(stack, authenticator, logins, clock)
    told = {} if feed is None else {"told": feed.jobs.changed}
    bulk = open_bulk(database, settings.data_dir, clock, way, users, **told)
    outgoing = None
    if feed is not None:
        outgoing = open_outgoing(
            database, feed.hub, ring, settings.data_dir, clock.now, _outgoing_options(settings), observers
        )
        watch.metrics.watch_forwarding(outgoing.forwarding.lag_s)
    gateway = Gateway(
        send=stack,
        authenticator=authenticator,
        sessions=sessions,
        logins=logins,
        people=people,
        ring=ring,
        key=key,
        upstream_url=settings.sentry_base_url,
        throttle=SignInThrottle(clock.monotonic),
        users=users,
        options=_gateway_options(settings),
        clock=clock,
        live=live,
        prober=stack.prober,
        evolution=evolution,
        tracing=tracing,
        database=database,
        bulk=bulk.desk,
        hub=None if feed is None else feed.hub,
        outgoing=outgoing,
    )
    api_v1 = ApiV1(gateway, templates, on_imported)
    faces = Faces(
        exact={
            **own_pages(gateway, reachability, watch.metrics, store.suspended),
            **feed_pages(gateway, feed, _webhook_secrets(settings), settings.unsigned_webhooks, listeners, observers),
        },
        passthrough=_passthrough(
            gateway, stack, transport.upstream, observers, LastKnown(store, feed, authenticator.service[0], clock.now)
        ),
        api_v1=Legacy(api_v1),
        workbench=Workbench(),
    )
    entrance = Entrance(
        faces,
        bound_to=settings.host,
        allowed_hosts=_allowed_hosts(settings),
        clock=clock,
        public_url=settings.public_url,
        suspended=store.suspended,
        observers=observers,
        tracing=tracing,
        templates=templates,
        recognise=authenticator.recognise,
    )

    fast_path = FastPath(store, authenticator, stack.is_confirmed, clock, observers)

    async def close_tracing() -> None:
        if tracing is not None:
            await tracing.aclose()

    async def close_hosts() -> None:
        if hosts is not None:
            await hosts.aclose()

    async def close_files() -> None:
        people.close()
        live.close()
        watch.close()

    closers = (
        *(() if outgoing is None else (outgoing.forwarding.aclose,)),
        *(() if feed is None else (feed.aclose,)),
        bulk.runner.aclose,
        api_v1.aclose,
        upkeep.aclose,
        stack.aclose,
        close_hosts,
        keeper.aclose,
        store.aclose,
        transport.aclose,
        close_tracing,
        close_files,
        logins.aclose,
        database.aclose,
    )
    starters: tuple[Callable[[], None], ...] = (
        stack.start,
        api_v1.start,
        keeper.start,
        upkeep.start,
        logins.start,
        bulk.runner.start,
    )
    if feed is not None and outgoing is not None:
        starters = (*starters, feed.start, outgoing.forwarding.start)
    return Application(entrance, token, fast_path, tracing is not None, starters, closers)


def _feed(
    settings: Settings,
    store: Store,
    clock: Clock,
    gateway: Callable[[], Gateway],
    news: GatewayNews,
    observers: tuple[Observer, ...],
) -> Feed | None:
    """Give the feed of the organization that Dexter is set up for, if it is and may ask Sentry by itself."""
    organization, base_url = settings.sentry_org, settings.sentry_base_url
    if organization is None or base_url is None or settings.sentry_api_token is None:
        return None
    namespace = _store_options(settings, base_url).namespace
    return open_feed(
        organization,
        settings.data_dir,
        settings.redis_url,
        namespace,
        store,
        lambda: feeds_sentry(gateway(), organization),
        clock.now,
        lambda person: who_acts(gateway(), person),
        news,
        lambda job_id: job_shown(gateway().bulk, job_id),
        observers,
        lambda organization, gone, into: follow_merge(gateway().database, organization, gone, into),
    )


def _webhook_secrets(settings: Settings) -> WebhookSecrets:
    return WebhookSecrets(settings.sentry_webhook_secret, settings.sentry_service_hook_secret)


def _listener_limits(settings: Settings) -> ListenerLimits:
    return ListenerLimits(room_for_files(settings.listeners), settings.listeners_each)


def _upstream(settings: Settings, base_url: str) -> Upstream:
    token = settings.sentry_api_token
    credential = Credential(f"Bearer {token}" if token else None)
    return Upstream(base_url, credential, settings.sentry_org, settings.sentry_project)


def _keeping_rule(settings: Settings) -> KeepingRule:
    return KeepingRule(
        snapshots_s=settings.keep_snapshots_s,
        audit_s=settings.keep_audit_s,
        jobs_s=settings.keep_jobs_s,
        searches_s=settings.keep_searches_s,
        deliveries_s=settings.keep_deliveries_s,
    )


def _outgoing_options(settings: Settings) -> OutgoingOptions:
    # Whoever reaches a Dexter on this host only is on this host already.
    reach = Reach(private=settings.outgoing_private, loopback=is_loopback(settings.host))
    rule = OutgoingRule(settings.outgoing_attempts, settings.outgoing_retry_s)
    return OutgoingOptions(rule, settings.outgoing_timeout_s, reach)


async def _purge(store: Store, clock: Clock, tags: frozenset[str]) -> None:
    # Sentry's search trails behind a change by whomever.
    await store.purge(tags, tags, clock.monotonic() + LAG_S)


def _store_options(settings: Settings, base_url: str) -> StoreOptions:
    # Whoever stands before the same Sentry shares its answers, each under the identity they were given to.
    namespace = f"dexter:{blake2b(base_url.encode(), digest_size=8).hexdigest()}"
    return StoreOptions(
        settings.data_dir, settings.cache_bytes, settings.disk_cache_bytes, settings.redis_url, namespace
    )


def _breaker_state(breakers: Breakers, kind: CallClass) -> str:
    return state_name(breakers.state(kind))


def _tell_promise(promises: Promises, suspended: bool) -> None:
    if suspended:
        promises.suspend(FRESH_AFTER_WRITES, "the Redis that all processes share does not answer")
    else:
        promises.restore(FRESH_AFTER_WRITES)


def _quota_ledger(settings: Settings, base_url: str, clock: Clock) -> QuotaLedger:
    namespace = _store_options(settings, base_url).namespace
    return open_quota_ledger(settings.data_dir, settings.redis_url, namespace, clock.now)


def _hosts(settings: Settings, base_url: str) -> RankedValues | None:
    if settings.redis_url is None:
        return None
    # Imported here, since whoever has no Redis need not pay for its client.
    from dexter.stores.redis_server import connected
    from dexter.stores.redis_values import RedisValues

    return RedisValues(connected(settings.redis_url), _store_options(settings, base_url).namespace)


def _quota_sharing(settings: Settings, ledger: QuotaLedger, watch: Watch) -> QuotaSharing:
    over_redis = settings.redis_url is not None

    def fewest() -> int:
        workers = sum(sheet.is_live for sheet in watch.board.sheets())
        # Whoever has a Redis has it for the sake of another host.
        return 2 * workers if over_redis else workers

    return QuotaSharing(ledger, partial(_tell_quota_promise, watch.promises, over_redis), fewest)


def _tell_quota_promise(promises: Promises, over_redis: bool, parts: int) -> None:
    promises.restore(SHARED_QUOTA)
    if parts:
        lost = "the Redis that all processes share does not answer" if over_redis else "the disk holds no shared ledger"
        promises.suspend(SHARED_QUOTA, f"{lost}; each process keeps to its part of Sentry's quota, one of {parts}")


def _stack_options(settings: Settings) -> StackOptions:
    return StackOptions(
        request_s=settings.request_deadline_s,
        attempt_s=settings.attempt_timeout_s,
        breaker=BreakerRule(
            settings.breaker_threshold, settings.breaker_recovery_s, settings.attempt_timeout_s + PROBE_SLACK_S
        ),
        retry=RetryRule(attempts=settings.attempts),
        connections=settings.connections,
        ahead_share=settings.ask_ahead,
    )


def _figures_options(settings: Settings) -> FiguresOptions:
    return FiguresOptions(__version__, tracing=settings.spans_address is not None)


def _tracing_options(settings: Settings, base_url: str) -> TracingOptions | None:
    address = settings.spans_address
    if address is None:
        return None
    return TracingOptions(
        endpoint=address,
        headers=settings.otlp_headers,
        service_name=settings.otel_service_name,
        attributes=(("service.version", __version__), *settings.otel_attributes),
        sampler=settings.otel_sampler,
        sampled_share=settings.otel_sampled_share,
        upstream_host=urlsplit(base_url).hostname or "",
    )


def _gateway_options(settings: Settings) -> GatewayOptions:
    return GatewayOptions(
        version=__version__,
        organization=settings.sentry_org,
        project=settings.sentry_project,
        web_url=settings.web_url,
        public_url=settings.public_url,
        request_deadline_s=settings.request_deadline_s,
        serve_secrets=settings.serve_secrets,
        idempotency_ttl_s=settings.idempotency_ttl_s,
        times=_cache_times(settings),
    )


def _cache_times(settings: Settings) -> CacheTimes:
    return CacheTimes(
        {
            "issues": settings.fresh_issues_s,
            "events": settings.fresh_events_s,
            "stats": settings.fresh_stats_s,
            "other": settings.fresh_other_s,
        }
    )


def _passthrough(
    gateway: Gateway, stack: Stack, upstream: Upstream, observers: tuple[Observer, ...], known: LastKnown
) -> AsgiApp:
    def admit(method: str, headers: Headers, endpoint: Endpoint, params: Mapping[str, str]) -> Caller:
        caller = gateway.authenticator.identify(headers)
        require_csrf(caller, method, headers)
        require_permission(caller, endpoint, serve_secrets=gateway.options.serve_secrets)
        require_role_at_sentry(caller, method, endpoint, params)
        if caller.mode is Mode.SERVICE and not gateway.authenticator.has_service_credential:
            raise NotConfigured("Dexter has no credential of its own at Sentry.")
        return caller if method in SAFE_METHODS else caller.changing()

    options = PassthroughOptions(request_s=gateway.options.request_deadline_s)
    router = gateway.options.times.router(sentry_router())
    base = partial(own_base, gateway.options.public_url)
    identify, organization = gateway.authenticator.identify, gateway.options.organization
    send = telling(bulk_scope(stack), known, organization)
    face = build_passthrough(send, upstream, router, admit, base, gateway.clock, options, observers)
    described = described_at_sentry(router)
    return Audited(face, gateway.database, identify, gateway.clock.now, organization, described, at_sentry=True)


def _allowed_hosts(settings: Settings) -> tuple[str, ...]:
    public = host_name(urlsplit(settings.public_url).netloc) if settings.public_url else None
    return settings.allowed_hosts if public is None else (*settings.allowed_hosts, public)


def own_base(public_url: str | None, scope: Scope) -> str:
    """Give the gateway's own address: the public one, or as the client wrote it, whose Host has been checked."""
    if public_url is not None:
        return public_url
    host = next((value for name, value in scope["headers"] if name == b"host"), b"")
    return f"{scope['scheme']}://{host.decode('latin-1')}"
