"""The last errors of each worker, in a ring on the host: enough to see what is wrong, and nothing of whose it was."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING, Literal

import msgspec

from dexter.observe.redaction import Redaction

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dexter.observe.board import Board

KEPT = 64
_ROOM = 640
"""Bytes that one takes in the file; the rest of its place is filled with blanks."""
_SUFFIX = ".mishaps"


class Mishap(msgspec.Struct, frozen=True):
    """One error: of an answer, of a request to Sentry, of a refresh, or in somebody's browser."""

    at: float
    kind: Literal["answer", "sentry", "refresh", "browser"]
    endpoint: str
    method: str = ""
    status: int | None = None
    error: str | None = None
    duration_ms: float | None = None
    request_id: str = ""
    trace_id: str = ""


class Mishaps:
    """Keeps this worker's and reads everybody's."""

    def __init__(self, board: Board) -> None:
        self._folder = board.folder
        self._redaction = Redaction()
        self._own: dict[int, Mishap] = {}
        self._next = 0
        self._file: int | None = None
        if board.folder is not None:
            path = board.folder / f"{board.name}{_SUFFIX}"
            self._file = os.open(path, os.O_CREAT | os.O_WRONLY, 0o600)

    def keep(self, mishap: Mishap, trace_id: str = "") -> None:
        """Keep one, in the place of the oldest, as part of a trace."""
        mishap = msgspec.structs.replace(mishap, trace_id=mishap.trace_id or trace_id)
        place, self._next = self._next % KEPT, self._next + 1
        if self._file is None:
            self._own[place] = self._clean(mishap)
            return
        line = msgspec.json.encode(self._clean(mishap))
        if len(line) < _ROOM:
            os.pwrite(self._file, line.ljust(_ROOM - 1) + b"\n", place * _ROOM)

    def _clean(self, mishap: Mishap) -> Mishap:
        # The texts that anybody outside had a hand in.
        error = None if mishap.error is None else self._redaction.text(mishap.error)[:200]
        request_id, trace_id = self._redaction.text(mishap.request_id), self._redaction.text(mishap.trace_id)
        return msgspec.structs.replace(mishap, error=error, request_id=request_id, trace_id=trace_id)

    def latest(self) -> list[Mishap]:
        """Give the last ones of all workers, newest first."""
        return sorted(self._all(), key=lambda mishap: mishap.at, reverse=True)[:KEPT]

    def _all(self) -> Iterator[Mishap]:
        yield from self._own.values()
        for path in self._folder.glob(f"*{_SUFFIX}") if self._folder is not None else ():
            for line in path.read_bytes().splitlines():
                # A line that is being written this moment is read the next time.
                with suppress(msgspec.DecodeError):
                    yield msgspec.json.decode(line, type=Mishap)

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            os.close(self._file)
            self._file = None
