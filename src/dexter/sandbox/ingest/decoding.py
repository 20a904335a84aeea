"""Content encodings that SDKs compress with, undone within a bound."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

import brotli  # type: ignore[import-untyped]
import zstandard

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_COMPRESSED = 20 * 1024 * 1024
MAX_ENVELOPE = 100 * 1024 * 1024
MAX_EVENT = 1024 * 1024
MAX_ATTACHMENTS = 100 * 1024 * 1024


class TooBig(Exception):
    """The content exceeds a limit, compressed or not."""


class Undecodable(Exception):
    """The content is not of the encoding it claims."""


def decoded(data: bytes, encodings: str, limit: int = MAX_ENVELOPE) -> bytes:
    """Give the content without its encodings; `encodings` is the `Content-Encoding` header, outermost last."""
    for name in reversed([part.strip().lower() for part in encodings.split(",") if part.strip()]):
        decode = _DECODERS.get(name)
        if decode is None:
            raise Undecodable(f"unsupported content encoding `{name}`")
        data = decode(data, limit)
    if len(data) > limit:
        raise TooBig
    return data


def _inflate(data: bytes, limit: int, wbits: int) -> bytes:
    stream = zlib.decompressobj(wbits)
    try:
        out = stream.decompress(data, limit + 1)
    except zlib.error as error:
        raise Undecodable(str(error)) from error
    if len(out) > limit:
        raise TooBig
    if not stream.eof:
        raise Undecodable("the compressed stream is cut off")
    return out


def _gunzip(data: bytes, limit: int) -> bytes:
    return _inflate(data, limit, wbits=31)


def _undeflate(data: bytes, limit: int) -> bytes:
    # Clients disagree on whether "deflate" has zlib's frame; both are in the wild.
    zlib_frame = len(data) > 1 and data[0] & 0x0F == 8 and (data[0] * 256 + data[1]) % 31 == 0
    return _inflate(data, limit, wbits=15 if zlib_frame else -15)


def _unbrotli(data: bytes, limit: int) -> bytes:
    stream, parts, size = brotli.Decompressor(), [], 0
    try:
        for start in range(0, len(data), 65536):
            part = stream.process(data[start : start + 65536])
            size += len(part)
            if size > limit:
                raise TooBig
            parts.append(part)
    except brotli.error as error:
        raise Undecodable("not a brotli stream") from error
    if not stream.is_finished():
        raise Undecodable("the compressed stream is cut off")
    return b"".join(parts)


def _unzstd(data: bytes, limit: int) -> bytes:
    reader = zstandard.ZstdDecompressor().stream_reader(data, read_across_frames=True)
    try:
        out = reader.read(limit + 1)
    except zstandard.ZstdError as error:
        raise Undecodable("not a zstandard stream") from error
    if len(out) > limit:
        raise TooBig
    return out


def _identity(data: bytes, limit: int) -> bytes:
    del limit
    return data


_DECODERS: dict[str, Callable[[bytes, int], bytes]] = {
    "gzip": _gunzip,
    "deflate": _undeflate,
    "br": _unbrotli,
    "zstd": _unzstd,
    "identity": _identity,
}
