"""Which addresses of earlier Dexters are still answered, what takes their place, and until when.

The versions, as `X-Dexter-API-Version` names them:

    0.1   the first that people wrote scripts against
    0.2   its successor's shapes
    1     today's
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime

FIRST, SECOND, CURRENT = "0.1", "0.2", "1"
VERSIONS = (FIRST, SECOND, CURRENT)
VERSION_HEADER = "x-dexter-api-version"

DEPRECATED_SINCE = datetime(2026, 11, 24, tzinfo=UTC)
SUNSET = datetime(2027, 12, 31, tzinfo=UTC)

ISSUE_LIST = "/api/v1/issues"
SECOND_ISSUE_LIST = "/api/v1/0.2/issues"
"""Where the list in its second shape stands, since its old address is today's list too."""


@dataclass(frozen=True, slots=True)
class Row:
    """One address of an earlier Dexter."""

    version: str
    method: str
    template: str
    successor: str
    """Today's address for it; its placeholders are filled in from the old one's."""


def headers(version: str, successor: str) -> tuple[tuple[str, str], ...]:
    """Give the headers that say of an answer that its address will go, when, and where to go instead."""
    return (
        ("deprecation", f"@{int(DEPRECATED_SINCE.timestamp())}"),
        ("sunset", format_datetime(SUNSET, usegmt=True)),
        ("link", f'<{successor}>; rel="successor-version"'),
        (VERSION_HEADER, version),
    )


_ISSUE = "/api/v1/issues/{id}"
_OF_ORG = "/api/v1/organizations/{o}"
_DOCS = "/docs"

ROWS: tuple[Row, ...] = (
    Row(FIRST, "GET", "/api/v1/config", "/api/v1/session"),
    Row(FIRST, "PUT", "/api/v1/config", "/api/v1/session"),
    Row(FIRST, "GET", "/api/v1/status", "/ready"),
    Row(FIRST, "GET", f"{_OF_ORG}/projects/{{p}}/issues", "/api/v1/issues?organization={o}&project={p}"),
    Row(FIRST, "GET", f"{_OF_ORG}/issues/{{id}}", f"{_ISSUE}?organization={{o}}"),
    Row(
        FIRST,
        "GET",
        "/api/v1/{o}/projects/{p}/issues/export",
        "/api/v1/issues/export?organization={o}&project={p}",
    ),
    Row(FIRST, "PUT", f"{_ISSUE}/status", _ISSUE),
    Row(FIRST, "GET", f"{_OF_ORG}/projects/{{p}}/events/{{event_id}}", "/api/0/projects/{o}/{p}/events/{event_id}/"),
    Row(FIRST, "GET", f"{_OF_ORG}/issues/{{id}}/events", f"{_ISSUE}/events?organization={{o}}"),
    Row(
        FIRST, "GET", f"{_OF_ORG}/issues/{{id}}/events/{{event_id}}", f"{_ISSUE}/events/{{event_id}}?organization={{o}}"
    ),
    Row(FIRST, "GET", f"{_OF_ORG}/issues/{{id}}/latest-event", f"{_ISSUE}/latest-event?organization={{o}}"),
    Row(FIRST, "GET", "/api/v1/models", _DOCS),
    Row(FIRST, "POST", "/api/v1/models/pull/{name}", _DOCS),
    Row(FIRST, "POST", "/api/v1/models/select", _DOCS),
    Row(FIRST, "POST", "/api/v1/explain", _DOCS),
    Row(SECOND, "GET", SECOND_ISSUE_LIST, ISSUE_LIST),
    Row(SECOND, "PUT", f"{_ISSUE}/assign", _ISSUE),
    Row(SECOND, "POST", "/api/v1/issues/bulk", "/api/v1/bulk"),
    Row(SECOND, "GET", "/api/v1/issue/{id}/events", f"{_ISSUE}/events"),
    Row(SECOND, "GET", "/api/v1/events", "/api/v1/issues"),
    Row(SECOND, "GET", "/api/v1/user/{user_id}/events", "/api/v1/issues?query=user.id:{user_id}"),
    Row(SECOND, "GET", "/api/v1/event/{event_id}", _DOCS),
    Row(SECOND, "GET", "/api/v1/analytics/issues/{id}/impact", _ISSUE),
    Row(SECOND, "GET", "/api/v1/analytics/issues/{id}/frequency", f"{_ISSUE}/stats"),
    Row(SECOND, "GET", "/api/v1/analytics/issues/{id}/tags", f"{_ISSUE}/tags"),
    Row(SECOND, "GET", "/api/v1/{o}/issues", "/api/v1/issues?organization={o}"),
    Row(SECOND, "GET", "/api/v1/{o}/issues/{id}", f"{_ISSUE}?organization={{o}}"),
    Row(SECOND, "PUT", "/api/v1/{o}/issues/{id}/status", f"{_ISSUE}?organization={{o}}"),
    Row(SECOND, "PUT", "/api/v1/{o}/issues/{id}/assign", f"{_ISSUE}?organization={{o}}"),
    Row(SECOND, "GET", "/api/v1/{o}/issues/{id}/tags", f"{_ISSUE}/tags?organization={{o}}"),
    Row(SECOND, "POST", "/api/v1/{o}/issues/{id}/tags", f"{_ISSUE}/labels/{{name}}"),
    Row(SECOND, "PUT", "/api/v1/{o}/projects/{p}/issues", "/api/v1/bulk"),
)
