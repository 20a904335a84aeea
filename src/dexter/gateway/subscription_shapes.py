"""The shapes of subscriptions that forward the feed, and of what is sent to them: asked for, and in answers."""

# Pydantic reads the annotations at run time, so their imports stay out of type-checking blocks.

from __future__ import annotations

from datetime import datetime  # noqa: TC003
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, Field, model_validator

from dexter.gateway.issue_shapes import Neighbours  # noqa: TC001
from dexter.gateway.requested import Strict
from dexter.policy.feed_channels import LONGEST_FILTER, MOST_CHANNELS, is_channel, read_filter
from dexter.policy.issue_feed import Kind
from dexter.policy.outgoing_addresses import LONGEST_URL
from dexter.realtime.events import (
    ALERT_RESOLVED,
    ALERT_TRIGGERED,
    GATEWAY_BREAKER,
    GATEWAY_DRIFT,
    GATEWAY_QUOTA,
    JOB_PROGRESS,
    PRESENCE,
)

TYPES = (
    *(kind.value for kind in Kind),
    ALERT_TRIGGERED,
    ALERT_RESOLVED,
    JOB_PROGRESS,
    GATEWAY_BREAKER,
    GATEWAY_QUOTA,
    GATEWAY_DRIFT,
    PRESENCE,
)
"""Every type of event that the feed has."""
_BEGINNINGS = frozenset({*TYPES, *(each.partition(".")[0] for each in TYPES)})

DeliveryState = Literal["pending", "delivered", "dead"]


def _channel(name: str) -> str:
    if not is_channel(name):
        raise ValueError("there are issues, alerts, jobs, gateway, presence, project:SLUG and issue:NUMBER")
    return name


def _filter(text: str) -> str:
    read_filter(text)
    return text.strip()


def _type(word: str) -> str:
    if word not in _BEGINNINGS:
        raise ValueError(f"there are {', '.join(TYPES)}, and their beginnings such as issue")
    return word


Name = Annotated[str, Field(min_length=1, max_length=128, pattern=r"^[^\x00-\x1f\x7f]*\S[^\x00-\x1f\x7f]*$")]
Url = Annotated[str, Field(min_length=1, max_length=LONGEST_URL, description="Where events are sent: http or https.")]
Channels = Annotated[
    list[Annotated[str, AfterValidator(_channel)]],
    Field(min_length=1, max_length=MOST_CHANNELS, description="The feed's channels: issues, alerts, project:SLUG …"),
]
FilterText = Annotated[
    str,
    Field(max_length=LONGEST_FILTER, description="Terms as in the feed, such as `project:shop-api !source:poll`."),
    AfterValidator(_filter),
]
Types = Annotated[
    list[Annotated[str, AfterValidator(_type)]],
    Field(max_length=50, description="Types of events, or their beginnings such as `issue`; none for all."),
]


class SubscriptionForm(Strict):
    """A subscription to make."""

    name: Name
    url: Url
    channels: Channels
    filter: FilterText = ""
    types: Types = Field(default=[])


class SubscriptionChange(Strict):
    """What to change of a subscription. `active: true` also sets one going that was stopped by Dexter itself."""

    name: Name | None = None
    url: Url | None = None
    channels: Channels | None = None
    filter: FilterText | None = None
    types: Types | None = None
    active: Annotated[bool, Field(strict=True)] | None = None

    @model_validator(mode="after")
    def _meaningful(self) -> SubscriptionChange:
        if not self.model_dump(exclude_none=True):
            raise ValueError("nothing to change is named")
        return self


class SubscriptionPerson(BaseModel):
    """Who answers for a subscription: it forwards what they may hear."""

    id: str | None
    name: str


class SubscriptionShape(BaseModel):
    """A subscription. Its secret is shown when it is made, and never again."""

    id: str
    name: str
    url: str
    channels: list[str]
    filter: str
    types: list[str]
    active: bool
    paused_reason: str | None = Field(description="Why Dexter stopped it; null while it runs or people stopped it.")
    created_at: datetime
    created_by: SubscriptionPerson
    health: Literal["ok", "failing", "paused"]
    position: str = Field(description="How far it is in the feed's log: EPOCH:OFFSET.")
    behind: int | None = Field(
        description="So many records of the log it has not looked at yet; null while the log does not answer."
    )
    delivered: int
    pending: int
    dead: int
    last_delivery_at: datetime | None
    last_error: str | None


class SubscriptionList(BaseModel):
    """All subscriptions, the oldest first."""

    data: list[SubscriptionShape]


class NewSubscription(SubscriptionShape):
    """A subscription that was just made, with the secret that its deliveries are signed with: shown this once."""

    secret: str


class NewSecret(BaseModel):
    """The secret that deliveries are signed with from now on: shown this once."""

    secret: str


class PingShape(BaseModel):
    """What came of a test: the receiver's status, how long it took, and what was wrong if anything was."""

    status: int | None
    ms: int
    error: str | None


class DeliveryShape(BaseModel):
    """One event on its way to a receiver. `id` is what X-Dexter-Delivery says, the same at each attempt."""

    id: str
    event: dict[str, Any] = Field(description="The event, or of a gap its type, why, and where history is missing.")
    place: str = Field(description="Where it is in the feed's log: EPOCH:OFFSET.")
    state: DeliveryState
    attempts: int
    next_attempt_at: datetime | None
    last_status: int | None
    last_error: str | None
    created_at: datetime
    delivered_at: datetime | None
    dead_at: datetime | None


class DeliveryPage(BaseModel):
    """Deliveries, the newest first."""

    data: list[DeliveryShape]
    pagination: Neighbours


class DeliveryQuery(Strict):
    """Which deliveries."""

    state: DeliveryState | None = None
    cursor: Annotated[str, Field(pattern=r"^[0-9]{1,18}$")] | None = None
    limit: Annotated[int, Field(ge=1, le=100)] = 50


class HowMany(BaseModel):
    """How many deliveries it was."""

    count: int
