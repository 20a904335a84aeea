"""JSON as Sentry writes it: read where anybody can read it, and refused with one error where nobody can."""

from __future__ import annotations

import math

import pytest

from dexter.upstream.json_text import NotJson, is_json, json_value, looks_like_json

LONE = "\ud800"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (b'{"a":"\xc3\xa9"}', {"a": "\u00e9"}),
        (b'{"a":"\\ud800"}', {"a": LONE}),
        (b'{"a":"\xed\xa0\x80"}', {"a": LONE}),
        (b'{"a":1e999}', {"a": math.inf}),
        (b"[Infinity]", [math.inf]),
        (b"\xef\xbb\xbf[]", []),
    ],
)
def test_what_python_writes_can_be_read(text: bytes, value: object) -> None:
    """Event texts hold what applications put there, and Sentry passes it on."""
    assert json_value(text) == value
    assert is_json(text)
    assert looks_like_json(text)


@pytest.mark.parametrize(
    "text", [b"", b"{", b'{"a":"b"', b"<html>", b'"\xff', b"[" * 100_000, b"[" * 100_000 + b"]" * 100_000]
)
def test_what_breaks_off_or_never_ends_is_no_json(text: bytes) -> None:
    """One error for every way to be unreadable, so that none of them is forgotten."""
    assert not looks_like_json(text)
    assert not is_json(text)
    with pytest.raises(NotJson):
        json_value(text)


@pytest.mark.parametrize("text", [b'{"a":"\xff"}', b'{"\xc3":1}', b'["\xe9t\xe9"]'])
def test_words_that_are_no_utf_8_have_the_grammar_but_no_value(text: bytes) -> None:
    """They are passed on untouched, since their reader may know better; nothing is made of them here."""
    assert looks_like_json(text)
    assert not is_json(text)
    with pytest.raises(NotJson):
        json_value(text)
