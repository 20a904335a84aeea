"""Labels of many issues at once, within the transaction of whoever changes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import and_, delete, func, insert, select

from dexter.database.labels import color_of, label_named, make_label
from dexter.database.tables import issue_label, label

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement
    from sqlalchemy.ext.asyncio import AsyncConnection


async def labels_of(connection: AsyncConnection, organization: str, issue_ids: Sequence[str]) -> dict[str, list[str]]:
    """Give the names of each issue's labels, those of an issue without any left out."""
    asked = (
        select(issue_label.c.issue_id, label.c.name)
        .join(label, label.c.id == issue_label.c.label_id)
        .where(issue_label.c.organization == organization, issue_label.c.issue_id.in_(list(issue_ids)))
        .order_by(func.lower(label.c.name))
    )
    found: dict[str, list[str]] = {}
    for issue_id, name in await connection.execute(asked):
        found.setdefault(issue_id, []).append(name)
    return found


async def add_label(
    connection: AsyncConnection, organization: str, name: str, issue_ids: Iterable[str], by: str | None, now: datetime
) -> None:
    """Give issues a label, which is made if there is none of that name."""
    issues = list(issue_ids)
    label_id = await _label_id(connection, organization, name, by, now)
    has = select(issue_label.c.issue_id).where(
        issue_label.c.organization == organization,
        issue_label.c.label_id == label_id,
        issue_label.c.issue_id.in_(issues),
    )
    already = set((await connection.execute(has)).scalars())
    rows = [
        {"label_id": label_id, "organization": organization, "issue_id": issue_id, "added_by": by, "added_at": now}
        for issue_id in dict.fromkeys(issues)
        if issue_id not in already
    ]
    if rows:
        await connection.execute(insert(issue_label), rows)


async def remove_label(connection: AsyncConnection, organization: str, name: str, issue_ids: Iterable[str]) -> None:
    """Take a label from issues."""
    named = select(label.c.id).where(_called(organization, name))
    await connection.execute(
        delete(issue_label).where(
            issue_label.c.organization == organization,
            issue_label.c.label_id.in_(named),
            issue_label.c.issue_id.in_(list(issue_ids)),
        )
    )


async def _label_id(connection: AsyncConnection, organization: str, name: str, by: str | None, now: datetime) -> str:
    found = await label_named(connection, organization, name)
    if found is None:
        found = await make_label(connection, organization, name, color_of(name), by, now)
    return str(found["id"])


def _called(organization: str, name: str) -> ColumnElement[bool]:
    return and_(label.c.organization == organization, func.lower(label.c.name) == name.lower())
