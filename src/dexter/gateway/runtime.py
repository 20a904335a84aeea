"""What the gateway's faces share while it runs, and the one way from a request to its caller."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dexter.errors import BadRequest, DexterError, Unauthenticated
from dexter.features.sentry import Sentry
from dexter.gateway.cache_times import CacheTimes
from dexter.gateway.forwarding import lowered, max_age_s, max_stale_s, wants_no_cache
from dexter.gateway.identity import Authenticator, Caller, Mode, require_csrf, require_role, require_role_at_sentry
from dexter.policy.people import Need, Role
from dexter.wire import Priority

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dexter.database.engine import Database
    from dexter.features.bulk.desk import Desk
    from dexter.features.current_user import CurrentUser
    from dexter.features.people import People
    from dexter.features.people_keys import KeyRing
    from dexter.gateway.live_figures import LiveFigures
    from dexter.gateway.logins import Logins
    from dexter.gateway.sessions import Sessions
    from dexter.gateway.throttle import SignInThrottle
    from dexter.observe.evolution import Evolution
    from dexter.observe.spans import Tracing
    from dexter.realtime.hub import Hub
    from dexter.realtime.outgoing.opened import Outgoing
    from dexter.upstream.clock import Clock
    from dexter.upstream.probe import Prober
    from dexter.wire import Endpoint, Headers, Send


@dataclass(frozen=True, slots=True)
class GatewayOptions:
    """How the gateway presents itself and Sentry."""

    version: str
    organization: str | None = None
    """The organization that /api/v1 speaks of unless a request names another."""
    project: str | None = None
    """The project that the workbench opens with."""
    web_url: str | None = None
    """Sentry's address for people."""
    public_url: str | None = None
    """The address people reach Dexter by, when a proxy stands in front of it."""
    request_deadline_s: float = 30.0
    """The most time one request may take, all its calls to Sentry together."""
    serve_secrets: bool = False
    """Whether Dexter's own credential is lent for operations that reveal a secret."""
    bound_to: str = "127.0.0.1"
    """The address the gateway listens on; decides which Host headers it answers for."""
    allowed_hosts: tuple[str, ...] = ()
    """Further names the gateway goes by."""
    idempotency_ttl_s: float = 24 * 3600.0
    """How long a request with an Idempotency-Key is answered again with the answer it got."""
    times: CacheTimes = field(default_factory=CacheTimes)
    """How long answers stay fresh here."""


class NotConfigured(DexterError):
    """Dexter runs, but lacks what this request needs; whoever runs it must act."""

    status = 503
    remedy = "Whoever runs Dexter must set SENTRY_BASE_URL and SENTRY_API_TOKEN and start it again."


@dataclass(frozen=True, slots=True)
class Gateway:
    """The running gateway."""

    send: Send
    authenticator: Authenticator
    sessions: Sessions
    logins: Logins
    people: People
    ring: KeyRing
    """What people's own Sentry tokens and subscriptions' secrets are encrypted with."""
    key: bytes = field(repr=False)
    """This installation's secret key."""
    upstream_url: str
    throttle: SignInThrottle
    users: CurrentUser
    options: GatewayOptions
    clock: Clock
    live: LiveFigures
    prober: Prober
    """Knows what this Sentry can do."""
    evolution: Evolution
    """Remembers what was seen of Sentry's API changing."""
    database: Database
    """Dexter's own database; opened by its first use."""
    bulk: Desk
    """Where bulk jobs are asked for."""
    tracing: Tracing | None = None
    """Where spans go, if anywhere."""
    hub: Hub | None = None
    """Where the feed is heard, if there is one."""
    outgoing: Outgoing | None = None
    """What forwards the feed's events to other systems, where there is a feed."""

    def caller(self, method: str, headers: Headers) -> Caller:
        """Give who calls an address of Dexter's own.

        Raises Unauthenticated without a credential, Forbidden for a change by cookie without the CSRF token.
        """
        caller = self.authenticator.identify(headers)
        if caller.mode is Mode.ANONYMOUS:
            raise Unauthenticated(
                "The request carries no credential that Dexter knows.",
                remedy="Sign in, or send Dexter's access token as X-Dexter-Token, or a Sentry token as Authorization.",
            )
        require_csrf(caller, method, headers)
        return caller

    def sentry_caller(self, method: str, headers: Headers) -> Caller:
        """Give who calls, when Sentry is to be asked for them. Raises NotConfigured without a credential for that."""
        caller = self.caller(method, headers)
        if caller.mode is Mode.SERVICE and not self.authenticator.has_service_credential:
            raise NotConfigured("Dexter has no credential of its own at Sentry.")
        return caller

    def require(self, caller: Caller, role: Role, organization: str) -> None:
        """Raise Forbidden for a person without a role in an organization; Sentry decides for callers of its own."""
        require_role(caller, Need(role, organization))

    def organization(self, named: str | None) -> str:
        """Give the organization that a request speaks of. Raises BadRequest when nothing names one."""
        organization = named or self.options.organization
        if organization is None:
            raise BadRequest(
                "The request names no organization, and Dexter has none by default.",
                remedy="Add ?organization=SLUG, or have SENTRY_ORG set.",
            )
        return organization

    def deadline(self) -> float:
        """Give the moment by which a request that begins now must be answered."""
        return self.clock.monotonic() + self.options.request_deadline_s

    def sentry(
        self,
        caller: Caller,
        organization: str,
        request_id: str,
        headers: Headers = (),
        tell_account: Callable[[str], None] = lambda account: None,
    ) -> Sentry:
        """Give a caller's way to Sentry for the length of one request.

        Its headers say how old an answer may be, and whether it can wait behind others. What the caller's role does
        not permit raises Forbidden when it is asked; what changes something goes with the token that they linked, or
        with Dexter's, and `tell_account` hears whose it was.
        """

        def permit(endpoint: Endpoint, params: Mapping[str, str]) -> None:
            require_role_at_sentry(caller, endpoint.method, endpoint, params)

        return Sentry(
            send=self.send,
            identity=caller.identity,
            credential=caller.credential,
            organization=organization,
            deadline=self.deadline(),
            clock=self.clock.now,
            request_id=request_id,
            no_cache=wants_no_cache(headers),
            max_age_s=max_age_s(headers),
            max_stale_s=max_stale_s(headers),
            person=caller.told_apart_by,
            priority=lowered(Priority.INTERACTIVE, headers),
            times=self.options.times,
            permit=permit,
            acting=caller.acting,
            tell_account=tell_account,
        )
