"""What is done with each item of an envelope: filed, counted, or passed over."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dexter.sandbox.ingest.envelope import Item, event_id_of
from dexter.sandbox.ingest.normalize import normalize, read_json
from dexter.sandbox.ingest.save import save_event
from dexter.sandbox.request import new_hex_id
from dexter.sandbox.tombstones import DISCARDED

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Mapping

    from dexter.sandbox.database import Database

CATEGORIES: Mapping[str, str] = {
    "event": "error",
    "transaction": "transaction",
    "span": "span",
    "session": "session",
    "sessions": "session",
    "attachment": "attachment",
    "user_report": "feedback",
    "feedback": "feedback",
    "check_in": "monitor",
    "log": "log_item",
    "trace_metric": "trace_metric",
    "statsd": "metric_bucket",
    "profile": "profile",
    "profile_chunk": "profile_chunk",
    "replay_event": "replay",
    "replay_recording": "replay",
    "replay_video": "replay",
    "raw_security": "security",
    "client_report": "internal",
}
"""The quota category of each known item; an item of another type is passed over, as newer SDKs expect."""


class BadItem(Exception):
    """An item whose payload is not of its type's form."""


@dataclass(slots=True)
class Delivery:
    """One envelope on its way into a project."""

    db: Database
    project: sqlite3.Row
    now: float
    index_lag_s: float = 0.0
    client_ip: str | None = None
    event_id: str | None = None
    """The envelope's event id, which its items share."""
    accepted: list[str] = field(default_factory=list)
    """The categories taken in, in order."""


def deliver(delivery: Delivery, item: Item) -> None:
    """Take in one item; raises `BadItem` for a payload that cannot be read."""
    category = CATEGORIES.get(item.type)
    if category is None:
        return
    take = _TAKERS.get(item.type)
    filtered = take(delivery, item) if take is not None else None
    quantity = item.headers.get("item_count")
    outcome = "filtered" if filtered else "accepted"
    count_outcome(delivery, category, outcome, filtered or "", quantity if isinstance(quantity, int) else 1)
    delivery.accepted.append(category)


def count_outcome(delivery: Delivery, category: str, outcome: str, reason: str, quantity: int = 1) -> None:
    """Count what became of items, by hour."""
    delivery.db.run(
        "INSERT INTO outcomes (project_id, category, outcome, reason, hour, quantity) VALUES (?1,?2,?3,?4,?5,?6)"
        " ON CONFLICT DO UPDATE SET quantity = quantity + ?6",
        delivery.project["id"], category, outcome, reason, int(delivery.now // 3600) * 3600,
        max(0, min(quantity, 10**9)),
    )  # fmt: skip


def _object(item: Item) -> dict[str, Any]:
    try:
        body = read_json(item.payload)
    except ValueError as error:
        raise BadItem(f"invalid {item.type} payload: {error}") from error
    if not isinstance(body, dict):
        raise BadItem(f"invalid {item.type} payload: expected an object")
    return body


def _take_event(delivery: Delivery, item: Item) -> str | None:
    """File an event; give why it was thrown away instead, if it was."""
    body = _object(item)
    if delivery.event_id is None:
        delivery.event_id = event_id_of(body.get("event_id")) or new_hex_id()
    if "platform" not in body:
        body["platform"] = (delivery.project["platform"] or "other").partition("-")[0]
    event = normalize(
        {**body, "event_id": delivery.event_id},
        received=delivery.now,
        size=len(item.payload),
        client_ip=delivery.client_ip,
    )
    saved = save_event(delivery.db, delivery.project, event, delivery.now, index_lag_s=delivery.index_lag_s)
    return DISCARDED if saved.is_discarded else None


def _take_transaction(delivery: Delivery, item: Item) -> None:
    body = _object(item)
    delivery.event_id = delivery.event_id or event_id_of(body.get("event_id")) or new_hex_id()


def _take_attachment(delivery: Delivery, item: Item) -> None:
    if delivery.event_id is None:
        return
    name, kind = item.headers.get("filename"), item.headers.get("content_type")
    delivery.db.run(
        "INSERT INTO attachments (event_id, project_id, name, content_type, size, sha1, content, date_created)"
        " VALUES (?,?,?,?,?,?,?,?)",
        delivery.event_id, delivery.project["id"], name[:255] if isinstance(name, str) else "unnamed",
        kind[:255] if isinstance(kind, str) else "application/octet-stream", len(item.payload),
        hashlib.sha1(item.payload, usedforsecurity=False).hexdigest(), item.payload, delivery.now,
    )  # fmt: skip


def _take_user_report(delivery: Delivery, item: Item) -> None:
    body = _object(item)
    _file_report(delivery, event_id_of(body.get("event_id")), body, "comments")


def _take_feedback(delivery: Delivery, item: Item) -> None:
    body = _object(item)
    contexts = body.get("contexts")
    feedback = contexts.get("feedback") if isinstance(contexts, dict) else None
    if not isinstance(feedback, dict):
        raise BadItem("invalid feedback payload: missing context `feedback`")
    known = {"name": feedback.get("name"), "email": feedback.get("contact_email"), "message": feedback.get("message")}
    _file_report(delivery, event_id_of(feedback.get("associated_event_id")), known, "message")
    delivery.event_id = delivery.event_id or event_id_of(body.get("event_id")) or new_hex_id()


def _file_report(delivery: Delivery, event_id: str | None, body: Mapping[str, Any], text_key: str) -> None:
    if event_id is None:
        return
    project = delivery.project["id"]
    issue = delivery.db.value("SELECT issue_id FROM events WHERE project_id = ? AND event_id = ?", project, event_id)
    texts = [
        value if isinstance(value, str) else "" for value in (body.get("name"), body.get("email"), body.get(text_key))
    ]
    delivery.db.run(
        "INSERT INTO user_reports (project_id, event_id, issue_id, name, email, comments, date_created)"
        " VALUES (?1,?2,?3,?4,?5,?6,?7) ON CONFLICT DO UPDATE SET name = ?4, email = ?5, comments = ?6",
        project, event_id, issue, texts[0][:128], texts[1][:254], texts[2][:4096], delivery.now,
    )  # fmt: skip


def _take_client_report(delivery: Delivery, item: Item) -> None:
    discarded = _object(item).get("discarded_events")
    for entry in discarded if isinstance(discarded, list) else []:
        if isinstance(entry, dict) and isinstance(entry.get("quantity"), int):
            reason, category = str(entry.get("reason"))[:100], str(entry.get("category"))[:50]
            count_outcome(delivery, category, "client_discard", reason, entry["quantity"])


_TAKERS: dict[str, Callable[[Delivery, Item], str | None]] = {
    "event": _take_event,
    "transaction": _take_transaction,
    "attachment": _take_attachment,
    "user_report": _take_user_report,
    "feedback": _take_feedback,
    "client_report": _take_client_report,
}
