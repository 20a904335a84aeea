"""The handler of every operation that has none of its own: check what was asked, then answer with a sample."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dexter.catalog.table import schema
from dexter.sandbox.bodies import checked_body
from dexter.sandbox.pagination import Cursor, link_header
from dexter.sandbox.replies import empty_reply, json_reply
from dexter.sandbox.sampled import SAMPLED_HEADER, sample

if TYPE_CHECKING:
    from starlette.responses import Response

    from dexter.catalog.operation import Operation
    from dexter.sandbox.request import SandboxRequest

JSON = "application/json"


async def sampled_answer(operation: Operation, request: SandboxRequest) -> Response:
    """Answer as the schema promises.

    404 for an unknown organization, project or team; 400 for a body that does not fit.
    """
    _look_up(request)
    if operation.request is not None and operation.request.media_type == JSON:
        await checked_body(request, like=operation.key)
    drawn = sample(operation, request.params, schema)
    headers = dict([SAMPLED_HEADER])
    if isinstance(drawn.body, list) and any(parameter.name == "cursor" for parameter in operation.parameters):
        headers["Link"] = link_header(request, Cursor(is_prev=True), Cursor(offset=100))
    return empty_reply(drawn.status, headers) if drawn.body is None else json_reply(drawn.body, drawn.status, headers)


def _look_up(request: SandboxRequest) -> None:
    from dexter.sandbox.api.teams import find_team

    if "organization_id_or_slug" in request.params:
        _ = request.organization
    if "project_id_or_slug" in request.params:
        request.project()
    if "team_id_or_slug" in request.params:
        find_team(request)
