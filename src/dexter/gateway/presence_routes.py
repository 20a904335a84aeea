"""Who looks at which issue, over HTTP: for who has just come, and has not heard of those that were there before."""

# FastAPI reads the annotations at run time, so their imports stay out of type-checking blocks.

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from dexter.errors import NotFound
from dexter.gateway.asgi import headers_of
from dexter.gateway.events_stream import FeedDown
from dexter.gateway.feed_access import access
from dexter.gateway.own_data import answered
from dexter.gateway.requested import OrganizationQuery, gateway_of, request_id_of
from dexter.realtime.presence import seen_at
from dexter.stores.feed_log import FeedUnavailable

routes = APIRouter(prefix="/api/v1", tags=["issues"])

MOST_IDS = 200


class PresenceQuery(OrganizationQuery):
    """Of which issues."""

    id: Annotated[list[Annotated[str, Field(pattern=r"^\d{1,20}$")]], Field(min_length=1, max_length=MOST_IDS)]


class Looking(BaseModel):
    """Somebody who looks at an issue now."""

    id: str
    name: str


class LookingByIssue(BaseModel):
    """Who looks at some issues, by the issues' numbers; those that nobody looks at are left out."""

    data: dict[str, list[Looking]]


@routes.get("/issues/presence", name="issues.presence", response_model=LookingByIssue)
async def read_presence(request: Request, query: Annotated[PresenceQuery, Query()]) -> Response:
    """Give who looks at each of many issues now, of those that the caller may know of."""
    gateway = gateway_of(request)
    caller = gateway.sentry_caller("GET", headers_of(request.scope))
    organization = gateway.organization(query.organization)
    hub = gateway.hub
    if hub is None or organization.lower() != hub.organization.lower():
        raise NotFound("There is no feed of this organization here, and nobody is seen without one.")
    held = await access(gateway, caller, hub.organization, request_id_of(request))
    try:
        found = await seen_at(hub.log, hub.organization, dict.fromkeys(query.id), gateway.clock.now(), held.projects)
    except FeedUnavailable as error:
        raise FeedDown("The feed's log does not answer.") from error
    return answered({"data": found})
