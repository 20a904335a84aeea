"""The export at its old address, which never ended, answered 405, 500 or 502 and is what people's scripts call."""

from __future__ import annotations

import csv
import io
import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.gateway.legacy.conftest import Client


@pytest.mark.parametrize("form", ["csv", "json"])
async def test_the_export_is_a_file_with_its_old_name_and_it_ends(client: Client, form: str) -> None:
    target = f"/api/v1/acme/projects/{client.project}/issues/export?format={form}&status=unresolved&query="
    answered = await client.get(target)
    assert answered.status == 200, answered.body
    name = re.search(r'filename="(.+)"', answered.headers["content-disposition"])
    assert name is not None
    assert re.fullmatch(rf"sentry_issues_{client.project}_\d{{8}}_\d{{6}}\.{form}", name[1])
    listed = await client.get(f"/api/v1/issues?project={client.project}&limit=100")
    rows = list(csv.DictReader(io.StringIO(answered.body.decode("utf-8-sig")))) if form == "csv" else answered.json()
    assert len(rows) == len(listed.json()["data"])
    assert answered.headers["x-dexter-api-version"] == "0.1"
    lists = [asked for asked in client.transport.asked if asked.endswith("/issues/")]
    assert len(lists) <= 4, "it asked for the same page again and again"


async def test_a_wrong_format_is_the_callers_mistake(client: Client) -> None:
    """It was 500."""
    answered = await client.get(f"/api/v1/acme/projects/{client.project}/issues/export?format=xml")
    assert answered.status == 400
    assert answered.json()["code"] == "VALIDATION_ERROR"
