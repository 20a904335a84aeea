"""Numbers that all workers of one host share: each writes its own file of doubles, any of them reads all.

A worker allocates a block for a key once and then adds to plain memory, which costs as little as a list does and needs
no lock, since only its event loop's thread writes. The files are mapped, so that a worker killed with `kill -9` loses
nothing, and whoever answers a scrape reads the others' numbers as they stand at that moment. A key stands in a text
file beside the numbers before its block is used. A lock on the file, which the kernel lets go with the process, says
whether its worker still lives: counts of a dead one stay in the sums, its gauges do not.
"""

from __future__ import annotations

import fcntl
import json
import mmap
import os
import secrets
import shutil
from array import array
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    Numbers = array[float] | memoryview[float]

Key = tuple[str, ...]

CAPACITY = 1 << 20
"""Numbers a worker may have: 8 MB of address space, of which only what is used takes memory."""

_WIDTH = 8
_FOLDER = "run"


class BoardFull(Exception):
    """No room is left for a new key; whoever asks falls back to a shared one."""


@dataclass(slots=True)
class Sheet:
    """One worker's numbers as a reader sees them: a block of numbers for each key."""

    numbers: Numbers
    pid: int
    is_live: bool
    blocks: dict[Key, tuple[int, int]] = field(default_factory=dict)

    def block(self, key: Key) -> list[float] | None:
        """Give a copy of a key's numbers, or None where the worker has none."""
        place = self.blocks.get(key)
        return None if place is None else list(self.numbers[place[0] : place[0] + place[1]])

    def part(self, key: Key, begin: int, size: int) -> list[float] | None:
        """Give a copy of a piece of a key's numbers, or None where the worker has none."""
        place = self.blocks.get(key)
        return None if place is None else list(self.numbers[place[0] + begin : place[0] + begin + size])

    def keys(self, family: str) -> Iterator[Key]:
        """Give the keys that begin with a word."""
        return (key for key in list(self.blocks) if key[0] == family)


class Board:
    """This worker's own numbers, and the way to everybody's."""

    def __init__(self, folder: Path | None = None, capacity: int = CAPACITY) -> None:
        """Open this worker's sheet; without a folder it is private memory, for a process that works alone."""
        self.folder = folder
        self.name = f"{os.getpid()}-{secrets.token_hex(4)}"
        self._capacity = capacity
        self._used = 0
        self._others: dict[str, _Other] = {}
        self._private = array("d")
        self._own = Sheet(self._private, os.getpid(), is_live=True)
        self._files: _Files | None = None
        if folder is not None:
            self._files = _Files.made(folder, self.name, capacity)
            self._own.numbers = self._files.numbers
        self.numbers: Numbers = self._own.numbers

    def allocate(self, key: Key, size: int) -> int:
        """Give where the numbers of a key begin, zeros at first. Raises BoardFull; a key known already stays."""
        known = self._own.blocks.get(key)
        if known is not None:
            return known[0]
        if self._used + size > self._capacity:
            raise BoardFull
        place, self._used = self._used, self._used + size
        if self._files is None:
            self._private.extend([0.0] * size)
        else:
            self._files.note(key, place, size)
        self._own.blocks[key] = (place, size)
        return place

    def sheets(self) -> list[Sheet]:
        """Give the sheets of all workers there have been, this one's first."""
        if self.folder is None:
            return [self._own]
        for path in self.folder.glob("*.numbers"):
            if path.stem != self.name and path.stem not in self._others:
                with suppress(OSError, ValueError):
                    self._others[path.stem] = _Other(path)
        return [self._own, *(other.read() for other in self._others.values())]

    def close(self) -> None:
        """Let go of the files; what they hold stays for the other workers."""
        for other in self._others.values():
            other.close()
        self._others.clear()
        if self._files is not None:
            self.numbers = self._own.numbers = array("d", self._own.numbers)
            self._files.close()
            self._files = None
            self.folder = None


@dataclass(slots=True)
class _Files:
    """The two files of this worker, held open and locked."""

    numbers: memoryview[float]
    mapped: mmap.mmap
    lock: int
    keys: int

    @classmethod
    def made(cls, folder: Path, name: str, capacity: int) -> _Files:
        keys = os.open(folder / f"{name}.keys", os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
        # It appears under its name only when it has its length and its lock, so that no reader sees half of it.
        unready = folder / f"{name}.unready"
        lock = os.open(unready, os.O_CREAT | os.O_RDWR, 0o600)
        os.ftruncate(lock, capacity * _WIDTH)
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        mapped = mmap.mmap(lock, capacity * _WIDTH)
        unready.rename(folder / f"{name}.numbers")
        return cls(memoryview(mapped).cast("d"), mapped, lock, keys)

    def note(self, key: Key, place: int, size: int) -> None:
        os.write(self.keys, (json.dumps([place, size, *key]) + "\n").encode())

    def close(self) -> None:
        self.numbers.release()
        self.mapped.close()
        os.close(self.lock)
        os.close(self.keys)


class _Other:
    """Another worker's files, read only."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDONLY)
        self._mapped = mmap.mmap(self._file, 0, prot=mmap.PROT_READ)
        self._view = memoryview(self._mapped).cast("d")
        self._keys = path.with_suffix(".keys")
        self._read_bytes = 0
        self._sheet = Sheet(self._view, int(path.stem.partition("-")[0]), is_live=True)

    def read(self) -> Sheet:
        with self._keys.open("rb") as keys:
            keys.seek(self._read_bytes)
            whole, newline, _ = keys.read().rpartition(b"\n")
        self._read_bytes += len(whole) + len(newline)
        for line in whole.splitlines():
            place, size, *key = json.loads(line)
            self._sheet.blocks[tuple(key)] = (place, size)
        if self._sheet.is_live:
            self._sheet.is_live = self._is_locked()
        return self._sheet

    def _is_locked(self) -> bool:
        try:
            fcntl.flock(self._file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return True
        fcntl.flock(self._file, fcntl.LOCK_UN)
        return False

    def close(self) -> None:
        self._view.release()
        self._mapped.close()
        os.close(self._file)


def fresh_folder(data_dir: Path) -> Path:
    """Make the folder that the workers of one start share, and remove those of earlier starts that nobody uses.

    The parent calls it once, before its workers are there.
    """
    home = data_dir / _FOLDER
    home.mkdir(parents=True, exist_ok=True)
    for left in home.glob("board-*"):
        if not _is_used(left):
            shutil.rmtree(left, ignore_errors=True)
    made = home / f"board-{os.getpid()}-{secrets.token_hex(4)}"
    made.mkdir(mode=0o700)
    return made


def _is_used(folder: Path) -> bool:
    pid = folder.name.split("-")[1]
    try:
        os.kill(int(pid), 0)
    except PermissionError:
        return True
    except (OSError, ValueError):
        return False
    return True
