"""Changing one issue: from Dexter's words for it to Sentry's PUT on that issue, and Sentry's answer back.

Always the address of the one issue. Sentry's bulk address without ids it may change falls through to a search and
changes up to a thousand other issues.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from dexter.errors import BadRequest

if TYPE_CHECKING:
    from dexter.features.current_user import CurrentUser
    from dexter.features.reply import Reply
    from dexter.features.sentry import Sentry


MAX_WINDOW_MINUTES = 10_080
"""Sentry counts within a week at most."""

Flag = Annotated[bool, Field(strict=True)]
PositiveCount = Annotated[int, Field(ge=1, le=2_147_483_647, strict=True)]
Window = Annotated[int, Field(ge=1, le=MAX_WINDOW_MINUTES, strict=True)]
Text = Annotated[str, Field(min_length=1, max_length=250, pattern=r"^[^\x00-\x1f\x7f]+$")]


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Resolve(_Form):
    """In what an issue counts as resolved."""

    mode: Literal["now", "next_release", "release", "commit"] = "now"
    release: Text | None = Field(default=None, description="The version, or `latest`; with mode `release`.")
    commit: Text | None = Field(default=None, description="The commit's hash; with mode `commit`.")
    repository: Text | None = Field(default=None, description="The repository's name in Sentry; with mode `commit`.")

    @model_validator(mode="after")
    def _complete(self) -> Resolve:
        needed = {"release": ("release",), "commit": ("commit", "repository")}.get(self.mode, ())
        _exactly(self, needed, ("release", "commit", "repository"))
        return self


class Archive(_Form):
    """Until when an issue is archived."""

    mode: Literal["until_escalating", "forever", "for_duration", "until_count", "until_users"] = "until_escalating"
    duration_minutes: PositiveCount | None = Field(default=None, description="With mode `for_duration`.")
    count: PositiveCount | None = Field(default=None, description="Until so many events; with mode `until_count`.")
    users: PositiveCount | None = Field(default=None, description="Until so many users; with mode `until_users`.")
    window_minutes: Window | None = Field(default=None, description="Within how long they are counted; a week at most.")

    @model_validator(mode="after")
    def _complete(self) -> Archive:
        needed = {"for_duration": "duration_minutes", "until_count": "count", "until_users": "users"}.get(self.mode)
        counted = self.mode in ("until_count", "until_users")
        optional = ("window_minutes",) if counted else ()
        _exactly(self, (needed,) if needed else (), ("duration_minutes", "count", "users", "window_minutes"), optional)
        return self


def _exactly(form: Any, needed: tuple[str, ...], known: tuple[str, ...], optional: tuple[str, ...] = ()) -> None:
    """Raise ValueError unless a form states what its mode needs and nothing that belongs to another mode."""
    for name in known:
        stated = getattr(form, name) is not None
        if name in needed and not stated:
            raise ValueError(f"mode {form.mode!r} needs {name}")
        if stated and name not in (*needed, *optional):
            raise ValueError(f"mode {form.mode!r} has no {name}")


class IssueUpdate(_Form):
    """What to change of an issue; what is left out stays as it is. `assignee: null` unassigns."""

    status: Literal["resolved", "unresolved", "archived"] | None = None
    resolve: Resolve | None = Field(default=None, description="With status `resolved`; by default it is resolved now.")
    archive: Archive | None = Field(default=None, description="With status `archived`; by default until it escalates.")
    assignee: Annotated[str, Field(min_length=1, max_length=250, pattern=r"^\S+$")] | None = Field(
        default=None, description="`user:1`, `team:2`, `me`, a user name, an e-mail address, or null for nobody."
    )
    priority: Literal["low", "medium", "high"] | None = None
    seen: Flag | None = None
    bookmark: Flag | None = None
    subscribed: Flag | None = None
    public: Flag | None = Field(default=None, description="Whether whoever has its `shareId` may read it in Sentry.")
    reviewed: Flag | None = Field(default=None, description="Whether it is through with review, or awaits it again.")

    @model_validator(mode="after")
    def _meaningful(self) -> IssueUpdate:
        if self.resolve is not None and self.status != "resolved":
            raise ValueError("resolve goes with status 'resolved'")
        if self.archive is not None and self.status != "archived":
            raise ValueError("archive goes with status 'archived'")
        if "assignee" not in self.model_fields_set and not self.model_dump(exclude_none=True):
            raise ValueError("nothing to change is named")
        return self


async def update_issue(sentry: Sentry, users: CurrentUser, issue_id: str, update: IssueUpdate) -> Reply:
    """Change one issue and give Sentry's own answer: the issue as it now is."""
    assignee = update.assignee
    if assignee == "me":
        assignee = f"user:{await _own_id(sentry, users)}"
    return await sentry.put("issues.update", {"id": issue_id}, sentry_body(update, assignee))


async def _own_id(sentry: Sentry, users: CurrentUser) -> str:
    user = await users.find(sentry)
    if user is None:
        raise BadRequest(
            "The Sentry credential in use stands for no user, so there is no 'me' to assign to.",
            remedy="Name a user or a team, or use the token of a person.",
        )
    return str(user["id"])


def sentry_body(update: IssueUpdate, assignee: str | None) -> dict[str, Any]:
    """Give Sentry's body for an update; `assignee` is already a name that Sentry knows, or None for nobody."""
    body: dict[str, Any] = _status(update)
    if "assignee" in update.model_fields_set:
        body["assignedTo"] = assignee or ""
    plain = {
        "priority": update.priority,
        "hasSeen": update.seen,
        "isBookmarked": update.bookmark,
        "isSubscribed": update.subscribed,
        "isPublic": update.public,
        "inbox": None if update.reviewed is None else not update.reviewed,
    }
    return body | {name: value for name, value in plain.items() if value is not None}


def _status(update: IssueUpdate) -> dict[str, Any]:
    match update.status:
        case None:
            return {}
        case "unresolved":
            return {"status": "unresolved"}
        case "resolved":
            return _resolved(update.resolve or Resolve())
        case "archived":
            return _archived(update.archive or Archive())


def _resolved(resolve: Resolve) -> dict[str, Any]:
    match resolve.mode:
        case "now":
            return {"status": "resolved"}
        case "next_release":
            details: dict[str, Any] = {"inNextRelease": True}
        case "release":
            details = {"inRelease": resolve.release}
        case "commit":
            details = {"inCommit": {"commit": resolve.commit, "repository": resolve.repository}}
    return {"status": "resolved", "statusDetails": details}


def _archived(archive: Archive) -> dict[str, Any]:
    match archive.mode:
        case "until_escalating":
            return {"status": "ignored", "statusDetails": {}, "substatus": "archived_until_escalating"}
        case "forever":
            return {"status": "ignored", "statusDetails": {}, "substatus": "archived_forever"}
        case "for_duration":
            details = {"ignoreDuration": archive.duration_minutes}
        case "until_count":
            details = {"ignoreCount": archive.count, "ignoreWindow": archive.window_minutes}
        case "until_users":
            details = {"ignoreUserCount": archive.users, "ignoreUserWindow": archive.window_minutes}
    stated = {name: value for name, value in details.items() if value is not None}
    return {"status": "ignored", "statusDetails": stated, "substatus": "archived_until_condition_met"}
