"""Lists of an organization where Sentry has them by project, and of all projects where it has them by organization."""

from __future__ import annotations

import asyncio
import base64
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote, urlencode

import msgspec

from dexter.policy.dialects import (
    Place,
    ProjectSearch,
    Untranslatable,
    bulk_ids,
    ids_query,
    older_update,
    project_search,
)
from dexter.policy.link_header import next_cursor
from dexter.policy.merged_pages import Position, Source, cursor_of, next_rows, positions
from dexter.upstream.asides import JSON, Instead, aside, document_of, encoded, rows_of, said
from dexter.upstream.json_text import NotJson, json_value
from dexter.wire import Answer, Call, Send, header

if TYPE_CHECKING:
    from dexter.upstream.issue_homes import IssueHomes, Row
    from dexter.upstream.upstream import Upstream

AT_ONCE = 8
"""How many projects are asked at the same time."""
MOST_PROJECTS = 40
"""From how many projects at most one list is made."""
MOST_TURNS = 20
"""How often, at most, one page of a merged list turns the pages of its projects."""


class OrganizationLists:
    """Makes one list of many, with the caller's rights."""

    def __init__(self, ask: Send, homes: IssueHomes, upstream: Upstream) -> None:
        self._ask = ask
        self._homes = homes
        self._upstream = upstream

    async def issues(self, call: Call, place: Place) -> Answer:
        """Give the answer to a list or a mutation of an organization's issues, made of its projects'."""
        organization = place.organization or ""
        if call.method in ("PUT", "DELETE"):
            return await self._mutate(call, organization)
        if call.method not in ("GET", "HEAD"):
            raise Untranslatable(f"This Sentry's issues of an organization take no {call.method}.", "Use GET or PUT.")
        search = project_search(call.query)
        if search.short_id is not None and (found := await self._by_short_id(call, organization, search.short_id)):
            return found
        return await self._merged(call, organization, search)

    async def projects(self, call: Call) -> Answer:
        """Give the list of all projects that the caller sees, one organization after the other."""
        if call.method not in ("GET", "HEAD"):
            raise Untranslatable(f"This Sentry lists projects by organization, with no {call.method}.", "Name it.")
        organizations = await self._homes.organizations(call)
        if not organizations:
            raise Untranslatable("The credential sees no organization, and this Sentry lists projects by organization.",
                                 "Use /api/0/organizations/{organization}/projects/.")  # fmt: skip
        pairs = [(name, value) for name, value in parse_qsl(call.query, keep_blank_values=True) if name != "cursor"]
        at, cursor = _chained(dict(parse_qsl(call.query)).get("cursor"), len(organizations))
        owner = organizations[at]
        query = urlencode([*pairs, *([("cursor", cursor)] if cursor else [])], quote_via=quote)
        answer = await aside(self._ask, call, "GET", f"/api/0/organizations/{owner['slug']}/projects/", query)
        rows = [{"organization": owner, **row} for row in rows_of(answer)]
        further = next_cursor(header(answer.headers, "link"))
        if further is not None:
            left: str | None = _chain(at, further)
        else:
            left = _chain(at + 1, None) if at + 1 < len(organizations) else None
        return self._page(call, rows, left)

    # ------------------------------------------------------------ lists of issues

    async def _by_short_id(self, call: Call, organization: str, short_id: str) -> Answer | None:
        path = f"/api/0/organizations/{organization}/shortids/{quote(short_id, safe='')}/"
        document = document_of(await aside(self._ask, call, "GET", path))
        issue = document.get("group") if isinstance(document, dict) else None
        if not isinstance(issue, dict):
            return None
        return Answer(200, (("Content-Type", JSON), ("X-Sentry-Direct-Hit", "1")), encoded([issue]))

    async def _merged(self, call: Call, organization: str, search: ProjectSearch) -> Answer:
        try:
            left = positions(search.cursor)
        except ValueError:
            return said(400, "Invalid cursor parameter.")
        names = list(left) if left is not None else await self._chosen(call, organization, search.projects)
        if len(names) > MOST_PROJECTS:
            raise Untranslatable(
                f"This Sentry lists issues by project, and {len(names)} projects are too many to be read as one list.",
                f"Name at most {MOST_PROJECTS} projects, as project=ID.",
            )
        sources = [Source(name, left[name] if left is not None else Position()) for name in names]
        slots = asyncio.Semaphore(AT_ONCE)
        hits: list[str | None] = []

        async def turn(source: Source) -> None:
            async with slots:
                hits.append(await self._turn(call, organization, search, source))

        await asyncio.gather(*map(turn, sources))
        rows = await self._taken(sources, search, turn)
        shown = [_with_series(row, search) for row in rows]
        page = self._page(call, shown, cursor_of(sources))
        counted = [int(hit) for hit in hits if hit is not None and hit.isdigit()]
        if left is None and len(counted) == len(sources) and counted:
            page = replace(page, headers=(*page.headers, ("X-Hits", str(sum(counted)))))
        return page

    async def _taken(self, sources: list[Source], search: ProjectSearch, turn: Any) -> list[Row]:
        rows: list[Row] = []
        for _ in range(MOST_TURNS):
            ended = [source for source in sources if source.must_turn]
            for source in ended:
                source.onwards()
            await asyncio.gather(*map(turn, ended))
            if any(source.must_turn for source in sources):
                continue
            rows += next_rows(sources, search.sort, search.limit - len(rows))
            if len(rows) == search.limit or all(source.is_over for source in sources):
                break
        return rows

    async def _turn(self, call: Call, organization: str, search: ProjectSearch, source: Source) -> str | None:
        cursor = (("cursor", source.position.cursor),) if source.position.cursor else ()
        query = urlencode((*search.pairs, ("limit", str(search.limit)), *cursor), quote_via=quote)
        path = f"/api/0/projects/{organization}/{quote(source.name, safe='')}/issues/"
        answer = await aside(self._ask, call, "GET", path, query)
        source.turn(rows_of(answer), next_cursor(header(answer.headers, "link")))
        return header(answer.headers, "x-hits")

    async def _chosen(self, call: Call, organization: str, wanted: tuple[str, ...]) -> list[str]:
        """Give the slugs of the projects that a search is about. Raises Instead for one that is not to be seen."""
        rows = await self._homes.projects(call, organization)
        if not wanted or wanted == ("-1",):
            # As in Sentry: without a choice one's own projects are meant, with -1 all that one may see.
            seen = "isMember" if not wanted else "hasAccess"
            return [str(row["slug"]) for row in rows if row.get(seen, True)]
        by_name = {str(row.get(key)): str(row["slug"]) for row in rows for key in ("id", "slug")}
        if not set(wanted) <= set(by_name):
            raise Instead(said(403, "You do not have permission to perform this action."))
        return list(dict.fromkeys(by_name[name] for name in wanted))

    def _page(self, call: Call, rows: list[Row], left: str | None) -> Answer:
        kept = [(name, value) for name, value in parse_qsl(call.query, keep_blank_values=True) if name != "cursor"]

        def link(relation: str, cursor: str, *, results: bool) -> str:
            address = self._upstream.address(call.path, urlencode([*kept, ("cursor", cursor)], quote_via=quote))
            return f'<{address}>; rel="{relation}"; results="{str(results).lower()}"; cursor="{cursor}"'

        # There is no way back through a merged list; the next one ends where all the projects' do.
        links = (link("previous", "0:0:1", results=False), link("next", left or "0:0:0", results=left is not None))
        return Answer(200, (("Content-Type", JSON), ("Link", ", ".join(links))), encoded(rows))

    # ------------------------------------------------------------ many at once

    async def _mutate(self, call: Call, organization: str) -> Answer:
        ids = bulk_ids(call.query)
        body = older_update(_document(call)) if call.method == "PUT" else None
        # A project applies a mutation whose ids are all of other projects to whatever its search finds, so every
        # issue's project is made sure of first.
        homes = await asyncio.gather(*(self._homes.home_of(call, organization, one) for one in ids))
        by_project: dict[str, list[str]] = {}
        for home in homes:
            if home is not None:
                by_project.setdefault(home.project, []).append(home.number)
        if not by_project:
            return Answer(204, (), b"")
        if body is not None and body.get("merge") and len(by_project) > 1:
            return said(400, "Issues of several projects cannot be merged.")
        return await self._by_project(call, organization, by_project, body)

    async def _by_project(
        self, call: Call, organization: str, by_project: dict[str, list[str]], body: dict[str, Any] | None
    ) -> Answer:
        changed: dict[str, Any] = {}
        done: list[str] = []
        for project, ids in by_project.items():
            path = f"/api/0/projects/{organization}/{quote(project, safe='')}/issues/"
            sent = None if body is None else msgspec.json.encode(body)
            answer = await aside(self._ask, call, call.method, path, ids_query(tuple(ids)), sent)
            if not 200 <= answer.status < 300:
                return _with_truth(answer, project, done)
            document = document_of(answer)
            changed |= document if isinstance(document, dict) else {}
            done.append(project)
        return Answer(204, (), b"") if body is None else Answer(200, (("Content-Type", JSON),), encoded(changed))


def _with_truth(answer: Answer, project: str, done: list[str]) -> Answer:
    """Give a refusal that also says what was changed before it."""
    if not done:
        return answer
    document = document_of(answer)
    words = document.get("detail", document) if isinstance(document, dict) else document
    why = words if isinstance(words, str) else json.dumps(words)
    return said(answer.status, f"Done in {', '.join(done)}, refused in {project}: {why}")


def _with_series(row: Row, search: ProjectSearch) -> Row:
    stats = row.get("stats")
    if search.series is None or not isinstance(stats, dict):
        return row
    return {**row, "stats": {search.series: next(iter(stats.values()), [])}}


def _document(call: Call) -> Any:
    if not isinstance(call.body, bytes):
        raise Untranslatable("The body is missing or too long to be put in this Sentry's words.", "Send a short one.")
    try:
        return json_value(call.body)
    except NotJson as error:
        raise Untranslatable("The body is no JSON.", "Send a JSON object.") from error


def _chain(at: int, cursor: str | None) -> str:
    packed = json.dumps([at, cursor], separators=(",", ":")).encode()
    return "o1." + base64.urlsafe_b64encode(packed).decode().rstrip("=")


def _chained(cursor: str | None, organizations: int) -> tuple[int, str | None]:
    """Give the organization to read and its cursor. Raises Instead for what is no cursor of such a list."""
    if not cursor:
        return 0, None
    packed = cursor.removeprefix("o1.")
    try:
        match json.loads(base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4))):
            case [int() as at, None | str() as inner] if 0 <= at < organizations:
                return at, inner
    except ValueError:
        pass
    raise Instead(said(400, "Invalid cursor parameter."))
