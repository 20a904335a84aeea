"""The parts of an event that have a form of their own: exceptions, breadcrumbs, request, message, user, contexts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from dexter.sandbox.ingest.frames import stacktrace
from dexter.sandbox.ingest.reading import MAX_TEXT, Reader, trimmed
from dexter.sandbox.ingest.timestamps import parse_timestamp
from dexter.sandbox.ingest.user_agent import contexts_of

if TYPE_CHECKING:
    from collections.abc import Mapping

LEVELS = ("fatal", "error", "warning", "info", "debug", "sample")
_MAX_CRUMBS = 100
_MAX_EXCEPTIONS = 50
_SECRET_HEADERS = ("authorization", "proxy-authorization", "x-api-key", "x-csrftoken", "x-csrf-token")


def exception(reader: Reader, raw: Any, platform: str) -> dict[str, Any] | None:
    """Give the chain of exceptions, the main one last, or None."""
    found = reader.objects(raw, "exception")[-_MAX_EXCEPTIONS:]
    values = [_exception(reader, item, f"exception.values.{index}", platform) for index, item in enumerate(found)]
    values = [value for value in values if value["type"] or value["value"] or value["stacktrace"]]
    return {"values": values} if values else None


def _exception(reader: Reader, raw: Mapping[str, Any], name: str, platform: str) -> dict[str, Any]:
    value = raw.get("value")
    if isinstance(value, dict | list):
        value = str(trimmed(value, 3))
    return {
        "type": reader.text(raw.get("type"), f"{name}.type", 256),
        "value": reader.text(value, f"{name}.value"),
        "mechanism": _mechanism(reader, raw.get("mechanism"), f"{name}.mechanism"),
        "thread_id": trimmed(raw.get("thread_id")),
        "module": reader.text(raw.get("module"), f"{name}.module", 256),
        "stacktrace": stacktrace(reader, raw.get("stacktrace"), f"{name}.stacktrace", platform),
        "raw_stacktrace": stacktrace(reader, raw.get("raw_stacktrace"), f"{name}.raw_stacktrace", platform),
    }


def _mechanism(reader: Reader, raw: Any, name: str) -> dict[str, Any] | None:
    found = reader.mapping(raw, name)
    if not found:
        return None
    return {
        "type": reader.text(found.get("type"), f"{name}.type", 128) or "generic",
        "description": reader.text(found.get("description"), f"{name}.description"),
        "help_link": reader.text(found.get("help_link"), f"{name}.help_link"),
        "handled": reader.flag(found.get("handled"), f"{name}.handled"),
        "synthetic": reader.flag(found.get("synthetic"), f"{name}.synthetic"),
        "exception_id": reader.number(found.get("exception_id"), f"{name}.exception_id"),
        "parent_id": reader.number(found.get("parent_id"), f"{name}.parent_id"),
        "is_exception_group": reader.flag(found.get("is_exception_group"), f"{name}.is_exception_group"),
        "source": reader.text(found.get("source"), f"{name}.source", 256),
        "meta": trimmed(found.get("meta")),
        "data": trimmed(found.get("data")),
    }


def threads(reader: Reader, raw: Any, platform: str) -> dict[str, Any] | None:
    """Give the threads, or None."""
    found = reader.objects(raw, "threads")
    values = [_thread(reader, item, f"threads.values.{index}", platform) for index, item in enumerate(found)]
    return {"values": values} if values else None


def _thread(reader: Reader, raw: Mapping[str, Any], name: str, platform: str) -> dict[str, Any]:
    return {
        "id": trimmed(raw.get("id")),
        "name": reader.text(raw.get("name"), f"{name}.name", 256),
        "current": bool(reader.flag(raw.get("current"), f"{name}.current")),
        "crashed": bool(reader.flag(raw.get("crashed"), f"{name}.crashed")),
        "main": reader.flag(raw.get("main"), f"{name}.main"),
        "state": reader.text(raw.get("state"), f"{name}.state", 64),
        "stacktrace": stacktrace(reader, raw.get("stacktrace"), f"{name}.stacktrace", platform),
        "raw_stacktrace": stacktrace(reader, raw.get("raw_stacktrace"), f"{name}.raw_stacktrace", platform),
    }


def breadcrumbs(reader: Reader, raw: Any) -> dict[str, Any] | None:
    """Give the last breadcrumbs, oldest first, or None."""
    found = reader.objects(raw, "breadcrumbs")[-_MAX_CRUMBS:]
    values = [_crumb(reader, item, f"breadcrumbs.values.{index}") for index, item in enumerate(found)]
    return {"values": values} if values else None


def _crumb(reader: Reader, raw: Mapping[str, Any], name: str) -> dict[str, Any]:
    moment = parse_timestamp(raw.get("timestamp"))
    if moment is None and raw.get("timestamp") is not None:
        reader.complain(f"{name}.timestamp", raw["timestamp"], "expected a timestamp")
    level = reader.text(raw.get("level"), f"{name}.level", 32)
    return {
        "type": reader.text(raw.get("type"), f"{name}.type", 64) or "default",
        "timestamp": moment,
        "level": _level(level) or "info",
        "message": reader.text(raw.get("message"), f"{name}.message"),
        "category": reader.text(raw.get("category"), f"{name}.category", 256),
        "data": trimmed(reader.mapping(raw.get("data"), f"{name}.data")) or None,
        "event_id": reader.text(raw.get("event_id"), f"{name}.event_id", 64),
    }


def _level(text: str | None) -> str | None:
    word = {"warn": "warning", "critical": "fatal", "log": "info", "trace": "debug"}.get((text or "").lower(), text)
    return word.lower() if word and word.lower() in LEVELS else None


def level(reader: Reader, raw: Any) -> str:
    """Give the event's level, `error` unless it names one."""
    if raw is None:
        return "error"
    known = _level(raw) if isinstance(raw, str) else None
    if known is None:
        reader.complain("level", raw, "expected a level")
    return known or "error"


def request(reader: Reader, raw: Any) -> dict[str, Any] | None:
    """Give the HTTP request, or None. Cookies and query become pairs, secrets in headers are masked."""
    found = reader.mapping(raw, "request")
    if not found:
        return None
    headers = _headers(reader, found.get("headers"))
    query = found.get("query_string") or found.get("query")
    method = reader.text(found.get("method"), "request.method", 16)
    env = reader.mapping(found.get("env"), "request.env")
    clean = {
        "api_target": reader.text(found.get("api_target"), "request.api_target", 64),
        "method": method.upper() if method else None,
        "url": reader.text(found.get("url"), "request.url", 2048),
        "query_string": _query(reader, query) or None,
        "fragment": reader.text(found.get("fragment"), "request.fragment", 1024),
        "data": trimmed(found.get("data")),
        "headers": headers,
        "cookies": _cookies(reader, found.get("cookies")),
        "env": trimmed(env) or None,
        "inferred_content_type": next((value for key, value in headers if key.lower() == "content-type"), None),
    }
    return {key: value for key, value in clean.items() if value is not None}


def _query(reader: Reader, raw: Any) -> list[list[str]]:
    if isinstance(raw, str):
        return [[key, value] for key, value in parse_qsl(raw[:MAX_TEXT].lstrip("?"), keep_blank_values=True)]
    return [[key, _joined(value)] for key, value in reader.pairs(raw, "request.query_string")]


def _headers(reader: Reader, raw: Any) -> list[list[str]]:
    pairs = [[_title(key), _joined(value)] for key, value in reader.pairs(raw, "request.headers")]
    return sorted([key, "[Filtered]" if key.lower() in _SECRET_HEADERS else value] for key, value in pairs)


def _title(header: str) -> str:
    return "-".join(part.capitalize() for part in header[:256].split("-"))


def _cookies(reader: Reader, raw: Any) -> list[list[str]]:
    if isinstance(raw, str):
        parts = (part.strip().partition("=") for part in raw[:MAX_TEXT].split(";"))
        return [[name, value] for name, _, value in parts if name]
    return [[key, _joined(value)] for key, value in reader.pairs(raw, "request.cookies")]


def _joined(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(_joined(item) for item in value[:50])
    return "" if value is None else str(trimmed(str(value)))


def message(reader: Reader, event: Mapping[str, Any]) -> dict[str, Any] | None:
    """Give the log entry, from `logentry` or `message` in either of their forms, or None."""
    raw = event.get("logentry") or event.get("sentry.interfaces.Message") or event.get("message")
    if raw is None or raw == "":
        return None
    if not isinstance(raw, dict):
        text = reader.text(raw, "message")
        return {"formatted": text} if text else None
    template = reader.text(raw.get("message"), "logentry.message")
    formatted = reader.text(raw.get("formatted"), "logentry.formatted")
    params = raw.get("params")
    if formatted is None and template is not None:
        formatted = _filled(template, params)
    if not formatted:
        return None
    shown: dict[str, Any] = {"formatted": formatted}
    if template and template != formatted:
        shown["message"] = template
    if isinstance(params, dict | list) and params:
        shown["params"] = trimmed(params, 3)
    return shown


def _filled(template: str, params: Any) -> str:
    values = tuple(params) if isinstance(params, list) else params
    if not values or "%" not in template:
        return template
    try:
        return template % values
    except (TypeError, ValueError, KeyError, OverflowError):
        return template


def user(reader: Reader, raw: Any) -> dict[str, Any] | None:
    """Give the user, unknown fields under `data`, or None."""
    found = reader.mapping(raw, "user")
    shown: dict[str, Any] = {
        key: reader.text(found.get(key), f"user.{key}", 256)
        for key in ("id", "email", "username", "ip_address", "name")
    }
    if shown["ip_address"] == "{{auto}}":
        shown["ip_address"] = None
    geo = found.get("geo")
    shown["geo"] = {str(key): str(value) for key, value in geo.items()} if isinstance(geo, dict) and geo else None
    extra = {key: value for key, value in found.items() if key not in shown and key not in ("data", "sentry_user")}
    shown["data"] = trimmed({**extra, **reader.mapping(found.get("data"), "user.data")}) or None
    return shown if any(shown.values()) else None


def user_key(shown: Mapping[str, Any] | None) -> str | None:
    """Give the value of the `user` tag, `id:7`, by the first field that identifies; None for nobody."""
    for field, prefix in (("id", "id"), ("username", "username"), ("email", "email"), ("ip_address", "ip")):
        if shown and shown.get(field):
            return f"{prefix}:{shown[field]}"
    return None


def contexts(reader: Reader, raw: Any, shown_request: Mapping[str, Any] | None) -> dict[str, Any]:
    """Give the contexts, each with its `type`; browser and operating system also from the request's user agent."""
    shown: dict[str, Any] = {}
    for key, value in reader.mapping(raw, "contexts").items():
        found = reader.mapping(value, f"contexts.{key}")
        if found:
            shown[str(key)[:200]] = {**trimmed(found), "type": str(found.get("type") or key)}
    agent = next((value for key, value in (shown_request or {}).get("headers", []) if key == "User-Agent"), None)
    for key, context in contexts_of(agent).items():
        wanted = "client_os" if key == "os" and "os" in shown and shown["os"].get("name") != context["name"] else key
        shown.setdefault(wanted, {**context, "type": "os" if key == "os" else key})
    return shown
