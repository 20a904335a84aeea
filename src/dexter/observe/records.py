"""What happened, as frozen records for metrics, logs and spans alike; no record holds a token or a path."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from dexter.wire import Outcome


class CallFinished(msgspec.Struct, frozen=True):
    """A call went through the whole stack. `error` names the class of what was raised instead of an answer."""

    endpoint: str
    method: str
    identity_kind: str
    request_id: str
    duration_s: float
    status: int | None = None
    outcome: Outcome | None = None
    error: str | None = None
    count: int = 1
    """How many alike calls this stands for; `duration_s` is their mean then."""


class AttemptFinished(msgspec.Struct, frozen=True):
    """Sentry itself was asked once. `status` is None when it did not answer, and then `error` says why."""

    endpoint: str
    method: str
    request_id: str
    duration_s: float
    status: int | None = None
    error: str | None = None


class FlightLanded(msgspec.Struct, frozen=True):
    """A shared flight ended; `joined` callers came along beside the first."""

    endpoint: str
    joined: int


class EntryStored(msgspec.Struct, frozen=True):
    """An answer was kept."""

    endpoint: str
    size_bytes: int
    fallback_only: bool


class StoreRefused(msgspec.Struct, frozen=True):
    """An answer was not kept, since a write came while it was on its way, or it is too large."""

    endpoint: str


class TagsPurged(msgspec.Struct, frozen=True):
    """A write made `entries` entries go."""

    endpoint: str
    tags: int
    entries: int


class IdentityDropped(msgspec.Struct, frozen=True):
    """Sentry doubted a credential; everything stored for it is gone."""

    endpoint: str
    identity_kind: str
    status: int
    entries: int


class RefreshFailed(msgspec.Struct, frozen=True):
    """A refresh behind the caller's back failed; the stale entry stays."""

    endpoint: str
    error: str


class RetryScheduled(msgspec.Struct, frozen=True):
    """A read will be sent again in `pause_s`, since attempt number `sent` failed in a way that may pass."""

    endpoint: str
    method: str
    request_id: str
    sent: int
    pause_s: float
    reason: str


class BreakerChanged(msgspec.Struct, frozen=True):
    """A circuit breaker became `closed`, `half_open` or `open`; `last_failure` is empty when nothing failed lately."""

    call_class: str
    state: str
    last_failure: str


class QuotaTold(msgspec.Struct, frozen=True):
    """Sentry told, with an answer, what is left of a quota; `concurrent_limit` is None where it did not."""

    identity_kind: str
    method: str
    limit: int
    remaining: int
    concurrent_limit: int | None
    resets_at: float | None = None
    """The epoch second at which the window ends."""


class CallWaited(msgspec.Struct, frozen=True):
    """A call waited for quota or a place before it was sent. `priority` is such as `interactive`."""

    endpoint: str
    priority: str
    waited_s: float


class RefusedByQuota(msgspec.Struct, frozen=True):
    """Sentry answered 429 though nothing that was known spoke against the call; `reason` names the kind of refusal."""

    endpoint: str
    method: str
    reason: str


class AnswerServed(msgspec.Struct, frozen=True):
    """A request to one of the gateway's faces was answered. `face` is such as `/api/0`."""

    face: str
    endpoint: str
    method: str
    status: int
    duration_s: float
    request_id: str
    outcome: Outcome | None = None
    count: int = 1
    """How many alike answers this stands for; `duration_s` is their mean then, and `request_id` is empty."""
    identity_kind: str = ""
    """Whose rights it was answered with; empty when the request never came that far."""


class DeprecationSeen(msgspec.Struct, frozen=True):
    """Sentry said that an address is on its way out. `brownout`: it answered 410 this time."""

    endpoint: str
    date: str
    replacement: str | None
    brownout: bool


class CallTranslated(msgspec.Struct, frozen=True):
    """A call went where this Sentry has what was asked for. `address` is the kind of address that it lacks."""

    endpoint: str
    address: str
    status: int


class CapabilitiesProbed(msgspec.Struct, frozen=True):
    """This Sentry was asked what it can do. `addresses` are pairs of an address's kind and its state."""

    kind: str
    version: str | None
    dialect: str
    addresses: tuple[tuple[str, str], ...]


class LinkMended(msgspec.Struct, frozen=True):
    """A malformed `Link` header was set right."""

    endpoint: str


class ReplyChecked(msgspec.Struct, frozen=True):
    """An answer was held against the catalog's schema. `faults` are pairs of a field and what is wrong with it."""

    endpoint: str
    faults: tuple[tuple[str, str], ...]


class WebhookCame(msgspec.Struct, frozen=True):
    """Somebody sent a webhook. `became` says what of it: taken, again, unwritten, or why it was refused."""

    resource: str
    became: str


class EventRecorded(msgspec.Struct, frozen=True):
    """The feed has an event more. `source` is where it was seen first."""

    type: str
    source: str


class EventForwarded(msgspec.Struct, frozen=True):
    """An attempt to forward an event is over: it was delivered, will be tried again, or was given up as dead."""

    outcome: str


class ListenerRefused(msgspec.Struct, frozen=True):
    """Somebody wanted to listen and was one too many: of `all` in this process, or of `each` caller's own."""

    why: str


class ListenerLeft(msgspec.Struct, frozen=True):
    """A socket or a stream ended. `way` is which; `reason` is `left` when its client went, else what `bye` said."""

    way: str
    reason: str


class EventsTold(msgspec.Struct, frozen=True):
    """So many messages went to those who listen on sockets or on streams."""

    way: str
    messages: int


class GapTold(msgspec.Struct, frozen=True):
    """A listener was told that history is missing, and why."""

    why: str


Record = (
    CallFinished
    | AttemptFinished
    | FlightLanded
    | EntryStored
    | StoreRefused
    | TagsPurged
    | IdentityDropped
    | RefreshFailed
    | RetryScheduled
    | BreakerChanged
    | QuotaTold
    | CallWaited
    | RefusedByQuota
    | AnswerServed
    | DeprecationSeen
    | CallTranslated
    | CapabilitiesProbed
    | LinkMended
    | ReplyChecked
    | WebhookCame
    | EventRecorded
    | EventForwarded
    | ListenerRefused
    | ListenerLeft
    | EventsTold
    | GapTold
)
Observer = Callable[[Record], None]


def tell(observers: tuple[Observer, ...], record: Record) -> None:
    """Hand a record to every observer; one that fails is logged and never fails the call."""
    for observer in observers:
        try:
            observer(record)
        except Exception:
            logging.getLogger("dexter.observe").exception("observer_failed")
