"""Browser sessions: a random id in a cookie, its hash in a small SQLite file, so that a restart keeps people signed in.

A session lives until it expires, is signed out, or the access token it was opened with is replaced.
"""

from __future__ import annotations

import hashlib
import secrets
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dexter.gateway.access_token import fingerprint

if TYPE_CHECKING:
    from collections.abc import Callable

_SCHEMA = """
CREATE TABLE IF NOT EXISTS session (
  id_hash TEXT PRIMARY KEY,
  opened_with TEXT NOT NULL,
  expires_at REAL NOT NULL
) STRICT, WITHOUT ROWID
"""


@dataclass(frozen=True, slots=True)
class Session:
    """A live session. `csrf_token` must come back in a header on every request that changes something."""

    csrf_token: str
    expires_at: float


class Sessions:
    """The sessions of one installation. Calls are short enough to run on the event loop."""

    def __init__(self, path: Path | str, *, key: bytes, token: str, ttl_s: float, clock: Callable[[], float]) -> None:
        self._database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        if path != ":memory:":
            Path(path).chmod(0o600)
            self._database.execute("PRAGMA journal_mode=WAL")
        self._database.execute("PRAGMA busy_timeout=2000")
        self._database.execute(_SCHEMA)
        self._key = key
        self._opened_with = fingerprint(key, "opened with", token)
        self.ttl_s = ttl_s
        self._clock = clock
        self._known: dict[str, float] = {}
        self._known_at = (0, 0)

    def open(self) -> tuple[str, Session]:
        """Start a session and give its id, which goes into the cookie and is kept nowhere."""
        session_id = secrets.token_urlsafe(32)
        now = self._clock()
        expires_at = now + self.ttl_s
        self._database.execute("DELETE FROM session WHERE expires_at <= ?", (now,))
        self._database.execute(
            "INSERT INTO session VALUES (?, ?, ?)", (_hashed(session_id), self._opened_with, expires_at)
        )
        return session_id, self._session(session_id, expires_at)

    def find(self, session_id: str) -> Session | None:
        """Give the live session of an id, or None if it expired, was signed out or never was."""
        row = self._database.execute(
            "SELECT expires_at FROM session WHERE id_hash = ? AND opened_with = ? AND expires_at > ?",
            (_hashed(session_id), self._opened_with, self._clock()),
        ).fetchone()
        return None if row is None else self._session(session_id, row[0])

    def is_live(self, session_id: str) -> bool:
        """Whether `find` would find a session; told from memory as long as nobody changed any session."""
        changes = (self._database.total_changes, self._database.execute("PRAGMA data_version").fetchone()[0])
        if changes != self._known_at:
            # The first number counts this connection's changes, the second tells of other processes'.
            self._known_at = changes
            self._known.clear()
        if session_id not in self._known and (session := self.find(session_id)) is not None:
            self._known[session_id] = session.expires_at
        return self._known.get(session_id, 0.0) > self._clock()

    def end(self, session_id: str) -> None:
        """Sign a session out; its cookie is worth nothing from here on."""
        self._database.execute("DELETE FROM session WHERE id_hash = ?", (_hashed(session_id),))

    def close(self) -> None:
        """Let the file go."""
        self._database.close()

    def _session(self, session_id: str, expires_at: float) -> Session:
        return Session(fingerprint(self._key, "csrf", session_id), expires_at)


def _hashed(session_id: str) -> str:
    # A plain hash is enough: the id is 256 random bits, so there is nothing to guess.
    return hashlib.sha256(session_id.encode("utf-8", "surrogateescape")).hexdigest()
