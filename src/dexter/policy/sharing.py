"""Which calls may share an answer with others of the same identity, and what of a caller's headers goes along then."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dexter.wire import Call, Endpoint, Headers

_ONE_CALLERS_OWN = frozenset(
    {"range", "if-range", "if-match", "if-none-match", "if-modified-since", "if-unmodified-since"}
)
"""Headers that ask for a part or on a condition: such an answer fits nobody else."""

_NOT_SHARED = frozenset({"accept-language", "accept-encoding"})
"""Headers that must not colour an answer which others get too; the encoding is settled per caller behind the store."""


_ISSUE_DETAILS = frozenset(
    {
        "GET /api/0/organizations/{organization_id_or_slug}/issues/{issue_id}/",
        "GET /api/0/issues/{issue_id}/",
    }
)


def is_issue_detail(endpoint: Endpoint) -> bool:
    """Whether an endpoint gives one issue, at today's address or the older one."""
    return endpoint.name in _ISSUE_DETAILS


def may_refresh_behind(endpoint: Endpoint) -> bool:
    """Whether Sentry may be asked again without anybody waiting for it.

    Not for one issue: with that read Sentry records that the credential's owner has seen it.
    """
    return not is_issue_detail(endpoint)


def may_share(call: Call) -> bool:
    """Whether the call's answer may be stored, and its flight joined, by others of its identity."""
    return (
        call.method == "GET"
        and call.body is None
        and call.endpoint.cache.fresh_s > 0
        and not call.endpoint.secret
        and call.identity.kind in ("service", "token")
        and all(_is_shareable(name.lower(), value) for name, value in call.headers)
    )


def shared_headers(headers: Headers) -> Headers:
    """Give the headers that a shared call sends."""
    return tuple((name, value) for name, value in headers if name.lower() not in _NOT_SHARED)


def _is_shareable(name: str, value: str) -> bool:
    if name == "accept":
        return any(kind in value for kind in ("json", "*/*", "application/*"))
    return name not in _ONE_CALLERS_OWN
