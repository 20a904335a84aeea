"""Searches that people keep: saved under a name, pinned as their default, and those they asked lately."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dexter.sandbox.replies import SentryError, detail, empty_reply, invalid, json_reply, not_found, permission_denied
from dexter.sandbox.routing import serves
from dexter.sandbox.search.issue_query import InvalidQuery, parse
from dexter.sandbox.search.issue_search import SORTS
from dexter.sandbox.serialize.moment import iso

if TYPE_CHECKING:
    import sqlite3

    from starlette.responses import Response

    from dexter.sandbox.request import SandboxRequest

ORG = "/api/0/organizations/{organization_id_or_slug}/"
SCOPES = ("org:read", "org:write", "org:admin")
WRITE_SCOPES = ("org:write", "org:admin")
ISSUES, EVENTS = 0, 1
MOST_RECENT = 100
PINNED = "owner_pinned"
_VISIBILITIES = ("organization", "owner")
_PINNED_NAME = "My Pinned Search"


@serves("GET", f"{ORG}searches/", scopes=SCOPES)
async def saved_searches(request: SandboxRequest) -> Response:
    """List the searches the asking user may use: the pinned one first, then by name."""
    rows = request.db.all(
        "SELECT * FROM saved_searches WHERE organization_id = ? AND kind = ?"
        " AND (visibility = 'organization' OR user_id = ?) ORDER BY visibility = ? DESC, lower(name), id",
        request.organization["id"], _kind(request.query.get("type", str(ISSUES))), request.actor.user_id, PINNED,
    )  # fmt: skip
    return json_reply([_shown(row) for row in rows])


@serves("POST", f"{ORG}searches/", scopes=SCOPES)
async def save_search(request: SandboxRequest) -> Response:
    """Save a search, for oneself or for everybody."""
    found = _checked(await request.json_object())
    if found["visibility"] == "organization" and not request.actor.may(WRITE_SCOPES):
        raise permission_denied()
    repeated = request.db.value(
        "SELECT 1 FROM saved_searches WHERE organization_id = ? AND kind = ? AND query = ? AND visibility = ?"
        " AND (visibility = 'organization' OR user_id = ?)",
        request.organization["id"], found["type"], found["query"], found["visibility"], _user(request),
    )  # fmt: skip
    if repeated:
        raise invalid(f"Query {found['query']} already exists")
    search_id = request.db.insert(
        "INSERT INTO saved_searches (organization_id, user_id, kind, name, query, sort, visibility, date_created)"
        " VALUES (?,?,?,?,?,?,?,?)",
        request.organization["id"], _user(request), found["type"], found["name"], found["query"], found["sort"],
        found["visibility"], request.now,
    )  # fmt: skip
    return json_reply(_by_id(request, search_id))


@serves("PUT", f"{ORG}searches/{{search_id}}/", scopes=SCOPES)
async def change_search(request: SandboxRequest) -> Response:
    """Change a saved search; everybody's needs the right to write."""
    row = _requested(request)
    found = _checked(await request.json_object())
    request.db.run(
        "UPDATE saved_searches SET name = ?, query = ?, sort = ?, visibility = ? WHERE id = ?",
        found["name"], found["query"], found["sort"], found["visibility"], row["id"],
    )  # fmt: skip
    return json_reply(_by_id(request, row["id"]))


@serves("DELETE", f"{ORG}searches/{{search_id}}/", scopes=SCOPES)
async def delete_search(request: SandboxRequest) -> Response:
    """Delete a saved search."""
    request.db.run("DELETE FROM saved_searches WHERE id = ?", _requested(request)["id"])
    return empty_reply(204)


@serves("PUT", f"{ORG}pinned-searches/", scopes=SCOPES)
async def pin_search(request: SandboxRequest) -> Response:
    """Pin a search as the asking user's default, instead of the one pinned before."""
    body = await request.json_object()
    found = _checked({"name": _PINNED_NAME, "visibility": "owner", **body})
    with request.db.transaction():
        _unpin(request, found["type"])
        search_id = request.db.insert(
            "INSERT INTO saved_searches (organization_id, user_id, kind, name, query, sort, visibility, date_created)"
            " VALUES (?,?,?,?,?,?,?,?)",
            request.organization["id"], _user(request), found["type"], _PINNED_NAME, found["query"],
            found["sort"], PINNED, request.now,
        )  # fmt: skip
    return json_reply(_by_id(request, search_id), 201)


@serves("DELETE", f"{ORG}pinned-searches/", scopes=SCOPES)
async def unpin_search(request: SandboxRequest) -> Response:
    """Take the pinned search away."""
    body = await request.json_object()
    _unpin(request, _kind(str(body.get("type", request.query.get("type", ISSUES)))))
    return empty_reply(204)


def _unpin(request: SandboxRequest, kind: int) -> None:
    request.db.run(
        "DELETE FROM saved_searches WHERE organization_id = ? AND user_id = ? AND kind = ? AND visibility = ?",
        request.organization["id"], _user(request), kind, PINNED,
    )  # fmt: skip


@serves("GET", f"{ORG}recent-searches/", scopes=SCOPES)
async def recent_searches(request: SandboxRequest) -> Response:
    """List what the asking user searched for lately, the latest first; `query` narrows it."""
    text = request.query.get("limit", "3")
    if not text.isdecimal():
        raise invalid("Invalid limit specified")
    rows = request.db.all(
        "SELECT * FROM recent_searches WHERE organization_id = ? AND user_id = ? AND kind = ?"
        " AND instr(lower(query), lower(?)) > 0 ORDER BY last_seen DESC, id DESC LIMIT ?",
        request.organization["id"], _user(request), _kind(request.query.get("type", str(ISSUES))),
        request.query.get("query", ""), min(int(text[:6]), MOST_RECENT),
    )  # fmt: skip
    return json_reply(
        [
            {
                "id": str(row["id"]),
                "organizationId": str(row["organization_id"]),
                "type": row["kind"],
                "query": row["query"],
                "lastSeen": iso(row["last_seen"]),
                "dateCreated": iso(row["date_created"]),
            }
            for row in rows
        ]
    )


@serves("POST", f"{ORG}recent-searches/", scopes=SCOPES)
async def note_search(request: SandboxRequest) -> Response:
    """Note a search as asked just now: 201 for a new one, 204 for one noted before."""
    body = await request.json_object()
    kind, query = _kind(str(body.get("type", ""))), body.get("query")
    if not isinstance(query, str) or not query.strip():
        raise SentryError(400, {"query": ["This field may not be blank."]})
    asked = (request.organization["id"], _user(request), kind, query.strip())
    known = request.db.value(
        "SELECT 1 FROM recent_searches WHERE organization_id = ? AND user_id = ? AND kind = ? AND query = ?", *asked
    )
    request.db.run(
        "INSERT INTO recent_searches (organization_id, user_id, kind, query, last_seen, date_created)"
        " VALUES (?1,?2,?3,?4,?5,?5) ON CONFLICT DO UPDATE SET last_seen = ?5",
        *asked, request.now,
    )  # fmt: skip
    return empty_reply(204 if known else 201)


def _user(request: SandboxRequest) -> int:
    user_id = request.actor.user_id
    if user_id is None:
        raise permission_denied()
    return user_id


def _kind(text: str) -> int:
    if text not in (str(ISSUES), str(EVENTS)):
        raise detail(400, "Invalid input for `type`. Error: invalid search type")
    return int(text)


def _checked(body: dict[str, Any]) -> dict[str, Any]:
    errors = {name: ["This field is required."] for name in ("type", "name", "query") if body.get(name) in (None, "")}
    sort, visibility = body.get("sort"), body.get("visibility", "owner")
    if sort is not None and (not isinstance(sort, str) or sort not in SORTS):
        errors["sort"] = [f'"{sort}" is not a valid choice.']
    if not isinstance(visibility, str) or visibility not in _VISIBILITIES:
        errors["visibility"] = [f'"{visibility}" is not a valid choice.']
    if "type" not in errors and str(body["type"]) not in (str(ISSUES), str(EVENTS)):
        errors["type"] = [f'"{body["type"]}" is not a valid choice.']
    if errors:
        raise SentryError(400, errors)
    query = str(body["query"]).strip()
    if str(body["type"]) == str(ISSUES):
        try:
            parse(query)
        except InvalidQuery as error:
            raise invalid(str(error)) from error
    return {
        "type": int(body["type"]),
        "name": str(body["name"])[:128],
        "query": query,
        "sort": sort,
        "visibility": visibility,
    }


def _requested(request: SandboxRequest) -> sqlite3.Row:
    name, row = request.params["search_id"], None
    if name.isascii() and name.isdecimal():
        row = request.db.one(
            "SELECT * FROM saved_searches WHERE id = ? AND organization_id = ?"
            " AND (visibility = 'organization' OR user_id = ?)",
            int(name[:18]), request.organization["id"], request.actor.user_id,
        )  # fmt: skip
    if row is None:
        raise not_found()
    if row["visibility"] == "organization" and not request.actor.may(WRITE_SCOPES):
        raise permission_denied()
    return row


def _by_id(request: SandboxRequest, search_id: int) -> dict[str, Any]:
    return _shown(request.db.all("SELECT * FROM saved_searches WHERE id = ?", search_id)[0])


def _shown(row: sqlite3.Row) -> dict[str, Any]:
    return {
        "id": str(row["id"]),
        "type": row["kind"],
        "name": row["name"],
        "query": row["query"],
        "sort": row["sort"],
        "visibility": row["visibility"],
        "dateCreated": iso(row["date_created"]),
        "isGlobal": False,
        "isPinned": row["visibility"] == PINNED,
    }
