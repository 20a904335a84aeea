"""The audit log: who changed what, when, through which face, from which value to which, and what came of it.

A change of Dexter's own data is told of in the change's transaction. One that Sentry makes is written down before it
is asked for, with the outcome `unknown`, and settled afterwards: a crash in between leaves a row that says just that.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from dexter.database.moments import written

# The database's libraries are imported by what needs them: the gateway's door is open before that.

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement, Row
    from sqlalchemy.ext.asyncio import AsyncConnection

FACES = ("workbench", "api", "cli", "job", "legacy")
MAX_CHARS = 32_000
"""The longest `before` or `after`, as JSON; a longer one is said to have been left out."""
HIDDEN = "(hidden)"
_SECRET = re.compile(r"token|secret|passw|authorization|cookie|credential|ciphertext|api[-_]?key", re.IGNORECASE)


class Outcome(StrEnum):
    """What came of a change."""

    DONE = "done"
    REFUSED = "refused"
    """Nothing was changed: the request was wrong, or not permitted."""
    FAILED = "failed"
    """It failed; after a timeout that does not prove that nothing was changed."""
    UNKNOWN = "unknown"
    """It was begun and nothing was heard of it since: it is under way, or whoever did it died."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does something, and through which of Dexter's faces."""

    face: str
    person_id: str | None = None
    person_name: str | None = None
    sentry_account: str | None = None
    """Whose account Sentry was asked with, where Sentry was: the one they linked, or Dexter's on their behalf."""


@dataclass(frozen=True, slots=True)
class Target:
    """What something is done to, such as `issue` and its number."""

    kind: str
    id: str | None


async def record(
    connection: AsyncConnection,
    actor: Actor,
    action: str,
    *,
    at: datetime,
    organization: str | None = None,
    target: Target | None = None,
    before: Any = None,
    after: Any = None,
    request_id: str | None = None,
    outcome: Outcome = Outcome.DONE,
) -> int:
    """Write a row into the log, in a transaction that it is kept with, and give its number."""
    from dexter.database.tables import audit

    values = {
        "at": at,
        "organization": organization,
        "person_id": actor.person_id,
        "person_name": actor.person_name,
        "sentry_account": actor.sentry_account,
        "face": actor.face,
        "action": action,
        "target_kind": target.kind if target else None,
        "target_id": target.id if target else None,
        "before": told(before),
        "after": told(after),
        "request_id": request_id,
        "outcome": outcome,
    }
    result = await connection.execute(audit.insert().values(**values).returning(audit.c.id))
    number: int = result.scalar_one()
    return number


async def settle(
    connection: AsyncConnection,
    number: int,
    outcome: Outcome,
    *,
    before: Any = None,
    after: Any = None,
    target: Target | None = None,
    organization: str | None = None,
    sentry_account: str | None = None,
) -> None:
    """Write what came of what a row says was begun, with what is known by now; what is None stays as it was."""
    from sqlalchemy import update

    from dexter.database.tables import audit

    known = {
        "before": told(before),
        "after": told(after),
        "organization": organization,
        "sentry_account": sentry_account,
    }
    if target is not None:
        known |= {"target_kind": target.kind, "target_id": target.id}
    values = {name: value for name, value in known.items() if value is not None}
    await connection.execute(update(audit).where(audit.c.id == number).values(outcome=outcome, **values))


def told(value: Any) -> Any:
    """Give a value as the log keeps it: without anything named like a secret, and not endlessly long."""
    if value is None:
        return None
    cleaned = _without_secrets(value)
    size = len(json.dumps(cleaned, default=str))
    return cleaned if size <= MAX_CHARS else {"left_out": f"{size} characters"}


def _without_secrets(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            str(name): HIDDEN if _SECRET.search(str(name)) and isinstance(part, str) else _without_secrets(part)
            for name, part in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [_without_secrets(part) for part in value]
    return value if isinstance(value, (str, int, float, bool, type(None))) else str(value)


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which rows are asked for; what is None does not matter."""

    person: str | None = None
    """A person's id, or their name as it was then."""
    action: str | None = None
    issue: str | None = None
    face: str | None = None
    organization: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """Give what the rows must fulfil."""
        from dexter.database.tables import audit

        found: list[ColumnElement[bool]] = []
        if self.person is not None:
            found.append((audit.c.person_id == self.person) | (audit.c.person_name == self.person))
        if self.action is not None:
            # `issues` asks for `issues.update` and the others as well.
            found.append(
                (audit.c.action == self.action) | audit.c.action.startswith(f"{self.action}.", autoescape=True)
            )
        if self.issue is not None:
            found += [audit.c.target_kind == "issue", audit.c.target_id == self.issue]
        if self.face is not None:
            found.append(audit.c.face == self.face)
        if self.organization is not None:
            found.append(audit.c.organization == self.organization)
        if self.since is not None:
            found.append(audit.c.at >= self.since)
        if self.until is not None:
            found.append(audit.c.at < self.until)
        return found


async def page(
    connection: AsyncConnection, asked: AuditFilter, *, before: int | None, limit: int
) -> Sequence[Row[Any]]:
    """Give the newest rows that are asked for, of those before a number."""
    from sqlalchemy import select

    from dexter.database.tables import audit

    chosen = select(audit).where(*asked.conditions())
    if before is not None:
        chosen = chosen.where(audit.c.id < before)
    return (await connection.execute(chosen.order_by(audit.c.id.desc()).limit(limit))).all()


def view(row: Row[Any]) -> dict[str, Any]:
    """Give a row as answers and exports spell it."""
    values = row._mapping
    return {
        "id": str(values["id"]),
        "at": written(values["at"]),
        "organization": values["organization"],
        "person": None
        if values["person_id"] is None and values["person_name"] is None
        else {"id": values["person_id"], "name": values["person_name"]},
        "sentry_account": values["sentry_account"],
        "face": values["face"],
        "action": values["action"],
        "target": None if values["target_kind"] is None else {"kind": values["target_kind"], "id": values["target_id"]},
        "before": values["before"],
        "after": values["after"],
        "request_id": values["request_id"],
        "outcome": values["outcome"],
    }
