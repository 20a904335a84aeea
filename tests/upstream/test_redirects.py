"""Sentry redirects: who follows, and where the credential goes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.doubles.sentry_double import BASE, JSON, FakeClock, SentryDouble, call, ok

from dexter.errors import Garbled, SettingsError
from dexter.upstream.upstream import Upstream
from dexter.wire import Answer, Outcome

if TYPE_CHECKING:
    from dexter.stores.memory import MemoryStore
    from dexter.upstream.stack import Stack

OLD, NEW = "/api/0/organizations/acme/projects/", "/api/0/organizations/apex/projects/"


def moved(location: str, status: int = 302) -> Answer:
    return ok(b'{"detail":{"code":"resource-moved"}}', status=status, headers=(*JSON, ("Location", location)))


@pytest.mark.parametrize("location", [NEW, f"{BASE}{NEW}", f"{BASE}:443{NEW}", "../../apex/projects/"])
@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_a_redirect_within_sentry_is_followed(
    stack: Stack, sentry: SentryDouble, location: str, status: int
) -> None:
    """An organization was renamed; Dexter's own features need not know."""
    sentry.will(moved(location, status), ok())
    answer = await stack(call(OLD))
    assert (answer.status, sentry.asked) == (200, [f"GET {OLD}", f"GET {NEW}"])


async def test_a_redirected_write_stays_the_same_write(stack: Stack, sentry: SentryDouble) -> None:
    """Following a PUT as a GET would lose what was to be written."""
    sentry.will(moved("/api/0/projects/acme/new/"), ok())
    await stack(call("/api/0/projects/acme/old/", method="PUT", body=b'{"a":1}'))
    assert [(asked.method, asked.body) for asked in sentry.calls] == [("PUT", b'{"a":1}')] * 2


@pytest.mark.parametrize(
    "location",
    [
        "https://evil.example/api/0/",
        "//evil.example/api/0/",
        "http://sentry.example/api/0/",
        "https://sentry.example:8443/api/0/",
        "https://sentry.example@evil.example/",
        "https://user:pw@sentry.example/api/0/",
        "https://sentry.example.evil.example/",
        "https://[broken/",
        "javascript:alert(1)",
    ],
)
async def test_a_credential_never_follows_elsewhere(stack: Stack, sentry: SentryDouble, location: str) -> None:
    """Another host, port or scheme is another origin; plain HTTP would show the token to the network."""
    sentry.will(moved(location), ok())
    with pytest.raises(Garbled):
        await stack(call(OLD))
    assert len(sentry.calls) == 1


async def test_a_circle_ends(stack: Stack, sentry: SentryDouble) -> None:
    """Two proxies that send each caller to the other."""
    sentry.will(moved(OLD))
    with pytest.raises(Garbled):
        await stack(call(OLD))
    assert len(sentry.calls) == 4


async def test_what_was_found_elsewhere_is_not_stored(stack: Stack, sentry: SentryDouble, store: MemoryStore) -> None:
    """Its tags would name the old organization, and no write to the new one would reach it."""
    sentry.will(moved(NEW), ok())
    assert (await stack(call(OLD))).outcome is Outcome.BYPASS
    assert len(store) == 0


async def test_a_redirected_write_makes_the_new_names_entries_go(
    stack: Stack, sentry: SentryDouble, clock: FakeClock
) -> None:
    """The old name is in the address, the new one in the store."""
    issues = "/api/0/organizations/apex/issues/"
    await stack(call(issues))
    sentry.will(moved("/api/0/organizations/apex/issues/7/"), ok(), ok(b'{"id":"2"}'))
    await stack(call("/api/0/organizations/acme/issues/7/", method="PUT", body=b"{}", clock=clock))
    assert (await stack(call(issues))).body == b'{"id":"2"}'


async def test_a_sentry_client_follows_for_itself(stack: Stack, sentry: SentryDouble) -> None:
    """It asked for Sentry's answer, and this is one."""
    sentry.will(moved(NEW))
    answer = await stack(call(OLD, transparent=True))
    assert (answer.status, len(sentry.calls)) == (302, 1)


@pytest.mark.parametrize(
    ("base", "path", "address"),
    [
        ("https://sentry.io", "/api/0/", "https://sentry.io/api/0/?a=1"),
        ("https://sentry.io/", "/api/0/", "https://sentry.io/api/0/?a=1"),
        ("http://host:9000/sentry", "/api/0/", "http://host:9000/sentry/api/0/?a=1"),
    ],
)
def test_a_sentry_may_live_below_a_path(base: str, path: str, address: str) -> None:
    """Self-hosted ones do."""
    upstream = Upstream(base)
    assert upstream.address(path, "a=1") == address
    assert upstream.own_target(address, path) == (path, "a=1")


def test_a_target_outside_the_base_path_is_elsewhere() -> None:
    """Another application on the same host."""
    assert Upstream("https://host/sentry").own_target("https://host/other/", "/api/0/") is None


@pytest.mark.parametrize("base", ["sentry.io", "ftp://sentry.io", "https://", "https://u@sentry.io", "https://s.io/?x"])
def test_a_base_that_is_no_address_is_refused_at_start(base: str) -> None:
    """Not at the first call."""
    with pytest.raises(SettingsError, match="SENTRY_BASE_URL"):
        Upstream(base)
