"""`dexter forget`: afterwards nothing in the database says who they were, and what they did is still there."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select
from tests.database.rows import row, tables

from dexter.cli import main
from dexter.database import people
from dexter.database import tables as t
from dexter.database.columns import at
from dexter.database.forget import forget
from dexter.errors import BadRequest, NotFound
from dexter.policy.people import BUILT_IN_ID

if TYPE_CHECKING:
    from dexter.database.address import Address
    from dexter.database.engine import Database

ID, NAME, EMAIL = "0123456789abcdef0123456789abcdef", "Zoë Quux", "zoë@example.com"
NOW = 1_800_000_000.0


@pytest.fixture
async def zoe(database: Database) -> None:
    """Somebody of whom every table tells that can."""
    refers = {"person_id": ID, "owner_id": ID, "created_by": ID, "author_id": ID, "added_by": ID, "id": ID}
    named = {"author_name": NAME, "created_by_name": NAME, "person_name": NAME, "wished_by": ID}
    async with database.transaction() as connection:
        for table in tables():
            values = row(table)
            values |= {name: value for name, value in named.items() if name in table.c}
            if table.name == "person":
                values |= {"id": ID, "name": NAME, "email": EMAIL, "built_in": False}
            values |= {name: ID for name in refers if name in table.c and name != "id"}
            if table.name == "membership":
                values["role"] = "triager"
            if table.name == "bulk_job":
                values["reason"] = f"Paused by {NAME}."
            if table.name == "idempotency_key":
                values["identity"] = f"person:{ID}"
            if table.name == "issue_cache":
                values["snapshot"] = {"id": "1", "assignedTo": {"email": EMAIL.upper()}}
            if table.name == "subscription_delivery":
                values["message"] = {"event": {"actor": {"type": "person", "id": ID, "name": NAME}}}
            if table.name == "audit":
                values |= {"target_kind": "person", "target_id": ID, "sentry_account": "their-name@sentry"}
                values |= {"before": {"name": NAME, "email": EMAIL}, "after": {"to": [f"<{EMAIL.upper()}>", ID]}}
            await connection.execute(table.insert().values(**values))
        # And somebody else, who stays.
        await connection.execute(t.person.insert().values(id="other", name="Bob", email="bob@x", created_at=at(0)))
        await connection.execute(t.issue_cache.insert().values(**{**row(t.issue_cache), "issue_id": "other"}))
        await connection.execute(t.audit.insert().values(**{**row(t.audit), "id": 8, "person_id": "other"}))


async def everything(database: Database) -> dict[str, list[dict[str, Any]]]:
    async with database.reading() as connection:
        return {
            table.name: [dict(each) for each in (await connection.execute(select(table))).mappings()]
            for table in tables()
        }


@pytest.mark.usefixtures("zoe")
async def test_nothing_says_who_they_were(database: Database) -> None:
    """Not in any column of any table, however deep; a table that is added later is looked through as well."""
    before = repr(await everything(database)).lower()
    assert before.count(ID) > 10
    done = await forget(database, EMAIL, NOW)
    after = repr(await everything(database)).lower()
    for word in (ID, NAME.lower(), EMAIL, "their-name@sentry"):
        assert word not in after
    assert done.person_id == ID
    assert done.pseudonym in after


@pytest.mark.usefixtures("zoe")
async def test_what_they_did_is_still_there_under_one_pseudonym(database: Database) -> None:
    """A team keeps its notes and its log; who follows a thread can still follow it."""
    done = await forget(database, ID, NOW)
    told = await everything(database)
    assert told["note"][0]["author_name"] == told["note"][0]["author_id"] == done.pseudonym
    assert told["bulk_job"][0]["created_by_name"] == done.pseudonym
    entry = next(each for each in told["audit"] if each["id"] == 7)
    assert (entry["person_name"], entry["target_id"], entry["sentry_account"]) == (done.pseudonym,) * 3
    assert entry["before"] == {"name": done.pseudonym, "email": done.pseudonym}
    assert told["saved_view"] == []
    assert told["session"] == told["access_token"] == told["credential"] == told["recent_search"] == []


@pytest.mark.usefixtures("zoe")
async def test_what_is_of_others_stays_as_it_was(database: Database) -> None:
    """One person's wish is not another's."""
    await forget(database, ID, NOW)
    told = await everything(database)
    assert {each["id"] for each in told["person"]} == {"other", BUILT_IN_ID}
    assert [each["issue_id"] for each in told["issue_cache"]] == ["other"]
    assert next(each for each in told["audit"] if each["id"] == 8) == {**row(t.audit), "id": 8, "person_id": "other"}


@pytest.mark.usefixtures("zoe")
async def test_it_is_told_of_and_other_processes_learn_of_it(database: Database) -> None:
    """An erasure that nobody can show was done is as good as none; a session must not live on in a memory."""
    async with database.reading() as connection:
        before = await people.current_generation(connection)
    done = await forget(database, ID, NOW)
    async with database.reading() as connection:
        assert await people.current_generation(connection) > before
        entry = (await connection.execute(select(t.audit).where(t.audit.c.action == "people.forget"))).one()
    assert (entry.target_id, entry.outcome) == (done.pseudonym, "done")


@pytest.mark.usefixtures("zoe")
async def test_a_view_that_they_shared_is_not_taken_from_the_others(database: Database) -> None:
    """It is everybody's by now."""
    async with database.transaction() as connection:
        await connection.execute(t.saved_view.update().values(visibility="shared"))
    await forget(database, ID, NOW)
    assert [each["owner_id"] for each in (await everything(database))["saved_view"]] == [BUILT_IN_ID]


@pytest.mark.usefixtures("zoe")
async def test_somebody_whose_account_is_gone_already_is_found_by_their_id(database: Database) -> None:
    """Removing an account leaves their name on what they wrote; the wish to be forgotten may come later."""
    async with database.transaction() as connection:
        await people.remove(connection, ID)
    await forget(database, ID, NOW)
    assert ID not in repr(await everything(database))


@pytest.mark.parametrize("who", ["nobody@example.com", "nobody", ""])
async def test_nobody_is_told(database: Database, who: str) -> None:
    """A mistyped address must not pass for done."""
    with pytest.raises(NotFound):
        await forget(database, who, NOW)


async def test_the_built_in_administrator_stays(database: Database) -> None:
    """Whoever holds the printed token is nobody in particular."""
    async with database.transaction() as connection:
        await people.ensure_built_in(connection, NOW)
    with pytest.raises(BadRequest):
        await forget(database, BUILT_IN_ID, NOW)


@pytest.mark.usefixtures("zoe")
async def test_the_file_itself_forgets(database: Database, address: Address) -> None:
    """Deleted rows lie in a SQLite file until something overwrites them, and in the log beside it."""
    if address.path is None:
        pytest.skip("PostgreSQL's files are its own: VACUUM, as the guide says")
    await forget(database, ID, NOW)
    files = b"".join(path.read_bytes() for path in address.path.parent.glob(f"{address.path.name}*"))
    assert ID.encode() not in files
    assert EMAIL.encode() not in files


def test_the_command_asks_tells_and_exits(
    address: Address, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is typed once in a long while, by somebody who was asked to."""
    url = address.url if address.path is None else f"sqlite:///{address.path}"
    monkeypatch.setenv("DEXTER_DATABASE_URL", url)
    monkeypatch.setattr(sys, "argv", ["dexter", "forget", "nobody@example.com", "--yes"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 1
    assert "nobody@example.com" in capsys.readouterr().err
