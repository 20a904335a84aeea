"""The parts of an event's body as Sentry shows them: exceptions, threads, message, breadcrumbs, request, images. Pure.

Input is the event as the SDK sent it and ingestion left it; whatever is missing or of another form is left out or
null, since events come from strangers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from dexter.sandbox.serialize.moment import iso

Json = dict[str, Any]


def entries(data: Mapping[str, Any]) -> list[Json]:
    """Give the entries of an event, in the order in which Sentry lists them."""
    found = []
    for kind, build in _BUILDERS:
        body = build(data)
        if body is not None:
            found.append({"type": kind, "data": body})
    return found


def mapping(value: Any) -> Mapping[str, Any]:
    """Give the value where it is an object, else an empty one."""
    return value if isinstance(value, Mapping) else {}


def values(value: Any) -> list[Any]:
    """Give the list in `[...]` or in `{"values": [...]}`, without nulls; empty for anything else."""
    inner = value.get("values") if isinstance(value, Mapping) else value
    return [item for item in inner if item is not None] if isinstance(inner, list) else []


def pairs(value: Any) -> list[list[Any]]:
    """Give `[[name, value], ...]` of an object or of a list of pairs."""
    if isinstance(value, Mapping):
        return [[name, item] for name, item in value.items()]
    return [[item[0], item[1]] for item in value or () if isinstance(item, list | tuple) and len(item) == 2]


def _exception(data: Mapping[str, Any]) -> Json | None:
    exceptions = [mapping(item) for item in values(data.get("exception"))]
    if not exceptions:
        return None
    shown = [_one_exception(item) for item in exceptions]
    return {"values": shown, "hasSystemFrames": any(_has_system_frames(item) for item in shown), "excOmitted": None}


def _one_exception(item: Mapping[str, Any]) -> Json:
    return {
        "type": item.get("type"),
        "value": item.get("value"),
        "mechanism": item.get("mechanism"),
        "threadId": item.get("thread_id"),
        "module": item.get("module"),
        "stacktrace": stacktrace(item.get("stacktrace")),
        "rawStacktrace": stacktrace(item.get("raw_stacktrace")),
    }


def _has_system_frames(exception: Json) -> bool:
    return bool(exception["stacktrace"] and exception["stacktrace"]["hasSystemFrames"])


def stacktrace(value: Any) -> Json | None:
    """Give a stack trace, oldest frame first; None where there are no frames."""
    frames = [mapping(item) for item in mapping(value).get("frames") or () if isinstance(item, Mapping)]
    if not frames:
        return None
    in_app = [bool(item.get("in_app")) for item in frames]
    return {
        "frames": [_frame(item) for item in frames],
        "framesOmitted": mapping(value).get("frames_omitted"),
        "registers": mapping(value).get("registers"),
        # True only for a mixture: a trace of system frames alone has nothing to tell apart.
        "hasSystemFrames": any(in_app) and not all(in_app),
    }


def _frame(item: Mapping[str, Any]) -> Json:
    return {
        "filename": item.get("filename"),
        "absPath": item.get("abs_path"),
        "module": item.get("module"),
        "package": item.get("package"),
        "platform": item.get("platform"),
        "instructionAddr": item.get("instruction_addr"),
        "symbolAddr": item.get("symbol_addr"),
        "function": item.get("function"),
        "rawFunction": item.get("raw_function"),
        "symbol": item.get("symbol"),
        "context": _source_lines(item),
        "lineNo": item.get("lineno"),
        "colNo": item.get("colno"),
        "inApp": bool(item.get("in_app")),
        "trust": item.get("trust"),
        "errors": item.get("errors"),
        "lock": item.get("lock"),
        "sourceLink": item.get("source_link"),
        "vars": item.get("vars"),
    }


def _source_lines(item: Mapping[str, Any]) -> list[list[Any]]:
    number = item.get("lineno")
    if not isinstance(number, int) or item.get("context_line") is None:
        return []
    before, after = item.get("pre_context") or [], item.get("post_context") or []
    first = number - len(before)
    return [[first + index, line] for index, line in enumerate([*before, item["context_line"], *after])]


def _plain_stacktrace(data: Mapping[str, Any]) -> Json | None:
    return stacktrace(data.get("stacktrace"))


def _threads(data: Mapping[str, Any]) -> Json | None:
    threads = [mapping(item) for item in values(data.get("threads"))]
    if not threads:
        return None
    return {
        "values": [
            {
                "id": item.get("id"),
                "current": bool(item.get("current")),
                "crashed": bool(item.get("crashed")),
                "name": item.get("name"),
                "stacktrace": stacktrace(item.get("stacktrace")),
                "rawStacktrace": stacktrace(item.get("raw_stacktrace")),
                "state": item.get("state"),
                "heldLocks": item.get("held_locks"),
            }
            for item in threads
        ]
    }


def _message(data: Mapping[str, Any]) -> Json | None:
    entry = data.get("logentry") or data.get("message")
    if isinstance(entry, str):
        return {"formatted": entry}
    entry = mapping(entry)
    formatted = entry.get("formatted") or entry.get("message")
    if not formatted:
        return None
    return {"formatted": formatted, "message": entry.get("message"), "params": entry.get("params")}


def _breadcrumbs(data: Mapping[str, Any]) -> Json | None:
    crumbs = [mapping(item) for item in values(data.get("breadcrumbs"))]
    if not crumbs:
        return None
    return {
        "values": [
            {
                "type": item.get("type") or "default",
                "timestamp": moment_text(item.get("timestamp")),
                "level": item.get("level") or "info",
                "message": item.get("message"),
                "category": item.get("category"),
                "data": item.get("data") or None,
                "event_id": item.get("event_id"),
            }
            for item in crumbs
        ]
    }


def moment_text(value: Any) -> str | None:
    """Give a time as Sentry writes it, from epoch seconds or from ISO text without a zone; None for neither."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return iso(value)
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return value
    return iso((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())


def _request(data: Mapping[str, Any]) -> Json | None:
    request = mapping(data.get("request"))
    if not request:
        return None
    url = str(request.get("url") or "")
    parts = _split(url)
    query = request.get("query_string")
    return {
        "apiTarget": request.get("api_target"),
        "url": url.split("?", 1)[0].split("#", 1)[0] or None,
        "method": request.get("method"),
        "query": _query_pairs(query or parts[0]),
        "fragment": request.get("fragment") or parts[1] or None,
        "data": request.get("data"),
        "headers": pairs(request.get("headers")),
        "cookies": _cookie_pairs(request.get("cookies")),
        "env": request.get("env"),
        "inferredContentType": request.get("inferred_content_type"),
    }


def _split(url: str) -> tuple[str, str]:
    try:
        parts = urlsplit(url)
    except ValueError:
        return "", ""
    return parts.query, parts.fragment


def _query_pairs(query: Any) -> list[list[Any]]:
    if isinstance(query, str):
        return [[name, value] for name, value in parse_qsl(query.lstrip("?"), keep_blank_values=True)]
    return pairs(query)


def _cookie_pairs(cookies: Any) -> list[list[Any]]:
    if isinstance(cookies, str):
        found = (part.strip().partition("=") for part in cookies.split(";"))
        return [[name, value] for name, _, value in found if name]
    return pairs(cookies)


def _debug_images(data: Mapping[str, Any]) -> Json | None:
    images = mapping(data.get("debug_meta")).get("images")
    return {"images": images} if isinstance(images, list) and images else None


def _csp(data: Mapping[str, Any]) -> Json | None:
    csp = data.get("csp")
    return dict(csp) if isinstance(csp, Mapping) else None


_BUILDERS: tuple[tuple[str, Callable[[Mapping[str, Any]], Json | None]], ...] = (
    ("exception", _exception),
    ("stacktrace", _plain_stacktrace),
    ("threads", _threads),
    ("message", _message),
    ("csp", _csp),
    ("breadcrumbs", _breadcrumbs),
    ("request", _request),
    ("debugmeta", _debug_images),
)
