"""What is kept encrypted goes over to a new key, all of it, and what no key reads is said."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.database.rows import row

from dexter.database import credentials, subscriptions, tables
from dexter.features.kept_secrets import Reencrypted, Uses, reencrypt, uses
from dexter.features.people_keys import KeyRing

if TYPE_CHECKING:
    from pathlib import Path

    from dexter.database.engine import Database

NOW = 1_800_000_000.0


async def keep(database: Database, table: Any, **values: Any) -> None:
    async with database.transaction() as connection:
        await connection.execute(table.insert().values(**{**row(table), **values}))


async def test_tokens_and_secrets_go_over_to_a_new_key(database: Database, tmp_path: Path) -> None:
    """A key that somebody may have seen must open nothing any more; one thing left behind would keep it alive."""
    ring = KeyRing(tmp_path)
    token, old = ring.encrypt("token", credentials.about("ü", "ü"))
    secret, _ = ring.encrypt("secret", subscriptions.about("ü"))
    await keep(database, tables.person)
    await keep(database, tables.credential, ciphertext=token, key_id=old)
    await keep(database, tables.subscription, ciphertext=secret, key_id=old)
    await keep(database, tables.subscription, id="lost", ciphertext=b"x" * 40, key_id="gone")
    assert await uses(database) == {old: Uses(1, 1), "gone": Uses(0, 1)}
    new = ring.turn()
    assert await reencrypt(database, ring, NOW) == Reencrypted(1, 1, (), ("lost",))
    assert await uses(database) == {new: Uses(1, 1), "gone": Uses(0, 1)}
    async with database.reading() as connection:
        kept = {each.id: each for each in await subscriptions.everybodys(connection)}
    assert ring.decrypt(kept["ü"].ciphertext, kept["ü"].key_id, subscriptions.about("ü")) == "secret"


async def test_a_new_secret_made_meanwhile_stays(database: Database) -> None:
    """Else the old one would come back, which its receiver no longer knows."""
    await keep(database, tables.subscription, ciphertext=b"read", key_id="old")
    async with database.transaction() as connection:
        [read] = await subscriptions.everybodys(connection)
        await subscriptions.change(connection, read.id, {"ciphertext": b"newer"})
        assert not await subscriptions.replace_ciphertext(connection, read, b"anew", "new")
        [kept] = await subscriptions.everybodys(connection)
    assert (kept.ciphertext, kept.key_id) == (b"newer", "old")
