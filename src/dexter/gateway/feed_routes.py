"""`GET /api/v1/feed`: what happened, a page at a time, for those who look back or play it anew."""

# FastAPI reads the annotations at run time, so their imports stay out of type-checking blocks.

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec
from fastapi import APIRouter, Query, Request, Response
from pydantic import AwareDatetime, Field

from dexter.errors import BadRequest, NotFound
from dexter.gateway.asgi import headers_of
from dexter.gateway.events_stream import FeedDown, read_channels, read_place, require_organization, wanted
from dexter.gateway.feed_access import access
from dexter.gateway.requested import AsCaller, Strict, gateway_of, request_id_of
from dexter.policy.feed_channels import ISSUES
from dexter.realtime.audience import Interest
from dexter.realtime.history import History
from dexter.stores.feed_log import FeedUnavailable

if TYPE_CHECKING:
    from dexter.realtime.history import Chapter

Place = Annotated[str, Field(max_length=100)]

routes = APIRouter(prefix="/api/v1/feed", tags=["feed"])


class FeedQuery(Strict):
    """What of the feed, and from where on. Without `since` or `moment` the newest comes first."""

    channels: list[str] = Field(
        default_factory=lambda: [ISSUES], description="As on the stream; repeated, or with commas between them."
    )
    filter: str = Field(default="", description="As on the stream: terms that must all hold.")
    before: Place | None = Field(default=None, description="EPOCH:OFFSET: what happened before it, the newest first.")
    since: Place | None = Field(default=None, description="EPOCH:OFFSET: what happened after it, in order.")
    moment: AwareDatetime | None = Field(default=None, description="What happened from this moment on, in order.")
    limit: Annotated[int, Field(ge=1, le=500)] = 100
    organization: str | None = Field(default=None, description="The organization that Dexter is set up for.")


class FeedIssue(Strict):
    """The issue that an event is about."""

    id: str
    short_id: str
    title: str


class FeedActor(Strict):
    """Who did it."""

    type: str
    id: str
    name: str


class FeedHappening(Strict):
    """What happened, to what, and from what to what."""

    type: str
    at: str
    organization: str
    source: Literal["webhook", "poll", "write", "dexter"]
    project: str | None
    issue: FeedIssue | None
    actor: FeedActor | None
    before: dict[str, Any]
    after: dict[str, Any]
    data: dict[str, Any]


class FeedEntry(Strict):
    """An event with its place in the log, as the stream tells it."""

    kind: Literal["event"]
    epoch: str
    offset: int
    event: FeedHappening


class FeedCursor(Strict):
    """Where the next page begins: what `before` names, or `since` where the pages are in order."""

    cursor: str


class FeedPagination(Strict):
    """The next page. It may be there though this one is short or empty: only so much is looked at for one page."""

    next: FeedCursor | None
    prev: None


class FeedMeta(Strict):
    """Where the log stands: its epoch, and the first and last offset there are; 0 and 0 of an empty one.

    `missing` says why something is gone between the place that was asked for and what is given: the log began anew
    (`epoch`), goes no further back (`trimmed`), or lost its end (`ahead`).
    """

    epoch: str
    oldest: int
    newest: int
    missing: Literal["epoch", "trimmed", "ahead"] | None


class FeedPage(Strict):
    """A page of the feed."""

    data: list[FeedEntry]
    pagination: FeedPagination
    meta: FeedMeta


@routes.get("", name="feed.list", response_model=FeedPage)
async def read_feed(request: Request, query: Annotated[FeedQuery, Query()], caller: AsCaller) -> Response:
    """Give a page of what happened, of the projects that the caller may know of."""
    gateway = gateway_of(request)
    if gateway.hub is None:
        raise NotFound(
            "This Dexter has no feed.",
            remedy="It has one once SENTRY_ORG and SENTRY_API_TOKEN are set and it starts anew.",
        )
    history = History(gateway.hub.log, gateway.hub.organization)
    require_organization(tuple(request.query_params.multi_items()), history.organization)
    asked = Interest(read_channels(_named(query.channels)), wanted(query.filter))
    caller = gateway.sentry_caller("GET", headers_of(request.scope))
    held = await access(gateway, caller, history.organization, request_id_of(request))
    try:
        body = _body(await _chapter(history, query, replace(asked, projects=held.projects)))
    except FeedUnavailable as error:
        raise FeedDown("The feed's log does not answer.") from error
    return Response(body, media_type="application/json", headers={"cache-control": "no-store"})


async def _chapter(history: History, query: FeedQuery, interest: Interest) -> Chapter:
    if sum(each is not None for each in (query.before, query.since, query.moment)) > 1:
        raise BadRequest("Only one of before, since and moment can be named.")
    if query.moment is not None:
        return await history.onward(await history.at(query.moment.timestamp()), query.limit, interest.covers)
    since = read_place(query.since, "since")
    if since is not None:
        return await history.onward(since, query.limit, interest.covers)
    return await history.back(read_place(query.before, "before"), query.limit, interest.covers)


def _body(chapter: Chapter) -> bytes:
    """Give a page. Events are in it as the log has them."""
    following = chapter.next
    cursor = None if following is None else {"cursor": f"{following.epoch}:{following.offset}"}
    return msgspec.json.encode(
        {
            "data": [msgspec.Raw(each.text) for each in chapter.frames],
            "pagination": {"next": cursor, "prev": None},
            "meta": {
                "epoch": chapter.epoch,
                "oldest": chapter.oldest,
                "newest": chapter.newest,
                "missing": chapter.missing,
            },
        }
    )


def _named(channels: list[str]) -> list[str]:
    return [name for value in channels for name in value.split(",") if name]
