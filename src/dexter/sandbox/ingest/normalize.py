"""From what an SDK sent to the event that Sentry shows; whatever was sent, an event comes out."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import msgspec

from dexter.sandbox.ingest import interfaces, titles
from dexter.sandbox.ingest.envelope import event_id_of
from dexter.sandbox.ingest.frames import stacktrace
from dexter.sandbox.ingest.grouping import grouping_hash
from dexter.sandbox.ingest.reading import Reader, trimmed
from dexter.sandbox.ingest.tags import derived_tags, sent_tags
from dexter.sandbox.ingest.timestamps import parse_timestamp
from dexter.sandbox.request import new_hex_id

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_MAX_AGE_S = 30 * 86400
_MAX_AHEAD_S = 60
_DIST = re.compile(r"[a-zA-Z0-9_.-]{1,64}")
_PLATFORMS = frozenset((
    "as3", "c", "cfml", "cocoa", "csharp", "elixir", "go", "groovy", "haskell",
    "java", "javascript", "native", "node", "objc", "other", "perl", "php", "python", "ruby",
))  # fmt: skip


@dataclass(frozen=True, slots=True)
class NormalizedEvent:
    """An event ready to be saved. `data` is what `events.data_json` keeps.

    It has the form SDKs send, cleaned: exception, stacktrace, threads, breadcrumbs (each under `values`, keys in
    snake case), logentry, request (query, headers and cookies as pairs), contexts, user, tags (as pairs), sdk, extra,
    modules, debug_meta; and what ingestion found out: title, culprit, location, metadata, hashes, errors (type,
    message, name, value, reason), timestamp and received in epoch seconds.
    """

    event_id: str
    timestamp: float
    received: float
    platform: str
    level: str
    type: str
    title: str
    culprit: str
    message: str
    metadata: Mapping[str, Any]
    hash: str
    tags: Mapping[str, str]
    data: Mapping[str, Any]
    user: Mapping[str, Any] | None = None
    user_key: str | None = None
    environment: str | None = None
    release: str | None = None
    dist: str | None = None
    logger: str | None = None
    unhandled: bool = False


def read_json(raw: bytes) -> Any:
    """Give decoded JSON; raises `ValueError` when it is none. Lone surrogates and NaN, which SDKs do send, pass."""
    try:
        return msgspec.json.decode(raw)
    except (msgspec.DecodeError, RecursionError):
        pass
    try:
        return json.loads(raw)
    except RecursionError as error:
        raise ValueError("too deeply nested") from error


def normalize(
    raw: Mapping[str, Any],
    *,
    received: float,
    size: int = 0,
    client_ip: str | None = None,
    new_id: Callable[[], str] = new_hex_id,
) -> NormalizedEvent:
    """Give the event of an SDK's JSON object. Values of a wrong type are left out and named in its `errors`."""
    reader = Reader()
    parts = _read(reader, raw, client_ip)
    known = titles.metadata(parts["exception"], parts["frame"], parts["message"])
    mechanism = parts["mechanism"] or {}
    group = grouping_hash(
        parts["fingerprint"], parts["exception"], parts["threads"] or _as_thread(parts["stacktrace"]), parts["message"],
        _variables(parts),
    )  # fmt: skip
    event = NormalizedEvent(
        event_id=event_id_of(raw.get("event_id")) or new_id(),
        timestamp=_timestamp(reader, raw.get("timestamp"), received),
        received=received,
        platform=parts["platform"],
        level=parts["level"],
        type="error" if parts["exception"] else "default",
        title=titles.title(known),
        culprit=titles.culprit(parts["transaction"], parts["frame"], parts["request"], parts["platform"]),
        message=(parts["message"] or {}).get("formatted") or "",
        metadata=known,
        hash=group,
        tags=parts["tags"],
        data={},
        user=parts["user"],
        user_key=parts["user_key"],
        environment=parts["environment"],
        release=parts["release"],
        dist=parts["dist"],
        logger=parts["logger"],
        unhandled=mechanism.get("handled") is False,
    )
    return replace(event, data=_data(reader, raw, event, parts, size))


def _read(reader: Reader, raw: Mapping[str, Any], client_ip: str | None) -> dict[str, Any]:
    platform = _platform(reader, raw.get("platform"))
    exception = interfaces.exception(reader, raw.get("exception") or raw.get("sentry.interfaces.Exception"), platform)
    threads = interfaces.threads(reader, raw.get("threads"), platform)
    trace = None if exception else stacktrace(reader, raw.get("stacktrace"), "stacktrace", platform)
    request = interfaces.request(reader, raw.get("request") or raw.get("sentry.interfaces.Http"))
    user = _user(reader, raw, client_ip)
    main = titles.main_exception(exception)
    parts: dict[str, Any] = {
        "platform": platform,
        "exception": exception,
        "main": main or {},
        "mechanism": main["mechanism"] if main else None,
        "threads": threads,
        "stacktrace": trace,
        "frame": titles.crash_frame(exception, threads or _as_thread(trace)),
        "message": interfaces.message(reader, raw),
        "request": request,
        "user": user,
        "user_key": interfaces.user_key(user),
        "level": interfaces.level(reader, raw.get("level")),
        "environment": _environment(reader, raw.get("environment")),
        "release": _release(reader, raw.get("release")),
        "dist": _dist(reader, raw.get("dist")),
        "server_name": reader.text(raw.get("server_name"), "server_name", 256),
        "transaction": reader.text(raw.get("transaction") or raw.get("culprit"), "transaction", 200),
        "logger": reader.text(raw.get("logger"), "logger", 64),
        "contexts": interfaces.contexts(reader, raw.get("contexts"), request),
        "fingerprint": _fingerprint(reader, raw.get("fingerprint")),
    }
    parts["tags"] = dict(sorted({**sent_tags(reader, raw.get("tags")), **derived_tags(parts)}.items()))
    return parts


def _variables(parts: Mapping[str, Any]) -> dict[str, str]:
    frame = parts["frame"] or {}
    found = {
        "error.type": parts["main"].get("type"),
        "error.value": parts["main"].get("value"),
        "stack.function": frame.get("function"),
        "stack.module": frame.get("module"),
        "message": (parts["message"] or {}).get("formatted") or parts["main"].get("value"),
        **{name: parts[name] for name in ("transaction", "level", "logger")},
        **{f"tags.{key}": value for key, value in parts["tags"].items()},
    }
    found |= {
        name.partition(".")[2]: found[name] for name in ("error.type", "error.value", "stack.function", "stack.module")
    }
    return {name: str(value or "") for name, value in found.items()}


def _data(
    reader: Reader, raw: Mapping[str, Any], event: NormalizedEvent, parts: Mapping[str, Any], size: int
) -> dict[str, Any]:
    own = ("type", "title", "culprit", "platform", "level", "logger", "environment", "release", "dist", "timestamp")
    parts_kept = ("exception", "stacktrace", "threads", "request", "contexts", "user", "transaction", "server_name")
    images = reader.mapping(raw.get("debug_meta"), "debug_meta").get("images")
    data: dict[str, Any] = {
        **{name: getattr(event, name) for name in own},
        **{name: parts[name] for name in parts_kept},
        "event_id": event.event_id,
        "received": event.received,
        "location": event.metadata.get("filename"),
        "metadata": event.metadata,
        "logentry": parts["message"],
        "breadcrumbs": interfaces.breadcrumbs(reader, raw.get("breadcrumbs")),
        "tags": list(event.tags.items()),
        "sdk": _sdk(reader, raw.get("sdk")),
        "extra": trimmed(reader.mapping(raw.get("extra"), "extra")),
        "modules": _packages(reader, raw.get("modules")),
        "debug_meta": {"images": trimmed(images)} if isinstance(images, list) and images else None,
        "size": size,
        "fingerprint": parts["fingerprint"] or ["{{ default }}"],
        "hashes": [event.hash],
    }
    data["errors"] = reader.errors
    return {name: value for name, value in data.items() if value is not None}


def _as_thread(trace: Mapping[str, Any] | None) -> dict[str, Any] | None:
    return {"values": [{"stacktrace": trace, "crashed": True, "current": True}]} if trace else None


def _platform(reader: Reader, raw: Any) -> str:
    text = reader.text(raw, "platform", 64)
    if text is None or text in _PLATFORMS:
        return text or "other"
    reader.complain("platform", raw, "unknown platform")
    return "other"


def _user(reader: Reader, raw: Mapping[str, Any], client_ip: str | None) -> dict[str, Any] | None:
    sent = raw.get("user")
    if isinstance(sent, dict) and sent.get("ip_address") == "{{auto}}":
        sent = {**sent, "ip_address": client_ip}
    return interfaces.user(reader, sent)


def _timestamp(reader: Reader, raw: Any, received: float) -> float:
    if raw is None:
        return received
    moment = parse_timestamp(raw)
    if moment is None:
        reader.complain("timestamp", raw, "expected a timestamp")
        return received
    if moment > received + _MAX_AHEAD_S:
        reader.complain("timestamp", raw, "more than a minute ahead", "future_timestamp")
        return received
    if moment < received - _MAX_AGE_S:
        reader.complain("timestamp", raw, "more than 30 days old", "past_timestamp")
        return received
    return moment


def _environment(reader: Reader, raw: Any) -> str | None:
    text = (reader.text(raw, "environment", 4096) or "").strip()
    if not text:
        return None
    if len(text) > 64 or text.lower() == "none" or any(char in text for char in "\n\r\f\t/"):
        reader.complain("environment", raw, "not a valid name of an environment")
        return None
    return text


def _release(reader: Reader, raw: Any) -> str | None:
    text = (reader.text(raw, "release", 4096) or "").strip()
    if not text:
        return None
    if len(text) > 250 or text in (".", "..", "latest") or any(char in text for char in "\n\r\f\t/\\"):
        reader.complain("release", raw, "not a valid name of a release")
        return None
    return text


def _dist(reader: Reader, raw: Any) -> str | None:
    text = (reader.text(raw, "dist", 4096) or "").strip()
    if text and not _DIST.fullmatch(text):
        reader.complain("dist", raw, "not a valid distribution")
        return None
    return text or None


def _fingerprint(reader: Reader, raw: Any) -> list[str]:
    if isinstance(raw, str):
        raw = [raw]
    if raw is not None and not isinstance(raw, list):
        reader.complain("fingerprint", raw, "expected an array")
    parts = raw if isinstance(raw, list) else []
    found = [reader.text(part, f"fingerprint.{index}", 512) for index, part in enumerate(parts[:50])]
    return [part for part in found if part]


def _sdk(reader: Reader, raw: Any) -> dict[str, str | None] | None:
    found = reader.mapping(raw, "sdk")
    if not found:
        return None
    return {key: reader.text(found.get(key), f"sdk.{key}", 128) for key in ("name", "version")}


def _packages(reader: Reader, raw: Any) -> dict[str, str]:
    found = list(reader.mapping(raw, "modules").items())[:500]
    return {str(key)[:200]: str(trimmed(str(value)))[:200] for key, value in found}
