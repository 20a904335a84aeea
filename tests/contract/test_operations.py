"""Every published operation through the gateway: what Sentry receives and what its client gets.

Each operation has a case and two twins. The case holds; the twins run the same check on a reply that was corrupted
on Sentry's side and on a request that was corrupted on its way, and the check must fail for each corruption. Only an
operation with all three is counted as proven (`dexter catalog coverage`).
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from tests.contract.cases import replies_for, request_for
from tests.contract.exchange import check
from tests.contract.json_schema import validate
from tests.contract.sample import value

from dexter.catalog.table import operations

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.contract.gateway_under_test import GatewayUnderTest
    from tests.contract.recording_sentry import Reply, Request

    from dexter.catalog.operation import Operation

PUBLIC = [known for known in operations() if known.dialect == "public"]
PRIVATE = [known for known in operations() if known.dialect == "private" and known.path.startswith("/api/0/")]

pytestmark = [pytest.mark.breadth, pytest.mark.asyncio(loop_scope="session")]
each = pytest.mark.parametrize("operation", PUBLIC, ids=lambda known: known.key)


@pytest.mark.proves
@each
async def test_an_operation_passes_through(gateway: GatewayUnderTest, operation: Operation) -> None:
    """A Sentry client that changes nothing but its base URL must not be able to tell."""
    for reply in replies_for(operation, gateway.sentry.base_url):
        check(await gateway.exchange(request_for(operation, gateway.new_token()), reply))


@pytest.mark.proves
@each
async def test_a_corrupted_reply_is_noticed(gateway: GatewayUnderTest, operation: Operation) -> None:
    """A check that a wrong body, status or header passes would prove nothing about this operation."""
    for reply in replies_for(operation, gateway.sentry.base_url):
        for corrupted in corruptions(reply):
            exchange = await gateway.exchange(request_for(operation, gateway.new_token()), reply, said=corrupted)
            assert exchange.seen
            with pytest.raises(AssertionError):
                check(exchange)


@pytest.mark.proves
@each
async def test_a_corrupted_request_is_noticed(gateway: GatewayUnderTest, operation: Operation) -> None:
    """A check that Sentry may have received something else would prove nothing either."""
    reply = next(replies_for(operation, gateway.sentry.base_url))
    exchange = await gateway.exchange(request_for(operation, gateway.new_token()), reply)
    check(exchange)
    for changed in request_corruptions(exchange.seen[0]):
        with pytest.raises(AssertionError):
            check(replace(exchange, seen=(changed,)))
    with pytest.raises(AssertionError):
        check(replace(exchange, seen=()))


@pytest.mark.parametrize("operation", PRIVATE, ids=lambda known: known.key)
async def test_a_private_operation_passes_through(gateway: GatewayUnderTest, operation: Operation) -> None:
    """Sentry's clients use these too; they are proven alike but not counted, since they are not published."""
    for reply in replies_for(operation, gateway.sentry.base_url):
        check(await gateway.exchange(request_for(operation, gateway.new_token()), reply))


@pytest.mark.parametrize("operation", operations(), ids=lambda known: known.key)
async def test_what_is_sampled_is_valid(operation: Operation) -> None:
    """A case whose body Sentry would never take or send would prove little; a validator from outside judges it."""
    bodies = [body for body in (operation.request, *operation.responses.values()) if body and body.schema]
    for body in bodies:
        if body.media_type == "application/json":
            assert body.schema is not None
            validate(value(body.schema), body.schema)


def corruptions(reply: Reply) -> Iterator[Reply]:
    """Give the reply with its body, its status and a header changed, one at a time."""
    if reply.body:
        yield with_body(reply, _changed(reply.body))
        yield with_body(reply, reply.body.replace(b" ", b"", 1) if b" " in reply.body else reply.body + b" ")
    sized = reply.headers if reply.body or reply.status != 204 else (*reply.headers, ("Content-Length", "0"))
    yield replace(reply, status=202 if reply.status != 202 else 201, headers=sized)
    yield replace(reply, headers=tuple((n, "38" if n.endswith("Remaining") else v) for n, v in reply.headers))


def with_body(reply: Reply, body: bytes) -> Reply:
    """Give the reply with another body, and its length."""
    headers = tuple((n, str(len(body)) if n == "Content-Length" else v) for n, v in reply.headers)
    return replace(reply, headers=headers, body=body)


def _changed(body: bytes) -> bytes:
    """Give other JSON of the same kind."""
    made = json.loads(body)
    if isinstance(made, list):
        return json.dumps([*made, None]).encode()
    return json.dumps({**made, "corrupted": True} if isinstance(made, dict) else [made]).encode()


def request_corruptions(seen: Request) -> Iterator[Request]:
    """Give what Sentry saw with one thing changed at a time: method, path, slash, query, body, each header."""
    path, _, query = seen.target.partition("?")
    yield replace(seen, method="PATCH" if seen.method != "PATCH" else "PUT")
    slashless = path.rstrip("/") if path.endswith("/") else path + "/"
    yield replace(seen, target=seen.target.replace(path, slashless, 1))
    yield replace(seen, target=seen.target.replace("/api/0/", "/api/1/", 1))
    yield replace(seen, target=f"{path}?{query}&more=1" if query else f"{path}?more=1")
    if query:
        yield replace(seen, target=path)
    yield replace(seen, body=seen.body + b" ")
    for at, (name, text) in enumerate(seen.headers):
        if name.lower() not in ("content-length", "transfer-encoding"):
            yield replace(seen, headers=(*seen.headers[:at], *seen.headers[at + 1 :]))
            yield replace(seen, headers=(*seen.headers[:at], (name, text + "x"), *seen.headers[at + 1 :]))
    yield replace(seen, headers=(*seen.headers, ("Cookie", "sentrysid=of-another-site")))
    yield replace(seen, headers=(*seen.headers, ("X-Dexter-Trace", "1")))
