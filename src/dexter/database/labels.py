"""Labels on issues, Dexter's own: within the transaction of whoever reads or changes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, func, insert, select, update

from dexter.database.columns import new_id, written
from dexter.database.tables import issue_label, label, note

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import RowMapping
    from sqlalchemy.ext.asyncio import AsyncConnection

Json = dict[str, Any]

COLORS: Mapping[str, str] = {
    "gray": "#7a818c",
    "blue": "#1a76d2",
    "teal": "#0f8a8a",
    "green": "#1f8a4c",
    "yellow": "#b7791f",
    "orange": "#d0622b",
    "red": "#d6333a",
    "grape": "#c2387f",
    "violet": "#5a54d2",
}
"""The colors that labels get by themselves, each legible on a light and on a dark ground; jobs know them by name."""
AT_ONCE = 500


def color_of(name: str) -> str:
    """Give the color of a label that was given none: always the same for a name."""
    return list(COLORS.values())[1 + sum(name.lower().encode()) % (len(COLORS) - 1)]


async def all_labels(connection: AsyncConnection, organization: str) -> list[Json]:
    """Give an organization's labels by name, each with how many issues have it."""
    counted = select(issue_label.c.label_id, func.count().label("issues")).group_by(issue_label.c.label_id).subquery()
    asked = (
        select(label, func.coalesce(counted.c.issues, 0).label("issues"))
        .outerjoin(counted, counted.c.label_id == label.c.id)
        .where(label.c.organization == organization)
        .order_by(func.lower(label.c.name))
    )
    return [{**_shown(row), "issues": row["issues"]} for row in (await connection.execute(asked)).mappings()]


async def find_label(connection: AsyncConnection, organization: str, label_id: str) -> Json | None:
    """Give a label by its id."""
    asked = select(label).where(label.c.organization == organization, label.c.id == label_id)
    row = (await connection.execute(asked)).mappings().one_or_none()
    return None if row is None else _shown(row)


async def label_named(connection: AsyncConnection, organization: str, name: str) -> Json | None:
    """Give a label by its name, whatever its case."""
    asked = select(label).where(label.c.organization == organization, func.lower(label.c.name) == name.lower())
    row = (await connection.execute(asked)).mappings().one_or_none()
    return None if row is None else _shown(row)


async def make_label(
    connection: AsyncConnection, organization: str, name: str, color: str, by: str | None, now: datetime
) -> Json:
    """Make a label, of a name that there is none of yet."""
    row = {
        "id": new_id(), "organization": organization, "name": name, "color": color, "created_by": by, "created_at": now,
    }  # fmt: skip
    await connection.execute(insert(label).values(row))
    return {"id": row["id"], "name": name, "color": color, "created_by": by, "created_at": written(now)}


async def change_label(connection: AsyncConnection, label_id: str, changes: Mapping[str, str]) -> None:
    """Give a label another name or color."""
    await connection.execute(update(label).where(label.c.id == label_id).values(**changes))


async def delete_label(connection: AsyncConnection, label_id: str) -> None:
    """Delete a label, from all its issues."""
    await connection.execute(delete(issue_label).where(issue_label.c.label_id == label_id))
    await connection.execute(delete(label).where(label.c.id == label_id))


async def put_label(
    connection: AsyncConnection, organization: str, label_id: str, issue_id: str, by: str | None, now: datetime
) -> bool:
    """Give an issue a label; give whether it did not have it."""
    has = select(issue_label.c.label_id).where(
        issue_label.c.organization == organization,
        issue_label.c.issue_id == issue_id,
        issue_label.c.label_id == label_id,
    )
    if (await connection.execute(has)).first() is not None:
        return False
    row = {
        "label_id": label_id, "organization": organization, "issue_id": issue_id, "added_by": by, "added_at": now,
    }  # fmt: skip
    await connection.execute(insert(issue_label).values(row))
    return True


async def take_label(connection: AsyncConnection, organization: str, label_id: str, issue_id: str) -> bool:
    """Take a label from an issue; give whether it had it."""
    gone = await connection.execute(
        delete(issue_label).where(
            issue_label.c.organization == organization,
            issue_label.c.issue_id == issue_id,
            issue_label.c.label_id == label_id,
        )
    )
    return gone.rowcount > 0


async def issues_labelled(connection: AsyncConnection, organization: str, names: Sequence[str]) -> set[str]:
    """Give the issues that have any of some labels, by number."""
    asked = (
        select(issue_label.c.issue_id)
        .join(label, label.c.id == issue_label.c.label_id)
        .where(
            issue_label.c.organization == organization,
            label.c.organization == organization,
            func.lower(label.c.name).in_([name.lower() for name in names]),
        )
    )
    return set((await connection.execute(asked)).scalars())


async def marks_of(connection: AsyncConnection, organization: str, issue_ids: Sequence[str]) -> dict[str, Json]:
    """Give for every issue `{labels: [{id, name, color}], notes, pinned}`: its labels, and how many notes it has."""
    marks: dict[str, Json] = {issue_id: {"labels": [], "notes": 0, "pinned": 0} for issue_id in issue_ids}
    for start in range(0, len(issue_ids), AT_ONCE):
        part = list(issue_ids[start : start + AT_ONCE])
        asked = (
            select(issue_label.c.issue_id, label.c.id, label.c.name, label.c.color)
            .join(label, label.c.id == issue_label.c.label_id)
            .where(issue_label.c.organization == organization, issue_label.c.issue_id.in_(part))
            .order_by(func.lower(label.c.name))
        )
        for row in (await connection.execute(asked)).mappings():
            marks[row["issue_id"]]["labels"].append(_looks(row))
        counted = (
            select(note.c.issue_id, note.c.pinned, func.count().label("notes"))
            .where(note.c.organization == organization, note.c.issue_id.in_(part))
            .group_by(note.c.issue_id, note.c.pinned)
        )
        for row in (await connection.execute(counted)).mappings():
            marks[row["issue_id"]]["notes"] += row["notes"]
            marks[row["issue_id"]]["pinned"] += row["notes"] if row["pinned"] else 0
    return marks


async def move_labels(connection: AsyncConnection, organization: str, source: Iterable[str], target: str) -> None:
    """Give an issue the labels of others, which lose them: they were merged into it."""
    others = list(source)
    mine = issue_label.c.organization == organization
    has = set(
        (
            await connection.execute(select(issue_label.c.label_id).where(mine, issue_label.c.issue_id == target))
        ).scalars()
    )
    asked = select(issue_label).where(mine, issue_label.c.issue_id.in_(others)).order_by(issue_label.c.added_at)
    rows = {row["label_id"]: row for row in (await connection.execute(asked)).mappings()}
    await connection.execute(delete(issue_label).where(mine, issue_label.c.issue_id.in_(others)))
    moved = [{**row, "issue_id": target} for label_id, row in rows.items() if label_id not in has]
    if moved:
        await connection.execute(insert(issue_label), moved)


async def forget_labels(connection: AsyncConnection, organization: str, issue_id: str) -> None:
    """Take all labels from an issue that is gone."""
    await connection.execute(
        delete(issue_label).where(issue_label.c.organization == organization, issue_label.c.issue_id == issue_id)
    )


def _looks(row: RowMapping) -> Json:
    return {"id": row["id"], "name": row["name"], "color": COLORS.get(row["color"], row["color"])}


def _shown(row: RowMapping) -> Json:
    return {**_looks(row), "created_by": row["created_by"], "created_at": written(row["created_at"])}
