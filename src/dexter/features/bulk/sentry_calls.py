"""What a job asks of Sentry, a hundred issues a call.

Sentry's bulk address is dangerous. Without ids, and with ids of which none is there any more, it falls through to a
search and changes up to a thousand other issues. So every write here names ids that Sentry itself has listed, and
carries a query that finds nothing: should all of them vanish between the look and the write, what it falls through to
is empty. A write without ids cannot be made.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import msgspec

from dexter.catalog.endpoints import endpoint_for
from dexter.catalog.table import operation
from dexter.catalog.template import fill
from dexter.errors import DexterFault, Garbled, NotFound, NotInThisSentry
from dexter.features.sentry import encode_query
from dexter.features.upstream_errors import upstream_error
from dexter.policy.link_header import next_cursor
from dexter.upstream.json_text import NotJson, json_value
from dexter.wire import CacheRule, Call, Endpoint, header

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dexter.features.sentry import Query, Sentry
    from dexter.wire import Answer

Json = dict[str, Any]

_ORG = "/api/0/organizations/{organization_id_or_slug}"
LIST = f"GET {_ORG}/issues/"
UPDATE = f"PUT {_ORG}/issues/"
DELETE = f"DELETE {_ORG}/issues/"
DETAIL = f"GET {_ORG}/issues/{{issue_id}}/"
HASHES = f"GET {_ORG}/issues/{{issue_id}}/hashes/"
UNMERGE = f"PUT {_ORG}/issues/{{issue_id}}/hashes/"
SHORT_ID = f"GET {_ORG}/shortids/{{issue_id}}/"
MEMBERS = f"GET {_ORG}/members/"

# Counts and series are the dear part of a list, and no part of what a job changes.
_LEAN: Query = (
    ("collapse", "stats"),
    ("collapse", "lifetime"),
    ("collapse", "filtered"),
    ("collapse", "unhandled"),
    ("expand", "inbox"),
)


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a search, in Sentry's JSON."""

    groups: list[Json]
    next_cursor: str | None
    hits: int | None
    """How many there are altogether, as far as Sentry counts: to a thousand."""


@dataclass(frozen=True, slots=True)
class BulkSentry:
    """One organization's issues, through one caller's way to Sentry."""

    sentry: Sentry

    async def page(self, query: Query, cursor: str | None, limit: int) -> Page:
        """Give a page of a search, newest issue first: an order that nothing moves that happens meanwhile."""
        pairs = (*query, *_LEAN, ("sort", "new"), ("limit", str(limit)), *((("cursor", cursor),) if cursor else ()))
        answer, document = await self._ask(LIST, {}, pairs)
        hits = header(answer.headers, "x-hits")
        return Page(
            _groups(document),
            next_cursor(header(answer.headers, "link")),
            int(hits) if hits is not None and hits.isdecimal() else None,
        )

    async def by_ids(self, ids: Sequence[str]) -> dict[str, Json]:
        """Give those of some issues that are there and in reach, by id."""
        _demand_ids(ids)
        try:
            _, document = await self._ask(LIST, {}, (*(("group", each) for each in ids), *_LEAN, ("project", "-1")))
        except NotInThisSentry:
            return {issue_id: group for issue_id in ids if (group := await self._by_itself(issue_id)) is not None}
        asked = set(ids)
        return {group["id"]: group for group in _groups(document) if group["id"] in asked}

    async def _by_itself(self, issue_id: str) -> Json | None:
        """Give one issue, as servers want to be asked that list none by their numbers; None for what is not there."""
        try:
            _, document = await self._ask(DETAIL, {"issue_id": issue_id})
        except NotFound:
            return None
        # Another number is that of the issue which this one was merged into.
        return document if isinstance(document, dict) and document.get("id") == issue_id else None

    async def by_short_id(self, short_id: str) -> str | None:
        """Give the number of the issue with a short id; None when there is none."""
        try:
            _, document = await self._ask(SHORT_ID, {"issue_id": short_id})
        except NotFound:
            return None
        found = document.get("groupId") if isinstance(document, dict) else None
        return None if found is None else str(found)

    async def surviving(self, issue_id: str) -> str | None:
        """Give the number that an issue goes by now: another one when it was merged."""
        _, document = await self._ask(DETAIL, {"issue_id": issue_id})
        found = document.get("id") if isinstance(document, dict) else None
        return None if found is None else str(found)

    async def hashes(self, issue_id: str) -> list[str]:
        """Give the hashes whose events make an issue, the first hundred; none of an issue that is gone."""
        try:
            _, document = await self._ask(HASHES, {"issue_id": issue_id}, (("full", "false"),))
        except NotFound:
            return []
        return [str(row["id"]) for row in document if isinstance(row, dict) and row.get("id")]

    async def member_named(self, name: str) -> str | None:
        """Give the number of the user with a name or an e-mail address."""
        _, document = await self._ask(MEMBERS, {}, (("query", name),))
        for member in document if isinstance(document, list) else ():
            user = member.get("user") or {}
            known = (member.get("email"), user.get("email"), user.get("username"), user.get("name"))
            if user.get("id") and name.lower() in {str(each).lower() for each in known if each}:
                return str(user["id"])
        return None

    async def update(self, ids: Sequence[str], body: Mapping[str, Any]) -> Json:
        """Set the same of every issue; give what Sentry says it set, nothing when none of them is there."""
        _demand_ids(ids)
        _, document = await self._ask(UPDATE, {}, (*_named(ids), *_guard()), body)
        return document if isinstance(document, dict) else {}

    async def delete(self, ids: Sequence[str]) -> None:
        """Delete issues."""
        _demand_ids(ids)
        await self._ask(DELETE, {}, (*_named(ids), *_guard()))

    async def unmerge(self, issue_id: str, hashes: Sequence[str]) -> None:
        """Split hashes off an issue; Sentry does so in its own time."""
        await self._ask(UNMERGE, {"issue_id": issue_id}, tuple(("id", each) for each in hashes))

    async def _ask(
        self, name: str, values: Mapping[str, str], query: Query = (), body: Mapping[str, Any] | None = None
    ) -> tuple[Answer, Any]:
        """Give an answer and its JSON, None for an empty one. Raises the error that a failure stands for."""
        sentry, endpoint = self.sentry, _endpoint(name)
        params = {"organization_id_or_slug": sentry.organization, **values}
        call = Call(
            endpoint=endpoint,
            method=endpoint.method,
            path=fill(endpoint.template, params),
            query=encode_query(query),
            identity=sentry.identity,
            credential=sentry.credential,
            deadline=sentry.deadline,
            params=tuple(params.items()),
            headers=() if body is None else (("Content-Type", "application/json"),),
            body=None if body is None else msgspec.json.encode(body),
            priority=sentry.priority,
            request_id=sentry.request_id,
            no_cache=True,
            person=sentry.person,
        )
        answer = await sentry.send(call)
        if not isinstance(answer.body, bytes):
            raise DexterFault("the stack streams a body to a feature, which reads whole ones")
        if not 200 <= answer.status < 300:
            raise upstream_error(
                answer.status, answer.headers, answer.body, identity=sentry.identity, now=sentry.clock()
            )
        return answer, _json(answer)


def _demand_ids(ids: Sequence[str]) -> None:
    if not ids or not all(issue_id.isascii() and issue_id.isdecimal() for issue_id in ids):
        raise DexterFault("a call for many issues must name each of them by its number")


def _named(ids: Sequence[str]) -> Query:
    # All projects: without it Sentry may look at the ones that the credential is a member of only.
    return (*(("id", issue_id) for issue_id in ids), ("project", "-1"))


def _guard() -> Query:
    """Give a search for words that nobody ever wrote: what a write falls through to whose issues are all gone."""
    return (("query", f'"{uuid4()}"'),)


def _json(answer: Answer) -> Any:
    if not answer.body:
        return None
    assert isinstance(answer.body, bytes)  # noqa: S101 - checked where it came in
    try:
        return json_value(answer.body)
    except NotJson as error:
        raise Garbled("Sentry answered, but not with JSON.") from error


def _groups(document: Any) -> list[Json]:
    if not isinstance(document, list) or not all(isinstance(group, dict) and group.get("id") for group in document):
        raise Garbled("Sentry answered, but not with a list of issues.")
    return document


@cache
def _endpoint(name: str) -> Endpoint:
    """Give an operation's endpoint; what a job reads is Sentry's own word, and not kept for others."""
    endpoint = endpoint_for(operation(name))
    return replace(endpoint, cache=CacheRule(tags=endpoint.cache.tags))
