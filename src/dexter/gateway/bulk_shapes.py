"""The shapes of bulk jobs in answers, for the document that describes them."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field

JobState = Literal["resolving", "previewed", "applying", "verifying", "paused", "done", "cancelled", "failed"]
ItemState = Literal["pending", "done", "unchanged", "skipped", "failed", "unknown"]


class JobPerson(BaseModel):
    """Who asked for a job."""

    id: str | None
    name: str


class JobCounts(BaseModel):
    """How many of a job's issues are in which state."""

    total: int
    pending: int
    done: int
    unchanged: int
    skipped: int
    failed: int
    unknown: int


class ProjectCount(BaseModel):
    """How many of a job's issues are a project's."""

    slug: str
    count: int


class Sample(BaseModel):
    """One issue before and after; after a removal there is nothing."""

    issue_id: str
    short_id: str | None
    title: str | None
    before: dict[str, Any]
    after: dict[str, Any] | None


class Change(BaseModel):
    """How many issues' field would go from which value to which, in words."""

    field: str
    from_: str = Field(alias="from")
    to: str
    count: int


class Irreversible(BaseModel):
    """What could not be undone."""

    op: str
    count: int
    why: str


class Skipped(BaseModel):
    """How many issues would be left alone, and why."""

    reason: str
    count: int


class JobPreview(BaseModel):
    """What a job would do."""

    total: int
    to_send: int
    projects: list[ProjectCount]
    samples: list[Sample]
    changes: list[Change]
    further_changes: int = Field(description="How many changes are of kinds too many to name.")
    irreversible: list[Irreversible]
    skipped: list[Skipped]
    estimated_calls: int
    estimated_s: float
    needs_confirmation: bool
    entered_meanwhile: int = Field(
        description="Issues that the query began to find meanwhile; they are not in the job."
    )
    left_meanwhile: int | None = Field(
        description="Issues that it stopped to find; null where Sentry cannot count them."
    )
    confirmation: str | None


class JobUndo(BaseModel):
    """Whether a job can be taken back, or why not; and which job takes it back, or is taken back by it."""

    possible: bool
    until: str | None
    of: str | None
    by: str | None
    why: str | None


class JobShape(BaseModel):
    """A bulk job."""

    id: str
    state: JobState
    phase: JobState = Field(description="The state, or of a paused job the one that it was paused in.")
    organization: str = Field(description="`*` for a job about several.")
    created_by: JobPerson
    created_at: str
    started_at: str | None
    finished_at: str | None
    selection: dict[str, Any]
    operations: list[dict[str, Any]]
    note: str | None
    counts: JobCounts
    progress: float = Field(description="The share of its work that is over, from 0 to 1.")
    preview: JobPreview | None
    undo: JobUndo
    reason: str | None = Field(description="Why it is paused, cancelled or failed.")
    error: str | None
    resumes_at: str | None = Field(description="When a job that waits for Sentry goes on by itself.")
    wish: Literal["pause", "cancel"] | None = Field(description="What it will do after what is under way.")
    eta_s: float | None
    version: int


class ItemShape(BaseModel):
    """What became of one issue."""

    position: int
    organization: str
    issue_id: str
    short_id: str | None
    title: str | None
    project: str | None
    state: ItemState
    reason: str | None
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    updated_at: str


class JobCursor(BaseModel):
    """Where the next page begins."""

    cursor: str


class JobPagination(BaseModel):
    """The page behind this one."""

    next: JobCursor | None
    prev: None


class JobPage(BaseModel):
    """A page of jobs, the latest first."""

    data: list[JobShape]
    pagination: JobPagination


class ItemPage(BaseModel):
    """A page of a job's issues, in the order of its selection."""

    data: list[ItemShape]
    pagination: JobPagination
