"""An entry as bytes, for the levels outside this process, and back."""

from __future__ import annotations

import msgspec

from dexter.stores.entry import Entry

FORM = 3
"""Changes when the form does; bytes of another form are no entry."""


class _Packed(msgspec.Struct, array_like=True):
    form: int
    key: str
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    stored_at: float
    tags: tuple[str, ...]
    fallback_only: bool
    brief: bool
    mark: int
    renewed_at: float | None
    whole_mark: int | None


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(_Packed)


def packed(entry: Entry) -> bytes:
    """Give an entry as bytes."""
    return _encoder.encode(
        _Packed(
            FORM,
            entry.key,
            entry.status,
            entry.headers,
            entry.body,
            entry.stored_at,
            tuple(entry.tags),
            entry.fallback_only,
            entry.brief,
            entry.mark,
            entry.renewed_at,
            entry.whole_mark,
        )
    )


def unpacked(data: bytes) -> Entry | None:
    """Give the entry that bytes stand for, or None when they stand for none of this form."""
    try:
        told = _decoder.decode(data)
    except msgspec.MsgspecError:
        return None
    if told.form != FORM:
        return None
    return Entry(
        told.key,
        told.status,
        told.headers,
        told.body,
        told.stored_at,
        frozenset(told.tags),
        fallback_only=told.fallback_only,
        brief=told.brief,
        mark=told.mark,
        renewed_at=told.renewed_at,
        whole_mark=told.whole_mark,
    )
