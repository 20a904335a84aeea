"""Who may hear of what: asked when somebody begins to listen, and again every minute."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dexter.errors import DexterError, Unauthenticated
from dexter.gateway.identity import Mode
from dexter.policy.link_header import next_cursor
from dexter.policy.people import Role
from dexter.wire import header

if TYPE_CHECKING:
    from dexter.features.sentry import Sentry
    from dexter.gateway.identity import Caller
    from dexter.gateway.runtime import Gateway

RECHECK_S = 60.0
"""How long somebody hears on after losing the right to, at most."""
_NEARLY_NOW = (("cache-control", "max-age=15"),)
"""What a kept answer may say of somebody's rights: it is old already when it counts for a minute more."""
MOST_PAGES = 50


@dataclass(frozen=True, slots=True)
class Access:
    """Who listens to an organization, and the slugs of the projects that they may know of; None for all."""

    caller: Caller
    organization: str
    projects: frozenset[str] | None


async def access(gateway: Gateway, caller: Caller, organization: str, request_id: str) -> Access:
    """Give what a caller may hear. Raises Forbidden, or what stands between Dexter and Sentry."""
    if caller.mode is Mode.SERVICE:
        # All who use Dexter's own credential see what it sees; their role says whether they may.
        gateway.require(caller, Role.VIEWER, organization)
        return Access(caller, organization, None)
    sentry = gateway.sentry(caller, organization, request_id, _NEARLY_NOW)
    return Access(caller, organization, await _projects(sentry))


async def renewed(gateway: Gateway, held: Access, request_id: str) -> Access:
    """Give what a listener may hear from now on. Raises Unauthenticated or Forbidden for one who may not any more."""
    caller = await gateway.authenticator.anew(held.caller)
    if caller is None:
        raise Unauthenticated("The session or token has ended.", remedy="Sign in again.")
    try:
        return await access(gateway, caller, held.organization, request_id)
    except DexterError as error:
        if error.status in (401, 403, 404):
            raise
        # Sentry cannot be asked at present, which takes nobody's rights away and gives nobody new ones.
        return held


async def _projects(sentry: Sentry) -> frozenset[str]:
    """Give the projects that Sentry shows to a credential."""
    found: set[str] = set()
    cursor: str | None = None
    for _ in range(MOST_PAGES):
        query = [("cursor", cursor)] if cursor else []
        reply = await sentry.get("projects.list", {}, query)
        found.update(each["slug"] for each in reply.document() if each.get("hasAccess", True))
        cursor = next_cursor(header(reply.headers, "link"))
        if cursor is None:
            break
    return frozenset(found)
