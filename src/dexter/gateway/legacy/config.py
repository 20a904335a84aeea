"""`/config`: the organization and project that somebody opens with. It was one for all; now each has their own."""

# FastAPI reads the annotations at run time, so their imports stay out of type-checking blocks.

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from dexter.errors import Forbidden, NotFound
from dexter.gateway.catalog_reads import SLUG
from dexter.gateway.legacy.caller import read_operation
from dexter.gateway.problems import FieldError, InvalidFields
from dexter.gateway.requested import AsCaller, Strict, gateway_of, request_id_of

if TYPE_CHECKING:
    from dexter.gateway.identity import Caller
    from dexter.gateway.runtime import Gateway

routes = APIRouter(prefix="/api/v1", include_in_schema=False)

NAME = "opens_with"
_PROJECT = "GET /api/0/projects/{organization_id_or_slug}/{project_id_or_slug}/"

Slug = Annotated[str, Field(pattern=f"^{SLUG.pattern}$", max_length=100)]


class Config(BaseModel):
    """What somebody opens with."""

    organization_slug: str | None
    project_slug: str | None


class ConfigChange(Strict):
    """What to open with from now on; what is left out stays as it is."""

    organization_slug: Slug | None = None
    project_slug: Slug | None = None


@routes.get("/config", name="legacy.config")
async def read_config(request: Request, caller: AsCaller) -> Config:
    """Give the organization and project that the caller opens with."""
    return await _config(gateway_of(request), caller)


@routes.put("/config", name="legacy.change_config")
async def change_config(change: ConfigChange, request: Request, caller: AsCaller) -> Config:
    """Choose what to open with, once Sentry has said that it exists."""
    gateway = gateway_of(request)
    if caller.person is None:
        raise Forbidden(
            "A Sentry token stands for nobody here whose choice could be kept.", remedy="Use a token of Dexter's."
        )
    chosen = (await _config(gateway, caller)).model_copy(update=change.model_dump(exclude_unset=True))
    await _check(request, gateway, caller, chosen)
    # Imported here, since the database is opened by its first use.
    from dexter.database.people import ensure_built_in
    from dexter.database.preferences import prefer

    async with gateway.database.transaction() as connection:
        await ensure_built_in(connection, gateway.clock.now())
        await prefer(connection, caller.person.id, NAME, chosen.model_dump())
    return chosen


async def _config(gateway: Gateway, caller: Caller) -> Config:
    from dexter.database.preferences import preferred

    if caller.person is not None:
        async with gateway.database.reading() as connection:
            kept = await preferred(connection, caller.person.id, NAME)
        if kept is not None:
            return Config(**kept)
    return Config(organization_slug=gateway.options.organization, project_slug=gateway.options.project)


async def _check(request: Request, gateway: Gateway, caller: Caller, chosen: Config) -> None:
    if chosen.organization_slug is None or chosen.project_slug is None:
        return
    sentry = gateway.sentry(caller, chosen.organization_slug, request_id_of(request))
    try:
        await read_operation(request, sentry, _PROJECT, {"project_id_or_slug": chosen.project_slug})
    except NotFound as error:
        said = f"there is no project {chosen.project_slug} in {chosen.organization_slug}"
        raise InvalidFields((FieldError("project_slug", said),)) from error
