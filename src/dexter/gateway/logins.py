"""What sessions and tokens prove, remembered: asked of the database once, and given from memory while that holds.

A process may remember a login because it knows that nothing was taken from anybody since. In the database stands a
number, the generation, that every such change raises: a session ended, a token revoked, a role, a password or an
account changed. A process asks for it several times a second while it has callers, and forgets everything when it is
another. What it remembers counts for `LEASE_S` from the moment it asked, and no longer:

    whatever is revoked anywhere is refused by every process of every host that shares the database within LEASE_S

also by a process that cannot reach the database, which then has to ask and cannot. The first sight of a login, and the
first after such a pause, waits for the database; every other one looks into a dictionary.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import structlog

from dexter.errors import DexterError
from dexter.features.people_acting import Acting, Linked
from dexter.features.people_keys import Unreadable
from dexter.gateway.access_token import fingerprint, personal_token_hash, session_id_hash
from dexter.policy.people import BUILT_IN, WHOLE, Grant, Person
from dexter.wire import Credential, Identity

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.ext.asyncio import AsyncConnection

    from dexter.database.credentials import KeptCredential
    from dexter.database.engine import Database
    from dexter.features.people_keys import KeyRing
    from dexter.upstream.clock import Clock

LEASE_S = 1.0
"""How long what is remembered counts, from the moment at which the database was last asked whether it still does."""
ASK_EVERY_S = 0.3
"""How often it is asked while there are callers."""
ATTENDED_S = 30.0
"""For how long after the last caller it goes on being asked."""
TELL_EVERY_S = 30.0
"""How often it is written down when sessions and tokens were last used."""
LEAST_NEWS_S = 30.0
"""How much later than what is written down a use must be to be worth a write."""
MOST_LOGINS = 10_000

log = structlog.get_logger("dexter.gateway")


class By(StrEnum):
    """What a caller shows."""

    SESSION = "session"
    TOKEN = "token"  # noqa: S105 (a kind of credential)
    PRINTED = "printed"


Shown = tuple[By, str]
"""What a caller shows, and its secret; for the token that Dexter prints the secret does not matter."""
PRINTED: Shown = (By.PRINTED, "")


@dataclass(frozen=True, slots=True)
class Login:
    """What a session or a token proves. `id` is its own, which is no secret."""

    by: By
    id: str
    person: Person
    grant: Grant = WHOLE
    linked: Linked | None = None
    """The token for Sentry that the person linked."""
    has_password: bool = False
    unusable: str | None = None
    """Why the token that the person linked cannot be used, if it cannot."""
    administrators: tuple[tuple[str, str], ...] = ()
    """Whom the person can ask for a role: names, each with where."""
    expires_at: float = float("inf")
    idle_s: float = float("inf")
    last_seen_at: float = 0.0


@dataclass(slots=True)
class _Known:
    login: Login
    seen_at: float
    told_at: float


class Logins:
    """Remembers what sessions and tokens prove, for one process."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        *,
        key: bytes,
        opened_with: Callable[[str], bool],
        upstream_url: str,
        ring: KeyRing,
        idle_s: float = float("inf"),
    ) -> None:
        """Give an empty memory. `opened_with` says whether a session that was opened in some way still counts."""
        self._database = database
        self._clock = clock
        self._key = key
        self._opened_with = opened_with
        self._upstream_url = upstream_url
        self._ring = ring
        self._idle_s = idle_s
        self._known: dict[Shown, _Known] = {}
        self._untold: dict[tuple[By, str], float] = {}
        self._generation = -1
        self._asked_at = float("-inf")
        self._attended_at = float("-inf")
        self._watching: asyncio.Task[None] | None = None

    def now(self, shown: Shown) -> Login | None:
        """Give what is remembered and counts at this moment; None says no more than that it must be asked for."""
        moment = self._clock.monotonic()
        self._attended_at = moment
        if moment - self._asked_at >= LEASE_S:
            return None
        known = self._known.get(shown)
        if known is None:
            return None
        now = self._clock.now()
        if not _is_in_time(known.login, known.seen_at, now):
            self._forget(shown)
            return None
        known.seen_at = now
        return known.login

    async def find(self, shown: Shown) -> Login | None:
        """Give what is shown proves, or None if nothing. Raises DatabaseUnavailable when that cannot be known."""
        found = self.now(shown)
        if found is not None:
            return found
        asked_at = self._clock.monotonic()
        remembered = self._known.get(shown)
        async with self._database.reading() as connection:
            # The number first: what is read after it is at least as new.
            generation = await _generation(connection)
            login = await self._read(connection, shown)
        self._heard(generation, asked_at)
        now = self._clock.now()
        # Its last use may not be written down yet.
        seen_at = remembered.seen_at if remembered is not None else 0.0
        if login is None or not _is_in_time(login, max(seen_at, login.last_seen_at), now):
            return None
        if generation == self._generation:
            self._remember(shown, login, now)
        return login

    async def refresh(self) -> None:
        """Ask now whether what is remembered still counts, as whoever has just changed something must."""
        asked_at = self._clock.monotonic()
        async with self._database.reading() as connection:
            generation = await _generation(connection)
        self._heard(generation, asked_at)

    def start(self) -> None:
        """Begin to keep what is remembered up to date."""
        self._watching = asyncio.create_task(self._watch())

    async def aclose(self) -> None:
        """End that, and write down what was used."""
        if self._watching is not None:
            self._watching.cancel()
            with suppress(asyncio.CancelledError):
                await self._watching
        with suppress(DexterError):
            await self.tell()

    async def tell(self) -> None:
        """Write down when sessions and tokens were last used."""
        for known in self._known.values():
            self._to_tell(known)
        used, self._untold = self._untold, {}
        if not used:
            return
        from dexter.database import sessions, tokens

        async with self._database.transaction() as connection:
            await sessions.seen(connection, {known: at for (by, known), at in used.items() if by is By.SESSION})
            await tokens.used(connection, {known: at for (by, known), at in used.items() if by is By.TOKEN})

    async def _watch(self) -> None:
        told_at = self._clock.monotonic()
        while True:
            await asyncio.sleep(ASK_EVERY_S)
            moment = self._clock.monotonic()
            try:
                if self._known and moment - self._attended_at < ATTENDED_S:
                    await self.refresh()
                if moment - told_at >= TELL_EVERY_S:
                    told_at = moment
                    await self.tell()
            except DexterError as error:
                # Nothing is given from memory meanwhile, so that callers are told themselves.
                log.warning("logins_not_refreshed", error=error.message)

    def _heard(self, generation: int, asked_at: float) -> None:
        """Take in what the generation was at some moment; what was read before a newer one counts for nothing."""
        # A smaller number that lasts is that of a database which was put back to an older copy.
        if generation > self._generation or asked_at - self._asked_at > LEASE_S:
            self._generation, self._asked_at = generation, asked_at
            for shown in list(self._known):
                self._forget(shown)
        elif generation == self._generation:
            self._asked_at = max(self._asked_at, asked_at)

    def _remember(self, shown: Shown, login: Login, now: float) -> None:
        self._known[shown] = _Known(login, now, login.last_seen_at)
        while len(self._known) > MOST_LOGINS:
            self._forget(next(iter(self._known)))

    def _forget(self, shown: Shown) -> None:
        self._to_tell(self._known.pop(shown))

    def _to_tell(self, known: _Known) -> None:
        if known.seen_at >= known.told_at + LEAST_NEWS_S and known.login.by is not By.PRINTED:
            self._untold[known.login.by, known.login.id] = known.told_at = known.seen_at

    async def acting(self, person_id: str) -> Acting | None:
        """Give on whose behalf work goes on that outlives its request; None for somebody who is no longer there."""
        by, person = (By.PRINTED, BUILT_IN) if person_id == BUILT_IN.id else (By.TOKEN, Person(person_id, ""))
        async with self._database.reading() as connection:
            login = await self._of(connection, Login(by, by.value, person))
        return None if login is None else Acting(login.person, login.linked, login.unusable)

    async def _read(self, connection: AsyncConnection, shown: Shown) -> Login | None:
        by, secret = shown
        match by:
            case By.SESSION:
                return await self._of_session(connection, secret)
            case By.TOKEN:
                return await self._of_token(connection, secret)
            case By.PRINTED:
                return await self._of(connection, Login(by, by.value, BUILT_IN))

    async def _of_session(self, connection: AsyncConnection, session_id: str) -> Login | None:
        from dexter.database import sessions

        kept = await sessions.find(connection, session_id_hash(session_id))
        if kept is None or not self._opened_with(kept.opened_with):
            return None
        login = Login(
            By.SESSION,
            kept.id_hash,
            Person(kept.person_id, ""),
            expires_at=kept.expires_at.timestamp(),
            idle_s=self._idle_s,
            last_seen_at=kept.last_seen_at.timestamp(),
        )
        return await self._of(connection, login)

    async def _of_token(self, connection: AsyncConnection, token: str) -> Login | None:
        from dexter.database import tokens

        kept = await tokens.find(connection, personal_token_hash(self._key, token))
        if kept is None:
            return None
        login = Login(
            By.TOKEN,
            kept.id,
            Person(kept.person_id, ""),
            kept.grant,
            expires_at=float("inf") if kept.expires_at is None else kept.expires_at.timestamp(),
            last_seen_at=0.0 if kept.last_used_at is None else kept.last_used_at.timestamp(),
        )
        return await self._of(connection, login)

    async def _of(self, connection: AsyncConnection, login: Login) -> Login | None:
        """Give a login with all that is known of its person; None for one who is disabled."""
        from dexter.database import credentials, people

        account = await people.account(connection, login.person.id)
        if account is None:
            # The administrator whose token is printed is somebody before there is a row that says so.
            return login if login.by is By.PRINTED else None
        if account.disabled_at is not None:
            return None
        kept = await credentials.find(connection, login.person.id, self._upstream_url)
        linked, unusable = self._unlocked(kept)
        asked = () if account.person.administers_all else await people.administrators(connection)
        has_password = account.password_hash is not None
        return replace(
            login,
            has_password=has_password,
            person=account.person,
            linked=linked,
            unusable=unusable,
            administrators=asked,
        )

    def _unlocked(self, kept: KeptCredential | None) -> tuple[Linked | None, str | None]:
        if kept is None:
            return None, None
        try:
            token = self._ring.decrypt(kept.ciphertext, kept.key_id, kept.about)
        except Unreadable as error:
            log.error("linked_token_unreadable", person=kept.person_id, reason=str(error))
            return None, str(error)
        return linked_credential(self._key, self._upstream_url, token, kept.sentry_user or {}), None


def linked_credential(key: bytes, upstream_url: str, token: str, user: dict[str, Any]) -> Linked:
    """Give a Sentry token of a person's as they show it to Sentry through Dexter: the same as if they sent it."""
    authorization = f"Bearer {token}"
    identity = pass_through_identity(key, upstream_url, authorization)
    return Linked(identity, Credential(authorization), user)


def pass_through_identity(key: bytes, upstream_url: str, authorization: str) -> Identity:
    """Give whose rights a Sentry credential stands for. The upstream is part of it: elsewhere it has other rights."""
    return Identity(fingerprint(key, f"token {upstream_url}", authorization), "token")


async def _generation(connection: AsyncConnection) -> int:
    from dexter.database import people

    return await people.current_generation(connection)


def _is_in_time(login: Login, seen_at: float, now: float) -> bool:
    return now < login.expires_at and now - seen_at < login.idle_s
