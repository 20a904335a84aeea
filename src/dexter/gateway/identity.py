"""Who calls, and with which credential Sentry is asked: the one place that reads credentials from a request.

The rules, in order:

1. `X-Dexter-Token` must be Dexter's token: service mode. A wrong one is refused, never passed over for another.
2. `Authorization: Bearer` with Dexter's token: service mode.
3. Any other `Authorization` is the caller's own Sentry credential: pass-through. Together with rule 1 it is a
   contradiction and refused, since nobody could tell whose rights the answer was made with.
4. The session cookie: service mode. It stands behind both headers, as a browser sends it unasked.
5. Nothing: anonymous.

Tokens in the address are never read. Comparisons take constant time. `Identity.key` is a keyed hash.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING

from dexter.errors import BadRequest, Forbidden, Unauthenticated
from dexter.gateway.access_token import fingerprint, same
from dexter.observe.present import identified
from dexter.wire import Credential, Endpoint, Headers, Identity

if TYPE_CHECKING:
    from dexter.gateway.sessions import Session, Sessions

SESSION_COOKIE = "dexter_session"
CSRF_HEADER = "x-csrf-token"
TOKEN_HEADER = "x-dexter-token"  # noqa: S105 (a header's name)
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

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


class Authenticator:
    """Turns the headers of a request into its Caller, for both faces of the gateway."""

    def __init__(
        self, *, key: bytes, access_token: str, service_token: str | None, sessions: Sessions, upstream_url: str
    ) -> None:
        self._key = key
        self._access_token = access_token
        self._sessions = sessions
        self._upstream_url = upstream_url
        authorization = f"Bearer {service_token}" if service_token else None
        self._service_credential = Credential(authorization)
        self._service_identity = self._identity(Mode.SERVICE, authorization or "none")
        self.has_service_credential = service_token is not None

    def is_access_token(self, token: str) -> bool:
        """Whether a token is Dexter's own."""
        return same(token, self._access_token)

    def identify(self, headers: Headers) -> Caller:
        """Give the caller. Raises Unauthenticated for a wrong Dexter token, BadRequest for a contradiction."""
        caller = self._caller(headers)
        identified(caller.mode.value)
        return caller

    def _caller(self, headers: Headers) -> Caller:
        dexter_token = _single(headers, TOKEN_HEADER)
        authorization = _single(headers, "authorization")
        own_bearer = authorization is not None and self._is_own_bearer(authorization)
        if dexter_token is not None:
            return self._by_dexter_token(dexter_token, authorization, own_bearer)
        if own_bearer:
            return self._service()
        if authorization is not None:
            return Caller(
                Mode.PASS_THROUGH, self._identity(Mode.PASS_THROUGH, authorization), Credential(authorization)
            )
        return self.by_session(session_cookie(headers))

    def _by_dexter_token(self, token: str, authorization: str | None, own_bearer: bool) -> Caller:
        if not self.is_access_token(token):
            raise Unauthenticated(
                "X-Dexter-Token is not this Dexter's access token.",
                remedy="Send the token that Dexter printed at its start.",
            )
        if authorization is not None and not own_bearer:
            raise BadRequest(
                "The request carries both Dexter's token and a Sentry credential.",
                remedy="Send X-Dexter-Token to use Dexter's own rights, or Authorization to use yours; not both.",
            )
        return self._service()

    def by_session(self, session_id: str | None) -> Caller:
        """Give the caller behind a session's id: anonymous when the session is not live."""
        session = self._sessions.find(session_id) if session_id else None
        if session is None:
            return Caller(Mode.ANONYMOUS, ANONYMOUS, Credential(None))
        return self._service(session, session_id)

    def _service(self, session: Session | None = None, session_id: str | None = None) -> Caller:
        return Caller(Mode.SERVICE, self._service_identity, self._service_credential, session, session_id)

    def _is_own_bearer(self, authorization: str) -> bool:
        scheme, _, token = authorization.partition(" ")
        return scheme.lower() == "bearer" and self.is_access_token(token.strip())

    def _identity(self, mode: Mode, authorization: str) -> Identity:
        # The upstream is part of it: the same token at another Sentry has other rights.
        return Identity(fingerprint(self._key, f"{mode} {self._upstream_url}", authorization), mode.value)


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
