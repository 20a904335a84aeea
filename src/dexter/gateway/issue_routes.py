"""Managing one issue, over HTTP: what is said of it, whom it is for, what it is merged with, and its end."""

# FastAPI reads the annotations at run time, so their imports stay out of type-checking blocks.

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import structlog
from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import Field

from dexter.database.audit import Target
from dexter.database.marks import move_marks
from dexter.errors import DexterError, NotInThisSentry
from dexter.features.issue_comments import CommentForm, add_comment, comments, delete_comment, edit_comment
from dexter.features.issue_files import delete_file, open_file
from dexter.features.issue_links import LinkForm, add_link, remove_link
from dexter.features.issue_lookup import issue_number
from dexter.features.issue_merging import merge, unmerge
from dexter.features.issue_removal import delete, discard
from dexter.features.operations import ISSUE, MissingRoute, do
from dexter.features.suggest_owners import suggested_owners
from dexter.gateway.auditing import tell_of
from dexter.gateway.issue_shapes import (
    CommentPageShape,
    GoneShape,
    LinkShape,
    MergedShape,
    OwnersShape,
    PartedShape,
    SimilarList,
    WrittenComment,
)
from dexter.gateway.own_data import answered, nothing
from dexter.gateway.requested import AsSentry, OrganizationQuery, Strict, gateway_of, sentry_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from dexter.gateway.runtime import Gateway

log = structlog.get_logger("dexter.gateway")

routes = APIRouter(prefix="/api/v1", tags=["issues"])

NAME = r"^[A-Za-z0-9_\-]+$"
NUMBER = r"^\d{1,20}$"
IssueId = Annotated[str, Path(alias="id", description="The issue's number or short id.", pattern=NAME)]
IssueName = Annotated[str, Field(pattern=NAME, max_length=100)]
CommentId = Annotated[str, Path(alias="comment", pattern=NUMBER)]
FileId = Annotated[str, Path(alias="attachment", pattern=NUMBER)]
LinkId = Annotated[str, Path(alias="link", pattern=NUMBER)]
TombstoneId = Annotated[str, Path(alias="tombstone", pattern=NUMBER)]
ProjectSlug = Annotated[str, Path(alias="slug", pattern=NAME)]

SIMILAR = f"GET {ISSUE}/similar/"
TOMBSTONE = "DELETE /api/0/projects/{organization_id_or_slug}/{project_id_or_slug}/tombstones/{tombstone_id}/"


class PageQuery(OrganizationQuery):
    """Which page of a list."""

    cursor: Annotated[str, Field(max_length=200)] | None = None
    limit: Annotated[int, Field(ge=1, le=100)] = 25


class LimitQuery(OrganizationQuery):
    """How many."""

    limit: Annotated[int, Field(ge=1, le=100)] = 25


class MergeForm(Strict):
    """What to merge with an issue."""

    ids: Annotated[list[IssueName], Field(min_length=1, max_length=99)] = Field(
        description="Numbers or short ids of the other issues, all of one project."
    )


class UnmergeForm(Strict):
    """What to part from an issue."""

    hashes: Annotated[list[Annotated[str, Field(pattern=r"^[0-9a-f]{32,64}$")]], Field(min_length=1, max_length=100)]


@routes.get("/issues/{id}/comments", name="issues.comments", response_model=CommentPageShape)
async def read_comments(issue_id: IssueId, request: Request, query: Annotated[PageQuery, Query()]) -> Response:
    """List an issue's comments, the latest first; 501 where this Sentry has none."""
    sentry = sentry_of(request, query)
    pairs = (("per_page", str(query.limit)), *((("cursor", query.cursor),) if query.cursor else ()))
    page = await comments(sentry, gateway_of(request).users, issue_id, pairs)
    cursors = {"next": page.next_cursor, "prev": page.previous_cursor}
    pagination = {name: None if cursor is None else {"cursor": cursor} for name, cursor in cursors.items()}
    return answered({"data": page.comments, "pagination": pagination})


@routes.post("/issues/{id}/comments", name="issues.comment", status_code=201, response_model=WrittenComment)
async def write_comment(issue_id: IssueId, form: CommentForm, request: Request, sentry: AsSentry) -> Response:
    """Comment on an issue, in the caller's name; `mentioned` says who is told, `unreached` who could not be."""
    written = await add_comment(sentry, gateway_of(request).users, issue_id, form)
    tell_of(request, after=_audited(written))
    return answered(written, 201)


@routes.put("/issues/{id}/comments/{comment}", name="issues.edit_comment", response_model=WrittenComment)
async def rewrite_comment(
    issue_id: IssueId, comment_id: CommentId, form: CommentForm, request: Request, sentry: AsSentry
) -> Response:
    """Rewrite a comment of one's own."""
    written = await edit_comment(sentry, gateway_of(request).users, issue_id, comment_id, form)
    tell_of(request, after=_audited(written))
    return answered(written)


def _audited(comment: dict[str, Any]) -> dict[str, Any]:
    return {"comment": comment.get("id"), "text": (comment.get("data") or {}).get("text")}


@routes.delete("/issues/{id}/comments/{comment}", name="issues.delete_comment", status_code=204, response_model=None)
async def take_comment_back(issue_id: IssueId, comment_id: CommentId, request: Request, sentry: AsSentry) -> Response:
    """Take a comment of one's own back."""
    await delete_comment(sentry, issue_id, comment_id)
    tell_of(request, before={"comment": comment_id})
    return nothing()


@routes.get("/issues/{id}/owners", name="issues.owners", response_model=OwnersShape)
async def read_owners(issue_id: IssueId, request: Request, sentry: AsSentry) -> Response:
    """Suggest who should have an issue: authors of suspect commits, owners of its code, who worked on it."""
    return answered(await suggested_owners(sentry, gateway_of(request).users, issue_id))


@routes.get("/issues/{id}/similar", name="issues.similar", response_model=SimilarList)
async def read_similar(issue_id: IssueId, request: Request, query: Annotated[LimitQuery, Query()]) -> Response:
    """List issues that look like an issue, the most alike first, each with Sentry's scores from 0 to 1."""
    sentry = sentry_of(request, query)
    number = await issue_number(sentry, issue_id)
    try:
        found = await do(sentry, SIMILAR, {"issue_id": number}, (("limit", str(query.limit)),))
    except MissingRoute as error:
        raise NotInThisSentry("This Sentry does not look for similar issues.", remedy="Search by title.") from error
    pairs = [each for each in found if isinstance(each, list) and len(each) == 2] if isinstance(found, list) else []
    return answered({"data": [_similar(issue, scores) for issue, scores in pairs if isinstance(issue, dict)]})


def _similar(issue: dict[str, Any], scores: Any) -> dict[str, Any]:
    numbers = {name: score for name, score in scores.items() if isinstance(score, int | float)} if scores else {}
    return {"issue": issue, "scores": numbers, "score": max(numbers.values(), default=None)}


@routes.post("/issues/{id}/merge", name="issues.merge", response_model=MergedShape)
async def merge_issues(issue_id: IssueId, form: MergeForm, request: Request, sentry: AsSentry) -> Response:
    """Merge issues with an issue. Sentry keeps the one seen most often: `parent` says which that is."""
    merged = await merge(sentry, issue_id, form.ids)
    tell_of(request, before={"issues": [merged.parent, *merged.children]}, after={"merged_into": merged.parent})

    async def move(gateway: Gateway) -> None:
        async with gateway.database.transaction() as connection:
            await move_marks(connection, sentry.organization, merged.children, merged.parent)

    kept = await _kept_up(gateway_of(request), move)
    return answered(
        {
            "parent": merged.parent,
            "children": merged.children,
            "state": "done" if merged.is_done else "pending",
            "marks_moved": kept,
        }
    )


@routes.post("/issues/{id}/unmerge", name="issues.unmerge", response_model=PartedShape)
async def unmerge_issue(issue_id: IssueId, form: UnmergeForm, request: Request, sentry: AsSentry) -> Response:
    """Part hashes' events from an issue; they make an issue of their own again, `issue` where it is known yet."""
    parted = await unmerge(sentry, issue_id, form.hashes)
    tell_of(request, before={"hashes": form.hashes}, after={"parted_into": parted.issue})
    return answered({"state": "done" if parted.is_done else "pending", "issue": parted.issue})


@routes.delete("/issues/{id}", name="issues.delete", status_code=202, response_model=GoneShape)
async def delete_issue(issue_id: IssueId, request: Request, sentry: AsSentry) -> Response:
    """Delete an issue and all its events, for good. Its next event makes a new issue."""
    return await _gone(request, sentry, *await delete(sentry, issue_id))


@routes.post("/issues/{id}/discard", name="issues.discard", status_code=202, response_model=GoneShape)
async def discard_issue(issue_id: IssueId, request: Request, sentry: AsSentry) -> Response:
    """Delete an issue for good and have Sentry throw away all further events of its kind."""
    return await _gone(request, sentry, *await discard(sentry, issue_id))


async def _gone(request: Request, sentry: AsSentry, number: str, is_done: bool) -> Response:
    async def forget(gateway: Gateway) -> None:
        from dexter.database.labels import forget_labels
        from dexter.database.notes import forget_notes

        async with gateway.database.transaction() as connection:
            await forget_labels(connection, sentry.organization, number)
            await forget_notes(connection, sentry.organization, number)

    tell_of(request, target=Target("issue", number))
    if is_done:
        await _kept_up(gateway_of(request), forget)
    return answered({"id": number, "state": "done" if is_done else "pending"}, 202)


async def _kept_up(gateway: Gateway, change: Callable[[Gateway], Any]) -> bool:
    """Change Dexter's own after Sentry has changed its; what Sentry did cannot be taken back if that fails."""
    try:
        await change(gateway)
    except DexterError as error:
        log.warning("marks_not_kept_up", error=error.message)
        return False
    return True


@routes.delete(
    "/projects/{slug}/tombstones/{tombstone}", name="projects.lift_tombstone", status_code=204, response_model=None
)
async def lift_tombstone(project: ProjectSlug, tombstone: TombstoneId, sentry: AsSentry) -> Response:
    """Stop throwing away the events of a discarded issue: the next one makes an issue again."""
    await do(sentry, TOMBSTONE, {"project_id_or_slug": project, "tombstone_id": tombstone})
    return nothing()


@routes.get("/issues/{id}/attachments/{attachment}", name="issues.attachment", response_class=Response)
async def read_file(issue_id: IssueId, attachment: FileId, sentry: AsSentry) -> Response:
    """Give a file that came with an event, as it comes from Sentry. It is saved, never shown: it is a stranger's."""
    file = await open_file(sentry, issue_id, attachment)
    headers = {
        "content-disposition": f'attachment; filename="{_plain(file.name)}"',
        "x-content-type-options": "nosniff",
        "cache-control": "no-store",
        **({} if file.encoding is None else {"content-encoding": file.encoding}),
        **({"content-length": str(file.size)} if file.size is not None and file.encoding is None else {}),
    }
    return StreamingResponse(file.chunks(), media_type="application/octet-stream", headers=headers)


def _plain(name: str) -> str:
    kept = "".join(letter for letter in name if letter.isascii() and letter.isprintable() and letter not in '"\\/')
    return kept or "file"


@routes.delete(
    "/issues/{id}/attachments/{attachment}", name="issues.delete_attachment", status_code=204, response_model=None
)
async def remove_file(issue_id: IssueId, attachment: FileId, request: Request, sentry: AsSentry) -> Response:
    """Delete a file that came with an event."""
    await delete_file(sentry, issue_id, attachment)
    tell_of(request, before={"attachment": attachment})
    return nothing()


@routes.post("/issues/{id}/external-issues", name="issues.link", status_code=201, response_model=LinkShape)
async def link_issue(issue_id: IssueId, form: LinkForm, request: Request, sentry: AsSentry) -> Response:
    """Link an issue to one in another tracker, through an app that is installed in Sentry."""
    link = await add_link(sentry, issue_id, form)
    tell_of(request, after={"link": link})
    return answered(link, 201)


@routes.delete("/issues/{id}/external-issues/{link}", name="issues.unlink", status_code=204, response_model=None)
async def unlink_issue(issue_id: IssueId, link: LinkId, request: Request, sentry: AsSentry) -> Response:
    """Take a link to another tracker away."""
    await remove_link(sentry, issue_id, link)
    tell_of(request, before={"link": link})
    return nothing()
