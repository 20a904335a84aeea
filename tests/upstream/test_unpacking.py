"""Whole bodies are unpacked once, though several ask."""

from __future__ import annotations

import gzip

import pytest

from dexter.errors import Garbled
from dexter.upstream.bodies import Unpacker


def test_the_same_body_is_unpacked_once() -> None:
    """Unpacking is the dearest part of a read that has to go to Sentry."""
    unpack, packed = Unpacker(), gzip.compress(b"[1, 2]")
    assert unpack(packed, 100) is unpack(packed, 100)


def test_an_equal_body_is_another_one() -> None:
    """Only the very same bytes object is known; comparing contents would cost what is saved."""
    unpack, packed = Unpacker(), gzip.compress(b"[1, 2]")
    assert unpack(packed, 100) == unpack(bytes(bytearray(packed)), 100)


def test_a_known_body_is_still_held_to_the_limit() -> None:
    """Another caller may take less."""
    unpack, packed = Unpacker(), gzip.compress(b"[1, 2]")
    unpack(packed, 100)
    with pytest.raises(Garbled):
        unpack(packed, 5)


def test_what_is_remembered_is_bounded() -> None:
    """Large bodies must not stay in memory twice."""
    unpack = Unpacker(remembered_bytes=100)
    first, large = gzip.compress(b"a" * 60), gzip.compress(b"b" * 200)
    plain = unpack(first, 1000)
    unpack(gzip.compress(b"c" * 60), 1000)
    assert unpack(first, 1000) is not plain
    assert unpack(large, 1000) is not unpack(large, 1000)
