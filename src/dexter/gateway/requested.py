"""What a typed route of /api/v1 is given besides its parameters: the gateway, the caller, the way to Sentry."""

# FastAPI reads the annotations at run time, so their imports stay out of type-checking blocks.

from __future__ import annotations

from typing import Annotated, cast

from fastapi import Depends, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from dexter.features.sentry import Sentry
from dexter.gateway.asgi import headers_of
from dexter.gateway.auditing import told_account
from dexter.gateway.identity import Caller, require_role, require_service
from dexter.gateway.runtime import Gateway
from dexter.policy.people import need_here


class Strict(BaseModel):
    """A body or a query that may hold nothing unknown."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class OrganizationQuery(Strict):
    """Whose issue it is."""

    organization: Annotated[str, Field(pattern=r"^[A-Za-z0-9_\-]+$")] | None = Field(
        default=None, description="The organization's slug; by default the one Dexter is set up for."
    )


def gateway_of(request: Request) -> Gateway:
    """Give the running gateway; the routes themselves are built without one, for the document."""
    return cast(Gateway, request.app.state.gateway)


def request_id_of(request: Request) -> str:
    """Give the id that this request goes by in answers and logs."""
    return str(request.scope["state"]["request_id"])


def caller_of(request: Request) -> Caller:
    """Give who calls, or raise, also for somebody without the role that the address asks for.

    That is looked for in the organization that the address names, or else in any: an address whose body names
    organizations has to look at those itself.
    """
    caller = gateway_of(request).caller(request.method, headers_of(request.scope))
    named = request.path_params.get("organization") or request.query_params.get("organization")
    _require_role(request, caller, named)
    return caller


def _require_role(request: Request, caller: Caller, organization: str | None) -> None:
    route = request.scope.get("route")
    require_role(caller, need_here(request.method, getattr(route, "path", request.url.path), organization))


def operator_of(request: Request) -> Caller:
    """Give who calls, when it is somebody with Dexter's own token, or raise."""
    caller = caller_of(request)
    require_service(caller)
    return caller


def sentry_of(request: Request, query: Annotated[OrganizationQuery, Query()]) -> Sentry:
    """Give the caller's way to Sentry, or raise."""
    gateway = gateway_of(request)
    headers = headers_of(request.scope)
    caller = gateway.sentry_caller(request.method, headers)
    organization = gateway.organization(query.organization)
    _require_role(request, caller, organization)
    return gateway.sentry(caller, organization, request_id_of(request), headers, told_account(request))


AsCaller = Annotated[Caller, Depends(caller_of)]
AsOperator = Annotated[Caller, Depends(operator_of)]
AsSentry = Annotated[Sentry, Depends(sentry_of)]
