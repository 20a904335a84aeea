"""Dexter's own on issues, over HTTP: labels, and notes of which some are pinned."""

# FastAPI reads the annotations at run time, so their imports stay out of type-checking blocks.

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import Field, model_validator

from dexter.errors import BadRequest, Forbidden, NotFound
from dexter.features.issue_lookup import is_number, issue_number, known_issue
from dexter.features.upstream_errors import Conflict
from dexter.gateway.issue_routes import IssueId  # noqa: TC001 - see above
from dexter.gateway.issue_shapes import (
    CountedLabel,
    IssueMarks,
    LabelList,
    LabelShape,
    MarksByIssue,
    NoteList,
    NoteShape,
)
from dexter.gateway.own_data import AsOwn, Own, answered, nothing, own_of
from dexter.gateway.requested import OrganizationQuery, Strict, sentry_of

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

Json = dict[str, Any]

routes = APIRouter(prefix="/api/v1", tags=["labels and notes"])

MOST_LABELS = 500
MOST_IDS = 200
LONGEST_NOTE = 20_000

# No quote, which a search could not write, and no slash, which an address could not.
LabelName = Annotated[
    str, Field(min_length=1, max_length=64, pattern=r'^[^\s"/\x00-\x1f\x7f]([^"/\x00-\x1f\x7f]*\S)?$')
]
Color = Annotated[str, Field(pattern=r"^#[0-9a-fA-F]{6}$")]
OfLabel = Annotated[str, Path(alias="label", pattern=r"^[0-9a-f]{32}$")]
NamedLabel = Annotated[LabelName, Path(alias="name")]
OfNote = Annotated[str, Path(alias="note", pattern=r"^[0-9a-f]{32}$")]


class MarksQuery(OrganizationQuery):
    """Whose marks."""

    id: Annotated[list[Annotated[str, Field(pattern=r"^\d{1,20}$")]], Field(min_length=1, max_length=MOST_IDS)]


class LabelForm(Strict):
    """A label to make."""

    name: LabelName
    color: Color | None = Field(default=None, description="`#rrggbb`; by default one that goes by the name.")


class LabelChange(Strict):
    """What to change of a label."""

    name: LabelName | None = None
    color: Color | None = None

    @model_validator(mode="after")
    def _meaningful(self) -> LabelChange:
        if self.name is None and self.color is None:
            raise ValueError("nothing to change is named")
        return self


class NoteForm(Strict):
    """A note to write."""

    body: Annotated[str, Field(min_length=1, max_length=LONGEST_NOTE, pattern=r"\S")] = Field(description="Markdown.")
    pinned: Annotated[bool, Field(strict=True)] = False


class NoteChange(Strict):
    """What to change of a note. `version` is the one that was read: a change in between is told, not overwritten."""

    body: Annotated[str, Field(min_length=1, max_length=LONGEST_NOTE, pattern=r"\S")] | None = None
    pinned: Annotated[bool, Field(strict=True)] | None = None
    version: Annotated[int, Field(ge=1)] | None = None

    @model_validator(mode="after")
    def _meaningful(self) -> NoteChange:
        if self.body is None and self.pinned is None:
            raise ValueError("nothing to change is named")
        return self


@routes.get("/issues/marks", name="issues.marks", response_model=MarksByIssue)
async def read_marks(request: Request, query: Annotated[MarksQuery, Query()]) -> Response:
    """Give the labels of many issues and how many notes each has, by the issues' numbers."""
    own = own_of(request, sentry_of(request, query))
    from dexter.database.labels import marks_of

    async with own.database.reading() as connection:
        return answered({"data": await marks_of(connection, own.organization, list(dict.fromkeys(query.id)))})


@routes.get("/labels", name="labels.list", response_model=LabelList)
async def read_labels(own: AsOwn) -> Response:
    """List the organization's labels by name, each with how many issues have it."""
    from dexter.database.labels import all_labels

    async with own.database.reading() as connection:
        return answered({"data": await all_labels(connection, own.organization)})


@routes.post("/labels", name="labels.make", status_code=201, response_model=CountedLabel)
async def make_a_label(form: LabelForm, own: AsOwn) -> Response:
    """Make a label."""
    async with own.database.transaction() as connection:
        label = await _new_label(connection, own, form)
        await own.tell(connection, after=label)
    return answered({**label, "issues": 0}, 201)


async def _new_label(connection: AsyncConnection, own: Own, form: LabelForm) -> Json:
    from dexter.database.labels import all_labels, color_of, make_label

    known = await all_labels(connection, own.organization)
    _demand_free(known, form.name)
    if len(known) >= MOST_LABELS:
        raise BadRequest(f"There are {MOST_LABELS} labels already.", remedy="Delete those that nobody uses.")
    color = form.color or color_of(form.name)
    return await make_label(connection, own.organization, form.name, color, own.person.id, own.now())


def _demand_free(known: list[Json], name: str, but: str | None = None) -> None:
    if any(label["name"].lower() == name.lower() and label["id"] != but for label in known):
        raise Conflict(f"There is a label {name} already.", remedy="Use it, or choose another name.")


@routes.patch("/labels/{label}", name="labels.change", response_model=LabelShape)
async def change_a_label(label: OfLabel, form: LabelChange, own: AsOwn) -> Response:
    """Give a label another name or color, on all its issues."""
    from dexter.database.labels import all_labels, change_label

    async with own.database.transaction() as connection:
        before = await _label(connection, own, label)
        if form.name is not None:
            _demand_free(await all_labels(connection, own.organization), form.name, label)
        changes = {name: value for name, value in form.model_dump().items() if value is not None}
        await change_label(connection, label, changes)
        after = {**before, **changes}
        await own.tell(connection, before=before, after=after)
    return answered(after)


@routes.delete("/labels/{label}", name="labels.delete", status_code=204, response_model=None)
async def delete_a_label(label: OfLabel, own: AsOwn) -> Response:
    """Delete a label, from all its issues; whoever made it may, and administrators."""
    from dexter.database.labels import delete_label

    async with own.database.transaction() as connection:
        before = await _label(connection, own, label)
        if before["created_by"] != own.person.id and not own.is_admin:
            raise Forbidden("Somebody else made this label.", remedy="Ask whoever made it, or an administrator.")
        await delete_label(connection, label)
        await own.tell(connection, before=before)
    return nothing()


async def _label(connection: AsyncConnection, own: Own, label_id: str) -> Json:
    from dexter.database.labels import find_label

    found = await find_label(connection, own.organization, label_id)
    if found is None:
        raise NotFound("There is no such label.")
    return found


@routes.put("/issues/{id}/labels/{name}", name="issues.label", response_model=IssueMarks)
async def label_issue(issue_id: IssueId, name: NamedLabel, own: AsOwn) -> Response:
    """Give an issue a label, which is made if there is none of that name; gives all the issue's labels."""
    from dexter.database.labels import label_named, marks_of, put_label

    issue = str((await known_issue(own.sentry, issue_id))["id"])
    async with own.database.transaction() as connection:
        before = await marks_of(connection, own.organization, [issue])
        label = await label_named(connection, own.organization, name)
        if label is None:
            label = await _new_label(connection, own, LabelForm(name=name))
        await put_label(connection, own.organization, label["id"], issue, own.person.id, own.now())
        after = await marks_of(connection, own.organization, [issue])
        await _tell_labels(connection, own, issue, before[issue], after[issue])
    return answered({"id": issue, **after[issue]})


@routes.delete("/issues/{id}/labels/{name}", name="issues.unlabel", response_model=IssueMarks)
async def unlabel_issue(issue_id: IssueId, name: NamedLabel, own: AsOwn) -> Response:
    """Take a label from an issue; gives the labels it has left."""
    from dexter.database.labels import label_named, marks_of, take_label

    # Of an issue that is gone the label can be taken all the same.
    issue = issue_id if is_number(issue_id) else await issue_number(own.sentry, issue_id)
    async with own.database.transaction() as connection:
        before = await marks_of(connection, own.organization, [issue])
        label = await label_named(connection, own.organization, name)
        if label is not None:
            await take_label(connection, own.organization, label["id"], issue)
        after = await marks_of(connection, own.organization, [issue])
        await _tell_labels(connection, own, issue, before[issue], after[issue])
    return answered({"id": issue, **after[issue]})


async def _tell_labels(connection: AsyncConnection, own: Own, issue: str, before: Json, after: Json) -> None:
    was, now = ({"labels": [label["name"] for label in each["labels"]]} for each in (before, after))
    await own.tell(connection, before=was, after=now)
    await own.announce(connection, issue, before=was, after=now)


@routes.get("/issues/{id}/notes", name="issues.notes", response_model=NoteList)
async def read_notes(issue_id: IssueId, own: AsOwn) -> Response:
    """List the notes on an issue, the pinned ones first. Dexter keeps them; Sentry does not know them."""
    from dexter.database.notes import notes_of

    issue = await issue_number(own.sentry, issue_id)
    async with own.database.reading() as connection:
        found = await notes_of(connection, own.organization, issue)
    return answered({"data": [_for(own, note) for note in found]})


@routes.post("/issues/{id}/notes", name="issues.add_note", status_code=201, response_model=NoteShape)
async def write_note(issue_id: IssueId, form: NoteForm, own: AsOwn) -> Response:
    """Write a note on an issue."""
    from dexter.database.notes import make_note

    issue = str((await known_issue(own.sentry, issue_id))["id"])
    async with own.database.transaction() as connection:
        note = await make_note(
            connection, own.organization, issue, form.body,
            pinned=form.pinned, author=(own.person.id, own.person.name), now=own.now(),
        )  # fmt: skip
        await own.tell(connection, after=_audited(note))
        await own.announce(connection, issue, before={}, after={"note": note["id"]})
    return answered(_for(own, note), 201)


@routes.put("/issues/{id}/notes/{note}", name="issues.change_note", response_model=NoteShape)
async def rewrite_note(issue_id: IssueId, note: OfNote, form: NoteChange, own: AsOwn) -> Response:
    """Change a note of one's own; whether it is pinned, anybody may. 409 where somebody changed it meanwhile."""
    from dexter.database.notes import change_note, find_note

    issue = await issue_number(own.sentry, issue_id)
    async with own.database.transaction() as connection:
        before = await find_note(connection, own.organization, issue, note)
        if before is None:
            raise NotFound("There is no such note.")
        if form.body is not None and form.body != before["body"]:
            _demand_own(own, before)
        version = form.version or before["version"]
        changes = {name: value for name, value in form.model_dump(exclude={"version"}).items() if value is not None}
        if not await change_note(connection, note, version, changes, own.now()):
            raise Conflict(
                "Somebody changed this note since it was read. Nothing was changed.",
                remedy="Read it again, and change what it says now.",
            )
        after = await find_note(connection, own.organization, issue, note)
        assert after is not None  # noqa: S101 - changed above
        await own.tell(connection, before=_audited(before), after=_audited(after))
        await own.announce(connection, issue, before={}, after={"note": note})
    return answered(_for(own, after))


@routes.delete("/issues/{id}/notes/{note}", name="issues.delete_note", status_code=204, response_model=None)
async def remove_note(issue_id: IssueId, note: OfNote, own: AsOwn) -> Response:
    """Delete a note of one's own; administrators delete anybody's."""
    from dexter.database.notes import delete_note, find_note

    issue = await issue_number(own.sentry, issue_id)
    async with own.database.transaction() as connection:
        before = await find_note(connection, own.organization, issue, note)
        if before is None:
            raise NotFound("There is no such note.")
        _demand_own(own, before)
        await delete_note(connection, note)
        await own.tell(connection, before=_audited(before))
        await own.announce(connection, issue, before={"note": note}, after={})
    return nothing()


def _for(own: Own, note: Json) -> Json:
    return {**note, "may_change": own.is_admin or note["author"]["id"] == own.person.id}


def _audited(note: Json) -> Json:
    return {name: note[name] for name in ("body", "pinned")}


def _demand_own(own: Own, note: Json) -> None:
    if note["author"]["id"] != own.person.id and not own.is_admin:
        raise Forbidden("This note is somebody else's.", remedy="Whoever wrote it can change it, or an administrator.")
