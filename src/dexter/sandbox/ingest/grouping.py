"""Which events belong together: the hash an event is grouped by."""

from __future__ import annotations

import re
from hashlib import md5
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

DEFAULT = re.compile(r"\{\{\s*default\s*\}\}")
_VARIABLE = re.compile(r"\{\{\s*([\w.]+)\s*\}\}")
_MAX_CONTEXT_LINE = 120
_VARYING = (
    (r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", "<uuid>"),
    (r"\bhttps?://[^\s\"'<>]+", "<url>"),
    (r"\b[\w.+-]+@[\w-]+\.[\w.-]+\b", "<email>"),
    (r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?", "<date>"),
    (r"\b\d{4}-\d\d-\d\d\b", "<date>"),
    (r"\b\d{1,3}(?:\.\d{1,3}){3}\b", "<ip>"),
    (r"\b0x[0-9a-f]+\b", "<hex>"),
    (r"\b(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{8,}\b", "<hex>"),
    (r"-?\b\d+(?:\.\d+)?\b", "<int>"),
)
_VARYING_PATTERN = re.compile("|".join(f"({pattern})" for pattern, _ in _VARYING), re.IGNORECASE)
_FILE_PARTS = re.compile(r"^.*[/\\]")
_HASHED_NAME = re.compile(r"[.-][0-9a-f]{6,32}(?=\.\w+$)")


def parameterized(text: str) -> str:
    """Give the text with what varies between occurrences (numbers, ids, addresses, dates) taken out."""
    return _VARYING_PATTERN.sub(lambda match: _VARYING[(match.lastindex or 1) - 1][1], text)


def grouping_hash(
    fingerprint: Sequence[str],
    exception: Mapping[str, Any] | None,
    threads: Mapping[str, Any] | None,
    message: Mapping[str, Any] | None,
    variables: Mapping[str, str],
) -> str:
    """Give the MD5 an event is grouped by.

    The fingerprint decides; its `{{ default }}` stands for what the event itself says, and other
    `{{ variables }}` for the event's own words.
    """
    own = _hash(_own_parts(exception, threads, message))
    if not fingerprint or (len(fingerprint) == 1 and DEFAULT.fullmatch(fingerprint[0].strip())):
        return own
    return _hash(DEFAULT.sub(own, _expanded(part, variables)) for part in fingerprint)


def _expanded(part: str, variables: Mapping[str, str]) -> str:
    return _VARIABLE.sub(
        lambda match: match[0] if match[1] == "default" else variables.get(match[1], f"<no-{match[1]}>"), part
    )


def _own_parts(
    exception: Mapping[str, Any] | None, threads: Mapping[str, Any] | None, message: Mapping[str, Any] | None
) -> list[str]:
    if exception:
        return [part for value in exception["values"] for part in _exception_parts(value)]
    for thread in (threads or {}).get("values", ()):
        if thread["stacktrace"] and (thread["crashed"] or thread["current"]):
            return _trace_parts(thread["stacktrace"])
    text = (message or {}).get("message") or (message or {}).get("formatted") or ""
    return ["message", parameterized(str(text).strip())]


def _exception_parts(value: Mapping[str, Any]) -> list[str]:
    synthetic = bool(value["mechanism"] and value["mechanism"]["synthetic"])
    kind = [] if synthetic else [str(value["type"] or "")]
    frames = _trace_parts(value["stacktrace"]) if value["stacktrace"] else []
    if frames:
        return ["exception", *kind, *frames]
    return ["exception", str(value["type"] or ""), parameterized(str(value["value"] or "").strip())]


def _trace_parts(trace: Mapping[str, Any]) -> list[str]:
    frames = trace["frames"]
    for chosen in ([frame for frame in frames if frame["in_app"]], frames):
        parts = [part for part in map(_frame_part, chosen) if part]
        if parts:
            # A recursion of any depth is the same fault: a frame that follows itself counts once.
            return [part for index, part in enumerate(parts) if index == 0 or part != parts[index - 1]]
    return []


def _frame_part(frame: Mapping[str, Any]) -> str:
    path = _HASHED_NAME.sub("", _FILE_PARTS.sub("", frame.get("filename", "")))
    where, what = frame.get("module") or path.lower(), frame.get("function", "")
    line = frame.get("context_line", "").strip()
    return "\x00".join((where, what, line if len(line) <= _MAX_CONTEXT_LINE else "")) if where or what or line else ""


def _hash(parts: Iterable[str]) -> str:
    return md5("\x01".join(parts).encode("utf-8", "replace"), usedforsecurity=False).hexdigest()
