"""Browser sessions: a random id in a cookie, its hash in Dexter's database, so that every host that shares it knows it.

A session lives until it expires, is not used for a while, is ended by its person or an administrator, its person is
disabled, or the access token it was opened with is replaced.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dexter.gateway.access_token import fingerprint, session_id_hash
from dexter.policy.people import BUILT_IN_ID

if TYPE_CHECKING:
    from dexter.database.engine import Database
    from dexter.database.sessions import KeptSession
    from dexter.gateway.logins import Logins
    from dexter.upstream.clock import Clock

BY_PASSWORD = "password"  # noqa: S105 (a way to sign in)


@dataclass(frozen=True, slots=True)
class Session:
    """A live session. `csrf_token` must come back in a header on every request that changes something."""

    csrf_token: str
    expires_at: float


@dataclass(frozen=True, slots=True)
class Browser:
    """Where a session is opened: what its person is shown to tell theirs apart."""

    user_agent: str = ""
    address: str = ""


class SessionKinds:
    """How sessions are opened, and which of them still count."""

    def __init__(self, key: bytes, access_token: str) -> None:
        self.by_token = "token " + fingerprint(key, "opened with", access_token)

    def counts(self, opened_with: str) -> bool:
        """Whether a session that was opened so still counts: replacing the access token ends those it opened."""
        return opened_with in (BY_PASSWORD, self.by_token)


class Sessions:
    """The sessions of everybody."""

    def __init__(
        self, database: Database, logins: Logins, clock: Clock, *, key: bytes, by_token: str, ttl_s: float
    ) -> None:
        self._database = database
        self._logins = logins
        self._clock = clock
        self._key = key
        self.by_token = by_token
        """What is kept of a session that the printed token opened."""
        self.ttl_s = ttl_s

    async def open(self, person_id: str, opened_with: str, browser: Browser) -> str:
        """Start a session and give its id, which goes into the cookie and is kept nowhere."""
        from dexter.database import people, sessions

        session_id = secrets.token_urlsafe(32)
        now = self._clock.now()
        async with self._database.transaction() as connection:
            if person_id == BUILT_IN_ID:
                await people.ensure_built_in(connection, now)
            await sessions.add(
                connection,
                now,
                id_hash=session_id_hash(session_id),
                person_id=person_id,
                opened_with=opened_with,
                expires_at=now + self.ttl_s,
                user_agent=browser.user_agent,
                address=browser.address,
            )
        return session_id

    def session(self, session_id: str, expires_at: float) -> Session:
        """Give a live session's own values."""
        return Session(fingerprint(self._key, "csrf", session_id), expires_at)

    async def of_person(self, person_id: str) -> list[KeptSession]:
        """Give the live sessions of a person, the one seen last first."""
        from dexter.database import sessions

        await self._logins.tell()
        async with self._database.reading() as connection:
            return await sessions.of_person(connection, person_id, self._clock.now())

    async def end(self, id_hash: str, person_id: str | None = None) -> bool:
        """End a session by its hash, if it is the person's where one is named; its cookie is worth nothing then."""
        from dexter.database import sessions

        async with self._database.transaction() as connection:
            ended = await sessions.revoke(connection, self._clock.now(), id_hash, person_id)
        await self._logins.refresh()
        return ended

    async def end_all(self, person_id: str, but: str | None = None) -> int:
        """End all sessions of a person but one, and give how many."""
        from dexter.database import sessions

        async with self._database.transaction() as connection:
            ended = await sessions.revoke_all(connection, self._clock.now(), person_id, but)
        await self._logins.refresh()
        return ended
