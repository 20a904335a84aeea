"""Bodies packed in each encoding: whole ones, and ones whose last few bytes are written anew each time.

The three formats are made of blocks, and each has blocks that hold bytes as they are. So a body can be packed up to
where it varies, and its end be put behind as such a block: what is large is packed once, what varies costs nothing.
Sources: RFC 1951 and 1952 (gzip), RFC 8878 (zstd), RFC 7932 (brotli).
"""

from __future__ import annotations

import gzip
import struct
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import brotli  # type: ignore[import-untyped]
import zstandard

from dexter.policy.encoding import Coding

if TYPE_CHECKING:
    from collections.abc import Callable

# Each takes about a tenth of a millisecond for a list of 25 issues and leaves a tenth of its bytes; the levels beyond
# take two to fifty times as long for a few hundredths less.
_ZSTD_LEVEL, _BROTLI_QUALITY, _GZIP_LEVEL = 3, 4, 5

_GZIP_HEAD = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
LONGEST_TAIL = 0xFFFF
"""How many bytes one block of each format can hold as they are."""


@dataclass(frozen=True, slots=True)
class Opened:
    """The beginning of a packed body, and how to put an end to it."""

    packed: bytes
    close: Callable[[bytes], bytes]
    """Gives what follows for a plain end of at most `LONGEST_TAIL` bytes."""


def packed(plain: bytes, coding: Coding) -> bytes:
    """Give a whole body in an encoding."""
    match coding:
        case Coding.ZSTD:
            return zstandard.ZstdCompressor(level=_ZSTD_LEVEL).compress(plain)
        case Coding.BROTLI:
            return bytes(brotli.compress(plain, quality=_BROTLI_QUALITY))
        case Coding.GZIP:
            return gzip.compress(plain, _GZIP_LEVEL, mtime=0)
        case Coding.IDENTITY:
            return plain


def opened(plain: bytes, coding: Coding) -> Opened:
    """Give the beginning of a body in an encoding, not empty, whose end is still to come."""
    match coding:
        case Coding.ZSTD:
            return _opened_zstd(plain)
        case Coding.BROTLI:
            return _opened_brotli(plain)
        case Coding.GZIP:
            return _opened_gzip(plain)
        case Coding.IDENTITY:
            return Opened(plain, bytes)


def _opened_gzip(plain: bytes) -> Opened:
    deflate = zlib.compressobj(_GZIP_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    # A sync flush ends with a whole byte, after which another block may begin.
    beginning = _GZIP_HEAD + deflate.compress(plain) + deflate.flush(zlib.Z_SYNC_FLUSH)
    checksum, size = zlib.crc32(plain), len(plain)

    def close(tail: bytes) -> bytes:
        length = len(tail)
        last = struct.pack("<BHH", 1, length, length ^ 0xFFFF)  # the last block, stored
        return last + tail + struct.pack("<II", zlib.crc32(tail, checksum), (size + length) & 0xFFFFFFFF)

    return Opened(beginning, close)


def _opened_zstd(plain: bytes) -> Opened:
    # Neither the size nor a checksum of the whole may stand in the frame, as both vary with its end.
    stream = zstandard.ZstdCompressor(
        level=_ZSTD_LEVEL, write_content_size=False, write_checksum=False, write_dict_id=False
    ).compressobj()
    beginning = stream.compress(plain) + stream.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK)

    def close(tail: bytes) -> bytes:
        return (len(tail) << 3 | 1).to_bytes(3, "little") + tail  # the last block, raw

    return Opened(beginning, close)


def _opened_brotli(plain: bytes) -> Opened:
    stream = brotli.Compressor(quality=_BROTLI_QUALITY)
    beginning = bytes(stream.process(plain) + stream.flush())

    def close(tail: bytes) -> bytes:
        # A meta-block that is not compressed, its length less one in 16 bits; then the last one, which is empty.
        block = ((len(tail) - 1) << 3 | 1 << 19).to_bytes(3, "little") + tail if tail else b""
        return block + b"\x03"

    return Opened(beginning, close)
