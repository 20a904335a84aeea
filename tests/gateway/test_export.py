"""Any list as a file: all of it, ending where Sentry says so, safe in a spreadsheet, and never whole by pretence."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from tests.doubles.asgi_client import Response, request
from tests.doubles.sentry_double import BASE, FakeClock, SentryDouble, ok

from dexter.errors import DexterFault
from dexter.features.export_csv import csv_lines
from dexter.wire import Answer, Call

if TYPE_CHECKING:
    from tests.gateway.conftest import Visitor

    from dexter.app import Application


def issue(number: int, **changes: Any) -> dict[str, Any]:
    return {
        "id": str(number),
        "shortId": f"SHOP-{number}",
        "title": f"Error {number}",
        "culprit": "pay",
        "level": "error",
        "status": "unresolved",
        "substatus": "new",
        "priority": "high",
        "project": {"id": "1", "slug": "shop"},
        "assignedTo": {"type": "user", "id": "1", "name": "Ada"},
        "count": "12",
        "userCount": 3,
        "firstSeen": "2026-01-01T00:00:00Z",
        "lastSeen": "2026-01-02T00:00:00Z",
        "permalink": f"{BASE}/organizations/acme/issues/{number}/",
        "stats": {"24h": []},
        **changes,
    }


def page(*numbers: int, following: str | None = None, **changes: Any) -> Answer:
    """A page as Sentry gives it: with a link to the next one, which the last one has too, without results."""
    results, cursor = ("true", following) if following else ("false", "0:9:0")
    link = f'<{BASE}/api/0/x/?cursor=c>; rel="previous"; results="false"; cursor="0:0:1", '
    link += f'<{BASE}/api/0/x/?cursor=c>; rel="next"; results="{results}"; cursor="{cursor}"'
    body = msgspec.json.encode([issue(number, **changes) for number in numbers])
    return ok(body, headers=(("Content-Type", "application/json"), ("Link", link)))


def table(body: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(body.decode())))


def asked(sentry: SentryDouble) -> list[Call]:
    return [call for call in sentry.calls if call.path.endswith("/issues/")]


async def test_a_list_becomes_a_table(operator: Visitor, sentry: SentryDouble) -> None:
    """One row an issue, in the columns that somebody who counts and sorts wants."""
    sentry.will(page(1, following="0:100:0"), page(2, 3))
    response = await operator.get("/api/v1/issues/export")
    assert response.status == 200
    assert response.headers["content-type"] == "text/csv; charset=utf-8"
    assert response.headers["content-disposition"] == 'attachment; filename="issues-acme-20231114-221320.csv"'
    rows = table(response.body)
    assert [row["short_id"] for row in rows] == ["SHOP-1", "SHOP-2", "SHOP-3"]
    assert rows[0] == {
        "short_id": "SHOP-1",
        "id": "1",
        "project": "shop",
        "title": "Error 1",
        "culprit": "pay",
        "level": "error",
        "status": "unresolved",
        "substatus": "new",
        "priority": "high",
        "assignee": "Ada",
        "events": "12",
        "users": "3",
        "first_seen": "2026-01-01T00:00:00Z",
        "last_seen": "2026-01-02T00:00:00Z",
        "url": f"{BASE}/organizations/acme/issues/1/",
        "labels": "",
        "notes": "0",
    }


async def test_it_asks_for_what_the_list_asks_for_in_the_longest_pages(operator: Visitor, sentry: SentryDouble) -> None:
    """The file must hold what the screen beside it shows, and cost Sentry as little as it can."""
    sentry.will(page(1, following="0:100:0"), page(2))
    await operator.get("/api/v1/issues/export?query=boom&status=resolved&level=error&level=fatal&sort=freq&period=24h")
    first, second = (dict(msgspec.json.decode(msgspec.json.encode(parse(call.query)))) for call in asked(sentry))
    assert first["query"] == "is:resolved boom level:[error, fatal]"
    assert (first["sort"], first["statsPeriod"], first["limit"]) == ("freq", "24h", "100")
    assert (second["cursor"], second["query"]) == ("0:100:0", first["query"])
    assert {call.priority.name for call in asked(sentry)} == {"BULK"}


def parse(query: str) -> list[tuple[str, str]]:
    from urllib.parse import parse_qsl

    return parse_qsl(query, keep_blank_values=True)


@pytest.mark.parametrize("form", ["json", "ndjson"])
async def test_as_json_it_is_what_sentry_says_with_what_dexter_adds(
    operator: Visitor, sentry: SentryDouble, form: str
) -> None:
    """Programs want all of it."""
    sentry.will(page(1, following="0:100:0"), page(2))
    response = await operator.get(f"/api/v1/issues/export?format={form}")
    text = response.body.decode()
    issues = json.loads(text) if form == "json" else [json.loads(line) for line in text.splitlines()]
    assert [each["shortId"] for each in issues] == ["SHOP-1", "SHOP-2"]
    assert issues[0]["dexter"] == {"labels": [], "notes": 0, "pinned": 0}


@pytest.mark.parametrize(("form", "body"), [("json", "[]"), ("ndjson", "")])
async def test_nothing_is_an_empty_file(operator: Visitor, sentry: SentryDouble, form: str, body: str) -> None:
    """Not an error, and not half a bracket."""
    sentry.will(page())
    response = await operator.get(f"/api/v1/issues/export?format={form}")
    assert "".join(response.body.decode().split()) == body


@pytest.mark.parametrize(
    ("title", "cell"),
    [
        ('=HYPERLINK("http://evil")', '\'=HYPERLINK("http://evil")'),
        ("+1+1", "'+1+1"),
        ("-2+3", "'-2+3"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\tx", "'\tx"),
        ("\rx", "'\rx"),
        ("\uff1dx", "'\uff1dx"),
        ('said "so", and\nleft', 'said "so", and\nleft'),
        ("naïve 🦊", "naïve 🦊"),
    ],
)
def test_no_cell_is_a_formula(title: str, cell: str) -> None:
    """Titles come from anybody who can make a program fail; a spreadsheet would run them."""
    assert next(csv.reader(io.StringIO(csv_lines([[title]]).decode(), newline=""))) == [cell]


async def test_titles_of_strangers_are_safe_in_the_file(operator: Visitor, sentry: SentryDouble) -> None:
    """The guard must stand where the file is written."""
    sentry.will(page(1, title="=cmd|' /C calc'!A0"))
    assert table((await operator.get("/api/v1/issues/export")).body)[0]["title"] == "'=cmd|' /C calc'!A0"


async def test_an_issue_that_moves_while_it_is_read_stands_there_once(operator: Visitor, sentry: SentryDouble) -> None:
    """New events push issues to the next page under the reader's hands."""
    sentry.will(page(1, 2, following="0:100:0"), page(2, 3))
    rows = table((await operator.get("/api/v1/issues/export")).body)
    assert [row["id"] for row in rows] == ["1", "2", "3"]


async def test_what_stands_in_the_way_of_the_first_page_has_its_own_status(
    operator: Visitor, sentry: SentryDouble
) -> None:
    """A file that begins with an error would be saved as one."""
    sentry.will(Answer(403, (("Content-Type", "application/json"),), b'{"detail":"no"}'))
    response = await operator.get("/api/v1/issues/export")
    assert response.status == 403
    assert response.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ("csv", "THIS EXPORT IS INCOMPLETE,"),
        ("json", '{"error":{"incomplete":true'),
        ("ndjson", '{"error":{"incomplete":true'),
    ],
)
async def test_a_failure_in_the_middle_is_said_and_breaks_the_transfer_off(
    gateway: Application, operator: Visitor, sentry: SentryDouble, form: str, said: str
) -> None:
    """Half a list that looks whole is the worst there is: somebody will count it."""
    sentry.will(page(1, following="0:100:0"), Answer(403, (("Content-Type", "application/json"),), b"{}"))
    sent = await broken_off(gateway, operator, f"/api/v1/issues/export?format={form}")
    assert sent.body.decode().splitlines()[-1].startswith(said)
    assert "SHOP-1" in sent.body.decode()
    assert not sent.complete


async def test_pages_that_go_round_in_circles_end(
    gateway: Application, operator: Visitor, sentry: SentryDouble
) -> None:
    """A cursor that comes again would keep Sentry busy for ever."""
    sentry.will(*[page(number, following="0:100:0") for number in (1, 2, 3)])
    sent = await broken_off(gateway, operator, "/api/v1/issues/export")
    assert b"circles" in sent.body
    assert len(asked(sentry)) == 2


async def broken_off(gateway: Application, visitor: Visitor, target: str) -> Response:
    """Give what had been sent when the gateway broke a transfer off."""
    sent = Response()

    async def keeping(scope: Any, receive: Any, send: Any) -> None:
        async def told(message: Any) -> None:
            if message["type"] == "http.response.body":
                sent.body += message.get("body", b"")
                sent.complete = not message.get("more_body", False)
            await send(message)

        await gateway(scope, receive, told)

    with pytest.raises(DexterFault):
        await request(keeping, "GET", target, visitor.headers, client=("127.0.0.1", 50_000))
    return sent


@pytest.mark.parametrize("target", ["?format=xml", "?limit=10", "?cursor=1", "?status=nonsense", "?sort=nonsense"])
async def test_what_it_does_not_take_is_told(operator: Visitor, sentry: SentryDouble, target: str) -> None:
    """A misspelled filter that is ignored exports everything."""
    sentry.will(page(1))
    assert (await operator.get(f"/api/v1/issues/export{target}")).status in (400, 422)
    assert asked(sentry) == []


async def test_a_head_request_asks_sentry_nothing(operator: Visitor, sentry: SentryDouble) -> None:
    """A link checker must not cost a hundred pages."""
    assert (await operator.send("HEAD", "/api/v1/issues/export")).status == 200
    assert asked(sentry) == []


async def test_what_was_exported_is_there_while_sentry_is_away(
    operator: Visitor, owner: Visitor, sentry: SentryDouble, clock: FakeClock
) -> None:
    """With the moment it was taken, and for Dexter's people only."""
    sentry.will(page(1, 2))
    await operator.get("/api/v1/issues/export")
    before = len(sentry.calls)
    response = await operator.get("/api/v1/issues/export?source=kept&format=ndjson")
    kept = [json.loads(line) for line in response.body.splitlines()]
    assert [each["id"] for each in kept] == ["1", "2"]
    assert kept[0]["dexter"]["taken_at"] == "2023-11-14T22:13:20Z"
    assert (kept[0]["count"], "stats" in kept[0]) == (12, False)
    assert len(sentry.calls) == before
    assert (await owner.get("/api/v1/issues/export?source=kept")).status == 403
    assert (await operator.get("/api/v1/issues/export?source=kept&query=x")).status == 400


async def test_strangers_get_nothing(stranger: Visitor, sentry: SentryDouble) -> None:
    """It is a list of everything that is wrong."""
    assert (await stranger.get("/api/v1/issues/export")).status == 401


async def test_labels_narrow_the_file_as_they_narrow_the_list(
    operator: Visitor, owner: Visitor, sentry: SentryDouble
) -> None:
    """`label:` is Dexter's own: Sentry is asked the rest, and what has not the label is left out."""
    sentry.will(ok(msgspec.json.encode(issue(2))))
    labelling = await operator.send("PUT", "/api/v1/issues/2/labels/flaky", {})
    assert labelling.status < 300, labelling.body
    sentry.calls.clear()
    sentry.will(page(1, following="0:100:0"), page(2, 3))
    rows = table((await operator.get("/api/v1/issues/export?query=boom%20label:flaky")).body)
    assert [(row["id"], row["labels"]) for row in rows] == [("2", "flaky")]
    assert dict(parse(asked(sentry)[0].query))["query"] == "is:unresolved boom"
    assert (await owner.get("/api/v1/issues/export?query=label:flaky")).status == 403
