"""Reads values that may be of any type: what fits is taken, what does not becomes a complaint on the event."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MAX_TEXT = 8192
_MAX_DEPTH = 7
_MAX_ITEMS = 200
_MAX_SHOWN = 500

_MESSAGES = {
    "invalid_data": "Discarded invalid value",
    "value_too_long": "Discarded value due to exceeding maximum length",
    "past_timestamp": "Invalid timestamp (too old)",
    "future_timestamp": "Invalid timestamp (in future)",
    "invalid_attribute": "Discarded unknown attribute",
}


@dataclass(slots=True)
class Reader:
    """Reads one event's values and keeps the complaints: type, message, and the name, value and reason."""

    errors: list[dict[str, Any]] = field(default_factory=list)

    def complain(self, name: str, value: Any, reason: str, kind: str = "invalid_data") -> None:
        """Note that the value under a name was not taken, and why."""
        if len(self.errors) < 100:
            shown = {"name": name, "value": _shown(value), "reason": reason}
            self.errors.append({"type": kind, "message": _MESSAGES[kind], **shown})

    def text(self, value: Any, name: str, limit: int = MAX_TEXT) -> str | None:
        """Give a text, cut at the limit; numbers and booleans become text, anything else is complained about."""
        if value is None:
            return None
        if isinstance(value, bool):
            value = "true" if value else "false"
        if isinstance(value, int | float):
            value = str(value)
        if not isinstance(value, str):
            self.complain(name, value, "expected a string")
            return None
        text = _printable(value)
        return text if len(text) <= limit else text[: limit - 3] + "..."

    def number(self, value: Any, name: str) -> int | None:
        """Give a whole number from a number or a numeric string."""
        if value is None:
            return None
        if isinstance(value, str) and value.strip().lstrip("-").isdecimal() and len(value) < 19:
            value = int(value)
        if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool) or abs(value) >= 2**63:
            self.complain(name, value, "expected an integer")
            return None
        return value

    def flag(self, value: Any, name: str) -> bool | None:
        """Give a boolean."""
        if isinstance(value, bool):
            return value
        if value is not None:
            self.complain(name, value, "expected a boolean")
        return None

    def mapping(self, value: Any, name: str) -> Mapping[str, Any]:
        """Give an object, an empty one for none."""
        if value is None:
            return {}
        if isinstance(value, dict):
            return value
        self.complain(name, value, "expected an object")
        return {}

    def values(self, value: Any, name: str) -> list[Any]:
        """Give a list that stands bare or under `values`; a lone object counts as a list of one."""
        if isinstance(value, dict):
            value = value.get("values", [value])
        if value is None:
            return []
        if isinstance(value, list):
            return [item for item in value if item is not None]
        self.complain(name, value, "expected an array")
        return []

    def objects(self, value: Any, name: str) -> list[Mapping[str, Any]]:
        """Give the objects of a list, complaining about the rest."""
        found = self.values(value, name)
        for item in found:
            if not isinstance(item, dict):
                self.complain(name, item, "expected an object")
        return [item for item in found if isinstance(item, dict)]

    def pairs(self, value: Any, name: str) -> list[tuple[str, Any]]:
        """Give key and value pairs of an object or of a list of pairs."""
        if value is None:
            return []
        if isinstance(value, dict):
            return list(value.items())
        if not isinstance(value, list):
            self.complain(name, value, "expected an object")
            return []
        return list(self._listed_pairs(value, name))

    def _listed_pairs(self, items: list[Any], name: str) -> Iterable[tuple[str, Any]]:
        for item in items:
            if isinstance(item, list) and len(item) == 2 and isinstance(item[0], str):
                yield item[0], item[1]
            elif isinstance(item, dict) and isinstance(item.get("key"), str):
                yield item["key"], item.get("value")
            elif item is not None:
                self.complain(name, item, "expected a pair")


def trimmed(value: Any, depth: int = _MAX_DEPTH) -> Any:
    """Give free-form data bounded in depth, breadth and length, as extra data and local variables are kept."""
    if isinstance(value, str):
        value = _printable(value)
        return value if len(value) <= MAX_TEXT else value[: MAX_TEXT - 3] + "..."
    if isinstance(value, dict):
        if depth <= 0:
            return f"<object with {len(value)} keys>"
        return {_printable(str(key))[:200]: trimmed(item, depth - 1) for key, item in list(value.items())[:_MAX_ITEMS]}
    if isinstance(value, list):
        return f"<array of {len(value)}>" if depth <= 0 else [trimmed(item, depth - 1) for item in value[:_MAX_ITEMS]]
    return value


def _printable(text: str) -> str:
    # Lone surrogates reach us through JSON escapes and cannot be written as UTF-8; NUL ends texts in many a client.
    if text.isascii():
        return text.replace("\x00", "")
    return text.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")


def _shown(value: Any) -> Any:
    text = value if isinstance(value, str) else msgspec.json.encode(trimmed(value, 3)).decode()
    return trimmed(value, 3) if len(text) <= _MAX_SHOWN else _printable(text[:_MAX_SHOWN])
