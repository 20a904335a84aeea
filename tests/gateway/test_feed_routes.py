"""The feed's history over HTTP: what may be read, in which order, and what each page says of the log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.doubles.described import as_described
from tests.doubles.feed_log_double import event
from tests.doubles.sentry_double import SentryDouble, ok

from dexter.realtime.events import packed
from dexter.stores.feed_log import Settled
from dexter.stores.feed_sqlite import FEED_FILE, SqliteFeedLog

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.gateway.conftest import Visitor


@pytest.fixture
async def epoch(tmp_path: Path) -> AsyncIterator[str]:
    """A log with something of everything, and its epoch."""
    log = SqliteFeedLog(tmp_path / FEED_FILE)
    happened = (
        event("issue.created", at="2026-01-02T03:01:00Z"),
        event("issue.updated", project="crate", at="2026-01-02T03:02:00Z"),
        event("alert.triggered", at="2026-01-02T03:03:00Z"),
        event("issue.resolved", at="2026-01-02T03:04:00Z"),
    )
    await log.settle("acme", (), lambda _: Settled(records=tuple(map(packed, happened))))
    yield (await log.after("acme", 0, 0)).epoch
    await log.aclose()


async def page(visitor: Visitor, query: str = "") -> dict[str, Any]:
    answer = await visitor.get(f"/api/v1/feed{query}")
    assert answer.status == 200, answer.body
    found: dict[str, Any] = answer.json()
    return found


def offsets(found: dict[str, Any]) -> list[int]:
    return [as_described(each)["offset"] for each in found["data"]]


async def test_the_newest_come_first_with_where_the_log_stands(operator: Visitor, epoch: str) -> None:
    found = await page(operator, "?limit=2")
    assert offsets(found) == [4, 2]
    assert found["meta"] == {"epoch": epoch, "oldest": 1, "newest": 4, "missing": None}
    assert found["pagination"] == {"next": {"cursor": f"{epoch}:2"}, "prev": None}
    assert offsets(await page(operator, f"?before={epoch}:2")) == [1]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?channels=issues,alerts", [4, 3, 2, 1]),
        ("?channels=alerts&channels=project:crate", [3, 2]),
        ("?filter=!type:issue.updated", [4, 1]),
        ("?since={epoch}:1", [2, 4]),
        ("?moment=2026-01-02T03:02:00Z", [2, 4]),
        ("?moment=2026-01-02T05:02:30%2B02:00", [4]),
    ],
)
async def test_it_is_read_by_channel_filter_place_and_moment(
    query: str, found: list[int], operator: Visitor, epoch: str
) -> None:
    """The same words as on the stream, so that whoever looks back sees what they would have heard."""
    assert offsets(await page(operator, query.format(epoch=epoch))) == found


async def test_a_gap_is_said(operator: Visitor, epoch: str) -> None:
    assert (await page(operator, "?since=older:3"))["meta"]["missing"] == "epoch"
    assert (await page(operator, f"?since={epoch}:9"))["meta"]["missing"] == "ahead"


@pytest.mark.parametrize(
    ("query", "status", "said"),
    [
        ("?channels=weather", 400, "no channel"),
        ("?filter=colour:red", 400, "colour"),
        ("?before=nonsense", 400, "before must be"),
        ("?since=one:x", 400, "since must be"),
        ("?since=one:1&before=one:2", 400, "Only one"),
        ("?limit=501", 400, "limit"),
        ("?colour=red", 400, "colour"),
        ("?organization=umbrella", 404, "no feed"),
    ],
)
async def test_what_there_is_not_is_refused(query: str, status: int, said: str, operator: Visitor) -> None:
    answer = await operator.get(f"/api/v1/feed{query}")
    assert (answer.status, said in answer.json()["detail"]) == (status, True), answer.body


async def test_a_sentry_token_reads_of_its_projects_alone(owner: Visitor, sentry: SentryDouble, epoch: str) -> None:
    """Looking back shows no more than listening does."""
    sentry.will(ok(b'[{"slug":"crate","hasAccess":true},{"slug":"shop","hasAccess":false}]'))
    assert offsets(await page(owner, "?channels=issues,alerts")) == [2]


async def test_strangers_read_nothing(stranger: Visitor) -> None:
    assert (await stranger.get("/api/v1/feed")).status == 401


@pytest.mark.parametrize("environment", [{"SENTRY_ORG": None}], indirect=True)
async def test_without_a_feed_it_is_said_what_is_lacking(operator: Visitor) -> None:
    answer = await operator.get("/api/v1/feed")
    assert (answer.status, "SENTRY_ORG" in answer.json()["remedy"]) == (404, True)
