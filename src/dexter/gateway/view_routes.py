"""Saved views of the issue stream and recent searches, over HTTP: each person's own, or shared."""

# FastAPI reads the annotations at run time, so their imports stay out of type-checking blocks.

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import Field, model_validator

from dexter.errors import BadRequest, Forbidden, NotFound
from dexter.gateway.issue_shapes import (
    SearchList,
    ViewList,
    ViewShape,
)
from dexter.gateway.own_data import AsOwn, Own, answered, nothing, own_of
from dexter.gateway.requested import OrganizationQuery, Strict, sentry_of
from dexter.policy.people import Role

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

Json = dict[str, Any]

routes = APIRouter(prefix="/api/v1", tags=["views"])

MOST_VIEWS = 200
Short = Annotated[str, Field(max_length=200)]
ViewName = Annotated[str, Field(min_length=1, max_length=128, pattern=r"^[^\x00-\x1f\x7f]*\S[^\x00-\x1f\x7f]*$")]
OfView = Annotated[str, Path(alias="view", pattern=r"^[0-9a-f]{32}$")]
OfSearch = Annotated[str, Path(alias="search", pattern=r"^[0-9a-f]{32}$")]
Visibility = Literal["private", "shared"]


class Address(Strict):
    """What a view shows: the parameters of the issue list."""

    query: Annotated[str, Field(max_length=5_000)] = ""
    status: Literal["unresolved", "resolved", "archived", "for_review", "all"] | None = None
    sort: Literal["date", "new", "freq", "user", "trends", "inbox"] | None = None
    period: Literal["1h", "24h", "7d", "14d", "30d", "90d"] | None = None
    environment: list[Short] = Field(default=[], max_length=50)
    project: list[Short] = Field(default=[], max_length=100)
    level: list[Literal["fatal", "error", "warning", "info", "debug", "sample"]] = Field(default=[], max_length=6)


class ViewForm(Strict):
    """A view to keep."""

    name: ViewName
    address: Address
    visibility: Visibility = "private"
    position: Annotated[int, Field(ge=0, le=10_000)] | None = Field(default=None, description="By default the last.")


class ViewChange(Strict):
    """What to change of a view."""

    name: ViewName | None = None
    address: Address | None = None
    visibility: Visibility | None = None
    position: Annotated[int, Field(ge=0, le=10_000)] | None = None

    @model_validator(mode="after")
    def _meaningful(self) -> ViewChange:
        if not self.model_dump(exclude_none=True):
            raise ValueError("nothing to change is named")
        return self


class NotifyForm(Strict):
    """Whether the caller wants to be told of what comes up in a view."""

    on: Annotated[bool, Field(strict=True)]


class SearchForm(Strict):
    """A search that was made."""

    query: Annotated[str, Field(min_length=1, max_length=5_000, pattern=r"\S")]


class RecentQuery(OrganizationQuery):
    """How many."""

    limit: Annotated[int, Field(ge=1, le=50)] = 10


@routes.get("/views", name="views.list", response_model=ViewList)
async def read_views(own: AsOwn) -> Response:
    """List one's own views in their order, then those that others share."""
    from dexter.database.views import views_for

    async with own.database.reading() as connection:
        return answered({"data": await views_for(connection, own.organization, own.person.id)})


@routes.post("/views", name="views.keep", status_code=201, response_model=ViewShape)
async def keep_view(form: ViewForm, own: AsOwn) -> Response:
    """Keep a view of the issue stream, for oneself or for everybody in the organization."""
    from dexter.database.views import count_views, make_view

    _demand_may_share(own, form.visibility)
    async with own.database.transaction() as connection:
        await own.exists(connection)
        if await count_views(connection, own.organization, own.person.id) >= MOST_VIEWS:
            raise BadRequest(f"You keep {MOST_VIEWS} views already.", remedy="Delete those that you do not use.")
        view_id = await make_view(connection, own.organization, own.person.id, form.model_dump(), own.now())
        view = await _view(connection, own, view_id)
        await own.tell(connection, after=_audited(view))
    return answered(view, 201)


@routes.put("/views/{view}", name="views.change", response_model=ViewShape)
async def change_a_view(view: OfView, form: ViewChange, own: AsOwn) -> Response:
    """Change a view of one's own; administrators change shared ones of others."""
    from dexter.database.views import change_view

    _demand_may_share(own, form.visibility)
    async with own.database.transaction() as connection:
        before = await _view(connection, own, view)
        _demand_own(own, before)
        await change_view(connection, view, form.model_dump(exclude_none=True), own.now())
        after = await _view(connection, own, view, unshared=True)
        await own.tell(connection, before=_audited(before), after=_audited(after))
    return answered(after)


@routes.delete("/views/{view}", name="views.delete", status_code=204, response_model=None)
async def forget_view(view: OfView, own: AsOwn) -> Response:
    """Forget a view of one's own; administrators forget shared ones of others."""
    from dexter.database.views import delete_view

    async with own.database.transaction() as connection:
        before = await _view(connection, own, view)
        _demand_own(own, before)
        await delete_view(connection, view)
        await own.tell(connection, before=_audited(before))
    return nothing()


@routes.put("/views/{view}/notify", name="views.notify", response_model=ViewShape)
async def be_told(view: OfView, form: NotifyForm, own: AsOwn) -> Response:
    """Be told, or not any more, of what comes up in a view: by whatever shows desktop notifications to the caller."""
    from dexter.database.views import notify_of

    async with own.database.transaction() as connection:
        await own.exists(connection)
        await _view(connection, own, view)
        await notify_of(connection, own.person.id, view, on=form.on)
        return answered(await _view(connection, own, view))


@routes.get("/searches/recent", name="searches.list", response_model=SearchList)
async def read_searches(request: Request, query: Annotated[RecentQuery, Query()]) -> Response:
    """List what one searched for lately, the latest first."""
    own = own_of(request, sentry_of(request, query))
    from dexter.database.searches import recent_searches

    async with own.database.reading() as connection:
        found = await recent_searches(connection, own.organization, own.person.id, query.limit)
    return answered({"data": found})


@routes.post("/searches/recent", name="searches.keep", status_code=204, response_model=None)
async def keep_search(form: SearchForm, own: AsOwn) -> Response:
    """Remember a search, in front of the others; the oldest make room."""
    from dexter.database.searches import remember_search

    async with own.database.transaction() as connection:
        await own.exists(connection)
        await remember_search(connection, own.organization, own.person.id, form.query.strip(), own.now())
    return nothing()


@routes.delete("/searches/recent", name="searches.forget_all", status_code=204, response_model=None)
async def forget_all(own: AsOwn) -> Response:
    """Forget all of one's searches."""
    from dexter.database.searches import forget_searches

    async with own.database.transaction() as connection:
        await forget_searches(connection, own.organization, own.person.id)
    return nothing()


@routes.delete("/searches/recent/{search}", name="searches.forget", status_code=204, response_model=None)
async def forget_search(search: OfSearch, own: AsOwn) -> Response:
    """Forget one of one's searches."""
    from dexter.database.searches import forget_searches

    async with own.database.transaction() as connection:
        if not await forget_searches(connection, own.organization, own.person.id, search):
            raise NotFound("There is no such search.")
    return nothing()


async def _view(connection: AsyncConnection, own: Own, view_id: str, *, unshared: bool = False) -> Json:
    """Give a view; `unshared` also one that its change has just taken from the caller's sight."""
    from dexter.database.views import find_view

    found = await find_view(connection, own.organization, view_id, own.person.id, any_owner=unshared)
    if found is None:
        raise NotFound("There is no such view.")
    return found


def _audited(view: Json) -> Json:
    return {name: view[name] for name in ("name", "address", "visibility")}


def _demand_own(own: Own, view: Json) -> None:
    if not view["mine"] and not own.is_admin:
        raise Forbidden(
            f"This view is {view['owner']['name']}'s.", remedy="Keep a view of your own, or ask an administrator."
        )


def _demand_may_share(own: Own, visibility: Visibility | None) -> None:
    role = own.person.role_in(own.organization)
    if visibility == "shared" and (role is None or role < Role.TRIAGER):
        raise Forbidden("Viewers keep views for themselves only.", remedy="Keep it as private.")
