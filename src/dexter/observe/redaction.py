"""Keeps credentials out of logs: whatever a line is made of, nothing that looks or is named like one gets through."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, MutableMapping
from typing import Any

REDACTED = "[redacted]"

_NAMES = re.compile(r"authorization|cookie|token|secret|passw|api[-_]?key|credential|dsn|csrf|signature", re.IGNORECASE)
"""Names of fields whose values are never shown."""

_SHAPES = re.compile(
    r"""
      (?P<keep>\b(?:bearer|basic|dsn)\s+)[^\s"',;]+          # Authorization: Bearer ...
    | \bsntr[a-z]{1,3}_[A-Za-z0-9+/=_\-]+                    # Sentry's tokens since 2023
    | \b[0-9a-fA-F]{64}\b                                    # and those before
    | (?P<scheme>\bhttps?://)[^\s/@"']+@                     # user information in an address, such as a DSN's key
    | (?P<pair>\b(?:token|access_token|api_key|sentry_key|secret|password)=)[^\s&"']+
    | (?P<header>\b(?:authorization|cookie|set-cookie|x-dexter-token|x-sentry-auth)["']?\s*[:=]\s*["']?)[^\r\n"']+
    """,
    re.IGNORECASE | re.VERBOSE,
)

_MAX_DEPTH = 6


class Redaction:
    """A structlog processor. `secrets` are values known to be credentials, found wherever they stand."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        known = sorted({secret for secret in secrets if len(secret) >= 8}, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, known))) if known else None

    def __call__(self, logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        """Give the event without credentials."""
        for name, value in event.items():
            event[name] = self._clean(name, value, 0)
        return event

    def text(self, text: str) -> str:
        """Give a text without credentials."""
        if self._known is not None:
            text = self._known.sub(REDACTED, text)
        return _SHAPES.sub(_replacement, text)

    def _clean(self, name: str, value: Any, depth: int) -> Any:
        if value is None or isinstance(value, bool | int | float):
            return value
        if _NAMES.search(name):
            return REDACTED
        if isinstance(value, str):
            return self.text(value)
        if depth >= _MAX_DEPTH:
            return REDACTED
        if isinstance(value, Mapping):
            return {self.text(str(key)): self._clean(str(key), item, depth + 1) for key, item in value.items()}
        if isinstance(value, list | tuple | set | frozenset):
            return [self._pair_or_item(item, depth) for item in value]
        if isinstance(value, bytes):
            return self.text(value.decode("utf-8", "replace"))
        return self.text(str(value))

    def _pair_or_item(self, item: Any, depth: int) -> Any:
        # Headers come as pairs: the first says what the second is.
        match item:
            case (str() as name, str() | bytes() as value):
                return [self.text(name), self._clean(name, value, depth + 1)]
            case (bytes() as raw, bytes() as value):
                name = raw.decode("latin-1")
                return [self.text(name), self._clean(name, value, depth + 1)]
            case _:
                return self._clean("", item, depth + 1)


def _replacement(found: re.Match[str]) -> str:
    groups = found.groupdict()
    if groups["scheme"]:
        return f"{groups['scheme']}{REDACTED}@"
    kept = groups["keep"] or groups["pair"] or groups["header"] or ""
    return f"{kept}{REDACTED}"
