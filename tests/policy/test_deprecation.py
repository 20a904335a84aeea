"""What Sentry says of an address that goes, and in which words callers hear it."""

from __future__ import annotations

import pytest

from dexter.policy.deprecation import Deprecation, announced, deprecation, is_brownout

DATE, REPLACEMENT = "X-Sentry-Deprecation-Date", "X-Sentry-Replacement-Endpoint"

SAID = [
    # headers, what callers get
    ((), ()),
    (((REPLACEMENT, "/api/0/x/"),), ()),
    (
        ((DATE, "2026-05-14T00:00:00+00:00"), (REPLACEMENT, "/api/0/organizations/acme/workflows/")),
        (
            ("Deprecation", "@1778716800"),
            ("Sunset", "Thu, 14 May 2026 00:00:00 GMT"),
            ("Link", '</api/0/organizations/acme/workflows/>; rel="successor-version"'),
        ),
    ),
    (
        (("x-sentry-deprecation-date", "2026-05-14"), (REPLACEMENT, "/api/0/organizations/{o}/workflows/")),
        (
            ("Deprecation", "@1778716800"),
            ("Sunset", "Thu, 14 May 2026 00:00:00 GMT"),
            ("Link", '</api/0/organizations/%7Bo%7D/workflows/>; rel="successor-version"'),
        ),
    ),
    (((DATE, "soon"), (REPLACEMENT, "https://evil.example/")), ()),
    (((DATE, "soon"), (REPLACEMENT, '/x>; rel="next')), (("Link", '</x%3E;%20rel=%22next>; rel="successor-version"'),)),
]  # fmt: skip


@pytest.mark.parametrize(("headers", "told"), SAID)
def test_sentrys_words_become_standard_ones(
    headers: tuple[tuple[str, str], ...], told: tuple[tuple[str, str], ...]
) -> None:
    """A client that knows the RFCs need not know Sentry; a value that is no path must not become a link."""
    assert announced(headers) == told


@pytest.mark.parametrize(
    ("status", "headers", "expected"),
    [
        (410, ((DATE, "2026-05-14"),), True),
        (410, (), False),
        (404, ((DATE, "2026-05-14"),), False),
        (200, ((DATE, "2026-05-14"),), False),
    ],
)
def test_only_a_410_with_the_date_is_a_brownout(
    status: int, headers: tuple[tuple[str, str], ...], expected: bool
) -> None:
    """A 410 without it means that the address is gone for good."""
    assert is_brownout(status, headers) is expected


def test_a_replacement_may_be_missing() -> None:
    """Some addresses go without a successor."""
    assert deprecation(((DATE, "2026-05-14"),)) == Deprecation("2026-05-14", None)
