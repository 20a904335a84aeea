"""What earlier Dexters let their callers change of issues. Always by the address of one issue, never by a search."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

from fastapi import APIRouter, Body, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from dexter.database.audit import Outcome, Target
from dexter.errors import BadRequest, DexterError
from dexter.features.issue_update import Archive, IssueUpdate, PositiveCount
from dexter.gateway import issue_changes
from dexter.gateway.auditing import Part, outcome_of, tell_each, tell_of
from dexter.gateway.legacy.caller import AsLegacySentry, answered
from dexter.gateway.requested import Strict, gateway_of
from dexter.wire import Priority

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dexter.features.sentry import Sentry

routes = APIRouter(prefix="/api/v1", include_in_schema=False)

Id = Annotated[str, Path(pattern=r"^[A-Za-z0-9_\-]+$", max_length=100)]
IssueName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_\-]+$", max_length=100)]
Status = Literal["resolved", "unresolved", "ignored"]
Assignee = Annotated[str, Field(max_length=250, pattern=r"^\S*$")]

MOST_AT_ONCE = 100
SIDE_BY_SIDE = 5
ACTION = "issues.update"
"""What each of several changes is to the audit log."""

_NO_TAGS = "Sentry takes no tags from outside; Dexter's labels are for that: PUT /api/v1/issues/{id}/labels/{name}."


class StatusChange(Strict):
    """A new status; `ignoreDuration` is in minutes, and goes with `ignored`."""

    status: Status
    ignoreDuration: PositiveCount | None = None  # noqa: N815  the old name

    def update(self) -> IssueUpdate:
        """Give it in today's words. Raises BadRequest for a duration of anything but `ignored`."""
        if self.status != "ignored":
            if self.ignoreDuration is not None:
                raise BadRequest("ignoreDuration goes with status 'ignored'.")
            return IssueUpdate(status=self.status)
        if self.ignoreDuration is None:
            return IssueUpdate(status="archived", archive=Archive(mode="forever"))
        archive = Archive(mode="for_duration", duration_minutes=self.ignoreDuration)
        return IssueUpdate(status="archived", archive=archive)


class Assignment(Strict):
    """Who is to have an issue; empty or null for nobody. `id` is an older name of `assignee`."""

    assignee: Assignee | None = None
    id: Assignee | None = None

    def update(self) -> IssueUpdate:
        """Give it in today's words. Raises BadRequest when it names nobody, not even null."""
        if not self.model_fields_set:
            raise BadRequest("assignee is missing.", remedy="Send null to unassign.")
        return IssueUpdate(assignee=(self.assignee or self.id) or None)


Form = TypeVar("Form", StatusChange, Assignment)


class Operation(BaseModel):
    """One of several changes."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    issue_id: Annotated[IssueName, Field(coerce_numbers_to_str=True)]
    operation_type: Literal["status", "assign", "tag"]
    data: dict[str, Any] = Field(default_factory=dict)

    def update(self) -> IssueUpdate:
        """Give it in today's words. Raises BadRequest for what cannot be done."""
        match self.operation_type:
            case "status":
                return _read(StatusChange, self.data).update()
            case "assign":
                return _read(Assignment, self.data).update()
            case "tag":
                raise BadRequest(_NO_TAGS)


def _read(form: type[Form], data: Mapping[str, Any]) -> Form:
    try:
        return form.model_validate(data)
    except ValidationError as error:
        said = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
        raise BadRequest(f"data: {said}") from error


Operations = Annotated[list[Operation], Body(min_length=1, max_length=MOST_AT_ONCE)]


@routes.put("/issues/{id}/status", name="legacy.status", response_model=None)
@routes.put("/{o}/issues/{id}/status", name="legacy.raw_status", response_model=None)
async def change_status(id: Id, change: StatusChange, request: Request, sentry: AsLegacySentry) -> Response:  # noqa: A002
    """Change an issue's status and give the issue as it now is."""
    return await _changed(request, sentry, id, change.update())


@routes.put("/issues/{id}/assign", name="legacy.assign", response_model=None)
@routes.put("/{o}/issues/{id}/assign", name="legacy.raw_assign", response_model=None)
async def assign(id: Id, assignment: Assignment, request: Request, sentry: AsLegacySentry) -> Response:  # noqa: A002
    """Assign an issue and give the issue as it now is."""
    return await _changed(request, sentry, id, assignment.update())


@routes.post("/{o}/issues/{id}/tags", name="legacy.add_tags", response_model=None)
async def add_tags(id: Id, request: Request, sentry: AsLegacySentry) -> Response:  # noqa: A002
    """Say that Sentry takes no tags from outside."""
    raise BadRequest(_NO_TAGS, remedy="Use labels.")


@routes.put("/{o}/projects/{p}/issues", name="legacy.raw_bulk", response_model=None)
async def change_several(
    p: Id,
    request: Request,
    sentry: AsLegacySentry,
    change: StatusChange,
    id: Annotated[list[IssueName], Query(min_length=1, max_length=MOST_AT_ONCE)],  # noqa: A002
) -> Response:
    """Change the status of those issues of a project that the query names, one by one, and give them."""
    operations = [Operation(issue_id=each, operation_type="status", data=change.model_dump()) for each in id]
    return answered(request, await _all_changed(request, sentry, operations, project=p))


@routes.post("/issues/bulk", name="legacy.bulk", response_model=None)
async def change_in_bulk(operations: Operations, request: Request, sentry: AsLegacySentry) -> Response:
    """Do several changes and say of each what became of it; today's bulk jobs preview, verify and undo."""
    return answered(request, await _all_changed(request, sentry, operations))


async def _changed(request: Request, sentry: Sentry, issue_id: str, update: IssueUpdate) -> Response:
    changed = await issue_changes.change(gateway_of(request), sentry, issue_id, update)
    tell_of(request, before=changed.before, after=changed.after, target=changed.target)
    return answered(request, changed.reply.body)


async def _all_changed(
    request: Request, sentry: Sentry, operations: list[Operation], *, project: str | None = None
) -> Any:
    """Do several changes, those of one issue in their order, and give what became of each."""
    turn = asyncio.Semaphore(SIDE_BY_SIDE)
    behind = replace(sentry, priority=Priority.BULK)
    parts: list[Part] = []

    async def one(operation: Operation) -> dict[str, Any]:
        told: dict[str, Any] = {"issue_id": operation.issue_id, "operation_type": operation.operation_type}
        try:
            async with turn:
                update = operation.update()
                changed = await issue_changes.change(
                    gateway_of(request), behind, operation.issue_id, update, project=project
                )
        except DexterError as error:
            parts.append(Part(Target("issue", operation.issue_id), outcome_of(error.status), action=ACTION))
            return told | {"success": False, "error": error.message, "status": error.status}
        parts.append(Part(changed.target, Outcome.DONE, changed.before, changed.after, ACTION))
        return told | {"success": True, "result": changed.reply.document()}

    async def in_order(places: list[int]) -> dict[int, dict[str, Any]]:
        return {place: await one(operations[place]) for place in places}

    by_issue: dict[str, list[int]] = {}
    for place, operation in enumerate(operations):
        by_issue.setdefault(operation.issue_id, []).append(place)
    found: dict[int, dict[str, Any]] = {}
    for some in await asyncio.gather(*map(in_order, by_issue.values())):
        found |= some
    done = [found[place] for place in range(len(operations))]
    failed = [each for each in done if not each["success"]]
    tell_each(request, parts)
    tell_of(request, after={"succeeded": len(done) - len(failed), "failed": len(failed)})
    return {
        "total": len(done),
        "succeeded": len(done) - len(failed),
        "failed": len(failed),
        "results": [each for each in done if each["success"]],
        "errors": failed,
    }
