"""What a Sentry has, read from how it answers: pure, from status, headers and body to a state.

A missing route and a missing thing are both 404. Sentry says of a thing what is missing, which proves that there is a
route; an empty body, a page, or a bare "not found" in another server's words prove that there is none.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from dexter.policy.deprecation import deprecation

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dexter.wire import Headers

_BARE = frozenset({"", "not found"})
"""What a server says that does not know what it was asked for."""


class Address(StrEnum):
    """The kinds of address in which Sentries of different ages differ."""

    ORGANIZATION_ISSUES = "organization_issues"
    """`/organizations/{o}/issues/`"""
    ORGANIZATION_ISSUE = "organization_issue"
    """`/organizations/{o}/issues/{id}/...`"""
    PROJECT_ISSUES = "project_issues"
    """`/projects/{o}/{p}/issues/`"""
    ISSUE = "issue"
    """`/issues/{id}/...`"""
    ORGANIZATION_PROJECTS = "organization_projects"
    """`/organizations/{o}/projects/`"""
    PROJECTS = "projects"
    """`/projects/`"""
    WORKFLOWS = "workflows"
    """`/organizations/{o}/workflows/`"""
    RULES = "rules"
    """`/projects/{o}/{p}/rules/`"""


class State(StrEnum):
    """Whether an address is there."""

    AVAILABLE = "available"
    RETIRING = "retiring"
    """It answers, or will again, but says that it is on its way out."""
    MISSING = "missing"
    UNKNOWN = "unknown"
    """Nothing could be learned: no credential, no answer, or nothing there to ask about."""


class Kind(StrEnum):
    """What kind of Sentry it is."""

    SAAS = "saas"
    SELF_HOSTED = "self-hosted"
    PARTIAL = "partial"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What is known of one Sentry. `probed_at` is an epoch second; None: never probed."""

    kind: Kind = Kind.UNKNOWN
    version: str | None = None
    organization: str | None = None
    addresses: Mapping[Address, State] = field(default_factory=dict)
    probed_at: float | None = None

    def state(self, address: Address) -> State:
        """Give whether an address is there."""
        return self.addresses.get(address, State.UNKNOWN)

    def has(self, address: Address) -> bool:
        """Whether an address is known to be there, if only for a while."""
        return self.state(address) in (State.AVAILABLE, State.RETIRING)

    def lacks(self, address: Address) -> bool:
        """Whether an address is known not to be there."""
        return self.state(address) is State.MISSING

    @property
    def dialect(self) -> str:
        """Say in which of Sentry's dialects issues are spoken of: today's, the one of old servers, or a mix."""
        new = self.has(Address.ORGANIZATION_ISSUES), self.has(Address.ORGANIZATION_ISSUE)
        if all(new):
            return "organization"
        if not any(new):
            return "orgless" if self.has(Address.ISSUE) or self.has(Address.PROJECT_ISSUES) else "unknown"
        return "mixed"


def route_is_missing(status: int, body: bytes) -> bool:
    """Whether an answer says that the server has no such address at all."""
    return status == 410 or (status == 404 and _said(body).lower().rstrip(". ") in _BARE)


def state_of(status: int, headers: Headers, body: bytes) -> State:
    """Give what an answer to a read shows about its address."""
    if deprecation(headers) is not None:
        return State.RETIRING
    if status == 405 or route_is_missing(status, body):
        return State.MISSING
    if status == 401 or status >= 500:
        return State.UNKNOWN
    return State.AVAILABLE


def kind_of(base_url: str, config: Mapping[str, Any] | None, *, is_sentry: bool) -> tuple[Kind, str | None]:
    """Give kind and version from `/api/client-config/`; None for a server that has none.

    `is_sentry` says whether `/api/0/` answered as Sentry does. The version of sentry.io is no promise of anything.
    """
    host = (urlsplit(base_url).hostname or "").lower()
    version = _version(config)
    if host == "sentry.io" or host.endswith(".sentry.io"):
        return Kind.SAAS, version
    if config is None:
        return (Kind.PARTIAL if is_sentry else Kind.UNKNOWN), None
    # The word changed with the years: servers of before 2023 say isOnPremise.
    hosted = config.get("isSelfHosted", config.get("isOnPremise"))
    return (Kind.SAAS if hosted is False else Kind.SELF_HOSTED), version


def _version(config: Mapping[str, Any] | None) -> str | None:
    version = config.get("version") if config else None
    current = version.get("current") if isinstance(version, dict) else None
    return current if isinstance(current, str) else None


def _said(body: bytes) -> str:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    detail = document.get("detail") if isinstance(document, dict) else None
    return detail if isinstance(detail, str) else ""
