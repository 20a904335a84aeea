"""Who should have an issue: whose commits are suspected, who owns the code, who worked on it already."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from dexter.errors import BadRequest, DexterError, NotFound
from dexter.features.issue_lookup import known_issue
from dexter.features.operations import ISSUE, ORG, do, every

if TYPE_CHECKING:
    from collections.abc import Awaitable, Iterable, Iterator, Mapping

    from dexter.features.current_user import CurrentUser
    from dexter.features.sentry import Sentry

Json = dict[str, Any]
Reason = Literal["committer", "owners", "activity"]

LATEST = f"GET {ISSUE}/events/{{event_id}}/"
ACTIVITY = f"GET {ISSUE}/activities/"
COMMITTERS = "GET /api/0/projects/{organization_id_or_slug}/{project_id_or_slug}/events/{event_id}/committers/"
PAGES = 10
MOST = 20


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody who might have the issue, and why. `assignee` is None for a committer who is no member of Sentry."""

    kind: Literal["user", "team"]
    id: str | None
    reason: Reason
    name: str = ""
    email: str | None = None
    detail: str | None = None

    @property
    def assignee(self) -> str | None:
        """The word to assign the issue with."""
        return None if self.id is None else f"{self.kind}:{self.id}"

    def as_json(self) -> Json:
        """Give it as answers show it."""
        return {
            "type": self.kind, "id": self.id, "name": self.name, "email": self.email, "reason": self.reason,
            "detail": self.detail, "assignee": self.assignee,
        }  # fmt: skip


async def suggested_owners(sentry: Sentry, users: CurrentUser, issue_id: str) -> Json:
    """Give `{suggested: [...], me, missing: [...]}`; what Sentry does not tell is named in `missing`."""
    issue = await known_issue(sentry, issue_id, (("expand", "owners"),))
    missing: list[str] = []
    committers, activity, members, teams, me = await asyncio.gather(
        _or_none(_committers(sentry, issue), "committers", missing),
        _or_none(do(sentry, ACTIVITY, {"issue_id": issue["id"]}), "activity", missing),
        _or_none(every(sentry, f"GET {ORG}/members/", {}, _PAGE, pages=PAGES), "members", missing),
        _or_none(every(sentry, f"GET {ORG}/teams/", {}, _PAGE, pages=PAGES), "teams", missing),
        _or_none(_me(sentry, users), "me", missing),
    )
    told = [*_of_committers(committers or ()), *_of_owners(issue), *_of_activity(activity)]
    named = _named(told, members or (), teams or ())
    return {"suggested": [each.as_json() for each in named[:MOST]], "me": me, "missing": missing}


_PAGE = (("per_page", "100"),)


async def _or_none(asked: Awaitable[Any], name: str, missing: list[str]) -> Any:
    try:
        return await asked
    except DexterError:
        missing.append(name)
        return None


async def _committers(sentry: Sentry, issue: Json) -> list[Json]:
    event = await do(sentry, LATEST, {"issue_id": issue["id"], "event_id": "latest"})
    project = str((issue.get("project") or {}).get("slug"))
    values = {"project_id_or_slug": project, "event_id": str(event.get("eventID"))}
    try:
        document = await do(sentry, COMMITTERS, values)
    except NotFound:
        return []  # Sentry's way to say that nobody is suspected.
    return [each for each in document.get("committers") or () if isinstance(each, dict)]


async def _me(sentry: Sentry, users: CurrentUser) -> Json | None:
    try:
        user = await users.find(sentry)
    except BadRequest:
        return None
    return None if user is None else {"assignee": f"user:{user['id']}", "id": str(user["id"]), "name": user.get("name")}


def _of_committers(committers: Iterable[Json]) -> Iterator[Candidate]:
    for each in committers:
        author, commits = each.get("author") or {}, each.get("commits") or ()
        number = str(author["id"]) if author.get("id") else None
        message = str(commits[0].get("message") or "").partition("\n")[0] if commits else ""
        name = str(author.get("name") or author.get("email") or "")
        yield Candidate("user", number, "committer", name, author.get("email"), message[:200] or None)


_SAID: Mapping[str, Reason] = {"suspectCommit": "committer", "ownershipRule": "owners", "codeowners": "owners"}


def _of_owners(issue: Json) -> Iterator[Candidate]:
    owners = issue.get("owners") or ()
    for each in owners if isinstance(owners, list) else ():
        kind, _, number = str(each.get("owner")).partition(":")
        if kind == "user" and number:
            yield Candidate("user", number, _SAID.get(str(each.get("type")), "owners"))
        elif kind == "team" and number:
            yield Candidate("team", number, _SAID.get(str(each.get("type")), "owners"))


def _of_activity(document: Any) -> Iterator[Candidate]:
    entries = document.get("activity") if isinstance(document, dict) else None
    for entry in entries or ():
        user = entry.get("user") or {}
        if user.get("id"):
            yield Candidate("user", str(user["id"]), "activity", str(user.get("name") or ""), user.get("email"))


def _named(told: Iterable[Candidate], members: Iterable[Json], teams: Iterable[Json]) -> list[Candidate]:
    """Give each candidate once, for the first reason, by the names that the organization knows them by.

    Whom the organization knows but not as a member is left out: an issue cannot be assigned to them.
    """
    users = {str(user["id"]): user for member in members if (user := member.get("user")) and user.get("id")}
    slugs = {str(team.get("id")): team for team in teams}
    found: dict[tuple[str, str], Candidate] = {}
    for each in told:
        key = (each.kind, each.id or (each.email or each.name).lower())
        if key in found:
            continue
        if each.kind == "team":
            team = slugs.get(each.id or "")
            name = f"#{team['slug']}" if team is not None else f"#{each.id}"
            found[key] = Candidate("team", each.id, each.reason, name)
            continue
        user = users.get(each.id or "", {})
        if users and each.id is not None and not user:
            continue
        name = str(user.get("name") or user.get("username") or each.name or each.email or "")
        email = user.get("email") or each.email
        found[key] = Candidate("user", each.id, each.reason, name, email, each.detail)
    return list(found.values())
