"""All that is kept encrypted, as for a new key: people's own Sentry tokens, and the secrets of subscriptions."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dexter.features.people_keys import Unreadable

if TYPE_CHECKING:
    from dexter.database.engine import Database
    from dexter.features.people_keys import KeyRing


@dataclass(frozen=True, slots=True)
class Uses:
    """How much a key of the ring encrypts."""

    tokens: int = 0
    secrets: int = 0


@dataclass(frozen=True, slots=True)
class Reencrypted:
    """How much was encrypted anew, and whose could not be read with any key."""

    tokens: int
    secrets: int
    people: tuple[str, ...]
    subscriptions: tuple[str, ...]


async def uses(database: Database) -> dict[str, Uses]:
    """Give what each key encrypts, by the key's id."""
    from dexter.database import credentials, subscriptions

    async with database.reading() as connection:
        tokens = Counter(each.key_id for each in await credentials.everybodys(connection))
        secrets = Counter(each.key_id for each in await subscriptions.everybodys(connection))
    return {key: Uses(tokens[key], secrets[key]) for key in dict.fromkeys((*tokens, *secrets))}


async def reencrypt(database: Database, ring: KeyRing, now: float) -> Reencrypted:
    """Encrypt everything with the newest key."""
    tokens, people = await _tokens(database, ring, now)
    secrets, subscriptions = await _secrets(database, ring)
    return Reencrypted(tokens, secrets, people, subscriptions)


async def _tokens(database: Database, ring: KeyRing, now: float) -> tuple[int, tuple[str, ...]]:
    from dexter.database import credentials

    newest, done, unreadable = ring.ids[0], 0, []
    async with database.reading() as connection:
        kept = [each for each in await credentials.everybodys(connection) if each.key_id != newest]
    for each in kept:
        try:
            ciphertext, key_id = ring.encrypt(ring.decrypt(each.ciphertext, each.key_id, each.about), each.about)
        except Unreadable:
            unreadable.append(each.person_id)
            continue
        # One at a time, so that nobody waits for all of them.
        async with database.transaction() as connection:
            done += await credentials.replace_ciphertext(connection, now, each, ciphertext, key_id)
    return done, tuple(unreadable)


async def _secrets(database: Database, ring: KeyRing) -> tuple[int, tuple[str, ...]]:
    from dexter.database import subscriptions

    newest, done, unreadable = ring.ids[0], 0, []
    async with database.reading() as connection:
        kept = [each for each in await subscriptions.everybodys(connection) if each.key_id != newest]
    for each in kept:
        about = subscriptions.about(each.id)
        try:
            ciphertext, key_id = ring.encrypt(ring.decrypt(each.ciphertext, each.key_id, about), about)
        except Unreadable:
            unreadable.append(each.id)
            continue
        async with database.transaction() as connection:
            done += await subscriptions.replace_ciphertext(connection, each, ciphertext, key_id)
    return done, tuple(unreadable)
