"""Nonsense in bodies and queries is the caller's mistake, never a crash."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.sandbox.test_every_operation import furnish

from dexter.catalog.table import operation, operations, resolved
from dexter.catalog.template import fill, placeholders
from dexter.sandbox.routing import targets

if TYPE_CHECKING:
    from tests.sandbox.conftest import Box

pytestmark = pytest.mark.breadth

HANDLED = [target.operation for _, _, target in targets(operations()) if target.handler and target.operation]
WRITES = sorted({known.key for known in HANDLED if known.request and known.request.media_type == "application/json"})
READS = sorted({known.key for known in HANDLED if known.method == "GET"})

JUNK: tuple[Any, ...] = (None, True, -1, 10**30, 1.5, "", "\x00", "x" * 5000, [], [None], [1], [{}], {}, {"a": [1]})


async def path_of(box: Box, key: str) -> str:
    named = await furnish(box)
    template = operation(key).path
    return fill(template, {name: named.get(name, "4711") for name in placeholders(template)})


@pytest.mark.parametrize("key", WRITES)
async def test_no_body_is_a_crash(box: Box, key: str) -> None:
    """A 500 in front of a form says nothing; a 400 says which field."""
    known = operation(key)
    path = await path_of(box, key)
    assert known.request
    fields = list(resolved(known.request.schema or {}).get("properties", {})) or ["anything"]
    for junk in JUNK:
        for body in (junk, *({field: junk} for field in fields), dict.fromkeys(fields, junk)):
            reply = await box.http.request(known.method, path, data=body)
            assert reply.status != 500, (body, reply.body[:200])
    broken = await box.http.request(known.method, path, body=b'{"half":')
    # The junk before it may have renamed or removed what the path names.
    assert broken.status in (302, 400, 403, 404), broken.body[:200]


@pytest.mark.parametrize("key", READS)
async def test_no_query_is_a_crash(box: Box, key: str) -> None:
    """Every parameter that the table knows, and every value that makes no sense."""
    known = operation(key)
    path = await path_of(box, key)
    names = [parameter.name for parameter in known.parameters if parameter.where == "query"]
    for junk in ("x", "-1", "99999999999999999999", "\x00", "0:-1:0", "nan", "[", "É"):
        for asked in ([(name, junk)] for name in [*names, "cursor", "per_page", "statsPeriod", "project"]):
            reply = await box.http.get(path, query=asked)
            assert reply.status != 500, (asked, reply.body[:200])
