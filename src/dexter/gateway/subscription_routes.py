"""Subscriptions that forward the feed to other systems, over HTTP: administrators make, watch and mend them."""

# FastAPI reads the annotations at run time, so their imports stay out of type-checking blocks.

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from dexter.database.audit import Target
from dexter.database.moments import at, written
from dexter.errors import BadRequest, NotFound
from dexter.features.people_keys import Unreadable
from dexter.features.upstream_errors import Conflict
from dexter.gateway.auditing import noted, tell_of
from dexter.gateway.events_stream import FeedDown
from dexter.gateway.identity import Caller, require_role
from dexter.gateway.own_data import answered, nothing
from dexter.gateway.problems import FieldError, InvalidFields
from dexter.gateway.requested import AsOperator, gateway_of
from dexter.gateway.subscription_shapes import (
    DeliveryPage,
    DeliveryQuery,
    DeliveryShape,
    HowMany,
    NewSecret,
    NewSubscription,
    PingShape,
    SubscriptionChange,
    SubscriptionForm,
    SubscriptionList,
    SubscriptionShape,
)
from dexter.policy.outgoing import State, health
from dexter.policy.outgoing_addresses import refused_url
from dexter.policy.people import Need, Role
from dexter.stores.feed_log import FeedUnavailable

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from dexter.database.engine import Database
    from dexter.database.subscription_deliveries import KeptDelivery
    from dexter.database.subscriptions import Subscription
    from dexter.realtime.hub import Position
    from dexter.realtime.outgoing.opened import Outgoing

Json = dict[str, Any]

routes = APIRouter(prefix="/api/v1/subscriptions", tags=["subscriptions"])

MOST = 50
"""How many subscriptions an organization may have: each may have a few connections open."""
BEGIN_ANEW = {"failures": 0, "held_until": None, "last_error": None}
"""What is forgotten of a subscription's failures when what caused them may be over."""
OfSubscription = Annotated[str, Path(alias="id", pattern=r"^[0-9a-f]{32}$")]
OfDelivery = Annotated[str, Path(alias="delivery", pattern=r"^[0-9a-f]{32}$")]


@dataclass(frozen=True, slots=True)
class Desk:
    """One request about subscriptions, by somebody who may make it."""

    outgoing: Outgoing
    database: Database
    caller: Caller
    request: Request

    @property
    def organization(self) -> str:
        """The organization whose events are forwarded."""
        return self.outgoing.organization

    def now(self) -> Any:
        """Give the moment that is written down."""
        return at(gateway_of(self.request).clock.now())

    async def place(self) -> Position | None:
        """Give where the log is now, None while it does not answer: what is kept of subscriptions needs no log."""
        try:
            return await self.outgoing.place()
        except FeedUnavailable:
            return None

    async def tell(self, connection: AsyncConnection, **known: Any) -> None:
        """Tell the audit log what there was and is, in the transaction that changes it."""
        entry = noted(self.request)
        if entry is not None:
            await entry.settle(connection, **known)

    async def required(self, connection: AsyncConnection, subscription_id: str) -> Subscription:
        """Give a subscription. Raises NotFound without one."""
        from dexter.database.subscriptions import find

        found = await find(connection, self.organization, subscription_id)
        if found is None:
            raise NotFound("There is no such subscription.", remedy="It may have been removed.")
        return found

    async def shown(self, kept: Subscription) -> Json:
        """Give a subscription as answers spell it."""
        from dexter.database.subscriptions import counts

        place = await self.place()
        async with self.database.reading() as connection:
            return _view(kept, (await counts(connection, [kept.id])).get(kept.id, {}), place)


def desk_of(request: Request, caller: AsOperator) -> Desk:
    """Give a request about subscriptions. Raises Forbidden for who is no administrator, NotFound without a feed."""
    gateway = gateway_of(request)
    if gateway.outgoing is None:
        raise NotFound(
            "This Dexter has no feed, so there is nothing to forward.",
            remedy="Whoever runs it must set SENTRY_ORG and SENTRY_API_TOKEN.",
        )
    require_role(caller, Need(Role.ADMIN, gateway.outgoing.organization))
    return Desk(gateway.outgoing, gateway.database, caller, request)


AsDesk = Annotated[Desk, Depends(desk_of)]


@routes.get("", name="subscriptions.list", response_model=SubscriptionList)
async def list_subscriptions(desk: AsDesk) -> Response:
    """List all subscriptions, and how each does."""
    from dexter.database.subscriptions import counts, of_organization

    place = await desk.place()
    async with desk.database.reading() as connection:
        found = await of_organization(connection, desk.organization)
        numbers = await counts(connection, [each.id for each in found])
    return answered({"data": [_view(each, numbers.get(each.id, {}), place) for each in found]})


@routes.post("", name="subscriptions.add", status_code=201, response_model=NewSubscription)
async def add_subscription(form: SubscriptionForm, desk: AsDesk) -> Response:
    """Forward what happens from now on to an address. The secret is shown in this answer only."""
    from dexter.database.subscriptions import add, new_subscription_id, of_organization

    _demand_permitted(desk, form.url)
    place, now, person = await desk.place(), desk.now(), desk.caller.person
    if place is None:
        raise FeedDown("The feed's log does not answer, so that nobody knows where to begin.")
    subscription_id = new_subscription_id()
    secret, ciphertext, key_id = desk.outgoing.new_secret(subscription_id)
    async with desk.database.transaction() as connection:
        if len(await of_organization(connection, desk.organization)) >= MOST:
            raise BadRequest(f"There are {MOST} subscriptions already.", remedy="Remove one that nobody needs.")
        values = {
            **form.model_dump(),
            "id": subscription_id,
            "organization": desk.organization,
            "active": True,
            "ciphertext": ciphertext,
            "key_id": key_id,
            "created_by": person.id if person else None,
            "created_by_name": person.name if person else "",
            "created_at": now,
            "updated_at": now,
            "epoch": place.epoch,
            "position": place.offset,
        }
        kept = await add(connection, values)
        tell_of(desk.request, target=Target("subscription", kept.id))
        await desk.tell(connection, after=_audited(kept))
    desk.outgoing.forwarding.wake()
    return answered({**_view(kept, {}, place), "secret": secret}, 201)


@routes.get("/{id}", name="subscriptions.read", response_model=SubscriptionShape)
async def read_subscription(subscription: OfSubscription, desk: AsDesk) -> Response:
    """Give a subscription, and how it does."""
    async with desk.database.reading() as connection:
        kept = await desk.required(connection, subscription)
    return answered(await desk.shown(kept))


@routes.patch("/{id}", name="subscriptions.change", response_model=SubscriptionShape)
async def change_subscription(subscription: OfSubscription, form: SubscriptionChange, desk: AsDesk) -> Response:
    """Change a subscription, stop it or set it going again; then it goes on where it was in the feed's log."""
    if form.url is not None:
        _demand_permitted(desk, form.url)
    async with desk.database.transaction() as connection:
        before = await desk.required(connection, subscription)
        after = await _changed(connection, desk, before, form.model_dump(exclude_none=True))
        await desk.tell(connection, before=_audited(before), after=_audited(after))
    desk.outgoing.forwarding.wake()
    return answered(await desk.shown(after))


@routes.delete("/{id}", name="subscriptions.remove", status_code=204, response_model=None)
async def remove_subscription(subscription: OfSubscription, desk: AsDesk) -> Response:
    """Remove a subscription with all that waits for it."""
    from dexter.database.subscriptions import remove

    async with desk.database.transaction() as connection:
        before = await desk.required(connection, subscription)
        await remove(connection, subscription)
        await desk.tell(connection, before=_audited(before))
    desk.outgoing.forwarding.wake()
    return nothing()


@routes.post("/{id}/secret", name="subscriptions.secret", response_model=NewSecret)
async def renew_secret(subscription: OfSubscription, desk: AsDesk) -> Response:
    """Sign with a new secret from now on. It is shown in this answer only."""
    secret, ciphertext, key_id = desk.outgoing.new_secret(subscription)
    async with desk.database.transaction() as connection:
        before = await desk.required(connection, subscription)
        await _written(connection, desk, before, {"ciphertext": ciphertext, "key_id": key_id, **BEGIN_ANEW})
        await desk.tell(connection, before=_audited(before), after=_audited(before))
    desk.outgoing.forwarding.wake()
    return answered({"secret": secret})


@routes.post("/{id}/test", name="subscriptions.test", response_model=PingShape)
async def ping_subscription(subscription: OfSubscription, desk: AsDesk) -> Response:
    """Send a signed `ping`, once, and say what the receiver answered."""
    async with desk.database.reading() as connection:
        kept = await desk.required(connection, subscription)
    try:
        pinged = await desk.outgoing.ping(kept)
    except Unreadable as error:
        raise Conflict(
            "The subscription's secret cannot be read with any key of this Dexter.", remedy="Make a new secret."
        ) from error
    return answered({"status": pinged.status, "ms": pinged.ms, "error": pinged.error})


@routes.get("/{id}/deliveries", name="subscriptions.deliveries", response_model=DeliveryPage)
async def list_deliveries(
    subscription: OfSubscription, query: Annotated[DeliveryQuery, Query()], desk: AsDesk
) -> Response:
    """List what is to be sent, what was, and what was given up, the newest first."""
    from dexter.database.subscription_deliveries import page

    before = None if query.cursor is None else int(query.cursor)
    async with desk.database.reading() as connection:
        await desk.required(connection, subscription)
        rows = await page(connection, subscription, query.state, before, query.limit + 1)
    shown = rows[: query.limit]
    following = {"cursor": str(shown[-1].number)} if len(rows) > query.limit else None
    return answered({"data": list(map(_delivery, shown)), "pagination": {"next": following, "prev": None}})


@routes.post("/{id}/deliveries/{delivery}/retry", name="subscriptions.retry", response_model=DeliveryShape)
async def retry_delivery(subscription: OfSubscription, delivery: OfDelivery, desk: AsDesk) -> Response:
    """Send a delivery now that waits or was given up; it has all its attempts again."""
    from dexter.database.subscription_deliveries import find, retry

    async with desk.database.transaction() as connection:
        kept = await desk.required(connection, subscription)
        if not await retry(connection, subscription, desk.now(), delivery):
            if await find(connection, subscription, delivery) is None:
                raise NotFound("There is no such delivery.", remedy="It may be too long ago.")
            raise Conflict("This was delivered.", remedy="What was delivered is not sent again.")
        await _written(connection, desk, kept, {})
        await desk.tell(connection, after={"delivery": delivery})
        found = await find(connection, subscription, delivery)
    desk.outgoing.forwarding.wake()
    return answered(None if found is None else _delivery(found))


@routes.post("/{id}/dead/retry", name="subscriptions.retry_dead", response_model=HowMany)
async def retry_dead(subscription: OfSubscription, desk: AsDesk) -> Response:
    """Send everything again that was given up."""
    from dexter.database.subscription_deliveries import retry

    async with desk.database.transaction() as connection:
        kept = await desk.required(connection, subscription)
        count = await retry(connection, subscription, desk.now(), None)
        await _written(connection, desk, kept, {})
        await desk.tell(connection, after={"count": count})
    desk.outgoing.forwarding.wake()
    return answered({"count": count})


@routes.delete("/{id}/dead", name="subscriptions.remove_dead", response_model=HowMany)
async def remove_dead(subscription: OfSubscription, desk: AsDesk) -> Response:
    """Forget everything that was given up."""
    from dexter.database.subscription_deliveries import remove_dead as forget_dead

    async with desk.database.transaction() as connection:
        await desk.required(connection, subscription)
        count = await forget_dead(connection, subscription)
        await desk.tell(connection, after={"count": count})
    return answered({"count": count})


async def _changed(connection: AsyncConnection, desk: Desk, before: Subscription, values: Json) -> Subscription:
    if "url" in values or values.get("active"):
        # Another receiver, or one that is said to be back, is not made to wait for what was.
        values |= BEGIN_ANEW
    person = desk.caller.person
    if values.get("active"):
        values["paused"] = None
        # Whoever sets it going answers for it.
        values |= {"created_by": person.id, "created_by_name": person.name} if person else {}
    return await _written(connection, desk, before, values)


async def _written(connection: AsyncConnection, desk: Desk, before: Subscription, values: Json) -> Subscription:
    """Change a subscription so that the process which forwards it notices."""
    from dexter.database.subscriptions import change

    after = await change(connection, before.id, {**values, "updated_at": desk.now()})
    if after is None:
        raise NotFound("There is no such subscription.", remedy="It has just been removed.")
    return after


def _demand_permitted(desk: Desk, url: str) -> None:
    why = refused_url(url, desk.outgoing.reach)
    if why is not None:
        raise InvalidFields((FieldError("url", why),))


def _audited(kept: Subscription) -> Json:
    return {name: getattr(kept, name) for name in ("name", "url", "channels", "filter", "types", "active")}


def _view(kept: Subscription, counted: dict[str, int], place: Position | None) -> Json:
    return {
        "id": kept.id,
        "name": kept.name,
        "url": kept.url,
        "channels": kept.channels,
        "filter": kept.filter,
        "types": kept.types,
        "active": kept.is_running,
        "paused_reason": kept.paused,
        "created_at": written(kept.created_at),
        "created_by": {"id": kept.created_by, "name": kept.created_by_name},
        "health": health(active=kept.active, paused=kept.paused, failures=kept.failures),
        "position": f"{kept.epoch}:{kept.position}",
        "behind": _behind(kept, place),
        "delivered": kept.delivered,
        "pending": counted.get(State.PENDING, 0),
        "dead": counted.get(State.DEAD, 0),
        "last_delivery_at": written(kept.last_delivery_at),
        "last_error": kept.last_error,
    }


def _behind(kept: Subscription, place: Position | None) -> int | None:
    if place is None:
        return None
    return place.offset if kept.epoch != place.epoch else max(0, place.offset - kept.position)


def _delivery(kept: KeptDelivery) -> Json:
    message = kept.message
    event = message.get("event") or {"type": kept.type, "why": message.get("why"), "since": message.get("since")}
    settled_at = written(kept.settled_at)
    return {
        "id": kept.id,
        "event": event,
        "place": f"{message.get('epoch')}:{message.get('offset')}",
        "state": kept.state,
        "attempts": kept.attempts,
        "next_attempt_at": written(kept.next_attempt_at),
        "last_status": kept.last_status,
        "last_error": kept.last_error,
        "created_at": written(kept.created_at),
        "delivered_at": settled_at if kept.state == State.DELIVERED else None,
        "dead_at": settled_at if kept.state == State.DEAD else None,
    }
