"""What is to be sent to a subscription, what was, and what was given up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, case, delete, func, insert, select, update

from dexter.database.tables import subscription, subscription_delivery

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from sqlalchemy import ColumnElement
    from sqlalchemy.ext.asyncio import AsyncConnection

BATCH = 500
_D = subscription_delivery.c
_NEWEST = 2**62


@dataclass(frozen=True, slots=True)
class KeptDelivery:
    """One message to one subscription. `number` is its turn, `id` what the receiver knows it by."""

    number: int
    id: str
    subscription_id: str
    type: str
    message: dict[str, Any]
    state: str
    attempts: int
    next_attempt_at: datetime | None
    last_status: int | None
    last_error: str | None
    created_at: datetime
    settled_at: datetime | None


async def put(connection: AsyncConnection, rows: list[dict[str, Any]]) -> None:
    """Write down what is to be sent, in its order."""
    if rows:
        await connection.execute(insert(subscription_delivery), rows)


async def due(
    connection: AsyncConnection, subscription_id: str, now: datetime, limit: int, under_way: Collection[str]
) -> list[KeptDelivery]:
    """Give the first deliveries whose time has come, without those that are under way."""
    waiting = and_(_pending(subscription_id), _D.next_attempt_at <= now, _D.id.not_in(tuple(under_way)))
    asked = select(subscription_delivery).where(waiting).order_by(_D.number).limit(limit)
    return [KeptDelivery(*row) for row in await connection.execute(asked)]


async def next_at(connection: AsyncConnection, subscription_id: str, under_way: Collection[str]) -> datetime | None:
    """Give when the next delivery's time comes, None while nothing waits."""
    asked = select(func.min(_D.next_attempt_at)).where(_pending(subscription_id), _D.id.not_in(tuple(under_way)))
    found: datetime | None = (await connection.execute(asked)).scalar_one()
    return found


async def waiting(connection: AsyncConnection, subscription_id: str) -> tuple[int, datetime | None]:
    """Give how many deliveries wait, and since when the oldest does."""
    asked = select(func.count(), func.min(_D.created_at)).where(_pending(subscription_id))
    count, oldest = (await connection.execute(asked)).one()
    return count, oldest


async def settle(
    connection: AsyncConnection, delivery: KeptDelivery, values: dict[str, Any], of_subscription: dict[str, Any]
) -> bool:
    """Write what came of an attempt, of the delivery and of its subscription.

    False, with nothing written, when another process was there meanwhile or somebody removed it.
    """
    same = and_(_D.id == delivery.id, _D.state == "pending", _D.attempts == delivery.attempts)
    if not (await connection.execute(update(subscription_delivery).where(same).values(**values))).rowcount:
        return False
    theirs = update(subscription).where(subscription.c.id == delivery.subscription_id)
    await connection.execute(theirs.values(**of_subscription))
    return True


def delivered_one_more() -> ColumnElement[int]:
    """Give the count of deliveries with one more."""
    return subscription.c.delivered + 1


def failed_once_more() -> ColumnElement[int]:
    """Give the count of failures in a row with one more."""
    return case((subscription.c.failures < 1_000_000, subscription.c.failures + 1), else_=subscription.c.failures)


async def page(
    connection: AsyncConnection, subscription_id: str, state: str | None, before: int | None, limit: int
) -> list[KeptDelivery]:
    """Give the newest deliveries, of those before a number."""
    asked = select(subscription_delivery).where(
        _D.subscription_id == subscription_id, _D.number < (_NEWEST if before is None else before)
    )
    if state is not None:
        asked = asked.where(_D.state == state)
    rows = await connection.execute(asked.order_by(_D.number.desc()).limit(limit))
    return [KeptDelivery(*row) for row in rows]


async def find(connection: AsyncConnection, subscription_id: str, delivery_id: str) -> KeptDelivery | None:
    """Give one delivery."""
    asked = select(subscription_delivery).where(_D.subscription_id == subscription_id, _D.id == delivery_id)
    row = (await connection.execute(asked)).first()
    return None if row is None else KeptDelivery(*row)


async def retry(connection: AsyncConnection, subscription_id: str, now: datetime, delivery_id: str | None) -> int:
    """Have a delivery sent again that waits or was given up, or all that were given up; give how many."""
    which = _D.state == "dead" if delivery_id is None else and_(_D.id == delivery_id, _D.state != "delivered")
    anew = {"state": "pending", "attempts": 0, "next_attempt_at": now, "settled_at": None}
    again = update(subscription_delivery).where(_D.subscription_id == subscription_id, which).values(**anew)
    count: int = (await connection.execute(again)).rowcount
    if count:
        # Whoever asks wants it now, and may know that the receiver is back.
        theirs = update(subscription).where(subscription.c.id == subscription_id)
        await connection.execute(theirs.values(held_until=None))
    return count


async def remove_dead(connection: AsyncConnection, subscription_id: str) -> int:
    """Forget all that were given up; give how many."""
    dead = and_(_D.subscription_id == subscription_id, _D.state == "dead")
    count: int = (await connection.execute(delete(subscription_delivery).where(dead))).rowcount
    return count


def _pending(subscription_id: str) -> ColumnElement[bool]:
    return and_(_D.subscription_id == subscription_id, _D.state == "pending")
