"""Stack traces, cleaned: frames oldest first, every value of its type, long ones cut."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from dexter.sandbox.ingest.reading import Reader, trimmed

if TYPE_CHECKING:
    from collections.abc import Mapping

_MAX_FRAMES = 100
_MAX_LINE = 256
_MAX_VARS = 50
_TEXTS = (
    ("filename", 512), ("abs_path", 2048), ("module", 512), ("function", 512), ("raw_function", 512), ("symbol", 512),
    ("package", 512), ("platform", 64), ("instruction_addr", 32), ("symbol_addr", 32), ("trust", 64),
    ("source_link", 2048),
)  # fmt: skip
_SCRIPT = re.compile(r"(?:[a-z][a-z-]*://[^/]*/|\./)+([^?#]+?)(?:\.min)?\.(?:jsx?|tsx?|mjs|cjs|vue)(?:[?#].*)?$")
_BUNDLE_HASH = re.compile(r"[.-][0-9a-f]{6,40}$")
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
    clean: dict[str, Any] = {
        "frames": [_frame(reader, frame, f"{name}.frames.{index}", platform) for index, frame in enumerate(frames)]
    }
    if omitted:
        clean["frames_omitted"] = omitted
    if isinstance(trace.get("registers"), dict):
        clean["registers"] = trimmed(trace["registers"])
    return clean


def _frame(reader: Reader, raw: Mapping[str, Any], name: str, platform: str) -> dict[str, Any]:
    frame: dict[str, Any] = {
        key: reader.text(raw[key], f"{name}.{key}", limit) for key, limit in _TEXTS if raw.get(key) is not None
    }
    frame |= {key: reader.number(raw[key], f"{name}.{key}") for key in ("lineno", "colno") if raw.get(key) is not None}
    path = frame.get("filename") or frame.get("abs_path")
    if path:
        frame |= {"filename": path, "abs_path": frame.get("abs_path") or path}
    if path and platform == "javascript" and "module" not in frame and (module := _module_of(path)):
        frame["module"] = module
    in_app = reader.flag(raw.get("in_app"), f"{name}.in_app")
    frame["in_app"] = _looks_in_app(platform, path, frame.get("module")) if in_app is None else in_app
    frame |= _source(reader, raw, name)
    if variables := reader.mapping(raw.get("vars"), f"{name}.vars"):
        frame["vars"] = {str(key)[:200]: trimmed(value, 4) for key, value in list(variables.items())[:_MAX_VARS]}
    if isinstance(raw.get("lock"), dict):
        frame["lock"] = trimmed(raw["lock"])
    return {key: value for key, value in frame.items() if value is not None}


def _source(reader: Reader, raw: Mapping[str, Any], name: str) -> dict[str, Any]:
    failing = reader.text(raw.get("context_line"), f"{name}.context_line", _MAX_LINE)
    if failing is None:
        return {}
    return {
        "pre_context": [_line(item) for item in reader.values(raw.get("pre_context"), f"{name}.pre_context")][-10:],
        "context_line": failing,
        "post_context": [_line(item) for item in reader.values(raw.get("post_context"), f"{name}.post_context")][:10],
    }


def _line(value: Any) -> str:
    text = value if isinstance(value, str) else ""
    return str(trimmed(text if len(text) <= _MAX_LINE else text[: _MAX_LINE - 3] + "..."))


def _module_of(path: str) -> str:
    """Give a script's module: `bundle/basket` for `https://shop.example/bundle/basket.3f9a1c.js`, empty for a page."""
    match = _SCRIPT.match(path)
    return _BUNDLE_HASH.sub("", match[1]) if match else ""


def _looks_in_app(platform: str, path: str | None, module: str | None) -> bool:
    """Tell whether a frame whose SDK did not say belongs to the application."""
    if path and any(part in path.replace("\\", "/") for part in _LIBRARY_PATHS):
        return False
    if path and platform in ("javascript", "node") and path.startswith(("node:", "internal/", "webpack/")):
        return False
    return not (module and module.startswith(_LIBRARY_MODULES))
