"""Small values about one Sentry that all processes of a host share: what one of them found out, all of them know.

Each value has its place in a mapped file. Whoever looks reads memory and takes no lock. Whoever changes a value holds
the file's lock for some microseconds, so that changes come one after the other and each is made of the one before. A
process that is killed lets go of the lock; a value that it left half written does not match its checksum and counts as
none.

    cell    checksum, length, value
"""

from __future__ import annotations

import fcntl
import logging
import mmap
import os
import struct
import threading
import time
import weakref
from contextlib import contextmanager
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar
from zlib import crc32

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

CELL_BYTES = 4096
PATIENCE_S = 0.05
"""How long a lock is waited for. Nobody holds it for as long, unless its process was stopped in the midst."""
AGAIN_S = 0.0002
RETRY_S = 1.0
"""How often a file that cannot be used is tried."""

_HEAD = struct.Struct("<II")
_MAGIC = b"dxcells\x01"
_FIRST_AT = CELL_BYTES

LARGEST_BYTES = CELL_BYTES - _HEAD.size

log = logging.getLogger("dexter.stores")

T = TypeVar("T")


class Cells(Protocol):
    """Values by name, from a list that is known beforehand; an empty one has never been set. It never raises."""

    is_shared: bool
    """Whether other processes may have a hand in them."""

    def read(self, name: str) -> bytes:
        """Give a value, looked up in memory."""

    def change(self, name: str, decide: Callable[[bytes], bytes]) -> tuple[bytes, bytes]:
        """Put in a value's place what is made of it, and give both; nobody comes between."""


class OwnCells:
    """`Cells` of this process alone."""

    is_shared = False

    def __init__(self) -> None:
        self._values: dict[str, bytes] = {}

    def read(self, name: str) -> bytes:
        """Give a value."""
        return self._values.get(name, b"")

    def change(self, name: str, decide: Callable[[bytes], bytes]) -> tuple[bytes, bytes]:
        """Put in a value's place what is made of it, and give both."""
        before = self.read(name)
        after = self._values[name] = decide(before)
        return before, after


class Cell(Generic[T]):
    """One of the cells as what it means; what has not changed is not decoded again."""

    def __init__(self, cells: Cells, name: str, encode: Callable[[T], bytes], decode: Callable[[bytes], T]) -> None:
        """Read and write a cell; `decode` makes something of anything, also of no bytes at all."""
        self._cells = cells
        self._name = name
        self._encode = encode
        self._decode = decode
        self._read: tuple[bytes, T] | None = None

    def value(self) -> T:
        """Give what it means now."""
        written = self._cells.read(self._name)
        if self._read is None or self._read[0] != written:
            self._read = written, self._decode(written)
        return self._read[1]

    def change(self, decide: Callable[[T], T]) -> tuple[T, T]:
        """Put in its place what is made of it, and give both.

        `decide` is pure, since it may be asked twice; where it gives back what it got, nothing is written.
        """
        before = after = self.value()
        if decide(before) is before:
            return before, after

        def anew(written: bytes) -> bytes:
            nonlocal before, after
            before = self._decode(written)
            after = decide(before)
            return written if after is before else self._encode(after)

        self._cells.change(self._name, anew)
        return before, after


class HostCells:
    """`Cells` of all processes that open the same file with the same names.

    While the file cannot be used, a process has values of its own, and `on_alone` hears True; a change tries it again.
    """

    is_shared = True

    def __init__(self, path: Path, names: Sequence[str], on_alone: Callable[[bool], None] = lambda _: None) -> None:
        self._path = path
        self._places = {name: _FIRST_AT + number * CELL_BYTES for number, name in enumerate(names)}
        self._on_alone = on_alone
        self._own = OwnCells()
        self._is_alone = False
        self._try_at = 0.0
        # The file's lock keeps out other processes, and not another thread of this one, which shows figures.
        self._one_at_a_time = threading.Lock()
        self._shared: _File | None = None
        self.change(names[0], lambda value: value)

    def read(self, name: str) -> bytes:
        """Give a value, looked up in memory."""
        if self._shared is None or self._is_alone:
            return self._own.read(name)
        value = self._shared.value(self._places[name])
        return self._read_again(name) if value is None else value

    def change(self, name: str, decide: Callable[[bytes], bytes]) -> tuple[bytes, bytes]:
        """Put in a value's place what is made of it, and give both; nobody comes between."""
        with self._one_at_a_time:
            return self._changed_or_own(name, decide)

    def _changed_or_own(self, name: str, decide: Callable[[bytes], bytes]) -> tuple[bytes, bytes]:
        if self._is_alone and time.monotonic() < self._try_at:
            return self._own.change(name, decide)
        try:
            changed = self._changed(self._places[name], decide)
        except OSError as error:
            self._try_at = time.monotonic() + RETRY_S
            self._tell(type(error).__name__)
            return self._own.change(name, decide)
        self._tell(None)
        return changed

    def _changed(self, place: int, decide: Callable[[bytes], bytes]) -> tuple[bytes, bytes]:
        if self._shared is None:
            self._shared = _File(self._path, _FIRST_AT + len(self._places) * CELL_BYTES)
        with self._shared.locked():
            found = self._shared.value(place)
            before = found or b""
            after = decide(before)
            if after != found:
                self._shared.put(place, after)
        return before, after

    def _read_again(self, name: str) -> bytes:
        """Read a value that is being written just now, or was by a process that died over it."""
        return self.change(name, lambda value: value)[1]

    def _tell(self, error: str | None) -> None:
        if self._is_alone != (error is not None):
            self._is_alone = error is not None
            log.warning("host_not_shared: %s", error) if error else log.warning("host_shared_again")
            self._on_alone(self._is_alone)


class _File:
    """The file, open and mapped."""

    def __init__(self, path: Path, size: int) -> None:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        # The memory stays for as long as anybody looks at it, also a straggler after the end.
        weakref.finalize(self, os.close, self._file)
        with self.locked():
            if os.pread(self._file, len(_MAGIC), 0) != _MAGIC or os.fstat(self._file).st_size < size:
                # Written in full, so that a disk that fills up later takes none of it away.
                os.pwrite(self._file, _MAGIC + bytes(size - len(_MAGIC)), 0)
        self._map = mmap.mmap(self._file, size)

    def value(self, place: int) -> bytes | None:
        """Give a value, or None when it is half written."""
        checksum, length = _HEAD.unpack_from(self._map, place)
        if length > LARGEST_BYTES:
            return None
        value = self._map[place + _HEAD.size : place + _HEAD.size + length]
        return value if crc32(value) == checksum else None

    def put(self, place: int, value: bytes) -> None:
        if len(value) > LARGEST_BYTES:
            raise ValueError(f"a shared value of {len(value)} bytes has no room")
        _HEAD.pack_into(self._map, place, crc32(value), len(value))
        self._map[place + _HEAD.size : place + _HEAD.size + len(value)] = value

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep the others out. Raises OSError when that is not to be had in time."""
        until = time.monotonic() + PATIENCE_S
        while True:
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > until:
                    raise
                time.sleep(AGAIN_S)
        try:
            yield
        finally:
            fcntl.flock(self._file, fcntl.LOCK_UN)
