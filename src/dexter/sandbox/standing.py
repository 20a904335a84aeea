"""Makes the sandbox stand for the Sentry of its profile: what is not there answers 404, what retires says so."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec
from starlette.responses import Response

from dexter.sandbox.profiles import Brownouts, Profile, Retiring, is_browned_out, profile
from dexter.sandbox.rate_limits import SAAS, LimitPlan
from dexter.sandbox.replies import SentryError, empty_reply, invalid, json_reply

if TYPE_CHECKING:
    from dexter.sandbox.request import Sandbox, SandboxRequest
    from dexter.sandbox.routing import Handler, Stage

GONE = {"message": "This API no longer exists."}
"""What a brownout says; under `message`, where other errors have `detail`."""

_IS = re.compile(r"(?:^|\s)!?is:(\S+)")
_PLANS: dict[str | None, LimitPlan | None] = {"saas": SAAS, None: None}


@dataclass(slots=True)
class Standing:
    """The profile in force, and when its retiring operations answer 410."""

    profile: Profile
    brownouts: Brownouts = "scheduled"


def standing(sandbox: Sandbox) -> Standing:
    """Give what a sandbox stands for, the same value every time."""
    found: Standing | None = sandbox.shelf.get(__name__)
    if found is None:
        found = sandbox.shelf[__name__] = Standing(profile(sandbox.options.profile))
    return found


def usual_limits(sandbox: Sandbox) -> LimitPlan | None:
    """Give the rate limits of the profile in force, which hold unless a fault plan says otherwise."""
    return _PLANS[standing(sandbox).profile.limits]


def profiled(sandbox: Sandbox) -> Stage:
    """Give the stage that lets through what the profile serves, as it serves it."""
    stands = standing(sandbox)

    def stage(handler: Handler) -> Handler:
        async def served(request: SandboxRequest) -> Response:
            known = stands.profile
            if not known.serves(request.operation_key):
                return empty_reply(404) if known.missing is None else json_reply({"detail": known.missing}, 404)
            retiring = known.retires(request.operation_key)
            if retiring is not None:
                return await _retiring(handler, request, retiring, stands.brownouts)
            return await _as_it_was(handler, request, known)

        return served

    return stage


async def _retiring(handler: Handler, request: SandboxRequest, retiring: Retiring, when: Brownouts) -> Response:
    headers = {
        "X-Sentry-Deprecation-Date": retiring.date,
        "X-Sentry-Replacement-Endpoint": retiring.replacement,
    }
    if is_browned_out(retiring, when, request.now):
        return json_reply(GONE, 410, headers)
    try:
        response = await handler(request)
    except SentryError as error:
        error.headers.update(headers)
        raise
    response.headers.update(headers)
    return response


async def _as_it_was(handler: Handler, request: SandboxRequest, known: Profile) -> Response:
    """Answer about issues as a Sentry does that lacks some of their fields and of its search's words."""
    if not known.omits or not request.operation_key.endswith(("/issues/", "/issues/{issue_id}/")):
        return await handler(request)
    for value in _IS.findall(request.query.get("query", "")):
        if value in known.refuses:
            raise invalid(f'Invalid value for "is" search: {value}')
    request.unknown_fields = known.omits
    response = await handler(request)
    if response.status_code != 200 or not response.body:
        return response
    kept = _without(msgspec.json.decode(bytes(response.body)), known.omits)
    headers = {name: value for name, value in response.headers.items() if name != "content-length"}
    return Response(msgspec.json.encode(kept), 200, headers, background=response.background)


def _without(data: Any, omitted: frozenset[str]) -> Any:
    if isinstance(data, list):
        return [_without(item, omitted) for item in data]
    return {name: value for name, value in data.items() if name not in omitted} if isinstance(data, dict) else data
