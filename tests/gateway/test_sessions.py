"""Sessions: from the access token to a cookie and back, and how guessing is slowed down."""

from __future__ import annotations

import sqlite3
import stat
from typing import TYPE_CHECKING

import pytest
from tests.doubles.sentry_double import FakeClock, SentryDouble, ok

from dexter.errors import SettingsError
from dexter.gateway.access_token import access_token, load_key
from dexter.gateway.sessions import Sessions
from dexter.gateway.throttle import SignInThrottle, TooManyAttempts

from .conftest import ACCESS_TOKEN, Visitor

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

KEY = b"k" * 32


def opened(path: Path | str, *, clock: FakeClock, token: str = "access") -> Sessions:
    return Sessions(path, key=KEY, token=token, ttl_s=100, clock=clock.now)


def test_a_session_lives_until_it_expires(clock: FakeClock) -> None:
    """A laptop left open must not stay signed in for ever."""
    sessions = opened(":memory:", clock=clock)
    session_id, session = sessions.open()
    assert sessions.find(session_id) == session
    clock.pass_s(99)
    assert sessions.find(session_id) == session
    clock.pass_s(1)
    assert sessions.find(session_id) is None


def test_signing_out_revokes_at_once(clock: FakeClock) -> None:
    """A copied cookie must be worth nothing afterwards."""
    sessions = opened(":memory:", clock=clock)
    (mine, _), (other, _) = sessions.open(), sessions.open()
    sessions.end(mine)
    assert sessions.find(mine) is None
    assert sessions.find(other) is not None


def test_a_restart_keeps_people_signed_in_unless_the_access_token_changed(clock: FakeClock, tmp_path: Path) -> None:
    """Replacing the token is how access is withdrawn."""
    path = tmp_path / "sessions.sqlite3"
    first = opened(path, clock=clock)
    session_id, session = first.open()
    first.close()
    again = opened(path, clock=clock)
    assert again.find(session_id) == session
    again.close()
    replaced = opened(path, clock=clock, token="another")
    assert replaced.find(session_id) is None
    replaced.close()


def test_the_file_holds_no_session_id_and_is_its_owners_alone(clock: FakeClock, tmp_path: Path) -> None:
    """A stolen backup must not sign anybody in."""
    path = tmp_path / "sessions.sqlite3"
    sessions = opened(path, clock=clock)
    session_id, session = sessions.open()
    sessions.close()
    content = path.read_bytes()
    assert session_id.encode() not in content
    assert session.csrf_token.encode() not in content
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_expired_sessions_do_not_pile_up(clock: FakeClock, tmp_path: Path) -> None:
    """The file must not grow with every sign-in of its life."""
    path = tmp_path / "sessions.sqlite3"
    sessions = opened(path, clock=clock)
    for _ in range(5):
        sessions.open()
        clock.pass_s(200)
    sessions.open()
    with sqlite3.connect(path) as database:
        (count,) = database.execute("SELECT count(*) FROM session").fetchone()
    database.close()
    sessions.close()
    assert count == 1


def test_two_sessions_differ_in_id_and_csrf_token(clock: FakeClock) -> None:
    """A token from one browser must not prove another's requests."""
    sessions = opened(":memory:", clock=clock)
    (one, first), (two, second) = sessions.open(), sessions.open()
    assert one != two
    assert first.csrf_token != second.csrf_token


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


def test_guessing_is_slowed_down_per_address(clock: FakeClock) -> None:
    """One guesser must neither go on nor keep everybody else out."""
    throttle = SignInThrottle(clock.monotonic, attempts=3, window_s=60)
    for _ in range(3):
        throttle.admit("1.1.1.1")
        throttle.failed("1.1.1.1")
    with pytest.raises(TooManyAttempts) as caught:
        throttle.admit("1.1.1.1")
    assert caught.value.retry_after_s == 60
    throttle.admit("2.2.2.2")
    clock.pass_s(61)
    throttle.admit("1.1.1.1")


def test_the_throttle_forgets_the_oldest_addresses(clock: FakeClock) -> None:
    """Otherwise whoever owns many addresses fills the memory."""
    throttle = SignInThrottle(clock.monotonic, attempts=1, addresses=2)
    for address in ("a", "b", "c"):
        throttle.failed(address)
    throttle.admit("a")
    with pytest.raises(TooManyAttempts):
        throttle.admit("c")


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
    assert document["user"] == {"name": "Olive"}
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
    assert (response.status, response.json()["user"]) == (200, {"name": None})


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
