"""Sentry's many error forms, read as sentences, and what they mean to a caller."""

from __future__ import annotations

import pytest

from dexter.errors import Forbidden, RateLimited, Refused, Unauthenticated
from dexter.features.upstream_errors import message_of, upstream_error
from dexter.wire import Headers, Identity

SERVICE = Identity("s", "service")
OWN = Identity("t", "token")


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b'{"detail":"Invalid token"}', "Invalid token"),
        (b'{"detail":{"code":"sso-required","message":"Must login via SSO","extra":{}}}', "Must login via SSO"),
        (b'{"assignedTo":["Cannot assign to non-team member"]}', "assignedTo: Cannot assign to non-team member"),
        (b'{"statusDetails":{"inRelease":["Unknown"]}}', "statusDetails: inRelease: Unknown"),
        (b'{"nonFieldErrors":["a","b"]}', "nonFieldErrors: a; b"),
        (b'{"message":"This API no longer exists."}', "This API no longer exists."),
        (b'"Rate limited"', "Rate limited"),
        (b"<html>nope</html>", ""),
        (b"", ""),
        (b"[]", ""),
        (b"null", ""),
        (b"42", ""),
        (b'{"detail":null}', ""),
        (b'{"detail":"' + b"x" * 1001 + b'"}', "x" * 1000 + " …"),
        (b'{"detail":"' + b"word " * 250 + b'"}', "word " * 199 + "word …"),
        (b"\xff\xfe", ""),
    ],
)
def test_each_of_sentrys_error_forms_is_read(body: bytes, sentence: str) -> None:
    """The person sees Sentry's own reason, whatever it was wrapped in."""
    assert message_of(body) == sentence


@pytest.mark.parametrize(
    ("headers", "until"),
    [
        ((("X-Sentry-Rate-Limit-Reset", "1010"),), 1010.0),
        ((("Retry-After", "5"),), 1005.0),
        ((("X-Sentry-Rate-Limit-Reset", "1010"), ("Retry-After", "5")), 1010.0),
        ((("X-Sentry-Rate-Limit-Reset", "900"),), 1001.0),
        ((("X-Sentry-Rate-Limit-Reset", "soon"), ("Retry-After", "-1")), 1001.0),
        ((), 1001.0),
    ],
)
def test_a_rate_limit_knows_its_end(headers: Headers, until: float) -> None:
    """Sentry's limiter names the second of the reset; a wait of none at all would only be refused again."""
    error = upstream_error(429, headers, b"", identity=OWN, now=1000.0)
    assert isinstance(error, RateLimited)
    assert error.until == until


@pytest.mark.parametrize(
    ("status", "identity", "kind"),
    [(401, SERVICE, Refused), (403, SERVICE, Forbidden), (401, OWN, Unauthenticated), (403, OWN, Forbidden)],
)
def test_a_refused_credential_is_told_to_its_owner(status: int, identity: Identity, kind: type) -> None:
    """Dexter's own credential is no business of the person at the workbench."""
    assert type(upstream_error(status, (), b"", identity=identity, now=0.0)) is kind


def test_a_redirect_names_the_new_path_and_no_origin() -> None:
    """A caller of the gateway has no use for Sentry's own address."""
    headers = (("Location", "https://sentry.example/api/0/projects/acme/new/?a=b"),)
    error = upstream_error(302, headers, b"", identity=OWN, now=0.0)
    assert "/api/0/projects/acme/new/" in error.remedy
    assert "sentry.example" not in error.remedy


def test_a_brownout_is_a_wait_and_names_the_successor() -> None:
    """It passes in a minute or two, unlike a 410 for good; whoever reads it learns what to move to."""
    going = (("X-Sentry-Deprecation-Date", "2026-05-14"), ("X-Sentry-Replacement-Endpoint", "/api/0/new/"))
    brownout = upstream_error(410, going, b'{"message":"This API no longer exists."}', identity=OWN, now=0.0)
    assert (brownout.status, "/api/0/new/" in brownout.remedy) == (503, True)
    assert upstream_error(410, (), b"", identity=OWN, now=0.0).status == 502
