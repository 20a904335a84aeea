"""Who calls, and with which credential Sentry is asked: the one place that reads credentials from a request.

The rules, in order:

1. `X-Dexter-Token` must be a token of Dexter's: service mode. A wrong one is refused, never passed over for another.
2. `Authorization: Bearer` with a token of Dexter's, or what looks like one: service mode, or refused.
3. Any other `Authorization` is the caller's own Sentry credential: pass-through. Together with rule 1 it is a
   contradiction and refused, since nobody could tell whose rights the answer was made with.
4. The session cookie: service mode. It stands behind both headers, as a browser sends it unasked.
5. Nothing: anonymous.

A token of Dexter's is the one that it prints, which is its built-in administrator's, or one that a person made. Every
caller in service mode is a person, and what they may do is their role's to say; see `policy.people`.

Who a session or a token belongs to is in the database. `recognise` asks it, once, before a face sees the request;
`identify` then reads and waits for nothing.

Tokens in the address are never read. Comparisons take constant time. `Identity.key` is a keyed hash.
"""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from enum import StrEnum
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING

from dexter.errors import BadRequest, DexterError, Forbidden, Unauthenticated
from dexter.features.people_acting import Acting, refused_link
from dexter.gateway.access_token import PREFIX, fingerprint, is_personal_token, same
from dexter.gateway.logins import PRINTED, By, Login, Shown, pass_through_identity
from dexter.observe.present import identified
from dexter.policy.people import BUILT_IN, READS, Need, Person, denied, need_at_sentry, who_can_change_it, within
from dexter.wire import Credential, Endpoint, Headers, Identity

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dexter.gateway.logins import Logins
    from dexter.gateway.sessions import Session, Sessions

SESSION_COOKIE = "dexter_session"
CSRF_HEADER = "x-csrf-token"
TOKEN_HEADER = "x-dexter-token"  # noqa: S105 (a header's name)
SAFE_METHODS = READS

ANONYMOUS = Identity(key="anonymous", kind="anonymous")


class Mode(StrEnum):
    """Whose rights a request is made with."""

    SERVICE = "service"
    PASS_THROUGH = "token"  # noqa: S105 (a kind of identity)
    ANONYMOUS = "anonymous"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls. `session_id` is set when the cookie says so, and such a caller must prove unsafe requests."""

    mode: Mode
    identity: Identity
    credential: Credential
    session: Session | None = None
    session_id: str | None = field(default=None, repr=False)
    login: Login | None = None
    """What the caller's session or token proves, in service mode."""
    shown: Shown | None = field(default=None, repr=False)

    @property
    def person(self) -> Person | None:
        """Give who calls, in service mode; a caller with a Sentry token of their own is no person here."""
        return None if self.login is None else self.login.person

    @property
    def told_apart_by(self) -> str:
        """Give what tells the caller from others who share a credential; empty when nothing does.

        The built-in administrator may be many: whoever was told the token. They are told apart by their sessions.
        """
        if self.person is None:
            return ""
        return (self.session_id or "") if self.person.built_in else self.person.id

    def changing(self) -> Caller:
        """Give the caller as they change something at Sentry: with the token that they linked, if they did.

        Raises Forbidden when they did and it cannot be read any more: nobody may be taken for another.
        """
        on_behalf = self.acting
        linked = None if on_behalf is None else on_behalf.as_linked()
        return self if linked is None else replace(self, identity=linked.identity, credential=linked.credential)

    @property
    def acting(self) -> Acting | None:
        """Give on whose behalf Sentry is asked, in service mode."""
        if self.login is None:
            return None
        return Acting(within(self.login.person, self.login.grant), self.login.linked, self.login.unusable)

    def refused(self, status: int) -> DexterError | None:
        """Give what Sentry's 401 to a change means: that the token which the caller linked is dead."""
        if status != 401 or self.login is None or self.credential.authorization is None:
            return None
        linked = self.login.linked
        if linked is None or linked.credential != self.credential:
            return None
        return refused_link(self.login.person, Unauthenticated(""))


_recognised: ContextVar[tuple[Shown, Login | None] | None] = ContextVar("dexter_recognised", default=None)
"""What the request under way shows, and what that proves; both are known before a face sees it."""


class Authenticator:
    """Turns the headers of a request into its Caller, for all faces of the gateway."""

    def __init__(
        self,
        *,
        key: bytes,
        access_token: str,
        service_token: str | None,
        logins: Logins,
        sessions: Sessions,
        upstream_url: str,
    ) -> None:
        self._key = key
        self._access_token = access_token
        self._logins = logins
        self._sessions = sessions
        self._upstream_url = upstream_url
        authorization = f"Bearer {service_token}" if service_token else None
        self._service_credential = Credential(authorization)
        self._service_identity = Identity(
            fingerprint(key, f"{Mode.SERVICE} {upstream_url}", authorization or "none"), Mode.SERVICE.value
        )
        self.has_service_credential = service_token is not None

    @property
    def service(self) -> tuple[Identity, Credential]:
        """Give Dexter's own identity and credential at Sentry, for work that outlives a request."""
        return self._service_identity, self._service_credential

    def is_access_token(self, token: str) -> bool:
        """Whether a token is the one that Dexter prints."""
        return same(token, self._access_token)

    async def recognise(self, method: str, headers: Headers) -> None:
        """Find out what the request under way proves, so that `identify` need not wait for it.

        Raises DatabaseUnavailable when that cannot be known.
        """
        _recognised.set(None)
        try:
            shown = self._shown(headers)
        except DexterError:
            return  # `identify` says so, to a face that knows how to answer
        if shown is None or (shown == PRINTED and method in SAFE_METHODS):
            return
        _recognised.set((shown, await self._logins.find(shown)))

    def identify(self, headers: Headers) -> Caller:
        """Give the caller. Raises Unauthenticated for a wrong Dexter token, BadRequest for a contradiction."""
        caller = self._caller(headers)
        identified(caller.mode.value)
        return caller

    def by_session(self, session_id: str | None) -> Caller:
        """Give the caller behind a session's id: anonymous when the session is not live."""
        login = self._login((By.SESSION, session_id)) if session_id else None
        if session_id is None or login is None:
            return Caller(Mode.ANONYMOUS, ANONYMOUS, Credential(None))
        return self._service((By.SESSION, session_id), login, self._sessions.session(session_id, login.expires_at))

    async def signed_in(self, session_id: str) -> Caller:
        """Give the caller whose session has just been opened."""
        shown: Shown = (By.SESSION, session_id)
        _recognised.set((shown, await self._logins.find(shown)))
        return self.by_session(session_id)

    def is_live(self, caller: Caller) -> bool:
        """Whether a caller in service mode is still known to be one; False says that it must be asked for."""
        return caller.shown is None or caller.shown == PRINTED or self._logins.now(caller.shown) is not None

    async def is_still(self, caller: Caller) -> bool:
        """Whether a caller, whose request lasts, still is who they were when it began."""
        return await self.anew(caller) is not None

    async def anew(self, caller: Caller) -> Caller | None:
        """Give a caller, whose request lasts, with the roles of today; None for one whose session or token ended."""
        if caller.shown is None or caller.shown == PRINTED:
            return caller
        login = await self._logins.find(caller.shown)
        return None if login is None else replace(caller, login=login)

    def _caller(self, headers: Headers) -> Caller:
        shown = self._shown(headers)
        if shown is None:
            authorization = _single(headers, "authorization")
            if authorization is None:
                return Caller(Mode.ANONYMOUS, ANONYMOUS, Credential(None))
            identity = pass_through_identity(self._key, self._upstream_url, authorization)
            return Caller(Mode.PASS_THROUGH, identity, Credential(authorization))
        if shown[0] is By.SESSION:
            return self.by_session(shown[1])
        login = self._login(shown)
        if login is None:
            raise _unknown_token()
        return self._service(shown, login)

    def _shown(self, headers: Headers) -> Shown | None:
        """Give what a request shows of Dexter's own. Raises for a wrong token and for a contradiction."""
        dexter_token = _single(headers, TOKEN_HEADER)
        authorization = _single(headers, "authorization")
        bearer = None if authorization is None else self._own_bearer(authorization)
        if dexter_token is not None:
            shown = self._shown_token(dexter_token)
            if authorization is not None and bearer is None:
                raise BadRequest(
                    "The request carries both Dexter's token and a Sentry credential.",
                    remedy="Send X-Dexter-Token to use Dexter's own rights, or Authorization to use yours; not both.",
                )
            return shown
        if bearer is not None:
            return self._shown_token(bearer)
        if authorization is not None:
            return None
        session_id = session_cookie(headers)
        return (By.SESSION, session_id) if session_id else None

    def _shown_token(self, token: str) -> Shown:
        if self.is_access_token(token):
            return PRINTED
        if not is_personal_token(token):
            raise _unknown_token()
        return (By.TOKEN, token)

    def _own_bearer(self, authorization: str) -> str | None:
        """Give the token of an Authorization that is meant for Dexter, and never for Sentry."""
        scheme, _, token = authorization.partition(" ")
        token = token.strip()
        if scheme.lower() != "bearer":
            return None
        return token if token.startswith(PREFIX) or self.is_access_token(token) else None

    def _login(self, shown: Shown) -> Login | None:
        recognised = _recognised.get()
        if recognised is not None and recognised[0] == shown:
            return recognised[1]
        return _PRINTED_LOGIN if shown == PRINTED else self._logins.now(shown)

    def _service(self, shown: Shown, login: Login, session: Session | None = None) -> Caller:
        session_id = shown[1] if session is not None else None
        return Caller(Mode.SERVICE, self._service_identity, self._service_credential, session, session_id, login, shown)


_PRINTED_LOGIN = Login(By.PRINTED, By.PRINTED.value, BUILT_IN)


def _unknown_token() -> Unauthenticated:
    return Unauthenticated(
        "This is no token of this Dexter: it is mistyped, has expired or was revoked.",
        remedy="Send the token that Dexter printed at its start, or one that you made on the Account screen.",
    )


def require_csrf(caller: Caller, method: str, headers: Headers) -> None:
    """Raise Forbidden unless a request made with the cookie and meant to change something carries the CSRF token."""
    if caller.session is None or method in SAFE_METHODS:
        return
    if not same(_single(headers, CSRF_HEADER) or "", caller.session.csrf_token):
        raise Forbidden(
            "The request changes something but does not carry the session's X-CSRF-Token.",
            remedy="Read csrf_token from GET /api/v1/session and send it as X-CSRF-Token.",
        )


def require_permission(caller: Caller, endpoint: Endpoint, *, serve_secrets: bool) -> None:
    """Raise Forbidden for what Dexter's own credential is not lent for: unknown operations, secrets unless allowed."""
    if caller.mode is not Mode.SERVICE:
        return
    if endpoint.name == "*":
        raise Forbidden(
            "Dexter's token opens the operations of the catalog only, and this address is none of them.",
            remedy="Check the address, or send your own Sentry token as Authorization: Bearer.",
        )
    if endpoint.secret and not serve_secrets:
        raise Forbidden(
            "This operation reveals a secret, which Dexter's own credential is not lent for.",
            remedy="Send your own Sentry token as Authorization: Bearer, or have DEXTER_SERVE_SECRETS turned on.",
        )


def require_role(caller: Caller, need: Need) -> None:
    """Raise Forbidden for a person without the role that something needs, with whom to ask for it."""
    if caller.login is None or need.role is None:
        return
    refusal = denied(caller.login.person, caller.login.grant, need.role, need.organization)
    if refusal is None:
        return
    remedy = (
        who_can_change_it(caller.login.administrators, refusal.organization)
        if refusal.by_role
        else "Make a token that has it on the Account screen, or by POST /api/v1/tokens."
    )
    raise Forbidden(refusal.why, remedy=remedy)


def require_role_at_sentry(caller: Caller, method: str, endpoint: Endpoint, params: Mapping[str, str]) -> None:
    """Raise Forbidden for a person without the role that an operation of Sentry's needs."""
    organization = params.get("organization_id_or_slug")
    require_role(caller, need_at_sentry(method, endpoint.template, organization))


def require_service(caller: Caller) -> None:
    """Raise Forbidden for what is shown to those only who hold Dexter's own token: how the gateway itself does."""
    if caller.mode is not Mode.SERVICE:
        raise Forbidden(
            "This is shown to holders of Dexter's own token only.",
            remedy="Sign in, or send Dexter's access token as X-Dexter-Token.",
        )


def session_cookie(headers: Headers) -> str | None:
    """Give the session id of the Cookie header, or None."""
    for name, value in headers:
        if name.lower() == "cookie":
            try:
                morsel = SimpleCookie(value).get(SESSION_COOKIE)
            except CookieError:
                continue
            if morsel is not None:
                return morsel.value
    return None


def _single(headers: Headers, name: str) -> str | None:
    values = [value.strip() for key, value in headers if key.lower() == name]
    if len(values) > 1:
        raise BadRequest(f"The header {name} is sent more than once.", remedy="Send one credential.")
    return values[0] if values else None
