"""Deploys of a release."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from dexter.sandbox.bodies import checked_body
from dexter.sandbox.pagination import paginate_offset
from dexter.sandbox.release_lookup import find_release
from dexter.sandbox.replies import SentryError, json_reply
from dexter.sandbox.routing import serves
from dexter.sandbox.search.time_range import parse_moment
from dexter.sandbox.serialize.deploy import deploy_json

if TYPE_CHECKING:
    from starlette.responses import Response

    from dexter.sandbox.request import SandboxRequest

LIST = "/api/0/organizations/{organization_id_or_slug}/releases/{version}/deploys/"


@serves("GET", LIST)
async def deploys(request: SandboxRequest) -> Response:
    """Give a release's deploys, the latest first."""
    rows = request.db.all(
        "SELECT * FROM deploys WHERE release_id = ? ORDER BY date_finished DESC, id DESC",
        find_release(request).release["id"],
    )
    page = paginate_offset(request, rows)
    return page.reply(request, [deploy_json(row) for row in page.rows])


@serves("POST", LIST)
async def create_deploy(request: SandboxRequest) -> Response:
    """Record a deploy; its environment comes to be in the release's projects."""
    release = find_release(request).release
    body = await checked_body(request)
    environment = str(body["environment"])
    if not environment or re.search(r"[\n\r\f/]", environment):
        raise SentryError(400, {"environment": ["Invalid environment name"]})
    with request.db.transaction():
        deploy = request.db.insert(
            "INSERT INTO deploys (release_id, environment, name, url, date_started, date_finished)"
            " VALUES (?,?,?,?,?,?)",
            release["id"], environment, body.get("name"), body.get("url"),
            _moment(body, "dateStarted"), _moment(body, "dateFinished") or request.now,
        )  # fmt: skip
        _make_environment(request, environment, release["id"])
    row = request.db.all("SELECT * FROM deploys WHERE id = ?", deploy)[0]
    return json_reply(deploy_json(row), 201)


def _moment(body: dict[str, Any], field: str) -> float | None:
    if not body.get(field):
        return None
    when = parse_moment(str(body[field]))
    if when is None:
        raise SentryError(400, {field: ["Datetime has wrong format. Use ISO 8601."]})
    return when


def _make_environment(request: SandboxRequest, name: str, release_id: int) -> None:
    organization = request.organization["id"]
    request.db.run("INSERT OR IGNORE INTO environments (organization_id, name) VALUES (?,?)", organization, name)
    request.db.run(
        "INSERT OR IGNORE INTO environment_projects (environment_id, project_id)"
        " SELECT e.id, p.project_id FROM environments e, release_projects p"
        " WHERE e.organization_id = ? AND e.name = ? AND p.release_id = ?",
        organization, name, release_id,
    )  # fmt: skip
