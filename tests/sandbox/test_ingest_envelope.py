"""Envelopes and encodings: bytes to items, without believing a word of them."""

from __future__ import annotations

import contextlib
import gzip
import json
import zlib

import brotli
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from dexter.sandbox.ingest.decoding import TooBig, Undecodable, decoded
from dexter.sandbox.ingest.envelope import Malformed, event_id_of, parse_envelope

TEXT = b'{"message": "hello"}' * 50


@pytest.mark.parametrize(
    ("data", "items"),
    [
        (b"{}", []),
        (b"{}\n", []),
        (b'{}\n{"type":"event"}\n{"a":1}', [("event", b'{"a":1}')]),
        (b'{}\n{"type":"event"}\n{"a":1}\n', [("event", b'{"a":1}')]),
        (b'{}\n{"type":"attachment","length":3}\na\nb', [("attachment", b"a\nb")]),
        (b'{}\n{"type":"attachment","length":3}\na\nb\n', [("attachment", b"a\nb")]),
        (b'{}\n{"type":"attachment","length":0}\n\n{"type":"event"}\n{}', [("attachment", b""), ("event", b"{}")]),
        (b'{}\n{"type":"attachment","length":0}\n', [("attachment", b"")]),
        (b'{}\n{"type":"event","length":2}\n{}\n\n{"type":"unheard_of"}\nx', [("event", b"{}"), ("unheard_of", b"x")]),
        (b'{}\n{"type":"event"}', [("event", b"")]),
    ],
)
def test_items_end_at_their_length_or_at_the_newline(data: bytes, items: list[tuple[str, bytes]]) -> None:
    """Every SDK leaves out another optional part."""
    assert [(item.type, item.payload) for item in parse_envelope(data).items] == items


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not json",
        b"[]",
        b'{}\n{"length":3}\nabc',
        b'{}\n{"type":"event","length":99}\n{}',
        b'{}\n{"type":"event","length":-1}\n{}',
        b'{}\n{"type":"event","length":"2"}\n{}',
        b'{}\n{"type":"event","length":1}\n{}\n',
        b'{}\n{"type":7}\n{}',
        b'{"dsn":"\x80"}\n',
    ],
)
def test_a_broken_envelope_is_named_as_such(data: bytes) -> None:
    """Guessing at a wrong length would file one item's bytes under another."""
    with pytest.raises(Malformed):
        parse_envelope(data)


@given(st.binary(max_size=300))
def test_no_bytes_make_the_parser_fall_over(data: bytes) -> None:
    """Whatever comes in, it is an envelope or it is malformed."""
    with contextlib.suppress(Malformed):
        parse_envelope(data)


@given(st.lists(st.tuples(st.sampled_from(["event", "attachment", "x"]), st.binary(max_size=60)), max_size=5))
def test_what_was_framed_is_found_again(items: list[tuple[str, bytes]]) -> None:
    """Payloads are bytes: newlines and braces in them mean nothing."""
    framed = b"{}\n" + b"".join(
        json.dumps({"type": kind, "length": len(payload)}).encode() + b"\n" + payload + b"\n" for kind, payload in items
    )
    assert [(item.type, item.payload) for item in parse_envelope(framed).items] == items


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("fc6d8c0c43fc4630ad850ee518f1b9d0", "fc6d8c0c43fc4630ad850ee518f1b9d0"),
        ("FC6D8C0C-43FC-4630-AD85-0EE518F1B9D0", "fc6d8c0c43fc4630ad850ee518f1b9d0"),
        ("short", None),
        (7, None),
        (None, None),
    ],
)
def test_event_ids_come_with_and_without_dashes(text: object, expected: str | None) -> None:
    """Java and .NET write dashes; the API shows none."""
    assert event_id_of(text) == expected


def raw_deflate(data: bytes) -> bytes:
    stream = zlib.compressobj(wbits=-15)
    return stream.compress(data) + stream.flush()


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        (TEXT, ""),
        (TEXT, "identity"),
        (gzip.compress(TEXT, mtime=0), "gzip"),
        (zlib.compress(TEXT), "deflate"),
        (raw_deflate(TEXT), "deflate"),
        (brotli.compress(TEXT), "br"),
        (zstandard.compress(TEXT), "zstd"),
        (gzip.compress(brotli.compress(TEXT), mtime=0), "br, gzip"),
    ],
)
def test_every_encoding_an_sdk_uses_is_undone(data: bytes, encoding: str) -> None:
    """An SDK that compresses must not need a setting for the sandbox."""
    assert decoded(data, encoding) == TEXT


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        (gzip.compress(TEXT, mtime=0)[:-20], "gzip"),
        (b"plain", "gzip"),
        (b"plain", "deflate"),
        (brotli.compress(TEXT)[:-4], "br"),
        (b"\xff" * 40, "br"),
        (b"plain text", "zstd"),
        (TEXT, "lzma"),
    ],
)
def test_content_that_is_not_what_it_claims_is_refused(data: bytes, encoding: str) -> None:
    """Half an event must not be filed as a whole one."""
    with pytest.raises(Undecodable):
        decoded(data, encoding)


@pytest.mark.parametrize("compress", [gzip.compress, zlib.compress, brotli.compress, zstandard.compress])
def test_a_bomb_goes_off_at_the_limit(compress: object) -> None:
    """A few kilobytes that unfold to gigabytes must cost no more than the limit."""
    encoding = {gzip.compress: "gzip", zlib.compress: "deflate", brotli.compress: "br"}.get(compress, "zstd")
    with pytest.raises(TooBig):
        decoded(compress(b"\0" * 200_000), encoding, limit=100_000)  # type: ignore[operator]
