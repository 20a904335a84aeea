"""JSON as Sentry writes it, which is Python's: lone surrogates and NaN pass there that a strict reader refuses.

What cannot be read at all (bytes that are no UTF-8, a thousand brackets) is said with one error, whoever refuses it.
"""

from __future__ import annotations

import json
from typing import Any

import msgspec

_GRAMMAR = msgspec.json.Decoder(msgspec.Raw)
"""Reads through a text without building anything of it, nor looking into its words."""


class NotJson(ValueError):
    """The bytes are no JSON."""


def json_value(text: bytes) -> Any:
    """Give the value of a text. Raises NotJson."""
    try:
        return msgspec.json.decode(text)
    except RecursionError as error:
        raise NotJson("nested too deeply") from error
    except ValueError:
        return _lenient(text)


def looks_like_json(text: bytes) -> bool:
    """Whether a text has JSON's grammar, whatever its words are made of: enough for who passes it on."""
    return _has(text, _GRAMMAR.decode)


def is_json(text: bytes) -> bool:
    """Whether `json_value` gives the value of a text."""
    return _has(text, _GRAMMAR.decode) and (text.isascii() or _has(text, _words_of))


def _has(text: bytes, read: Any) -> bool:
    try:
        read(text)
    except RecursionError:
        return False
    except ValueError:
        return _is_lenient(text)
    return True


def _words_of(text: bytes) -> None:
    text.decode()


def _is_lenient(text: bytes) -> bool:
    try:
        _lenient(text)
    except NotJson:
        return False
    return True


def _lenient(text: bytes) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise NotJson(str(error)) from error
