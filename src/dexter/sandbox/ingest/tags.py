"""The tags of an event: those the SDK sent and those its other parts give."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dexter.sandbox.ingest.reading import Reader
from dexter.sandbox.ingest.titles import bare_url

_KEY = re.compile(r"[a-zA-Z0-9_.:-]+")
_MAX_KEY = 200
_MAX_VALUE = 200
RESERVED = frozenset(
    ("release", "dist", "user", "environment", "level", "logger", "server_name", "transaction", "url", "sentry:user")
)


def sent_tags(reader: Reader, raw: Any) -> dict[str, str]:
    """Give the tags the SDK sent; keys and values of a wrong form are left out and complained about."""
    found: dict[str, str] = {}
    for key, value in reader.pairs(raw, "tags"):
        name = key.strip().replace(" ", "-")
        if name.lower().removeprefix("sentry:") in RESERVED and name.lower() not in (
            "url",
            "transaction",
            "server_name",
        ):
            continue
        if not _KEY.fullmatch(name) or len(name) > _MAX_KEY:
            reader.complain(f"tags.{key[:64]}", key, "invalid characters in string or too long")
            continue
        text = reader.text(value, f"tags.{name}", 4096)
        if text is None or not text.strip():
            continue
        if len(text) > _MAX_VALUE or "\n" in text:
            reader.complain(f"tags.{name}", text, "too long or with a line break", "value_too_long")
            continue
        found[name] = text.strip()
    return found


def derived_tags(known: Mapping[str, Any]) -> dict[str, str]:
    """Give the tags that follow from the rest of the event; `known` holds its parts by name."""
    contexts = known["contexts"]
    found: dict[str, Any] = {
        name: known[name]
        for name in ("level", "environment", "release", "dist", "server_name", "transaction", "logger")
    }
    found["user"] = known["user_key"]
    found["url"] = bare_url((known["request"] or {}).get("url"))
    for name in ("browser", "os", "client_os", "runtime"):
        context = contexts.get(name) or {}
        label, version = context.get("name"), context.get("version")
        found[f"{name}.name"] = label
        found[name] = f"{label} {version}" if label and version else label
    device = contexts.get("device") or {}
    found["device"] = device.get("model")
    found["device.family"] = device.get("family")
    mechanism = known["mechanism"] or {}
    found["mechanism"] = mechanism.get("type")
    handled = mechanism.get("handled")
    found["handled"] = None if handled is None else ("yes" if handled else "no")
    return {
        key: str(value)[:_MAX_VALUE] for key, value in found.items() if isinstance(value, str | int) and value != ""
    }
