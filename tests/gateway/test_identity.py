"""Who calls: the rules by which credentials in a request are read, as a table and over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.doubles.sentry_double import SentryDouble, ok

from dexter.errors import BadRequest, DexterError, Forbidden, Unauthenticated
from dexter.gateway.identity import (
    Authenticator,
    Caller,
    Mode,
    require_csrf,
    require_permission,
    session_cookie,
)
from dexter.gateway.sessions import Sessions
from dexter.wire import Endpoint

from .conftest import ACCESS_TOKEN, SERVICE_TOKEN, Visitor

if TYPE_CHECKING:
    from collections.abc import Callable

KEY = b"k" * 32
OWN = ("Authorization", "Bearer sntryu_own")
DEXTERS = ("X-Dexter-Token", "access")


@pytest.fixture
def sessions() -> Sessions:
    return Sessions(":memory:", key=KEY, token="access", ttl_s=60, clock=lambda: 0.0)


@pytest.fixture
def authenticator(sessions: Sessions) -> Authenticator:
    return Authenticator(
        key=KEY, access_token="access", service_token="service", sessions=sessions, upstream_url="https://a.example"
    )


@pytest.mark.parametrize(
    ("headers", "mode", "sent_to_sentry"),
    [
        ((), Mode.ANONYMOUS, None),
        ((DEXTERS,), Mode.SERVICE, "Bearer service"),
        ((("x-dexter-token", " access "),), Mode.SERVICE, "Bearer service"),
        ((("Authorization", "Bearer access"),), Mode.SERVICE, "Bearer service"),
        ((("Authorization", "bearer  access"),), Mode.SERVICE, "Bearer service"),
        ((("Authorization", "Bearer access"), DEXTERS), Mode.SERVICE, "Bearer service"),
        ((OWN,), Mode.PASS_THROUGH, "Bearer sntryu_own"),
        ((("Authorization", "Basic abc="),), Mode.PASS_THROUGH, "Basic abc="),
        ((("Cookie", "dexter_session=nonsense"),), Mode.ANONYMOUS, None),
        ((("Cookie", "dexter_session=nonsense"), OWN), Mode.PASS_THROUGH, "Bearer sntryu_own"),
    ],
)
def test_the_credential_decides_whose_rights_are_used(
    authenticator: Authenticator, headers: tuple[tuple[str, str], ...], mode: Mode, sent_to_sentry: str | None
) -> None:
    """The one table that everything about rights rests on."""
    caller = authenticator.identify(headers)
    assert (caller.mode, caller.credential.authorization) == (mode, sent_to_sentry)


@pytest.mark.parametrize(
    ("headers", "error"),
    [
        ((("X-Dexter-Token", "wrong"),), Unauthenticated),
        ((("X-Dexter-Token", ""),), Unauthenticated),
        ((("X-Dexter-Token", "wrong"), OWN), Unauthenticated),
        ((DEXTERS, OWN), BadRequest),
        ((OWN, ("authorization", "Bearer other")), BadRequest),
        ((DEXTERS, DEXTERS), BadRequest),
    ],
)
def test_a_wrong_or_contradictory_credential_is_refused(
    authenticator: Authenticator, headers: tuple[tuple[str, str], ...], error: type[DexterError]
) -> None:
    """Falling back to another credential would make an answer with rights that nobody asked for."""
    with pytest.raises(error) as caught:
        authenticator.identify(headers)
    assert "sntryu" not in str(caught.value)


def test_a_session_stands_behind_both_headers(authenticator: Authenticator, sessions: Sessions) -> None:
    """A browser sends its cookie unasked, so an explicit credential must win over it."""
    session_id, session = sessions.open()
    cookie = ("Cookie", f"theme=dark; dexter_session={session_id}")
    by_cookie = authenticator.identify((cookie,))
    assert (by_cookie.mode, by_cookie.session) == (Mode.SERVICE, session)
    assert authenticator.identify((cookie, OWN)).mode is Mode.PASS_THROUGH
    assert authenticator.identify((cookie, DEXTERS)).session is None


def test_identities_differ_by_token_by_upstream_and_hide_the_token(sessions: Sessions) -> None:
    """A shared key would hand one caller's answers to another; a readable one would leak the token."""

    def key(token: str, upstream: str) -> str:
        known = Authenticator(
            key=KEY, access_token="access", service_token="service", sessions=sessions, upstream_url=upstream
        )
        return known.identify((("Authorization", f"Bearer {token}"),)).identity.key

    keys = [key("one", "https://a"), key("two", "https://a"), key("one", "https://b"), key("service", "https://a")]
    assert len(set(keys)) == 4
    assert key("one", "https://a") == keys[0]
    assert not any("one" in each for each in keys)


def test_the_services_token_shown_by_a_caller_is_not_the_service(authenticator: Authenticator) -> None:
    """Who shows Sentry's token themselves is held to what Sentry lets it do, not to Dexter's catalog."""
    caller = authenticator.identify((("Authorization", "Bearer service"),))
    assert caller.identity.kind == "token"
    assert caller.identity.key != authenticator.identify((DEXTERS,)).identity.key


def test_a_credential_does_not_show_itself(authenticator: Authenticator) -> None:
    """Callers end up in tracebacks."""
    assert "sntryu_own" not in repr(authenticator.identify((OWN,)))


@pytest.fixture
def by_cookie(authenticator: Authenticator, sessions: Sessions) -> Caller:
    return authenticator.by_session(sessions.open()[0])


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "BREW"])
def test_a_change_by_cookie_needs_the_csrf_token(by_cookie: Caller, method: str) -> None:
    """A page elsewhere can make a browser send the cookie, but cannot read the token."""
    for headers in ((), (("X-CSRF-Token", "guess"),)):
        with pytest.raises(Forbidden):
            require_csrf(by_cookie, method, headers)
    assert by_cookie.session is not None
    require_csrf(by_cookie, method, (("x-csrf-token", by_cookie.session.csrf_token),))


def test_reading_by_cookie_and_changing_by_header_need_none(by_cookie: Caller, authenticator: Authenticator) -> None:
    """No page elsewhere can add the header, so asking for more would only break scripts."""
    require_csrf(by_cookie, "GET", ())
    require_csrf(authenticator.identify((DEXTERS,)), "PUT", ())


UNKNOWN = Endpoint("*", "*", "*")
SECRET = Endpoint("GET /keys/", "GET", "/keys/", secret=True)
PLAIN = Endpoint("GET /issues/", "GET", "/issues/")


@pytest.mark.parametrize(
    ("headers", "endpoint", "serve_secrets", "allowed"),
    [
        ((DEXTERS,), PLAIN, False, True),
        ((DEXTERS,), UNKNOWN, True, False),
        ((DEXTERS,), SECRET, False, False),
        ((DEXTERS,), SECRET, True, True),
        ((OWN,), UNKNOWN, False, True),
        ((OWN,), SECRET, False, True),
        ((), UNKNOWN, False, True),
    ],
)
def test_dexters_credential_is_lent_for_the_catalog_and_no_secrets(
    authenticator: Authenticator,
    headers: tuple[tuple[str, str], ...],
    endpoint: Endpoint,
    serve_secrets: bool,
    allowed: bool,
) -> None:
    """The access token must not be worth more than what its holders need; a caller's own token is Sentry's matter."""
    caller = authenticator.identify(headers)
    if allowed:
        require_permission(caller, endpoint, serve_secrets=serve_secrets)
    else:
        with pytest.raises(Forbidden):
            require_permission(caller, endpoint, serve_secrets=serve_secrets)


@pytest.mark.parametrize("cookie", ["", ";;;", "a=b", "dexter_session", 'dexter_session="', "\x80=\x81", "x" * 5000])
def test_a_broken_cookie_is_no_session(cookie: str) -> None:
    """Anybody can send anything as a cookie."""
    assert not session_cookie((("Cookie", cookie),))


async def test_dexters_token_is_replaced_by_the_services(operator: Visitor, sentry: SentryDouble) -> None:
    """Dexter's token means nothing to Sentry and must not reach it."""
    sentry.will(ok(b"[]"))
    assert (await operator.get("/api/v1/issues")).status == 200
    assert (await operator.get("/api/0/organizations/acme/issues/")).status == 200
    for call in sentry.calls:
        assert call.credential.authorization == f"Bearer {SERVICE_TOKEN}"
        assert ACCESS_TOKEN not in str(call.headers)


async def test_a_bearer_that_is_dexters_token_is_service_mode_on_both_faces(
    visitor: Callable[..., Visitor], sentry: SentryDouble
) -> None:
    """Tools that only know Bearer can still be given Dexter's token."""
    sentry.will(ok(b"[]"))
    tool = visitor(authorization=f"Bearer {ACCESS_TOKEN}")
    assert (await tool.get("/api/v1/issues")).status == 200
    assert (await tool.get("/api/0/organizations/acme/projects/")).status == 200
    assert {call.identity.kind for call in sentry.calls} == {"service"}
    assert (await tool.get("/api/0/no/such/operation/")).status == 403


async def test_a_sentry_token_passes_through_and_shares_nothing_with_the_service(
    owner: Visitor, operator: Visitor, sentry: SentryDouble
) -> None:
    """Two identities never share an entry, though they ask the same question."""
    sentry.will(ok(b"[]"))
    await operator.get("/api/v1/issues")
    await owner.get("/api/v1/issues")
    assert [call.credential.authorization for call in sentry.calls] == [f"Bearer {SERVICE_TOKEN}", "Bearer sntryu_own"]


@pytest.mark.parametrize("name", ["token", "access_token", "auth", "x-dexter-token", "api_key", "sentry_key"])
async def test_a_token_in_the_address_is_never_read(stranger: Visitor, sentry: SentryDouble, name: str) -> None:
    """Addresses end up in histories, logs and referrers."""
    for target in (f"/api/v1/issues?{name}={ACCESS_TOKEN}", f"/api/v1/session?{name}={ACCESS_TOKEN}"):
        assert (await stranger.get(target)).status == 401
    assert sentry.calls == []


async def test_secrets_are_not_lent_out(operator: Visitor, owner: Visitor, sentry: SentryDouble) -> None:
    """A DSN key in a browser of everybody who may triage is more than triage needs."""
    sentry.will(ok(b"[]"))
    refused = await operator.get("/api/0/projects/acme/shop/keys/")
    assert refused.status == 403
    assert "DEXTER_SERVE_SECRETS" in refused.json()["detail"]
    assert sentry.calls == []
    assert (await owner.get("/api/0/projects/acme/shop/keys/")).status == 200
