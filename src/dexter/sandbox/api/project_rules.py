"""A project's inbound filters and ownership rules: remembered as they are set.

The rules say who owns an issue; the sandbox filters no events and assigns nobody by itself."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from dexter.sandbox.bodies import checked_body
from dexter.sandbox.ownership import InvalidRules, parse_rules, typed
from dexter.sandbox.replies import SentryError, empty_reply, json_reply, not_found
from dexter.sandbox.routing import serves
from dexter.sandbox.serialize.moment import iso

if TYPE_CHECKING:
    import sqlite3

    from starlette.responses import Response

    from dexter.sandbox.request import SandboxRequest

FILTERS = "/api/0/projects/{organization_id_or_slug}/{project_id_or_slug}/filters/"
OWNERSHIP = "/api/0/projects/{organization_id_or_slug}/{project_id_or_slug}/ownership/"

_FILTERS: dict[str, Any] = {
    "browser-extensions": False,
    "filtered-transaction": True,
    "legacy-browsers": [],
    "localhost": False,
    "web-crawlers": False,
}
_ASSIGNMENTS = ("Auto Assign to Issue Owner", "Auto Assign to Suspect Commits", "Turn off Auto-Assignment")


@serves("GET", FILTERS)
async def filters(request: SandboxRequest) -> Response:
    """Give every filter and whether it is on, for old browsers which."""
    state = _FILTERS | _kept(request.project(), "filters")
    return json_reply([{"id": name, "active": active} for name, active in state.items()])


@serves("PUT", f"{FILTERS}{{filter_id}}/")
async def set_filter(request: SandboxRequest) -> Response:
    """Switch a filter."""
    project, name = request.project(), request.params["filter_id"]
    if name not in _FILTERS:
        raise not_found()
    body = await checked_body(request, partial=True)
    if name == "legacy-browsers":
        active: Any = body.get("subfilters") or []
    elif "active" in body:
        active = body["active"]
    else:
        raise SentryError(400, {"active": ["This field is required."]})
    _keep(request, project, "filters", _kept(project, "filters") | {name: active})
    return empty_reply(204)


@serves("GET", OWNERSHIP)
async def ownership(request: SandboxRequest) -> Response:
    """Give the ownership rules."""
    return json_reply(_ownership(request.project()))


@serves("PUT", OWNERSHIP)
async def set_ownership(request: SandboxRequest) -> Response:
    """Set the ownership rules; a line that is no rule is refused."""
    project = request.project()
    body = await checked_body(request, partial=True)
    if body.get("autoAssignment", _ASSIGNMENTS[0]) not in _ASSIGNMENTS:
        raise SentryError(400, {"autoAssignment": [f"Invalid selection, one of {', '.join(_ASSIGNMENTS)}"]})
    _rules(body.get("raw") or "")
    kept = _kept(project, "ownership")
    changed = {
        name: body[name] for name in ("raw", "fallthrough", "autoAssignment", "codeownersAutoSync") if name in body
    }
    now = iso(request.now)
    first: dict[str, Any] = {"dateCreated": now}
    _keep(request, project, "ownership", first | kept | changed | {"lastUpdated": now})
    return json_reply(_ownership(request.project()), 202)


def _ownership(project: sqlite3.Row) -> dict[str, Any]:
    kept = _kept(project, "ownership")
    raw = kept.get("raw", "")
    created = kept.get("dateCreated", iso(project["date_created"]))
    return {
        "raw": raw,
        "fallthrough": kept.get("fallthrough", True),
        "autoAssignment": kept.get("autoAssignment", _ASSIGNMENTS[0]),
        "codeownersAutoSync": kept.get("codeownersAutoSync", True),
        "dateCreated": created,
        "lastUpdated": kept.get("lastUpdated", created),
        "isActive": True,
        "schema": {"$version": 1, "rules": _rules(raw)} if raw else None,
    }


def _rules(raw: str) -> list[dict[str, Any]]:
    try:
        rules = parse_rules(raw)
    except InvalidRules as error:
        raise SentryError(400, {"raw": [str(error)]}) from error
    return [
        {
            "matcher": {"type": rule.kind, "pattern": rule.pattern},
            "owners": [{"type": kind, "name": name} for kind, name in map(typed, rule.owners)],
        }
        for rule in rules
    ]


def _kept(project: sqlite3.Row, name: str) -> dict[str, Any]:
    kept: dict[str, Any] = json.loads(project["settings_json"]).get(name, {})
    return kept


def _keep(request: SandboxRequest, project: sqlite3.Row, name: str, value: dict[str, Any]) -> None:
    settings = json.loads(project["settings_json"]) | {name: value}
    request.db.run("UPDATE projects SET settings_json = ? WHERE id = ?", json.dumps(settings), project["id"])
