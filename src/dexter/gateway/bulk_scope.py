"""Bulk changes of issues with Dexter's own credential name what they change.

Sentry takes a bulk change without ids for one of everything that a search finds, by default up to a thousand unresolved
issues, and an update whose ids are all out of reach likewise. A slip in a script (`id[]=7`, a list that turned out
empty) is then the end of everybody's triage, with rights that nobody gave to the script. With Dexter's credential such
a change goes no further. A caller's own token is the caller's own affair: the wire is transparent then.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote, urlencode

from dexter.catalog.endpoints import UNKNOWN, sentry_router
from dexter.errors import BadRequest, NotFound
from dexter.gateway.auditing import tell_seen
from dexter.upstream.bodies import close_body
from dexter.upstream.json_text import NotJson, json_value

if TYPE_CHECKING:
    from dexter.wire import Answer, Call, Send

LISTS = (
    "/api/0/organizations/{organization_id_or_slug}/issues/",
    "/api/0/projects/{organization_id_or_slug}/{project_id_or_slug}/issues/",
)
"""The addresses of Sentry's bulk changes."""
_CHANGES = frozenset({"PUT", "DELETE"})
LOOKED_FOR = 100
"""How many of the ids are looked for: one that is found is enough."""


def bulk_scope(send: Send) -> Send:
    """Give a way to Sentry that bulk changes with Dexter's credential pass only when they name what they change."""

    async def scoped(call: Call) -> Answer:
        is_bulk = call.method in _CHANGES and call.endpoint.template in LISTS
        if is_bulk and call.identity.kind == "service":
            ids = _ids(call)
            _require_selection(call, ids)
            if ids and call.method == "PUT" and not await _reaches_any(send, call, ids):
                raise NotFound(
                    "None of the issues that `id` names is within reach of this address, so Sentry was not asked: it "
                    "would change whatever its search finds instead.",
                    remedy="Check the ids, and the projects that the request names.",
                )
        return await send(call)

    return scoped


def _require_selection(call: Call, ids: list[str]) -> None:
    if any(not number.isdecimal() for number in ids):
        raise BadRequest("`id` takes the numbers of issues.", remedy="Repeat it for each issue: ?id=1&id=2.")
    if ids:
        return
    if call.method == "DELETE":
        raise BadRequest(
            "A deletion without ids would delete up to a thousand issues that a search finds, so Sentry was not asked.",
            remedy="Name the issues: ?id=1&id=2. Only `id` counts, not `id[]`.",
        )
    if not any(name == "query" and value.strip() for name, value in parse_qsl(call.query)):
        raise BadRequest(
            "A bulk change without ids or a query would change every unresolved issue, so Sentry was not asked.",
            remedy="Name the issues (?id=1&id=2; only `id` counts, not `id[]`), or say which by ?query=.",
        )


async def _reaches_any(send: Send, call: Call, ids: list[str]) -> bool:
    """Whether Sentry would find at least one of the ids; then it changes those and searches for nothing."""
    names = dict(call.params)
    organization, project = names["organization_id_or_slug"], names.get("project_id_or_slug")
    path = f"/api/0/organizations/{quote(organization, safe='')}/issues/"
    # A project that the address names is looked up by name; older servers search by numbers only.
    named = [("project", "-1")]
    within = named if project is not None else [pair for pair in parse_qsl(call.query) if pair[0] == "project"]
    asked = [("group", number) for number in ids[:LOOKED_FOR]]
    query = [*asked, ("query", ""), ("limit", str(LOOKED_FOR)), ("collapse", "stats"), *within]
    endpoint, params = sentry_router().match("GET", path) or (UNKNOWN, {})
    look = replace(
        call,
        endpoint=endpoint,
        method="GET",
        path=path,
        query=urlencode(query),
        params=tuple(params.items()),
        headers=(("Accept", "application/json"),),
        body=None,
        no_cache=True,
        transparent=False,
    )
    answer = await send(look)
    rows = {row["id"]: row for row in _rows(answer) if row.get("id") in ids}
    await close_body(answer.body)
    reached = {each: row for each, row in rows.items() if project is None or project in _names(row.get("project"))}
    tell_seen(reached, missed=set(ids[:LOOKED_FOR]) - reached.keys())
    return bool(reached)


def _ids(call: Call) -> list[str]:
    return [value for name, value in parse_qsl(call.query, keep_blank_values=True) if name == "id"]


def _rows(answer: Answer) -> list[dict[str, Any]]:
    if answer.status != 200 or not isinstance(answer.body, bytes):
        return []
    try:
        document = json_value(answer.body)
    except NotJson:
        return []
    return [row for row in document if isinstance(row, dict)] if isinstance(document, list) else []


def _names(project: Any) -> tuple[Any, ...]:
    return (project.get("id"), project.get("slug")) if isinstance(project, dict) else ()
