"""The addresses of /api/v1 about Sentry's changing API: what this Sentry can do, and where its replies drift."""

# FastAPI reads the annotations at run time, so their imports stay out of type-checking blocks.

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from dexter.features.limitations import PATHS, limitations
from dexter.features.moment import iso
from dexter.gateway.asgi import headers_of
from dexter.gateway.requested import AsOperator, OrganizationQuery, gateway_of, request_id_of
from dexter.policy.dialects import COUNTERPARTS
from dexter.upstream.probe import Asker

if TYPE_CHECKING:
    from dexter.observe.evolution import Evolution
    from dexter.policy.capabilities import Capabilities

routes = APIRouter(prefix="/api/v1", tags=["gateway"])


class CapabilitiesQuery(OrganizationQuery):
    """Whose addresses are asked for, and whether anew."""

    probe: bool = Field(default=False, description="Ask Sentry again if the last time is over half a minute ago.")


class AddressView(BaseModel):
    """A kind of address in which Sentries differ."""

    name: str
    path: str
    state: str = Field(description="available, retiring, missing or unknown")
    answered_by: str | None = Field(description="The path that calls go to where this one is missing; null: none.")


class LimitationView(BaseModel):
    """Something that this Sentry does otherwise or not at all."""

    what: str
    remedy: str
    works: bool = Field(description="Whether Dexter makes up for it.")


class AnnouncedEndView(BaseModel):
    """An operation that Sentry said is on its way out."""

    operation: str
    date: str
    replacement: str | None
    seen: int
    brownouts: int
    last_seen: str
    last_brownout: str | None


class TranslationView(BaseModel):
    """Calls that went to another address than the one they were for."""

    operation: str
    address: str
    calls: int


class CapabilitiesView(BaseModel):
    """What this Sentry can do."""

    kind: str = Field(description="saas, self-hosted, partial or unknown")
    version: str | None
    organization: str | None = Field(description="The organization that was asked about.")
    dialect: str = Field(description="organization, orgless, mixed or unknown")
    probed_at: str | None
    addresses: list[AddressView]
    limitations: list[LimitationView]
    deprecations: list[AnnouncedEndView]
    translations: list[TranslationView]


class DriftedField(BaseModel):
    """A field of a reply that was not as the catalog says."""

    operation: str
    field: str
    fault: str
    count: int
    first_seen: str
    last_seen: str


class CheckedOperation(BaseModel):
    """How many replies of an operation were looked at."""

    operation: str
    replies: int


class ReplyDriftView(BaseModel):
    """Where Sentry's replies drift from the catalog, and what was looked at."""

    drifted: list[DriftedField]
    checked: list[CheckedOperation]
    mended_links: list[CheckedOperation]


@routes.get("/capabilities", name="capabilities.read")
async def read_capabilities(
    request: Request, query: Annotated[CapabilitiesQuery, Query()], response: Response
) -> CapabilitiesView:
    """Say what this Sentry can do: its kind, version, dialect, what is on its way out and what does not work."""
    gateway = gateway_of(request)
    caller = gateway.sentry_caller(request.method, headers_of(request.scope))
    organization = query.organization or gateway.options.organization
    asker = Asker(caller.identity, caller.credential, organization, request_id_of(request))
    known = await gateway.prober.capabilities(asker, doubted=query.probe)
    response.headers["cache-control"] = "no-store"
    return _capabilities(known, gateway.evolution)


@routes.get("/drift", name="drift.read")
async def read_drift(request: Request, _: AsOperator, response: Response) -> ReplyDriftView:
    """List the fields of Sentry's replies that were missing or of another type than the catalog says."""
    response.headers["cache-control"] = "no-store"
    return _drift(gateway_of(request).evolution)


def _capabilities(known: Capabilities, seen: Evolution) -> CapabilitiesView:
    return CapabilitiesView(
        kind=known.kind.value,
        version=known.version,
        organization=known.organization,
        dialect=known.dialect,
        probed_at=None if known.probed_at is None else iso(known.probed_at),
        addresses=[
            AddressView(
                name=address.value,
                path=path,
                state=known.state(address).value,
                answered_by=PATHS[COUNTERPARTS[address]]
                if address in COUNTERPARTS and known.lacks(address) and known.has(COUNTERPARTS[address])
                else None,
            )
            for address, path in PATHS.items()
        ],
        limitations=[
            LimitationView(what=told.what, remedy=told.remedy, works=told.works) for told in limitations(known)
        ],
        deprecations=[
            AnnouncedEndView(
                operation=row.endpoint,
                date=row.date,
                replacement=row.replacement,
                seen=row.seen,
                brownouts=row.brownouts,
                last_seen=iso(row.last_seen),
                last_brownout=None if row.last_brownout is None else iso(row.last_brownout),
            )
            for row in seen.announced()
        ],
        translations=[
            TranslationView(operation=operation, address=address, calls=calls)
            for (operation, address), calls in sorted(seen.translated.items())
        ],
    )


def _drift(seen: Evolution) -> ReplyDriftView:
    return ReplyDriftView(
        drifted=[
            DriftedField(
                operation=row.endpoint,
                field=row.field,
                fault=row.fault,
                count=row.count,
                first_seen=iso(row.first_seen),
                last_seen=iso(row.last_seen),
            )
            for row in seen.drifted()
        ],
        checked=[CheckedOperation(operation=name, replies=count) for name, count in sorted(seen.checked.items())],
        mended_links=[
            CheckedOperation(operation=name, replies=count) for name, count in sorted(seen.mended_links.items())
        ],
    )
