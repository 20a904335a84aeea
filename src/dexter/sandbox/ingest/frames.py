"""Stack traces in the form the event endpoint shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dexter.sandbox.ingest.reading import Reader, trimmed

if TYPE_CHECKING:
    from collections.abc import Mapping

_MAX_FRAMES = 100
_MAX_LINE = 256
_MAX_VARS = 50
_LIBRARY_PATHS = (
    "site-packages/",
    "dist-packages/",
    "node_modules/",
    "/vendor/bundle/",
    "/gems/",
    "/usr/lib/",
    "/lib/python",
)
_LIBRARY_MODULES = ("java.", "javax.", "kotlin.", "kotlinx.", "android.", "androidx.", "com.android.", "jdk.", "sun.")


def stacktrace(reader: Reader, raw: Any, name: str, platform: str) -> dict[str, Any] | None:
    """Give a stack trace, frames oldest first, or None where there are no frames."""
    trace = reader.mapping(raw, name)
    frames = reader.objects(trace.get("frames"), f"{name}.frames")
    if not frames:
        return None
    omitted = None
    if len(frames) > _MAX_FRAMES:
        head = _MAX_FRAMES // 2
        omitted = [head, len(frames) - head]
        frames = frames[:head] + frames[-head:]
    shown = [_frame(reader, raw_frame, f"{name}.frames.{index}", platform) for index, raw_frame in enumerate(frames)]
    in_app = [frame["inApp"] for frame in shown]
    return {
        "frames": shown,
        "framesOmitted": omitted,
        "registers": trimmed(trace.get("registers")) if isinstance(trace.get("registers"), dict) else None,
        "hasSystemFrames": any(in_app) and not all(in_app),
    }


def _frame(reader: Reader, raw: Mapping[str, Any], name: str, platform: str) -> dict[str, Any]:
    def text(key: str, limit: int = 512) -> str | None:
        return reader.text(raw.get(key), f"{name}.{key}", limit)

    filename, abs_path, module = text("filename"), text("abs_path", 2048), text("module")
    line = reader.number(raw.get("lineno"), f"{name}.lineno")
    in_app = reader.flag(raw.get("in_app"), f"{name}.in_app")
    function = text("function")
    return {
        "filename": filename or abs_path,
        "absPath": abs_path or filename,
        "module": module,
        "package": text("package"),
        "platform": text("platform", 64),
        "instructionAddr": text("instruction_addr", 32),
        "symbolAddr": text("symbol_addr", 32),
        "function": function,
        "rawFunction": text("raw_function"),
        "symbol": text("symbol"),
        "context": _context(reader, raw, name, line),
        "lineNo": line,
        "colNo": reader.number(raw.get("colno"), f"{name}.colno"),
        "inApp": _looks_in_app(platform, filename or abs_path, module) if in_app is None else in_app,
        "trust": text("trust", 64),
        "errors": None,
        "lock": trimmed(raw.get("lock")) if isinstance(raw.get("lock"), dict) else None,
        "sourceLink": text("source_link", 2048),
        "vars": _vars(reader, raw, name),
    }


def _context(reader: Reader, raw: Mapping[str, Any], name: str, line: int | None) -> list[list[Any]]:
    failing = reader.text(raw.get("context_line"), f"{name}.context_line", _MAX_LINE)
    if failing is None or line is None:
        return []
    before = [_line(item) for item in reader.values(raw.get("pre_context"), f"{name}.pre_context")][-10:]
    after = [_line(item) for item in reader.values(raw.get("post_context"), f"{name}.post_context")][:10]
    lines = [*before, failing, *after]
    return [[number, text] for number, text in enumerate(lines, line - len(before))]


def _line(value: Any) -> str:
    text = value if isinstance(value, str) else ""
    return str(trimmed(text if len(text) <= _MAX_LINE else text[: _MAX_LINE - 3] + "..."))


def _vars(reader: Reader, raw: Mapping[str, Any], name: str) -> dict[str, Any] | None:
    found = reader.mapping(raw.get("vars"), f"{name}.vars")
    return {str(key)[:200]: trimmed(value, 4) for key, value in list(found.items())[:_MAX_VARS]} or None


def _looks_in_app(platform: str, path: str | None, module: str | None) -> bool:
    """Tell whether a frame whose SDK did not say belongs to the application."""
    if path and any(part in path.replace("\\", "/") for part in _LIBRARY_PATHS):
        return False
    if path and platform in ("javascript", "node") and path.startswith(("node:", "internal/", "webpack/")):
        return False
    return not (module and module.startswith(_LIBRARY_MODULES))
