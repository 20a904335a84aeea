"""Who calls: the rules by which credentials in a request are read, as a table and over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.doubles.sentry_double import BASE, FakeClock, SentryDouble, ok

from dexter.errors import BadRequest, DexterError, Forbidden, Unauthenticated
from dexter.features.people import NewPerson, People
from dexter.features.people_keys import KeyRing
from dexter.gateway.access_token import new_personal_token, personal_token_hash
from dexter.gateway.identity import (
    Authenticator,
    Caller,
    Mode,
    require_csrf,
    require_permission,
    require_role,
    session_cookie,
)
from dexter.gateway.logins import Logins
from dexter.gateway.sessions import Browser, SessionKinds, Sessions
from dexter.policy.people import BUILT_IN_ID, Grant, Need, Role, Scope
from dexter.wire import Endpoint

from .conftest import ACCESS_TOKEN, SERVICE_TOKEN, Visitor

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from dexter.database.engine import Database

KEY = b"k" * 32
OWN = ("Authorization", "Bearer sntryu_own")
DEXTERS = ("X-Dexter-Token", "access")
NOT_OURS = new_personal_token()


class Installation:
    """The parts that know who calls, over a database."""

    def __init__(self, database: Database, clock: FakeClock, folder: Path, upstream: str = BASE) -> None:
        self.database = database
        self.clock = clock
        kinds = SessionKinds(KEY, "access")
        self.ring = KeyRing(folder)
        self.logins = Logins(
            database, clock, key=KEY, opened_with=kinds.counts, upstream_url=upstream, ring=self.ring, idle_s=3600
        )
        self.people = People(database, clock.now, upstream_url=upstream, changed=self.logins.refresh)
        self.sessions = Sessions(database, self.logins, clock, key=KEY, by_token=kinds.by_token, ttl_s=7200)
        self.authenticator = Authenticator(
            key=KEY,
            access_token="access",
            service_token="service",
            logins=self.logins,
            sessions=self.sessions,
            upstream_url=upstream,
        )

    async def caller(self, *headers: tuple[str, str], method: str = "GET") -> Caller:
        await self.authenticator.recognise(method, headers)
        return self.authenticator.identify(headers)

    async def by_cookie(self, person_id: str = BUILT_IN_ID) -> tuple[Caller, tuple[str, str]]:
        session_id = await self.sessions.open(person_id, self.sessions.by_token, Browser())
        cookie = ("Cookie", f"theme=dark; dexter_session={session_id}")
        return await self.caller(cookie), cookie

    async def token(self, person_id: str, grant: Grant, expires_at: float | None = None) -> str:
        token = new_personal_token()
        await self.people.add_token(person_id, "ci", grant, personal_token_hash(KEY, token), token[-4:], expires_at)
        return token


@pytest.fixture
def here(database: Database, clock: FakeClock, tmp_path: Path) -> Installation:
    return Installation(database, clock, tmp_path)


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
async def test_the_credential_decides_whose_rights_are_used(
    here: Installation, headers: tuple[tuple[str, str], ...], mode: Mode, sent_to_sentry: str | None
) -> None:
    """The one table that everything about rights rests on."""
    caller = await here.caller(*headers)
    assert (caller.mode, caller.credential.authorization) == (mode, sent_to_sentry)
    assert (caller.person is not None) == (mode is Mode.SERVICE)


@pytest.mark.parametrize(
    ("headers", "error"),
    [
        ((("X-Dexter-Token", "wrong"),), Unauthenticated),
        ((("X-Dexter-Token", ""),), Unauthenticated),
        ((("X-Dexter-Token", "wrong"), OWN), Unauthenticated),
        ((("X-Dexter-Token", NOT_OURS),), Unauthenticated),
        ((("Authorization", f"Bearer {NOT_OURS}"),), Unauthenticated),
        ((("Authorization", "Bearer dxt_mistyped"),), Unauthenticated),
        ((DEXTERS, OWN), BadRequest),
        ((OWN, ("authorization", "Bearer other")), BadRequest),
        ((DEXTERS, DEXTERS), BadRequest),
    ],
)
async def test_a_wrong_or_contradictory_credential_is_refused(
    here: Installation, headers: tuple[tuple[str, str], ...], error: type[DexterError]
) -> None:
    """Falling back to another credential would make an answer with rights that nobody asked for.

    What looks like a token of Dexter's never goes to Sentry, which has no business with it.
    """
    with pytest.raises(error) as caught:
        await here.caller(*headers)
    assert "sntryu" not in str(caught.value)
    assert NOT_OURS not in str(caught.value)


async def test_a_session_stands_behind_both_headers(here: Installation) -> None:
    """A browser sends its cookie unasked, so an explicit credential must win over it."""
    by_cookie, cookie = await here.by_cookie()
    assert by_cookie.mode is Mode.SERVICE
    assert by_cookie.session is not None
    assert (await here.caller(cookie, OWN)).mode is Mode.PASS_THROUGH
    assert (await here.caller(cookie, DEXTERS)).session is None


async def test_identities_differ_by_token_by_upstream_and_hide_the_token(here: Installation, tmp_path: Path) -> None:
    """A shared key would hand one caller's answers to another; a readable one would leak the token."""

    async def key(token: str, upstream: str) -> str:
        known = Installation(here.database, here.clock, tmp_path, upstream)
        return (await known.caller(("Authorization", f"Bearer {token}"))).identity.key

    keys = [await key(*each) for each in (("one", "https://a"), ("two", "https://a"), ("one", "https://b"))]
    keys.append(await key("service", "https://a"))
    assert len(set(keys)) == 4
    assert await key("one", "https://a") == keys[0]
    assert not any("one" in each for each in keys)


async def test_the_services_token_shown_by_a_caller_is_not_the_service(here: Installation) -> None:
    """Who shows Sentry's token themselves is held to what Sentry lets it do, not to Dexter's catalog."""
    caller = await here.caller(("Authorization", "Bearer service"))
    assert caller.identity.kind == "token"
    assert caller.identity.key != (await here.caller(DEXTERS)).identity.key


async def test_a_credential_does_not_show_itself(here: Installation) -> None:
    """Callers end up in tracebacks."""
    token = await here.token(BUILT_IN_ID, Grant())
    _, cookie = await here.by_cookie()
    await here.people.link(BUILT_IN_ID, "sntryu_linked", {"id": "7"}, here.ring)
    for headers, secret in (
        ((OWN,), "sntryu_own"),
        ((("X-Dexter-Token", token),), token),
        ((cookie,), cookie[1].partition("dexter_session=")[2]),
        ((cookie,), "sntryu_linked"),
    ):
        assert secret not in repr(await here.caller(*headers))


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "BREW"])
async def test_a_change_by_cookie_needs_the_csrf_token(here: Installation, method: str) -> None:
    """A page elsewhere can make a browser send the cookie, but cannot read the token."""
    by_cookie, _ = await here.by_cookie()
    for headers in ((), (("X-CSRF-Token", "guess"),)):
        with pytest.raises(Forbidden):
            require_csrf(by_cookie, method, headers)
    assert by_cookie.session is not None
    require_csrf(by_cookie, method, (("x-csrf-token", by_cookie.session.csrf_token),))


async def test_reading_by_cookie_and_changing_by_header_need_none(here: Installation) -> None:
    """No page elsewhere can add the header, so asking for more would only break scripts."""
    by_cookie, _ = await here.by_cookie()
    require_csrf(by_cookie, "GET", ())
    require_csrf(await here.caller(DEXTERS), "PUT", ())


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
async def test_dexters_credential_is_lent_for_the_catalog_and_no_secrets(
    here: Installation,
    headers: tuple[tuple[str, str], ...],
    endpoint: Endpoint,
    serve_secrets: bool,
    allowed: bool,
) -> None:
    """The access token must not be worth more than what its holders need; a caller's own token is Sentry's matter."""
    caller = await here.caller(*headers)
    if allowed:
        require_permission(caller, endpoint, serve_secrets=serve_secrets)
    else:
        with pytest.raises(Forbidden):
            require_permission(caller, endpoint, serve_secrets=serve_secrets)


async def ada(here: Installation, **roles: Role) -> str:
    return (await here.people.add(NewPerson("Ada Lovelace", roles=roles))).account.person.id


async def test_a_personal_token_is_its_person_within_its_scopes(here: Installation) -> None:
    """A token of a script's must be traceable to somebody, and worth no more than it was made for."""
    person = await ada(here, acme=Role.TRIAGER)
    token = await here.token(person, Grant(frozenset({Scope.READ})))
    for header in (("X-Dexter-Token", token), ("Authorization", f"Bearer {token}")):
        caller = await here.caller(header)
        assert caller.person is not None
        assert (caller.mode, caller.person.name) == (Mode.SERVICE, "Ada Lovelace")
        assert caller.identity == (await here.caller(DEXTERS)).identity
        require_role(caller, Need(Role.VIEWER, "acme"))
        with pytest.raises(Forbidden, match="scope triage"):
            require_role(caller, Need(Role.TRIAGER, "acme"))


async def test_a_refusal_names_who_can_give_the_role(here: Installation) -> None:
    """Who is refused must know whom to ask."""
    await here.people.add(NewPerson("Grace Hopper", is_admin=True))
    by_cookie, _ = await here.by_cookie(await ada(here, acme=Role.VIEWER))
    with pytest.raises(Forbidden) as caught:
        require_role(by_cookie, Need(Role.TRIAGER, "acme"))
    assert "where Ada Lovelace is viewer" in caught.value.message
    assert "Ask Grace Hopper" in caught.value.remedy


async def test_what_is_taken_away_is_gone_at_once(here: Installation) -> None:
    """In the process that takes it away nobody waits for anything; see the live tests for all others."""
    person = await ada(here, acme=Role.TRIAGER)
    token = await here.token(person, Grant())
    header = ("X-Dexter-Token", token)
    assert (await here.caller(header)).mode is Mode.SERVICE
    await here.people.set_role(person, "acme", Role.VIEWER)
    known = (await here.caller(header)).person
    assert known is not None
    assert known.role_in("acme") is Role.VIEWER
    await here.people.disable(person)
    with pytest.raises(Unauthenticated):
        await here.caller(header)
    await here.people.enable(person)
    (kept,) = await here.people.tokens(person)
    await here.people.revoke_token(kept.id, person)
    with pytest.raises(Unauthenticated):
        await here.caller(header)


async def test_a_token_ends_with_its_time(here: Installation) -> None:
    """Also where it is remembered."""
    token = await here.token(await ada(here), Grant(), here.clock.now() + 60)
    assert (await here.caller(("X-Dexter-Token", token))).mode is Mode.SERVICE
    here.clock.pass_s(60)
    with pytest.raises(Unauthenticated):
        await here.caller(("X-Dexter-Token", token))


async def test_changes_go_with_the_linked_token_and_reads_with_dexters(here: Installation) -> None:
    """What a person does carries their name at Sentry; what everybody reads is shared."""
    person = await ada(here, acme=Role.TRIAGER)
    caller, cookie = await here.by_cookie(person)
    assert caller.changing().credential.authorization == "Bearer service"
    await here.people.link(person, "sntryu_adas", {"id": "7", "name": "Ada"}, here.ring)
    caller = await here.caller(cookie)
    assert caller.credential.authorization == "Bearer service"
    assert caller.changing().credential.authorization == "Bearer sntryu_adas"
    assert caller.changing().identity == (await here.caller(("Authorization", "Bearer sntryu_adas"))).identity
    assert caller.changing().refused(401) is not None
    assert caller.refused(401) is None
    await here.people.unlink(person)
    assert (await here.caller(cookie)).changing().credential.authorization == "Bearer service"


async def test_a_link_that_cannot_be_read_lets_nobody_act_as_somebody_else(here: Installation, tmp_path: Path) -> None:
    """Falling back to Dexter's credential would put another's name on what the person does."""
    person = await ada(here, acme=Role.TRIAGER)
    await here.people.link(person, "sntryu_adas", {"id": "7"}, here.ring)
    (tmp_path / "credentials.keys").unlink()
    elsewhere = Installation(here.database, here.clock, tmp_path)
    caller, _ = await elsewhere.by_cookie(person)
    assert caller.credential.authorization == "Bearer service"
    with pytest.raises(Forbidden, match="cannot be read"):
        caller.changing()


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
