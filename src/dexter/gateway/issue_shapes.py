"""The shapes of answers about managing issues, for the document: what is Sentry's in them is passed on as it came."""

# Pydantic reads the annotations at run time, so their imports stay out of type-checking blocks.

from __future__ import annotations

from datetime import datetime  # noqa: TC003
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

State = Literal["done", "pending"]


class Cursor(BaseModel):
    """Where a neighbouring page begins."""

    cursor: str


class Neighbours(BaseModel):
    """Cursors of the neighbouring pages; null where there is none."""

    next: Cursor | None
    prev: Cursor | None


class CommentShape(BaseModel):
    """A comment, as Sentry keeps it, and whose it is."""

    model_config = ConfigDict(extra="allow")

    id: str
    data: dict[str, Any] = Field(description="`text`, and `mentions` where somebody was mentioned.")
    user: dict[str, Any] | None
    dateCreated: datetime  # noqa: N815  Sentry's name
    written_for: str | None = Field(description="The person for whom Dexter's own credential wrote it.")
    may_change: bool


class WrittenComment(CommentShape):
    """A comment that was just written."""

    mentioned: list[str] = Field(description="Who is told of it, as `user:1` or `team:2`.")
    unreached: list[str] = Field(description="Names that are nobody's, and people whom Sentry does not tell.")


class CommentPageShape(BaseModel):
    """Comments, the latest first."""

    data: list[CommentShape]
    pagination: Neighbours


class CandidateShape(BaseModel):
    """Somebody who might have an issue."""

    type: Literal["user", "team"]
    id: str | None = Field(description="Null for the author of a commit who is nobody at Sentry.")
    name: str
    email: str | None
    reason: Literal["committer", "owners", "activity"]
    detail: str | None = Field(description="The first line of the suspect commit.")
    assignee: str | None = Field(description="The word to assign the issue with.")


class Myself(BaseModel):
    """Who asks, as Sentry knows them."""

    id: str
    name: str | None
    assignee: str


class OwnersShape(BaseModel):
    """Who should have an issue, the likeliest first."""

    suggested: list[CandidateShape]
    me: Myself | None
    missing: list[str] = Field(description="What Sentry did not tell: committers, activity, members, teams or me.")


class SimilarShape(BaseModel):
    """An issue that looks like another one."""

    issue: dict[str, Any]
    scores: dict[str, float]
    score: float | None = Field(description="The highest of the scores, from 0 to 1.")


class SimilarList(BaseModel):
    """Issues that look like an issue, the most alike first."""

    data: list[SimilarShape]


class MergedShape(BaseModel):
    """What became of a merge."""

    parent: str = Field(description="The issue that has them all now: the one seen most often.")
    children: list[str]
    state: State
    marks_moved: bool = Field(description="Whether labels and notes of the others moved along.")


class PartedShape(BaseModel):
    """What became of parting hashes from an issue."""

    state: State
    issue: str | None = Field(description="The issue that they make now, where that is known.")


class GoneShape(BaseModel):
    """What became of an issue that was deleted or discarded."""

    id: str
    state: State


class LinkShape(BaseModel):
    """A link to an issue in another tracker."""

    model_config = ConfigDict(extra="allow")

    id: str
    issueId: str  # noqa: N815  Sentry's name
    serviceType: str  # noqa: N815  Sentry's name
    displayName: str  # noqa: N815  Sentry's name
    webUrl: str  # noqa: N815  Sentry's name


class LabelLook(BaseModel):
    """A label on an issue."""

    id: str
    name: str
    color: str = Field(description="`#rrggbb`.")


class LabelShape(LabelLook):
    """A label of an organization's."""

    created_by: str | None
    created_at: datetime


class CountedLabel(LabelShape):
    """A label, and how many issues have it."""

    issues: int


class LabelList(BaseModel):
    """Labels by name."""

    data: list[CountedLabel]


class MarksShape(BaseModel):
    """What Dexter keeps on an issue."""

    labels: list[LabelLook]
    notes: int
    pinned: int = Field(description="How many of the notes are pinned.")


class MarksByIssue(BaseModel):
    """What Dexter keeps on some issues, by their numbers."""

    data: dict[str, MarksShape]


class IssueMarks(MarksShape):
    """What Dexter keeps on one issue."""

    id: str


class Author(BaseModel):
    """Who wrote something here."""

    id: str | None
    name: str


class NoteShape(BaseModel):
    """A note on an issue."""

    id: str
    issue_id: str
    body: str
    pinned: bool
    author: Author
    created_at: datetime
    updated_at: datetime
    version: int = Field(description="Goes back with a change, so that nobody else's is overwritten unseen.")
    may_change: bool


class NoteList(BaseModel):
    """Notes, the pinned ones first."""

    data: list[NoteShape]


class ViewShape(BaseModel):
    """A view of the issue stream."""

    id: str
    name: str
    address: dict[str, Any] = Field(description="The parameters of the issue list.")
    visibility: Literal["private", "shared"]
    position: int
    owner: Author
    mine: bool
    notify: bool = Field(description="Whether the caller wants to be told, on their desktop, of what comes up in it.")
    created_at: datetime
    updated_at: datetime


class ViewList(BaseModel):
    """One's own views in their order, then those that others share."""

    data: list[ViewShape]


class SearchShape(BaseModel):
    """A search that was made."""

    id: str
    query: str
    searched_at: datetime


class SearchList(BaseModel):
    """Searches, the latest first."""

    data: list[SearchShape]
