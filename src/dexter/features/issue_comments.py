"""Comments on an issue, which Sentry keeps: written in the name of the person behind the request, with mentions.

With a Sentry token of their own a person writes as themselves. Else Dexter's credential writes, and the comment says
beneath whose it is; then Sentry cannot tell whose comment one may change, so Dexter does.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from dexter.errors import CallerError, DexterError, Forbidden, NotFound, NotInThisSentry
from dexter.features.comment_mentions import may_mention, mentioned
from dexter.features.issue_lookup import issue_number, known_issue
from dexter.features.operations import ISSUE, ORG, MissingRoute, do, every, reply_of
from dexter.policy.link_header import next_cursor, previous_cursor
from dexter.policy.people import Role, signature
from dexter.wire import header

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from dexter.features.current_user import CurrentUser
    from dexter.features.people_acting import Acting
    from dexter.features.sentry import Query, Sentry

Json = dict[str, Any]
T = TypeVar("T")

COMMENTS = f"{ISSUE}/comments/"
COMMENT = f"{COMMENTS}{{note_id}}/"
SIGNED, BY_DEXTER = "— ", " via Dexter"
"""How a signature begins and ends; see `policy.people.signature`."""
LONGEST = 50_000
PAGES = 10
"""How many pages of comments, members or teams are looked through at most."""


class CommentForm(BaseModel):
    """What a comment says."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    text: Annotated[str, Field(min_length=1, max_length=LONGEST, pattern=r"\S")] = Field(
        description="Markdown. `@name` mentions a member by name, user name or address, `#team` a team."
    )
    mentions: list[Annotated[str, Field(pattern=r"^(user|team):\d+$")]] = Field(
        default=[], max_length=50, description="Who is mentioned besides, as `user:1` or `team:2`."
    )


@dataclass(frozen=True, slots=True)
class CommentPage:
    """Comments, the latest first, and the cursors of the neighbouring pages."""

    comments: list[Json]
    next_cursor: str | None
    previous_cursor: str | None


async def comments(sentry: Sentry, users: CurrentUser, issue_id: str, query: Query = ()) -> CommentPage:
    """Give a page of an issue's comments, each with whom it was written for and whether who asks may change it."""
    number = await issue_number(sentry, issue_id)
    reply = await _if_there_are_any(sentry, number, reply_of(sentry, f"GET {COMMENTS}", {"issue_id": number}, query))
    rows = reply.document()
    link = header(reply.headers, "link")
    found = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    own = await _own_id(sentry, users) if found else None
    return CommentPage([_shown(row, sentry, own) for row in found], next_cursor(link), previous_cursor(link))


async def add_comment(sentry: Sentry, users: CurrentUser, issue_id: str, form: CommentForm) -> Json:
    """Write a comment; give it as Sentry keeps it, with who was told of it and who was not."""
    number = await issue_number(sentry, issue_id)
    text = form.text if sentry.acting is None else sentry.acting.signed(form.text)
    return await _write(sentry, users, f"POST {COMMENTS}", {"issue_id": number}, text, form)


async def edit_comment(sentry: Sentry, users: CurrentUser, issue_id: str, comment_id: str, form: CommentForm) -> Json:
    """Rewrite a comment of one's own; it stays signed by whoever wrote it."""
    number = await issue_number(sentry, issue_id)
    signed = await _own_signature(sentry, number, comment_id)
    text = f"{form.text.rstrip()}\n\n{signed}" if signed else form.text
    values = {"issue_id": number, "note_id": comment_id}
    return await _write(sentry, users, f"PUT {COMMENT}", values, text, form)


async def delete_comment(sentry: Sentry, issue_id: str, comment_id: str) -> None:
    """Take a comment of one's own back."""
    number = await issue_number(sentry, issue_id)
    await _own_signature(sentry, number, comment_id)
    values = {"issue_id": number, "note_id": comment_id}
    await _if_there_are_any(sentry, number, do(sentry, f"DELETE {COMMENT}", values))


async def _write(
    sentry: Sentry, users: CurrentUser, key: str, values: dict[str, str], text: str, form: CommentForm
) -> Json:
    named, unknown = await _mentioned(sentry, form.text)
    chosen = list(dict.fromkeys([*form.mentions, *named]))
    body = {"text": text, **({"mentions": chosen} if chosen else {})}
    unreached: list[str] = []
    try:
        written = await _if_there_are_any(sentry, values["issue_id"], do(sentry, key, values, (), body))
    except CallerError as error:
        # Sentry takes no mention of somebody outside the project's teams; the comment itself need not fail for a
        # name in its text. It was not kept, so that sending it again does not say it twice.
        if not named or error.status != 400 or "mention" not in error.message.lower():
            raise
        chosen, unreached = list(form.mentions), named
        body = {"text": text, **({"mentions": chosen} if chosen else {})}
        written = await do(sentry, key, values, (), body)
    comment = _shown(written, sentry, await _own_id(sentry, users)) if isinstance(written, dict) else {}
    return {**comment, "mentioned": chosen, "unreached": [*unreached, *unknown]}


async def _mentioned(sentry: Sentry, text: str) -> tuple[list[str], list[str]]:
    if not may_mention(text):
        return [], []
    members = await every(sentry, f"GET {ORG}/members/", {}, (("per_page", "100"),), pages=PAGES)
    teams = await every(sentry, f"GET {ORG}/teams/", {}, (("per_page", "100"),), pages=PAGES)
    return mentioned(text, members, teams)


async def _own_signature(sentry: Sentry, number: str, comment_id: str) -> str | None:
    """Give the line a comment is signed with, None without one. Raises unless who asks may change it."""
    acting = sentry.acting
    if acting is None or acting.linked is not None:
        return None  # Sentry itself knows whose it is.
    rows = await _if_there_are_any(
        sentry, number, every(replace(sentry, no_cache=True), f"GET {COMMENTS}", {"issue_id": number}, pages=PAGES)
    )
    comment = next((row for row in rows if row.get("id") == comment_id), None)
    if comment is None:
        raise NotFound(f"The issue has no comment {comment_id}.")
    if not _may_change(comment, sentry.organization, acting):
        raise Forbidden(
            "This comment is somebody else's.", remedy="Whoever wrote it can change it, or an administrator."
        )
    return signature_of(_text(comment))


def signature_of(text: str) -> str | None:
    """Give the line that Dexter signed a comment with, or None."""
    last = text.rstrip().rpartition("\n")[2]
    return last if last.startswith(SIGNED) and last.endswith(BY_DEXTER) else None


def _may_change(comment: Json, organization: str, acting: Acting) -> bool:
    if acting.person.role_in(organization) is Role.ADMIN:
        return True
    return signature_of(_text(comment)) == signature(acting.person)


def _shown(comment: Json, sentry: Sentry, own_id: str | None) -> Json:
    signed = signature_of(_text(comment))
    written_for = signed.removeprefix(SIGNED).removesuffix(BY_DEXTER) if signed else None
    author = comment.get("user") or {}
    may_change = own_id is not None and str(author.get("id")) == own_id
    acting = sentry.acting
    if may_change and acting is not None and acting.linked is None:
        may_change = _may_change(comment, sentry.organization, acting)
    return {**comment, "written_for": written_for, "may_change": may_change}


async def _own_id(sentry: Sentry, users: CurrentUser) -> str | None:
    """Give the user at Sentry as whom this request writes, None where nobody can tell."""
    if sentry.acting is not None and sentry.acting.linked is not None:
        return str(sentry.acting.linked.user.get("id"))
    try:
        user = await users.of_credential(sentry)
    except DexterError:
        return None
    return None if user is None else str(user["id"])


def _text(comment: Json) -> str:
    data = comment.get("data")
    return str(data.get("text") or "") if isinstance(data, dict) else ""


async def _if_there_are_any(sentry: Sentry, number: str, asked: Awaitable[T]) -> T:
    """Give what was asked of comments. Raises NotInThisSentry for a server that has the issue but no comments."""
    try:
        return await asked
    except MissingRoute as error:
        await known_issue(sentry, number)
        raise NotInThisSentry(
            "This Sentry has no comments on issues.",
            remedy="Write a note instead, which Dexter keeps: POST /api/v1/issues/{id}/notes.",
        ) from error
