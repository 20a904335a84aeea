"""Where an issue is at home: the organization of a number, the project of an issue, the number of a short id."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

from dexter.policy.dialects import Place, Untranslatable
from dexter.upstream.asides import Instead, aside, document_of, pages
from dexter.upstream.remembered import Remembered

if TYPE_CHECKING:
    from dexter.upstream.parts import Parts
    from dexter.wire import Call, Send

Row = dict[str, Any]

HOME_S = 600.0
"""How long an issue's home is remembered: it never moves, but the right to know it may end."""
LIST_S = 60.0
"""How long the organizations and projects of a caller are remembered."""


@dataclass(frozen=True, slots=True)
class Home:
    """The project of an issue, and its number."""

    number: str
    project: str
    """The project's slug."""


class IssueHomes:
    """Finds homes with the caller's own rights; what is remembered belongs to one identity."""

    def __init__(self, ask: Send, parts: Parts, organization: str | None = None) -> None:
        self._ask = ask
        self._configured = organization
        self._organizations: Remembered[list[Row]] = Remembered(parts.clock, LIST_S)
        self._projects: Remembered[list[Row]] = Remembered(parts.clock, LIST_S)
        self._home_organizations: Remembered[str] = Remembered(parts.clock, HOME_S)
        self._home_projects: Remembered[Home] = Remembered(parts.clock, LIST_S)

    async def organizations(self, call: Call) -> list[Row]:
        """Give the organizations that the caller sees, the configured one first; none when it may not ask."""
        key = (call.identity.key,)
        known = self._organizations.get(key)
        if known is not None:
            return known
        try:
            rows = await pages(self._ask, call, "/api/0/organizations/", most=3)
        except Instead:
            rows = []
        if not rows and self._configured is not None:
            # An organization's own token may not list organizations.
            rows = [{"slug": self._configured}]
        rows.sort(key=lambda row: row.get("slug") != self._configured)
        return self._organizations.put(key, [row for row in rows if isinstance(row.get("slug"), str)])

    async def projects(self, call: Call, organization: str) -> list[Row]:
        """Give an organization's projects. Raises Instead when Sentry does not list them."""
        key = (call.identity.key, organization)
        known = self._projects.get(key)
        if known is not None:
            return known
        return self._projects.put(
            key, await pages(self._ask, call, f"/api/0/organizations/{organization}/projects/", "per_page=100")
        )

    async def organization_of(self, call: Call, place: Place) -> str | None:
        """Give the organization of an issue that is named by number alone, None when the caller sees it in none."""
        issue = place.issue or ""
        organizations = [str(row["slug"]) for row in await self.organizations(call)]
        if len(organizations) <= 1:
            return organizations[0] if organizations else None
        key = (call.identity.key, issue)
        known = self._home_organizations.get(key)
        if known is not None:
            return known
        for organization in organizations:
            # Its hashes tell as well as the issue itself, whose reading would record a view.
            path = f"/api/0/organizations/{quote(organization, safe='')}/issues/{issue}/hashes/"
            if (await aside(self._ask, call, "GET", path, "per_page=1")).status == 200:
                return self._home_organizations.put(key, organization)
        return None

    async def number_of(self, call: Call, place: Place) -> str | None:
        """Give the number of an issue that is named within its organization; None when it is not there.

        A server that knows issues by number alone gives any that the caller may see. With one organization that is
        the same; with several, the issue's project must be one of the organization's.
        """
        issue = unquote(place.issue or "")
        if not (issue.isascii() and issue.isdigit()):
            return await self._number_of_short_id(call, place)
        if len(await self.organizations(call)) <= 1:
            return issue
        home = await self.home_of(call, place.organization or "", issue)
        return home.number if home is not None else None

    async def home_of(self, call: Call, organization: str, issue: str) -> Home | None:
        """Give the project of an issue within an organization, asked by number; None when it is not there."""
        key = (call.identity.key, organization, issue)
        known = self._home_projects.get(key)
        if known is not None:
            return known
        answer = await aside(self._ask, call, "GET", f"/api/0/issues/{issue}/")
        if answer.status == 404:
            return None
        document = document_of(answer) if answer.status == 200 else None
        if not isinstance(document, dict):
            raise Instead(answer)
        project = document.get("project")
        wanted = str(project.get("id")) if isinstance(project, dict) else None
        for row in await self.projects(call, organization):
            if str(row.get("id")) == wanted:
                return self._home_projects.put(key, Home(issue, str(row["slug"])))
        return None

    async def _number_of_short_id(self, call: Call, place: Place) -> str | None:
        path = f"/api/0/organizations/{place.organization}/shortids/{place.issue}/"
        answer = await aside(self._ask, call, "GET", path)
        if answer.status == 404:
            return None
        document = document_of(answer)
        number = document.get("groupId") if isinstance(document, dict) else None
        if answer.status != 200 or number is None:
            raise Untranslatable("This Sentry is too old to find an issue by its short id.", "Use the issue's number.")
        return str(number)
