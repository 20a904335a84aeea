"""Idempotency-Key: asking again does nothing twice, in whichever process, and says honestly what is known."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select
from tests.gateway.change_stand import Face, FakeClock, ask, identify

from dexter.database.tables import idempotency_key
from dexter.errors import BadRequest, TimedOut
from dexter.gateway.idempotency import LARGEST, RESERVE_S, Conflict, Idempotent, KeyReused
from dexter.gateway.retry_after import retry_after

if TYPE_CHECKING:
    from dexter.database.engine import Database

TTL_S = 3600.0
REQUEST_S = 30.0


def before(face: Face, database: Database, clock: FakeClock) -> Idempotent:
    return Idempotent(face, database, identify, clock.now, ttl_s=TTL_S, request_s=REQUEST_S, secret=b"key")


async def post(app: Idempotent, body: bytes = b"{}", *, key: str = "k1", method: str = "POST", **fields: str) -> Any:
    sent = {"x_token": "ada", "idempotency_key": key} | fields
    return await ask(app, method, "/api/v1/issues/1/comments", body, **sent)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


async def test_asking_again_gives_the_answer_there_was(database: Database, clock: FakeClock) -> None:
    """A client that lost the answer to a broken connection asks again; the comment must not stand there twice."""
    face = Face(status=201)
    first = await post(before(face, database, clock))
    # As another process would.
    again = await post(before(face, database, clock))
    assert len(face.reached) == 1
    assert (again.status, again.body, again.headers["location"]) == (201, first.body, "/api/v1/x/1")
    assert again.headers["idempotent-replay"] == "true"
    assert "idempotent-replay" not in first.headers
    assert "set-cookie" not in again.headers


async def test_without_a_key_each_request_is_its_own(database: Database, clock: FakeClock) -> None:
    """Two comments with the same words are two comments."""
    face = Face()
    app = before(face, database, clock)
    for _ in range(2):
        await ask(app, "POST", "/api/v1/issues/1/comments", b"{}", x_token="ada")
    assert len(face.reached) == 2


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_reads_need_no_key(database: Database, clock: FakeClock, method: str) -> None:
    """A client that sends one with everything must not be given old answers."""
    face = Face()
    for _ in range(2):
        await post(before(face, database, clock), method=method)
    assert len(face.reached) == 2


async def test_a_key_with_another_body_is_refused(database: Database, clock: FakeClock) -> None:
    """Giving the first one's answer would say that the second was done."""
    face = Face()
    await post(before(face, database, clock), b'{"a":1}')
    with pytest.raises(KeyReused) as told:
        await post(before(face, database, clock), b'{"a":2}')
    assert told.value.status == 422
    assert len(face.reached) == 1


async def test_a_key_is_its_users_own(database: Database, clock: FakeClock) -> None:
    """Somebody else's key must neither block mine nor show me their answer."""
    face = Face()
    app = before(face, database, clock)
    for token in ("ada", "bob", "sntryu_one", "sntryu_two", "ada"):
        await post(app, x_token=token)
    assert len(face.reached) == 4


async def test_no_token_is_kept(database: Database, clock: FakeClock) -> None:
    """What identifies a caller stands in the table as a hash, like everywhere."""
    await post(before(Face(), database, clock), x_token="sntryu_one")
    async with database.reading() as connection:
        identities = list(await connection.scalars(select(idempotency_key.c.identity)))
    assert identities == ["token:hash of sntryu_one"]


async def test_of_many_at_once_one_does_it(database: Database, clock: FakeClock) -> None:
    """A double click reaches two processes in the same moment."""
    face = Face()
    go = asyncio.Event()

    async def wait(_: object) -> None:
        await go.wait()

    face.during = wait
    asking = [asyncio.create_task(post(before(face, database, clock))) for _ in range(8)]
    done, _ = await asyncio.wait(asking, return_when=asyncio.FIRST_COMPLETED)
    while len(done) < 7:
        done, _ = await asyncio.wait(asking, timeout=0.05)
    conflicts = [task.exception() for task in done]
    assert all(isinstance(each, Conflict) for each in conflicts)
    assert isinstance(conflicts[0], Conflict)
    assert retry_after(conflicts[0], clock.now()) == (("retry-after", "1"),)
    go.set()
    answers = await asyncio.gather(*asking, return_exceptions=True)
    assert [each.status for each in answers if not isinstance(each, BaseException)] == [200]
    assert len(face.reached) == 1
    assert (await post(before(face, database, clock))).headers["idempotent-replay"] == "true"


@pytest.mark.parametrize("status", [400, 403, 404, 409, 422, 429, 503])
async def test_a_key_is_free_again_after_nothing_came_of_it(database: Database, clock: FakeClock, status: int) -> None:
    """Who corrects a mistake, or waits as they were told, goes on with the same key."""
    face = Face(status=status)
    app = before(face, database, clock)
    await post(app)
    face.status = 200
    assert (await post(app, b'{"corrected":1}')).status == 200


@pytest.mark.parametrize("status", [500, 502, 504])
async def test_after_a_failure_in_the_middle_a_post_is_not_repeated(
    database: Database, clock: FakeClock, status: int
) -> None:
    """Sentry may have taken the comment before it timed out; only whoever looks can know."""
    face = Face(status=status)
    app = before(face, database, clock)
    await post(app)
    with pytest.raises(Conflict, match="not known"):
        await post(app)
    assert len(face.reached) == 1


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
async def test_what_says_how_things_shall_be_is_repeated(database: Database, clock: FakeClock, method: str) -> None:
    """Resolving what may be resolved already does no harm."""
    face = Face(error=TimedOut("too late"))
    app = before(face, database, clock)
    with pytest.raises(TimedOut):
        await post(app, method=method)
    face.error = None
    assert (await post(app, method=method)).status == 200
    assert (await post(app, method=method)).headers["idempotent-replay"] == "true"
    assert len(face.reached) == 2


async def test_after_a_crash_it_is_unknown_once_the_lease_is_over(database: Database, clock: FakeClock) -> None:
    """A dead process settles nothing; its key must neither be done again nor stay under way for ever."""

    class Killed(BaseException):
        pass

    face = Face(error=Killed())
    crashed = before(face, database, clock)
    # A process that dies runs nothing any more.
    crashed._settle = lambda *_: asyncio.sleep(0)  # type: ignore[method-assign]
    for method in ("POST", "PUT"):
        with pytest.raises(Killed):
            await post(crashed, key=method, method=method)
    face.error = None
    app = before(face, database, clock)
    with pytest.raises(Conflict, match="under way"):
        await post(app, key="POST")
    clock.pass_s(REQUEST_S + RESERVE_S + 1)
    with pytest.raises(Conflict, match="not known"):
        await post(app, key="POST")
    assert (await post(app, key="PUT", method="PUT")).status == 200


async def test_a_key_is_forgotten_after_its_time(database: Database, clock: FakeClock) -> None:
    """The setting says how long; nothing is kept for ever."""
    face = Face()
    app = before(face, database, clock)
    await post(app)
    clock.pass_s(TTL_S - 1)
    assert "idempotent-replay" in (await post(app)).headers
    clock.pass_s(2)
    assert "idempotent-replay" not in (await post(app)).headers
    assert len(face.reached) == 2


@pytest.mark.parametrize(("context", "body"), [("tokens.make", b"dxt_secret"), ("x.y", b"x" * (LARGEST + 1))])
async def test_what_may_not_be_kept_is_not_and_done_once_all_the_same(
    database: Database, clock: FakeClock, context: str, body: bytes
) -> None:
    """A token is shown once and is at rest nowhere; a huge answer would be a way to fill the disk."""
    face = Face(status=201, body=body)
    app = before(face, database, clock)
    fields = {"x_token": "ada", "idempotency_key": "k"}
    assert (await ask(app, "POST", "/api/v1/tokens", context=context, **fields)).body == body
    with pytest.raises(Conflict, match="was done"):
        await ask(app, "POST", "/api/v1/tokens", context=context, **fields)
    async with database.reading() as connection:
        assert list(await connection.scalars(select(idempotency_key.c.body))) == [None]


@pytest.mark.parametrize("key", ["", "with space", "ü", "x" * 201])
async def test_a_key_has_a_form(database: Database, clock: FakeClock, key: str) -> None:
    """It is a column of a table, and comes from strangers."""
    with pytest.raises(BadRequest, match="Idempotency-Key"):
        await post(before(Face(), database, clock), key=key)


async def test_nobody_in_particular_gets_no_keys(database: Database, clock: FakeClock) -> None:
    """Strangers must not be able to fill the table."""
    face = Face(status=401)
    await ask(before(face, database, clock), "POST", "/api/v1/issues/1/comments", idempotency_key="k")
    async with database.reading() as connection:
        assert (await connection.execute(select(idempotency_key))).all() == []
