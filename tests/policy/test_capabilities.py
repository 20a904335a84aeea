"""What an answer shows of the server behind it."""

from __future__ import annotations

from typing import Any

import pytest

from dexter.policy.capabilities import Address, Capabilities, Kind, State, kind_of, route_is_missing, state_of

GOING = (("X-Sentry-Deprecation-Date", "2026-05-14"),)
NO_THING = b'{"detail":"The requested resource does not exist"}'

STATES = [
    # status, headers, body, state
    (200, (), b"[]", State.AVAILABLE),
    (400, (), b'{"detail":"Invalid"}', State.AVAILABLE),
    (403, (), b'{"detail":"You do not have permission to perform this action."}', State.AVAILABLE),
    (429, (), b"", State.AVAILABLE),
    (404, (), NO_THING, State.AVAILABLE),
    (404, (), b'{"detail":"Event not found"}', State.AVAILABLE),
    (404, (), b"", State.MISSING),
    (404, (), b'{"detail":"Not found."}', State.MISSING),
    (404, (), b'{"detail":"Not Found"}', State.MISSING),
    (404, (), b"<html>nothing here</html>", State.MISSING),
    (405, (), b'{"detail":"Method \\"GET\\" not allowed."}', State.MISSING),
    (410, (), b'{"message":"This API no longer exists."}', State.MISSING),
    (410, GOING, b'{"message":"This API no longer exists."}', State.RETIRING),
    (200, GOING, b"[]", State.RETIRING),
    (401, (), b"", State.UNKNOWN),
    (502, (), b"", State.UNKNOWN),
]


@pytest.mark.parametrize(("status", "headers", "body", "state"), STATES)
def test_an_answer_shows_whether_its_address_is_there(
    status: int, headers: tuple[tuple[str, str], ...], body: bytes, state: State
) -> None:
    """A missing issue taken for a missing route would send every later call to another address."""
    assert state_of(status, headers, body) is state


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'{"detail":{"code":"x"}}', b'{"detail":null}'])
def test_a_404_that_does_not_say_what_is_missing_is_a_missing_route(body: bytes) -> None:
    """Sentry names the thing: a resource, an event, a project."""
    assert route_is_missing(404, body)
    assert not route_is_missing(404, NO_THING)


KINDS: list[tuple[str, dict[str, Any] | None, bool, tuple[Kind, str | None]]] = [
    # base, client-config, whether /api/0/ is Sentry's, kind and version
    ("https://sentry.io", None, True, (Kind.SAAS, None)),
    ("https://us.sentry.io", {"version": {"current": "x"}}, True, (Kind.SAAS, "x")),
    ("https://sentry.io.evil.example", None, False, (Kind.UNKNOWN, None)),
    ("http://s", {"version": {"current": "26.8.0"}, "isSelfHosted": True}, True, (Kind.SELF_HOSTED, "26.8.0")),
    ("http://s", {"version": {"current": "9.1.2"}, "isOnPremise": True}, True, (Kind.SELF_HOSTED, "9.1.2")),
    ("http://s", {"isSelfHosted": False}, True, (Kind.SAAS, None)),
    ("http://s", {"version": "26"}, True, (Kind.SELF_HOSTED, None)),
    ("http://s", None, True, (Kind.PARTIAL, None)),
    ("http://s", None, False, (Kind.UNKNOWN, None)),
]


@pytest.mark.parametrize(("base", "config", "is_sentry", "found"), KINDS)
def test_kind_and_version_are_read_from_client_config(
    base: str, config: dict[str, Any] | None, is_sentry: bool, found: tuple[Kind, str | None]
) -> None:
    """There is no version header; a server of another make has no client-config."""
    assert kind_of(base, config, is_sentry=is_sentry) == found


DIALECTS = [
    ({Address.ORGANIZATION_ISSUES: State.AVAILABLE, Address.ORGANIZATION_ISSUE: State.AVAILABLE}, "organization"),
    ({Address.ORGANIZATION_ISSUES: State.AVAILABLE, Address.ISSUE: State.AVAILABLE}, "mixed"),
    ({Address.ORGANIZATION_ISSUES: State.MISSING, Address.ISSUE: State.RETIRING}, "orgless"),
    ({}, "unknown"),
]


@pytest.mark.parametrize(("addresses", "dialect"), DIALECTS)
def test_the_dialect_follows_from_the_addresses(addresses: dict[Address, State], dialect: str) -> None:
    """It is what doctor tells in one word."""
    assert Capabilities(addresses=addresses).dialect == dialect
