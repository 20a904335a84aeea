"""Sessions: from the access token to a cookie and back, and how guessing is slowed down."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

import pytest
from tests.doubles.sentry_double import FakeClock, SentryDouble, ok

from dexter.app import create_app
from dexter.errors import SettingsError
from dexter.gateway.access_token import (
    access_token,
    is_personal_token,
    load_key,
    new_personal_token,
    personal_token_hash,
)
from dexter.gateway.throttle import SignInThrottle, TooManyAttempts
from dexter.settings import read_settings

from .conftest import ACCESS_TOKEN, Visitor

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from dexter.app import Application


def test_the_access_token_stays_the_same_and_is_at_rest_nowhere(tmp_path: Path) -> None:
    """It is printed at every start, so it must not be written anywhere."""
    token = access_token(load_key(tmp_path))
    assert access_token(load_key(tmp_path)) == token
    (file,) = tmp_path.iterdir()
    assert token.encode() not in file.read_bytes()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert len(token) == 36


def test_a_damaged_key_file_is_told(tmp_path: Path) -> None:
    """A token derived from a truncated key could be guessed."""
    (tmp_path / "secret.key").write_bytes(b"short")
    with pytest.raises(SettingsError, match=r"secret\.key"):
        load_key(tmp_path)


def test_a_token_for_scripts_is_told_from_a_mistyped_one_without_looking_it_up() -> None:
    """A flood of nonsense must not become a flood of questions to the database."""
    token = new_personal_token()
    assert is_personal_token(token)
    assert len(token) == 43
    assert token != new_personal_token()
    swapped = token[:10] + token[11] + token[10] + token[12:]
    wrong = (token[:-1], token + "a", token.upper(), token[:-1] + ("a" if token[-1] != "a" else "b"), "dxt_" + "a" * 39)
    for each in (*wrong, *((swapped,) if swapped != token else ())):
        assert not is_personal_token(each), each
    assert not is_personal_token(access_token(b"k" * 32))


def test_what_is_kept_of_a_token_depends_on_the_installations_key() -> None:
    """A database that is carried away must not tell which tokens somebody holds."""
    token = new_personal_token()
    assert personal_token_hash(b"a" * 32, token) == personal_token_hash(b"a" * 32, token)
    assert personal_token_hash(b"a" * 32, token) != personal_token_hash(b"b" * 32, token)
    assert token not in personal_token_hash(b"a" * 32, token)


def test_guessing_is_slowed_down_per_address_and_account(clock: FakeClock) -> None:
    """One guesser must neither go on, nor with many addresses at one account, nor keep everybody else out."""
    throttle = SignInThrottle(clock.monotonic, attempts=3, window_s=60)
    for _ in range(3):
        throttle.attempt("1.1.1.1", "account ada")
    for keys in (("1.1.1.1", "account bob"), ("2.2.2.2", "account ada")):
        with pytest.raises(TooManyAttempts) as caught:
            throttle.attempt(*keys)
        assert caught.value.retry_after_s == 60
    throttle.attempt("2.2.2.2", "account bob")
    clock.pass_s(61)
    throttle.attempt("1.1.1.1", "account ada")


def test_who_proved_themselves_begins_anew(clock: FakeClock) -> None:
    """Somebody who mistypes now and then is no guesser."""
    throttle = SignInThrottle(clock.monotonic, attempts=2)
    for _ in range(5):
        throttle.attempt("1.1.1.1", "account ada")
        throttle.succeeded("1.1.1.1", "account ada")


def test_the_throttle_forgets_the_oldest_addresses(clock: FakeClock) -> None:
    """Otherwise whoever owns many addresses fills the memory."""
    throttle = SignInThrottle(clock.monotonic, attempts=1, keys=2)
    for address in ("a", "b", "c"):
        throttle.attempt(address)
    with pytest.raises(TooManyAttempts):
        throttle.attempt("c")
    throttle.attempt("a")


@pytest.fixture
def browser(visitor: Callable[..., Visitor]) -> Visitor:
    return visitor(origin="http://localhost:8000")


async def sign_in(browser: Visitor) -> str:
    response = await browser.send("POST", "/api/v1/session", {"token": ACCESS_TOKEN})
    assert response.status == 200, response.body
    return str(response.json()["csrf_token"])


async def test_signing_in_sets_a_cookie_that_scripts_cannot_read(browser: Visitor, sentry: SentryDouble) -> None:
    """A script injected into a page must not be able to carry the session away."""
    sentry.will(ok(b'{"id":"1","name":"Olive"}'))
    response = await browser.send("POST", "/api/v1/session", {"token": ACCESS_TOKEN})
    document = response.json()
    assert document["authenticated"] is True
    assert (document["organization"], document["project"]) == ("acme", None)
    assert document["sentry_url"] == "https://sentry.example"
    assert (document["user"]["name"], document["user"]["built_in"], document["user"]["role"]) == (
        "Olive",
        True,
        "admin",
    )
    cookie = response.headers["set-cookie"]
    for attribute in ("HttpOnly", "SameSite=strict", "Path=/", "Max-Age=604800"):
        assert attribute in cookie
    assert "Secure" not in cookie
    assert document["csrf_token"] not in cookie


async def test_the_session_answers_who_is_signed_in(browser: Visitor, stranger: Visitor) -> None:
    """The workbench decides by it whether to show the sign-in screen."""
    assert (await stranger.get("/api/v1/session")).status == 401
    csrf_token = await sign_in(browser)
    document = (await browser.get("/api/v1/session")).json()
    assert document["csrf_token"] == csrf_token


async def test_a_change_by_cookie_needs_the_csrf_token_on_both_faces(browser: Visitor, sentry: SentryDouble) -> None:
    """The drop-in face is as reachable for a page elsewhere as Dexter's own."""
    csrf_token = await sign_in(browser)
    sentry.calls.clear()
    for target in ("/api/v1/issues/1", "/api/0/organizations/acme/issues/1/"):
        assert (await browser.send("PUT", target, {"status": "resolved"})).status == 403
    assert sentry.calls == []
    for target in ("/api/v1/issues/1", "/api/0/organizations/acme/issues/1/"):
        answer = await browser.send("PUT", target, {"status": "resolved"}, {"x-csrf-token": csrf_token})
        assert answer.status == 200, answer.body


async def test_signing_out_ends_the_session_and_its_cookie(browser: Visitor) -> None:
    """Afterwards neither the browser nor a copy of its cookie is anybody."""
    csrf_token = await sign_in(browser)
    kept = dict(browser.cookies)
    assert (await browser.send("DELETE", "/api/v1/session", headers={"x-csrf-token": csrf_token})).status == 204
    assert browser.cookies == {}
    browser.cookies = kept
    assert (await browser.get("/api/v1/session")).status == 401


@pytest.mark.parametrize("environment", [{"DEXTER_SESSION_TTL": "100s", "DEXTER_SESSION_IDLE": "40s"}], indirect=True)
async def test_a_session_ends_with_its_time_and_without_use(browser: Visitor, clock: FakeClock) -> None:
    """A laptop left open must not stay signed in, nor may anybody for ever."""
    await sign_in(browser)
    for _ in range(3):
        clock.pass_s(30)
        assert (await browser.get("/api/v1/session")).status == 200
    clock.pass_s(10)
    assert (await browser.get("/api/v1/session")).status == 401
    await sign_in(browser)
    clock.pass_s(40)
    assert (await browser.get("/api/v1/session")).status == 401


async def test_a_restart_keeps_people_signed_in_unless_the_access_token_changed(
    browser: Visitor, environment: dict[str, str], sentry: SentryDouble, clock: FakeClock
) -> None:
    """Replacing the token is how access is withdrawn."""
    await sign_in(browser)
    for token, status in ((ACCESS_TOKEN, 200), ("another-token", 401)):
        again = create_app(read_settings(environment | {"DEXTER_ACCESS_TOKEN": token}), transport=sentry, clock=clock)
        after = Visitor(again, {})
        after.cookies = dict(browser.cookies)
        assert (await after.get("/api/v1/session")).status == status
        await again.aclose()


async def test_the_database_holds_no_session_id_and_is_its_owners_alone(
    browser: Visitor, gateway: Application, database_files: Callable[[], list[Path]], kept_in: dict[str, str]
) -> None:
    """A stolen backup must not sign anybody in."""
    if kept_in:
        pytest.skip("PostgreSQL's files are its own")
    csrf_token = await sign_in(browser)
    await gateway.aclose()
    assert database_files()
    for path in database_files():
        content = path.read_bytes()
        assert browser.cookies["dexter_session"].encode() not in content
        assert csrf_token.encode() not in content
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.fixture
def database_files(tmp_path: Path) -> Callable[[], list[Path]]:
    return lambda: list(tmp_path.glob("dexter.sqlite3*"))


async def test_two_sessions_differ_in_id_and_csrf_token(visitor: Callable[..., Visitor]) -> None:
    """A token from one browser must not prove another's requests."""
    one, other = visitor(), visitor()
    csrf_token = await sign_in(one)
    assert csrf_token != await sign_in(other)
    assert one.cookies != other.cookies
    refused = await other.send("DELETE", "/api/v1/session", headers={"x-csrf-token": csrf_token})
    assert refused.status == 403


async def test_sessions_are_listed_and_ended(visitor: Callable[..., Visitor]) -> None:
    """Whoever forgot to sign out somewhere must be able to do it from elsewhere."""
    here, elsewhere, third = visitor(user_agent="Firefox"), visitor(user_agent="Chrome"), visitor()
    csrf = {"x-csrf-token": await sign_in(here)}
    await sign_in(elsewhere)
    await sign_in(third)
    listed = (await here.get("/api/v1/sessions")).json()["data"]
    assert sorted(each["user_agent"] for each in listed) == ["", "Chrome", "Firefox"]
    assert [each["user_agent"] for each in listed if each["current"]] == ["Firefox"]
    assert {(each["opened_with"], each["address"]) for each in listed} == {("token", "127.0.0.1")}
    (theirs,) = (each["id"] for each in listed if each["user_agent"] == "Chrome")
    assert (await here.send("DELETE", f"/api/v1/sessions/{theirs}", headers=csrf)).status == 204
    assert (await elsewhere.get("/api/v1/session")).status == 401
    assert (await here.send("DELETE", f"/api/v1/sessions/{theirs}", headers=csrf)).status == 404
    assert (await here.send("DELETE", "/api/v1/sessions", headers=csrf)).json() == {"ended": 1}
    assert (await third.get("/api/v1/session")).status == 401
    assert (await here.get("/api/v1/session")).status == 200


async def test_a_wrong_token_is_refused_and_guessing_slowed_down(browser: Visitor) -> None:
    """The tenth guess within a minute is the last."""
    for _ in range(10):
        refused = await browser.send("POST", "/api/v1/session", {"token": "guess"})
        assert (refused.status, "set-cookie" in refused.headers) == (401, False)
    throttled = await browser.send("POST", "/api/v1/session", {"token": ACCESS_TOKEN})
    assert throttled.status == 429
    assert 0 < int(throttled.headers["retry-after"]) <= 60
    assert throttled.headers["content-type"] == "application/problem+json"


async def test_a_session_survives_a_sentry_that_is_away(browser: Visitor, sentry: SentryDouble) -> None:
    """Signing in depends on Dexter alone; the name is only an ornament."""
    sentry.will(ok(b"down", status=503))
    response = await browser.send("POST", "/api/v1/session", {"token": ACCESS_TOKEN})
    assert (response.status, response.json()["user"]["name"]) == (200, "Administrator")


async def test_an_error_of_the_workbench_reaches_the_log(
    operator: Visitor, stranger: Visitor, log: list[dict[str, object]]
) -> None:
    """A screen that breaks in somebody's browser is otherwise known to nobody who could mend it."""
    error = {"message": "x is undefined", "stack": "at Row", "url": "/issues", "screen": "stream"}
    assert (await stranger.send("POST", "/api/v1/client-errors", error)).status == 401
    assert (await operator.send("POST", "/api/v1/client-errors", error)).status == 204
    assert (await operator.send("POST", "/api/v1/client-errors", {"message": "x" * 2001})).status == 422
    written = [each for each in log if each["event"] == "client_error"]
    assert [{name: each[name] for name in error} for each in written] == [error]
