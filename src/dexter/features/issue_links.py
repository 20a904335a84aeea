"""Links from an issue to issues in other trackers: of apps that are installed in Sentry's organization."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from dexter.catalog.endpoints import endpoint_for
from dexter.catalog.table import operation
from dexter.errors import BadRequest, NotFound
from dexter.features.issue_lookup import all_known, issue_number
from dexter.features.operations import ISSUE, ORG, do, every

if TYPE_CHECKING:
    from dexter.features.sentry import Sentry

Json = dict[str, Any]

CHANGE = f"PUT {ISSUE}/"
LINKS = f"GET {ISSUE}/external-issues/"
INSTALLATIONS = f"GET {ORG}/sentry-app-installations/"
LINK = "POST /api/0/sentry-app-installations/{uuid}/external-issues/"
UNLINK = "DELETE /api/0/sentry-app-installations/{uuid}/external-issues/{external_issue_id}/"
PAGES = 5

Word = Annotated[str, Field(min_length=1, max_length=250, pattern=r"^[^\x00-\x1f\x7f]+$")]


class LinkForm(BaseModel):
    """An issue in another tracker."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: Annotated[str, Field(pattern=r"^https?://\S+$", max_length=2_000)]
    project: Word = Field(description="The project in the tracker, which the link's name begins with.")
    identifier: Word = Field(description="The issue's number or key there.")
    app: Word | None = Field(default=None, description="The installed app's slug; need not be said where there is one.")


async def links_of(sentry: Sentry, issue_id: str) -> list[Json]:
    """Give the links of an issue."""
    found = await do(sentry, LINKS, {"issue_id": await issue_number(sentry, issue_id)})
    return [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []


async def add_link(sentry: Sentry, issue_id: str, form: LinkForm) -> Json:
    """Link an issue; an app's link that is there already is replaced by Sentry."""
    [issue] = await all_known(sentry, [issue_id])
    sentry = _permitted(sentry, issue["id"])
    uuid = await _installation(sentry, form.app)
    body = {
        "issueId": int(issue["id"]), "webUrl": form.url, "project": form.project, "identifier": form.identifier,
    }  # fmt: skip
    link = await do(sentry, LINK, {"uuid": uuid}, (), body)
    return link if isinstance(link, dict) else {}


async def remove_link(sentry: Sentry, issue_id: str, link_id: str) -> None:
    """Take a link away."""
    link = next((each for each in await links_of(sentry, issue_id) if str(each.get("id")) == link_id), None)
    if link is None:
        raise NotFound(f"The issue has no link {link_id}.")
    sentry = _permitted(sentry, str(link.get("issueId")))
    uuid = await _installation(sentry, str(link.get("serviceType")))
    await do(sentry, UNLINK, {"uuid": uuid, "external_issue_id": link_id})


def _permitted(sentry: Sentry, issue: str) -> Sentry:
    """Give a way on which the caller's role is asked no more. Raises Forbidden for who may not change the issue.

    The address of links names no organization, and would ask for a role in all of them; but the app whose link it
    is, is one that is installed in this organization, and the issue is one of it.
    """
    params = {"organization_id_or_slug": sentry.organization, "issue_id": issue}
    sentry.permit(endpoint_for(operation(CHANGE)), params)
    return replace(sentry, permit=lambda endpoint, params: None)


async def _installation(sentry: Sentry, slug: str | None) -> str:
    rows = await every(sentry, INSTALLATIONS, pages=PAGES)
    apps = {str((row.get("app") or {}).get("slug")): str(row.get("uuid")) for row in rows}
    if slug is None and len(apps) == 1:
        return next(iter(apps.values()))
    if slug in apps:
        return apps[slug]
    known = ", ".join(sorted(apps)) or "none"
    if slug is None:
        raise BadRequest(f"Several apps are installed: {known}.", remedy="Name one of them as app.")
    raise BadRequest(
        f"No app {slug} is installed in this organization; installed are: {known}.",
        remedy="Install the tracker's app in Sentry, or name another.",
    )
