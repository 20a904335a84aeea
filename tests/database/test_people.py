"""People, sessions, tokens and linked tokens in the database, on both engines."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dexter.database import credentials, people, sessions, tokens
from dexter.errors import BadRequest, NotFound
from dexter.policy.people import BUILT_IN_ID, EVERYWHERE, Grant, Role, Scope

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from dexter.database.engine import Database

NOW = 1_700_000_000.0


async def ada(connection: AsyncConnection, email: str | None = "Ada@Example.org", **roles: Role) -> str:
    return await people.add(
        connection, NOW, name="Ada Lovelace", email=email, password_hash="hash", is_admin=False, roles=roles
    )


async def test_a_person_is_found_by_id_and_by_email_in_any_case(database: Database) -> None:
    """People type their address as they please."""
    async with database.transaction() as connection:
        known = await ada(connection, acme=Role.TRIAGER, Globex=Role.VIEWER)
        found = await people.account_by_email(connection, " ADA@example.ORG ")
        assert found is not None
        assert found == await people.account(connection, known)
        assert (found.person.name, found.person.email) == ("Ada Lovelace", "ada@example.org")
        assert found.person.roles == {"acme": Role.TRIAGER, "globex": Role.VIEWER}
        assert "hash" not in repr(found)
        with pytest.raises(NotFound):
            await people.required(connection, "nobody")


async def test_two_people_cannot_have_one_address(database: Database) -> None:
    """The address is what a person signs in with; and a refused change must not break what else is done."""
    async with database.transaction() as connection:
        first = await ada(connection)
        other = await ada(connection, None)
        with pytest.raises(BadRequest, match="already"):
            await ada(connection, "ADA@example.org")
        with pytest.raises(BadRequest, match="already"):
            await people.change(connection, other, {"email": "ada@EXAMPLE.org"})
        await people.change(connection, other, {"email": None, "name": "Another"})
    async with database.reading() as connection:
        assert {each.person.id for each in await people.accounts(connection)} == {first, other}


async def test_the_built_in_administrator_is_made_once(database: Database) -> None:
    """Every process makes sure of it."""
    async with database.transaction() as connection:
        await people.ensure_built_in(connection, NOW)
        await people.change(connection, BUILT_IN_ID, {"name": "Olive"})
        await people.ensure_built_in(connection, NOW)
        (only,) = await people.accounts(connection)
    assert (only.person.built_in, only.person.is_admin, only.person.name) == (True, True, "Olive")


async def test_administrators_are_named_with_where(database: Database) -> None:
    """Who is refused is told whom to ask; the built-in one is nobody to ask while there are people."""
    async with database.transaction() as connection:
        await people.ensure_built_in(connection, NOW)
        assert await people.administrators(connection) == (("Administrator", EVERYWHERE),)
        await ada(connection, acme=Role.ADMIN, globex=Role.VIEWER)
        assert await people.administrators(connection) == (("Ada Lovelace", "acme"),)


async def test_every_change_that_takes_rights_away_is_told_of(database: Database) -> None:
    """Processes remember who may do what until this number changes."""

    async def number() -> int:
        async with database.reading() as connection:
            return await people.current_generation(connection)

    seen = [await number()]
    async with database.transaction() as connection:
        known = await ada(connection)
        await add_session(connection, known, "one")
        token = await add_token(connection, known)
        await credentials.put(
            connection, NOW, person_id=known, upstream="u", ciphertext=b"x", key_id="k", sentry_user={"id": "7"}
        )
    steps = (
        lambda c: people.set_role(c, known, "acme", Role.VIEWER),
        lambda c: people.change(c, known, {"is_admin": True}),
        lambda c: sessions.revoke(c, NOW, "one"),
        lambda c: tokens.revoke(c, NOW, token),
        lambda c: credentials.remove(c, known, "u"),
        lambda c: people.remove(c, known),
    )
    for step in steps:
        seen.append(await number())
        async with database.transaction() as connection:
            await step(connection)
    seen.append(await number())
    assert seen[1:] == sorted(set(seen[1:]))
    async with database.transaction() as connection:
        assert not await sessions.revoke(connection, NOW, "one")
    assert await number() == seen[-1]


async def add_session(connection: AsyncConnection, person_id: str, id_hash: str, expires_at: float = NOW + 100) -> None:
    await sessions.add(
        connection,
        NOW,
        id_hash=id_hash,
        person_id=person_id,
        opened_with="password",
        expires_at=expires_at,
        user_agent="Firefox",
        address="::1",
    )


async def add_token(connection: AsyncConnection, person_id: str) -> str:
    kept = await tokens.add(
        connection,
        NOW,
        person_id=person_id,
        name="ci",
        token_hash="hashed",
        hint="abcd",
        grant=Grant(frozenset({Scope.READ}), "acme"),
        expires_at=None,
    )
    return kept.id


async def test_sessions_are_listed_ended_and_forgotten(database: Database) -> None:
    """People must see where they are signed in, and end it."""
    async with database.transaction() as connection:
        known, other = await ada(connection), await ada(connection, None)
        for id_hash, whose in (("one", known), ("two", known), ("three", known), ("others", other)):
            await add_session(connection, whose, id_hash)
        await sessions.seen(connection, {"two": NOW + 50, "one": NOW - 50})
        listed = await sessions.of_person(connection, known, NOW)
        assert next(each.id_hash for each in listed) == "two"
        assert {each.id_hash: each.last_seen_at.timestamp() - NOW for each in listed} == {
            "one": 0,
            "two": 50,
            "three": 0,
        }
        assert not await sessions.revoke(connection, NOW, "others", known)
        assert await sessions.revoke(connection, NOW, "one", known)
        assert await sessions.revoke_all(connection, NOW, known, but="two") == 1
        assert [each.id_hash for each in await sessions.of_person(connection, known, NOW)] == ["two"]
        assert await sessions.of_person(connection, known, NOW + 100) == []
        assert await sessions.find(connection, "one") is None
        assert await sessions.find(connection, "others") is not None
        await add_session(connection, known, "much later", expires_at=NOW + 1e9)
        await sessions.add(
            connection,
            NOW + 1e8,
            id_hash="sweeps",
            person_id=known,
            opened_with="token",
            expires_at=NOW + 1e9,
            user_agent="",
            address="",
        )
        assert await sessions.find(connection, "others") is None


async def test_a_token_is_kept_until_it_is_revoked_by_its_owner(database: Database) -> None:
    """Nobody but its person may take a token away by its id."""
    async with database.transaction() as connection:
        known, other = await ada(connection), await ada(connection, None)
        token_id = await add_token(connection, known)
        found = await tokens.find(connection, "hashed")
        assert found is not None
        assert found.grant == Grant(frozenset({Scope.READ}), "acme")
        await tokens.used(connection, {token_id: NOW + 5})
        await tokens.used(connection, {token_id: NOW + 3})
        (listed,) = await tokens.of_person(connection, known)
        assert listed.last_used_at is not None
        assert listed.last_used_at.timestamp() == NOW + 5
        assert not await tokens.revoke(connection, NOW, token_id, other)
        assert await tokens.revoke(connection, NOW, token_id, known)
        assert await tokens.find(connection, "hashed") is None
        assert await tokens.of_person(connection, known) == []


async def test_a_linked_token_is_one_a_person_and_sentry(database: Database) -> None:
    """A second link takes the place of the first; one encrypted anew must not undo a link made meanwhile."""
    async with database.transaction() as connection:
        known = await ada(connection)
        for key in ("old", "new"):
            await credentials.put(
                connection,
                NOW,
                person_id=known,
                upstream="u",
                ciphertext=key.encode(),
                key_id=key,
                sentry_user={"id": "7"},
            )
        (kept,) = await credentials.everybodys(connection)
        assert (kept.ciphertext, kept.key_id, kept.about) == (b"new", "new", f"{known} u")
        assert await credentials.find(connection, known, "elsewhere") is None
        assert await credentials.linked_people(connection, "u") == {known: {"id": "7"}}
        assert await credentials.replace_ciphertext(connection, NOW, kept, b"anew", "newest")
        assert not await credentials.replace_ciphertext(connection, NOW, kept, b"late", "other")
        found = await credentials.find(connection, known, "u")
        assert found is not None
        assert (found.ciphertext, found.key_id) == (b"anew", "newest")
        assert "anew" not in repr(found)


async def test_a_removed_person_takes_everything_of_theirs_along(database: Database) -> None:
    """A token that outlives its person would be nobody's to revoke."""
    async with database.transaction() as connection:
        known = await ada(connection, acme=Role.ADMIN)
        await add_session(connection, known, "one")
        await add_token(connection, known)
        await people.remove(connection, known)
        assert await sessions.find(connection, "one") is None
        assert await tokens.find(connection, "hashed") is None
        assert await people.administrators(connection) == ()


@pytest.mark.parametrize("word", ["owner", "", "Admins"])
def test_a_word_that_is_no_role_is_refused(word: str) -> None:
    """A mistyped role must not silently be none."""
    with pytest.raises(BadRequest, match="role"):
        people.as_roles([("acme", word)])
