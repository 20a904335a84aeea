"""Where the feed's events are forwarded to, in the database: what is wanted, by whom, and how far it is."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, delete, func, insert, select, update

from dexter.database.columns import new_id
from dexter.database.tables import subscription, subscription_delivery

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncConnection


@dataclass(frozen=True, slots=True)
class Subscription:
    """A subscription as it is kept; `active` is what its people want, `paused` why Dexter itself stopped it."""

    id: str
    organization: str
    name: str
    url: str
    channels: tuple[str, ...]
    filter: str
    types: tuple[str, ...]
    active: bool
    paused: str | None
    ciphertext: bytes = field(repr=False)
    key_id: str
    created_by: str | None
    created_by_name: str
    created_at: datetime
    updated_at: datetime
    epoch: str
    position: int
    failures: int
    held_until: datetime | None
    delivered: int
    last_delivery_at: datetime | None
    last_error: str | None

    @property
    def is_running(self) -> bool:
        """Whether anything is forwarded at present."""
        return self.active and self.paused is None


def about(subscription_id: str) -> str:
    """Give what a subscription's secret is encrypted with besides the key, so that it fits no other."""
    return f"subscription {subscription_id}"


def new_subscription_id() -> str:
    """Give an id for a subscription to add: its secret is encrypted with it."""
    return new_id()


async def add(connection: AsyncConnection, values: dict[str, Any]) -> Subscription:
    """Keep a new subscription."""
    row = (await connection.execute(insert(subscription).values(**values).returning(subscription))).one()
    return _read(row)


async def find(connection: AsyncConnection, organization: str, subscription_id: str) -> Subscription | None:
    """Give one of an organization's subscriptions."""
    mine = and_(subscription.c.id == subscription_id, subscription.c.organization == organization)
    row = (await connection.execute(select(subscription).where(mine))).first()
    return None if row is None else _read(row)


async def of_organization(connection: AsyncConnection, organization: str) -> list[Subscription]:
    """Give an organization's subscriptions, the oldest first."""
    asked = select(subscription).where(subscription.c.organization == organization)
    rows = await connection.execute(asked.order_by(subscription.c.created_at, subscription.c.id))
    return [_read(row) for row in rows]


async def everybodys(connection: AsyncConnection) -> list[Subscription]:
    """Give all subscriptions, as for a new key."""
    return [_read(row) for row in await connection.execute(select(subscription).order_by(subscription.c.id))]


async def change(connection: AsyncConnection, subscription_id: str, values: dict[str, Any]) -> Subscription | None:
    """Change a subscription and give it as it is then, None when it is gone."""
    changing = update(subscription).where(subscription.c.id == subscription_id).values(**values)
    row = (await connection.execute(changing.returning(subscription))).first()
    return None if row is None else _read(row)


async def remove(connection: AsyncConnection, subscription_id: str) -> bool:
    """Remove a subscription with its deliveries, and give whether there was one."""
    return bool((await connection.execute(delete(subscription).where(subscription.c.id == subscription_id))).rowcount)


async def advance(connection: AsyncConnection, held: Subscription, epoch: str, position: int) -> bool:
    """Move a subscription on in the log; False when another process has moved it meanwhile, or it is gone."""
    same = and_(
        subscription.c.id == held.id,
        subscription.c.epoch == held.epoch,
        subscription.c.position == held.position,
    )
    moving = update(subscription).where(same).values(epoch=epoch, position=position)
    return bool((await connection.execute(moving)).rowcount)


async def replace_ciphertext(connection: AsyncConnection, kept: Subscription, ciphertext: bytes, key_id: str) -> bool:
    """Put the same secret, encrypted anew, in the place of what was read, unless there is a new one meanwhile."""
    same = and_(subscription.c.id == kept.id, subscription.c.ciphertext == kept.ciphertext)
    replacing = update(subscription).where(same).values(ciphertext=ciphertext, key_id=key_id)
    return bool((await connection.execute(replacing)).rowcount)


async def counts(connection: AsyncConnection, ids: Iterable[str]) -> dict[str, dict[str, int]]:
    """Give how many deliveries of each subscription are pending and dead."""
    d = subscription_delivery.c
    asked = select(d.subscription_id, d.state, func.count()).where(
        d.subscription_id.in_(tuple(ids)), d.state.in_(("pending", "dead"))
    )
    found: dict[str, dict[str, int]] = {}
    for subscription_id, state, count in await connection.execute(asked.group_by(d.subscription_id, d.state)):
        found.setdefault(subscription_id, {})[state] = count
    return found


def _read(row: Any) -> Subscription:
    values = dict(row._mapping)
    return Subscription(**{**values, "channels": tuple(values["channels"]), "types": tuple(values["types"])})
