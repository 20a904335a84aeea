"""What an event is called: its title, its culprit and the metadata both rest on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_MAX_TITLE = 100
_NATIVE = ("native", "cocoa", "c", "objc")


def main_exception(exception: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """Give the exception an event is about: the last of the chain."""
    if not exception:
        return None
    found: Mapping[str, Any] = exception["values"][-1]
    return found


def crash_frame(exception: Mapping[str, Any] | None, threads: Mapping[str, Any] | None = None) -> dict[str, Any] | None:
    """Give the frame to blame: the newest of the application's own, else the newest of all."""
    traces = [value["stacktrace"] for value in reversed(exception["values"])] if exception else []
    if threads:
        traces += [thread["stacktrace"] for thread in threads["values"] if thread["crashed"] or thread["current"]]
    frames: list[dict[str, Any]] = next((trace["frames"] for trace in traces if trace), [])
    return next((frame for frame in reversed(frames) if frame["in_app"]), frames[-1] if frames else None)


def metadata(
    exception: Mapping[str, Any] | None, frame: Mapping[str, Any] | None, message: Mapping[str, Any] | None
) -> dict[str, Any]:
    """Give the issue's metadata: value, type, filename and function of an error, the title of a message."""
    main = main_exception(exception)
    if main is None:
        return {"title": _message_title(message)}
    found: dict[str, Any] = {"value": main["value"] or ""}
    synthetic = bool(main["mechanism"] and main["mechanism"]["synthetic"])
    if main["type"] and not (synthetic and frame):
        found["type"] = main["type"]
    if frame:
        found |= {key: frame[key] for key in ("filename", "function") if frame.get(key)}
    return found


def title(known: Mapping[str, Any]) -> str:
    """Give the title that metadata makes."""
    if "title" in known:
        return str(known["title"])
    kind, value = known.get("type"), str(known.get("value") or "")
    if not kind:
        return str(known.get("function") or "<unknown>")
    first = _first_line(value)
    return f"{kind}: {first}" if first else str(kind)


def _message_title(message: Mapping[str, Any] | None) -> str:
    return _first_line(message["formatted"] if message else "") or "<unlabeled event>"


def _first_line(text: str) -> str:
    line = next((line.strip() for line in text.splitlines() if line.strip()), "")
    return line if len(line) <= _MAX_TITLE else line[: _MAX_TITLE - 3] + "..."


def culprit(
    transaction: str | None, frame: Mapping[str, Any] | None, request: Mapping[str, Any] | None, platform: str
) -> str:
    """Give where it happened: the transaction, else the frame to blame in its platform's style, else the address."""
    if transaction:
        return transaction[:200]
    if frame and {"module", "filename", "function"} & frame.keys():
        return _place(frame, platform)[:200]
    return bare_url((request or {}).get("url"))[:200]


def bare_url(url: str | None) -> str:
    """Give an address without its query and fragment."""
    return (url or "").partition("#")[0].partition("?")[0]


def _place(frame: Mapping[str, Any], platform: str) -> str:
    path = frame.get("module") or frame.get("filename") or "?"
    function = frame.get("function") or "?"
    if platform in _NATIVE:
        return str(function)
    if platform in ("javascript", "node"):
        return f"{function}({path})"
    return f"{path} in {function}"
