"""Every change is written down: before it happens, with what came of it, and without secrets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select
from tests.gateway.change_stand import Face, FakeClock, ask, identify

from dexter.catalog.endpoints import sentry_router
from dexter.database.address import sqlite_file
from dexter.database.audit import MAX_CHARS, Target, told, view
from dexter.database.engine import Database, DatabaseUnavailable
from dexter.database.tables import audit
from dexter.errors import Forbidden, TimedOut
from dexter.gateway.auditing import NOTED, Audited, described, described_at_sentry

if TYPE_CHECKING:
    from pathlib import Path

    from dexter.gateway.asgi import Scope


def before(face: Face, database: Database, clock: FakeClock | None = None) -> Audited:
    return Audited(face, database, identify, (clock or FakeClock()).now, "acme", described)


async def rows(database: Database) -> list[dict[str, Any]]:
    async with database.reading() as connection:
        return [view(row) for row in (await connection.execute(select(audit).order_by(audit.c.id))).all()]


async def test_a_change_is_told_of_with_all_there_is_to_know(database: Database) -> None:
    """Who changed what, when, through which face, from which value to which."""

    async def during(scope: Scope) -> None:
        scope["state"][NOTED].tell(before={"status": "unresolved"}, after={"status": "resolved"})

    app = before(Face(during=during), database)
    await ask(app, "PUT", "/api/v1/issues/42?organization=other", context="issues.update", x_token="ada")
    assert await rows(database) == [
        {
            "id": "1",
            "at": "2023-11-14T22:13:20Z",
            "organization": "other",
            "person": {"id": "ada", "name": "Ada"},
            "sentry_account": None,
            "face": "api",
            "action": "issues.update",
            "target": {"kind": "issue", "id": "42"},
            "before": {"status": "unresolved"},
            "after": {"status": "resolved"},
            "request_id": "request-1",
            "outcome": "done",
        }
    ]


async def test_the_row_is_there_before_the_change_and_settled_before_the_answer(database: Database) -> None:
    """A crash in between must leave a row that says so; whoever has the answer must find it in the log."""
    seen: list[str] = []

    async def during(_: Scope) -> None:
        seen.extend(row["outcome"] for row in await rows(database))

    face = Face(during=during)
    await ask(before(face, database), "POST", "/api/v1/issues/42/comments", x_token="ada")
    assert seen == ["unknown"]
    assert [row["outcome"] for row in await rows(database)] == ["done"]


@pytest.mark.parametrize(("status", "outcome"), [(204, "done"), (403, "refused"), (422, "refused"), (502, "failed")])
async def test_what_came_of_it(database: Database, status: int, outcome: str) -> None:
    """An attempt that was refused is worth knowing of, too."""
    await ask(before(Face(status=status), database), "DELETE", "/api/v1/issues/42", x_token="ada")
    assert [row["outcome"] for row in await rows(database)] == [outcome]


@pytest.mark.parametrize(
    ("error", "outcome"), [(Forbidden("no"), "refused"), (TimedOut("late"), "failed"), (KeyError("bug"), "failed")]
)
async def test_an_error_that_the_face_raises_is_an_outcome(database: Database, error: Exception, outcome: str) -> None:
    """The entrance answers it; the row must not go on saying that nobody knows."""
    with pytest.raises(type(error)):
        await ask(before(Face(error=error), database), "POST", "/api/v1/bulk", x_token="ada")
    assert [row["outcome"] for row in await rows(database)] == [outcome]


async def test_a_process_that_dies_leaves_unknown(database: Database) -> None:
    """That is the truth about it."""

    class Killed(BaseException):
        pass

    with pytest.raises(Killed):
        await ask(before(Face(error=Killed()), database), "POST", "/api/v1/bulk", x_token="ada")
    assert [row["outcome"] for row in await rows(database)] == ["unknown"]


async def test_reads_and_reports_are_no_changes(database: Database) -> None:
    """A log of everything is a log in which nobody finds anything."""
    app = before(Face(), database)
    await ask(app, "GET", "/api/v1/issues", x_token="ada")
    await ask(app, "POST", "/api/v1/client-errors", context="client_errors.report", x_token="ada")
    assert await rows(database) == []


async def test_strangers_cannot_fill_the_log(database: Database) -> None:
    """Neither without a credential nor with one that Sentry refuses."""
    face = Face(status=401)
    for fields in ({}, {"x_token": "sntryu_guess"}):
        await ask(before(face, database), "POST", "/api/v1/bulk", **fields)
    assert await rows(database) == []


async def test_somebody_with_a_sentry_token_is_told_of_afterwards_and_without_it(database: Database) -> None:
    """Sentry knows who they are; Dexter knows that they were here."""
    await ask(before(Face(), database), "PUT", "/api/v1/issues/1", x_token="sntryu_own")
    (row,) = await rows(database)
    assert row["person"] == {"id": None, "name": "holder of a Sentry token"}
    assert "sntryu_own" not in str(row)


async def test_a_sign_in_is_told_of_and_a_wrong_one_is_not(database: Database) -> None:
    """Nobody is signed in before; the throttle deals with those who guess."""
    face = Face(status=401)
    app = before(face, database)
    await ask(app, "POST", "/api/v1/session", context="session.open")
    face.status = 200
    await ask(app, "POST", "/api/v1/session", context="session.open")
    assert [(row["action"], row["outcome"]) for row in await rows(database)] == [("session.open", "done")]


async def test_nothing_is_changed_that_cannot_be_written_down(tmp_path: Path) -> None:
    """Otherwise whoever breaks the database changes things unseen."""
    path = tmp_path / "dexter.sqlite3"
    path.write_text("no database, and long enough for SQLite to see that it is none when it reads the header of it")
    face = Face()
    database = Database(sqlite_file(path))
    with pytest.raises(DatabaseUnavailable):
        await ask(before(face, database), "POST", "/api/v1/bulk", x_token="ada")
    assert face.reached == []
    await database.aclose()


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("/api/v1/issues/42", Target("issue", "42")),
        ("/api/v1/issues/SHOP-1/labels/flaky", Target("issue", "SHOP-1")),
        ("/api/v1/people/7/roles/acme", Target("person", "7")),
        ("/api/v1/bulk/9/apply", Target("bulk_job", "9")),
        ("/api/v1/labels", None),
        ("/api/v1/bulk", None),
    ],
)
def test_what_it_was_done_to_is_read_from_the_address(path: str, target: Target | None) -> None:
    """A face that knows better says so; the others need not say anything."""
    assert described({"path": path, "state": {"context": "x"}}) == ("x", target)


@pytest.mark.parametrize(
    ("path", "organization"),
    [
        ("/api/0/organizations/other/issues/7/", "other"),
        ("/api/0/projects/other/shop/", "other"),
        ("/api/v1/other/issues/7/status", "other"),
        ("/api/v1/issues/7", "acme"),
        ("/api/v1/projects/shop/tombstones/1", "acme"),
    ],
)
async def test_a_change_is_told_of_where_it_was_made(database: Database, path: str, organization: str) -> None:
    """It was told of in the organization that Dexter is set up for, and nobody of the other one found it."""
    await ask(before(Face(), database), "PUT", path, x_token="ada")
    assert (await rows(database))[0]["organization"] == organization


async def test_a_bulk_change_at_sentrys_own_address_says_of_which_issues(database: Database) -> None:
    """The row named the organization only, as an `organization_id_or_slug`."""
    app = Audited(Face(), database, identify, FakeClock().now, "acme", described_at_sentry(sentry_router()))
    await ask(app, "PUT", "/api/0/organizations/acme/issues/?id=7&id=8", x_token="ada")
    row = (await rows(database))[0]
    assert row["target"] == {"kind": "organization", "id": "acme"}
    assert row["after"] == {"query": {"id": ["7", "8"]}}


def test_no_secret_gets_in() -> None:
    """The log is read by more people than the settings are, and exported."""
    value = {"name": "ci", "token": "dxt_1", "nested": [{"password_hash": "x", "api_key": "y"}], "scopes": ["read"]}
    assert told(value) == {
        "name": "ci",
        "token": "(hidden)",
        "nested": [{"password_hash": "(hidden)", "api_key": "(hidden)"}],
        "scopes": ["read"],
    }


def test_a_value_is_not_endlessly_long() -> None:
    """An audit row is a row, not a store for bodies."""
    assert told({"body": "x" * MAX_CHARS}) == {"left_out": f"{MAX_CHARS + 12} characters"}


async def test_a_change_of_our_own_data_and_its_row_are_one(database: Database) -> None:
    """Whoever finds the note finds the row that says `done`, whatever dies between the two and the answer."""

    class Killed(BaseException):
        pass

    async def during(scope: Scope) -> None:
        async with database.transaction() as connection:
            await scope["state"][NOTED].settle(connection, after={"body": "x"})

    face = Face(during=during, error=Killed())
    with pytest.raises(Killed):
        await ask(before(face, database), "POST", "/api/v1/issues/42/notes", x_token="ada")
    assert [(row["outcome"], row["after"]) for row in await rows(database)] == [("done", {"body": "x"})]


async def test_a_change_of_our_own_data_that_is_taken_back_is_not_told_as_done(database: Database) -> None:
    """The row goes back with it, and then says what came of it."""

    async def during(scope: Scope) -> None:
        async with database.transaction() as connection:
            await scope["state"][NOTED].settle(connection, after={"body": "x"})
            raise Forbidden("no")

    with pytest.raises(Forbidden):
        await ask(before(Face(during=during), database), "POST", "/api/v1/issues/42/notes", x_token="ada")
    assert [row["outcome"] for row in await rows(database)] == ["refused"]
