"""What a bulk job may be asked for: which issues, and what is to happen to them."""

# Pydantic reads the annotations at run time, so their imports stay out of type-checking blocks.

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from dexter.features.issue_update import Archive, IssueUpdate, Resolve, sentry_body

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST_IDS = 100_000
MOST_AT_ONCE = 100
"""How many issues a job may have that is applied without anybody having looked at its preview."""

Slug = Annotated[str, Field(pattern=r"^[A-Za-z0-9_\-]+$", max_length=100)]
IssueId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_\-]{1,100}$")]
Name = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[^\x00-\x1f\x7f]+$")]
Flag = Annotated[bool, Field(strict=True)]


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Part(_Form):
    """Some issues of one organization: those with the ids, or those that a query finds."""

    ids: Annotated[list[IssueId], Field(min_length=1, max_length=MOST_IDS)] | None = Field(
        default=None, description="Numbers or short ids."
    )
    query: Annotated[str, Field(max_length=5_000)] | None = None
    status: Literal["unresolved", "resolved", "archived", "for_review", "all"] | None = None
    period: Literal["1h", "24h", "7d", "14d", "30d", "90d"] | None = None
    environment: list[Annotated[str, Field(max_length=200)]] = Field(default=[], max_length=50)
    project: list[Annotated[str, Field(max_length=100)]] = Field(default=[], max_length=100)
    level: list[Literal["fatal", "error", "warning", "info", "debug", "sample"]] = Field(default=[], max_length=6)
    organization: Slug | None = Field(default=None, description="By default the one Dexter is set up for.")
    exclude: list[Annotated[str, Field(pattern=r"^\d{1,20}$")]] = Field(
        default=[], max_length=10_000, description="Numbers of issues that the query finds and that are left alone."
    )

    @model_validator(mode="after")
    def _one_kind(self) -> Part:
        narrowed = self.model_fields_set - {"ids", "organization"}
        if self.ids is not None and narrowed:
            raise ValueError(f"ids and {min(narrowed)} exclude each other: either names the issues, or a query does")
        if self.ids is None and self.query is None and not getattr(self, "parts", None):
            # Leaving it out must never mean everything.
            raise ValueError("neither ids nor a query is given; an empty query is a query")
        return self


class Selection(Part):
    """Which issues a job is about."""

    parts: Annotated[list[Part], Field(min_length=1, max_length=50)] | None = Field(
        default=None, description="Several selections together, such as one for each organization."
    )

    @model_validator(mode="after")
    def _parts_alone(self) -> Selection:
        if self.parts is not None and self.model_fields_set != {"parts"}:
            raise ValueError("parts stand alone")
        return self

    def each(self) -> list[Part]:
        """Give the parts, one for a plain selection."""
        return list(self.parts) if self.parts is not None else [self]


class SetStatus(_Form):
    """Resolve, reopen or archive."""

    op: Literal["status"]
    status: Literal["resolved", "unresolved", "archived"]
    resolve: Resolve | None = None
    archive: Archive | None = None

    @model_validator(mode="after")
    def _as_for_one(self) -> SetStatus:
        self.update()
        return self

    def update(self) -> IssueUpdate:
        """Give the same as the update of one issue."""
        return IssueUpdate(status=self.status, resolve=self.resolve, archive=self.archive)


class Assign(_Form):
    """Assign to somebody, to a team, or to nobody."""

    op: Literal["assign"]
    assignee: Annotated[str, Field(min_length=1, max_length=250, pattern=r"^\S+$")] | None = Field(
        description="`user:1`, `team:2`, `me`, a user name, an e-mail address, or null for nobody."
    )


class SetPriority(_Form):
    """Set the priority."""

    op: Literal["priority"]
    priority: Literal["low", "medium", "high"]


class Mark(_Form):
    """Mark as seen, bookmarked, subscribed, shared or reviewed, or take the mark away."""

    op: Literal["seen", "bookmark", "subscribe", "public", "reviewed"]
    value: Flag = True


class Relabel(_Form):
    """Add and remove labels of Dexter's own."""

    op: Literal["label"]
    add: list[Name] = Field(default=[], max_length=20)
    remove: list[Name] = Field(default=[], max_length=20)

    @model_validator(mode="after")
    def _meaningful(self) -> Relabel:
        both = {name.lower() for name in self.add} & {name.lower() for name in self.remove}
        if both:
            raise ValueError(f"{min(both)!r} is both added and removed")
        if not self.add and not self.remove:
            raise ValueError("no label is named")
        return self


class Whole(_Form):
    """Merge the issues of each project into one, delete them, or discard them and all their future events."""

    op: Literal["merge", "delete", "discard"]


Operation = Annotated[SetStatus | Assign | SetPriority | Mark | Relabel | Whole, Field(discriminator="op")]


class BulkRequest(_Form):
    """A job: it is resolved and previewed at once, and waits then until somebody applies it."""

    selection: Selection
    operations: Annotated[list[Operation], Field(min_length=1, max_length=10)]
    apply: Flag = Field(
        default=False,
        description=f"Apply at once: at most {MOST_AT_ONCE} issues, named by ids, and nothing irreversible.",
    )
    note: Annotated[str, Field(max_length=500)] | None = Field(default=None, description="Why, for the audit log.")

    @model_validator(mode="after")
    def _fits(self) -> BulkRequest:
        names = [operation.op for operation in self.operations]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise ValueError(f"{twice} is named twice")
        for alone in ("delete", "discard"):
            if alone in names and len(names) > 1:
                raise ValueError(f"{alone} goes alone: nothing is left of an issue for another operation to change")
        if self.apply:
            self._applies_at_once(names)
        return self

    def _applies_at_once(self, names: Sequence[str]) -> None:
        ids = [part.ids for part in self.selection.each()]
        if any(part is None for part in ids) or sum(len(part or ()) for part in ids) > MOST_AT_ONCE:
            raise ValueError(
                f"apply is for at most {MOST_AT_ONCE} issues named by their ids; look at the preview first"
            )
        if {"delete", "discard"} & set(names):
            raise ValueError("apply is for what can be undone; look at the preview first")


_FIELDS = {"seen": "seen", "bookmark": "bookmark", "subscribe": "subscribed", "public": "public"}


def target_of(operations: Sequence[Operation]) -> tuple[dict[str, Any], dict[str, list[str]], str | None]:
    """Give the fields that operations set, as `policy/bulk_wanted` takes them; the labels; what is done with the whole.

    Who is assigned is still as it was written.
    """
    target: dict[str, Any] = {}
    labels: dict[str, list[str]] = {}
    whole: str | None = None
    for operation in operations:
        match operation:
            case SetStatus():
                target["status"] = sentry_body(operation.update(), None)
            case Assign(assignee=assignee):
                target["assignee"] = assignee
            case SetPriority(priority=priority):
                target["priority"] = priority
            case Mark(op="reviewed", value=value):
                target["for_review"] = not value
            case Mark(op=name, value=value):
                target[_FIELDS[name]] = value
            case Relabel(add=add, remove=remove):
                labels = {"add": add, "remove": remove}
            case Whole(op=name):
                whole = name
    return target, labels, whole
