"""Events as Sentry's JSON: the short form of lists, and the whole event."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from dexter.sandbox.serialize.entries import entries, mapping, pairs
from dexter.sandbox.serialize.moment import iso
from dexter.sandbox.serialize.tag import event_tag

if TYPE_CHECKING:
    import sqlite3

Json = dict[str, Any]

_UNTOUCHED_META: Json = {
    "entries": {},
    "message": None,
    "user": None,
    "contexts": None,
    "sdk": None,
    "context": None,
    "packages": None,
    "tags": {},
}


def event_data(row: sqlite3.Row) -> Mapping[str, Any]:
    """Give the event's body as ingestion left it."""
    return mapping(msgspec.json.decode(row["data_json"]))


def short_event(row: sqlite3.Row) -> Json:
    """Give an event as lists show it."""
    data = event_data(row)
    return {
        "id": row["event_id"],
        "event.type": _type(data),
        "groupID": str(row["issue_id"]),
        "eventID": row["event_id"],
        "projectID": str(row["project_id"]),
        "message": row["message"],
        "title": row["title"],
        "location": _location(data),
        "culprit": row["culprit"] or None,
        "user": event_user(data),
        "tags": event_tags(data),
        "platform": row["platform"],
        "dateCreated": iso(row["timestamp"]),
        "crashFile": None,
        "metadata": dict(mapping(data.get("metadata"))),
    }


def whole_event(row: sqlite3.Row) -> Json:
    """Give an event with all of its entries, as details and `full=true` show it."""
    data = event_data(row)
    return {
        "id": row["event_id"],
        "groupID": str(row["issue_id"]),
        "eventID": row["event_id"],
        "projectID": str(row["project_id"]),
        "size": len(row["data_json"].encode()),
        "entries": entries(data),
        "dist": row["dist"],
        "message": row["message"],
        "title": row["title"],
        "location": _location(data),
        "user": event_user(data),
        "contexts": _contexts(data),
        "sdk": _sdk(data),
        "context": dict(mapping(data.get("extra"))),
        "packages": dict(mapping(data.get("modules"))),
        "type": _type(data),
        "metadata": dict(mapping(data.get("metadata"))),
        "tags": event_tags(data),
        "platform": row["platform"] or "other",
        "dateReceived": iso(row["received"]),
        "errors": [_error(item) for item in data.get("errors") or () if isinstance(item, Mapping)],
        "occurrence": None,
        "_meta": dict(_UNTOUCHED_META),
        "crashFile": None,
        "culprit": row["culprit"] or None,
        "dateCreated": iso(row["timestamp"]),
        "fingerprints": [str(item) for item in data.get("hashes") or ()],
        "groupingConfig": {"id": "sandbox:1", "enhancements": ""},
    }


def event_tags(data: Mapping[str, Any]) -> list[Json]:
    """Give the event's tags by key."""
    tags = pairs(data.get("tags"))
    return [
        event_tag(str(key), str(value))
        for key, value in sorted(tags, key=lambda tag: str(tag[0]))
        if value not in (None, "")
    ]


def event_user(data: Mapping[str, Any]) -> Json | None:
    """Give the user who met the event, what is not Sentry's own under `data`; None for nobody."""
    user = mapping(data.get("user"))
    if not user:
        return None
    known = ("id", "email", "username", "ip_address", "name")
    shown: Json = {name: None if user.get(name) is None else str(user[name]) for name in known}
    shown["geo"] = _geo(user.get("geo"))
    rest = {**mapping(user.get("data")), **{name: item for name, item in user.items() if name not in (*known, *_OWN)}}
    shown["data"] = rest or None
    return shown


_OWN = ("geo", "data", "sentry_user")


def _geo(geo: Any) -> dict[str, str] | None:
    known = {str(name): str(item) for name, item in mapping(geo).items() if item is not None}
    return known or None


def _type(data: Mapping[str, Any]) -> str:
    kind = data.get("type")
    if isinstance(kind, str) and kind:
        return kind
    return "error" if data.get("exception") else "default"


def _location(data: Mapping[str, Any]) -> str | None:
    stored = data.get("location") or mapping(data.get("metadata")).get("filename")
    return stored if isinstance(stored, str) else None


def _contexts(data: Mapping[str, Any]) -> Json:
    """Give the contexts, each with the type that says how to show it."""
    return {
        name: {**context, "type": context.get("type") or name} if isinstance(context, Mapping) else context
        for name, context in mapping(data.get("contexts")).items()
        if context is not None
    }


def _sdk(data: Mapping[str, Any]) -> Json | None:
    sdk = mapping(data.get("sdk"))
    return {"name": sdk.get("name"), "version": sdk.get("version")} if sdk else None


def _error(item: Mapping[str, Any]) -> Json:
    data = {name: value for name, value in item.items() if name not in ("type", "message")}
    return {"type": str(item.get("type")), "message": str(item.get("message") or item.get("type")), "data": data}
