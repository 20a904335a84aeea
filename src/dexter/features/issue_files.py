"""The files that came with an issue's events, passed on as they come."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from dexter.catalog.endpoints import endpoint_for
from dexter.catalog.table import operation
from dexter.catalog.template import fill
from dexter.errors import DexterError, NotFound
from dexter.features.issue_lookup import known_issue
from dexter.features.operations import ISSUE, do, every
from dexter.features.upstream_errors import upstream_error
from dexter.wire import Call

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from dexter.features.sentry import Sentry
    from dexter.wire import Body

LIST = f"GET {ISSUE}/attachments/"
FILE = "/api/0/projects/{organization_id_or_slug}/{project_id_or_slug}/events/{event_id}/attachments/{attachment_id}/"
PAGES = 10


@dataclass(frozen=True, slots=True)
class File:
    """A file on its way: what it is called, how large Sentry says it is, and its content."""

    name: str
    size: int | None
    body: Body
    encoding: str | None

    async def chunks(self) -> AsyncIterator[bytes]:
        """Give the content, piece by piece."""
        if isinstance(self.body, bytes):
            yield self.body
            return
        async for chunk in self.body:
            yield chunk


async def open_file(sentry: Sentry, issue_id: str, attachment_id: str) -> File:
    """Give a file of an issue's events. Raises NotFound for one that the issue does not have."""
    issue, row = await _found(sentry, issue_id, attachment_id)
    endpoint = endpoint_for(operation(f"GET {FILE}"))
    params = _params(sentry, issue, row)
    sentry.permit(endpoint, params)
    call = Call(
        endpoint=endpoint, method="GET", path=fill(FILE, params), query="download=1", identity=sentry.identity,
        credential=sentry.credential, deadline=sentry.deadline, params=tuple(params.items()),
        headers=(("Accept-Encoding", "identity"),), priority=sentry.priority, request_id=sentry.request_id,
        no_cache=True,
        # As a Sentry client gets it: of any kind, and not read whole here.
        transparent=True,
    )  # fmt: skip
    answer = await sentry.send(call)
    if 200 <= answer.status < 300:
        size = row.get("size")
        encoding = next((value for name, value in answer.headers if name.lower() == "content-encoding"), None)
        return File(str(row.get("name") or "file"), size if isinstance(size, int) else None, answer.body, encoding)
    raise await _refusal(sentry, answer.status, answer.headers, answer.body)


async def delete_file(sentry: Sentry, issue_id: str, attachment_id: str) -> None:
    """Delete a file of an issue's events."""
    issue, row = await _found(replace(sentry, no_cache=True), issue_id, attachment_id)
    await do(sentry, f"DELETE {FILE}", _params(sentry, issue, row))


async def _refusal(sentry: Sentry, status: int, headers: Any, body: Body) -> DexterError:
    whole = body if isinstance(body, bytes) else b"".join([chunk async for chunk in body])
    return upstream_error(status, headers, whole, identity=sentry.identity, now=sentry.clock())


async def _found(sentry: Sentry, issue_id: str, attachment_id: str) -> tuple[dict[str, Any], dict[str, Any]]:
    issue = await known_issue(sentry, issue_id)
    rows = await every(sentry, LIST, {"issue_id": str(issue["id"])}, pages=PAGES)
    row = next((each for each in rows if str(each.get("id")) == attachment_id), None)
    if row is None:
        raise NotFound(f"The issue has no file {attachment_id}.")
    return issue, row


def _params(sentry: Sentry, issue: dict[str, Any], row: dict[str, Any]) -> dict[str, str]:
    return {
        "organization_id_or_slug": sentry.organization,
        "project_id_or_slug": str((issue.get("project") or {}).get("slug")),
        "event_id": str(row.get("event_id")),
        "attachment_id": str(row.get("id")),
    }
