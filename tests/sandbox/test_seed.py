"""The seeded organization: the same for the same seed, consistent in its counts, varied enough to try things on."""

from __future__ import annotations

import random
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from dexter.errors import SettingsError
from dexter.sandbox.bootstrap import open_sandbox
from dexter.sandbox.options import SandboxOptions
from dexter.sandbox.seed.traffic import DAY_S, HOUR_S, Climate, Life, draw_life, spread, tide

if TYPE_CHECKING:
    from collections.abc import Iterator

NOW = 1_790_000_000.0


def seeded(seed: int = 42, issues: int = 150) -> Any:
    return open_sandbox(SandboxOptions(seed=seed, issues=issues), lambda: NOW).db


@pytest.fixture(scope="module")
def garden() -> Iterator[Any]:
    db = seeded()
    yield db
    db.close()


def test_the_same_seed_grows_the_same_organization() -> None:
    """A screenshot, a bug and a benchmark must be seen again tomorrow."""
    first, again, other = seeded(issues=25), seeded(issues=25), seeded(seed=7, issues=25)
    for table in ("issues", "events", "issue_hours", "issue_tags", "issue_users", "activities", "releases", "members"):
        rows = [tuple(row) for row in first.all(f"SELECT * FROM {table}")]
        assert rows == [tuple(row) for row in again.all(f"SELECT * FROM {table}")], table
    assert first.value("SELECT title FROM issues") != other.value("SELECT title FROM issues")
    for db in (first, again, other):
        db.close()


def test_exactly_as_many_issues_as_asked_for(garden: Any) -> None:
    """Two scenes that fall into one group would be a scene too few."""
    assert garden.value("SELECT count(*) FROM issues") == 150


def test_counts_agree_with_each_other(garden: Any) -> None:
    """List, charts, tags and users must not contradict each other."""
    for total in (
        "SELECT sum(count) FROM issue_hours WHERE issue_id = i.id",
        "SELECT sum(count) FROM issue_tags WHERE issue_id = i.id AND key = 'level'",
        "SELECT sum(count) FROM issue_tags WHERE issue_id = i.id AND key = 'environment'",
    ):
        assert garden.all(f"SELECT id FROM issues i WHERE times_seen != ({total})") == []
    assert (
        garden.all(
            "SELECT id FROM issues i WHERE users_seen != (SELECT count(*) FROM issue_users WHERE issue_id = i.id)"
        )
        == []
    )
    assert garden.all("SELECT id FROM issues WHERE first_seen > last_seen OR last_seen > ?", NOW) == []


def test_every_issue_has_full_events(garden: Any) -> None:
    """An issue page needs stack trace, breadcrumbs, tags and contexts to show."""
    assert garden.all("SELECT id FROM issues WHERE id NOT IN (SELECT issue_id FROM events)") == []
    for row in garden.all("SELECT data_json FROM events"):
        body = msgspec.json.decode(row["data_json"])
        assert body["errors"] == []
        assert body["breadcrumbs"]["values"]
        assert body["user"]["email"]
        frames = [f for value in body.get("exception", {}).get("values", ()) for f in value["stacktrace"]["frames"]]
        assert body.get("logentry") or {frame["in_app"] for frame in frames} == {True, False}
    assert garden.value("SELECT count(*) FROM events WHERE data_json LIKE '%\"vars\"%'") > 50


def test_no_word_was_left_unfilled(garden: Any) -> None:
    """A `$noun` in a title gives the game away."""
    texts = [row["title"] for row in garden.all("SELECT title FROM issues")]
    texts += [row["culprit"] for row in garden.all("SELECT culprit FROM issues")]
    assert [text for text in texts if "$" in text] == []


def test_there_is_something_of_everything(garden: Any) -> None:
    """Every tab, filter and badge of a client must find something."""
    states = Counter((row["status"], row["substatus"]) for row in garden.all("SELECT status, substatus FROM issues"))
    assert {status for status, _ in states} == {"unresolved", "resolved", "ignored"}
    assert {"new", "ongoing", "regressed"} <= {substatus for _, substatus in states}
    assert {row[0] for row in garden.all("SELECT DISTINCT priority FROM issues")} == {"high", "medium", "low"}
    assert {row[0] for row in garden.all("SELECT DISTINCT name FROM environments")} >= {"production", "staging"}
    assert garden.value("SELECT count(*) FROM issues WHERE first_seen > ?", NOW - DAY_S) > 0
    assert garden.value("SELECT count(*) FROM issues WHERE assigned_user_id IS NOT NULL") > 10
    assert garden.value("SELECT count(*) FROM issues WHERE assigned_team_id IS NOT NULL") > 5
    assert garden.value("SELECT count(*) FROM issues WHERE num_comments > 0") > 5
    assert garden.value("SELECT count(*) FROM projects") == 7
    assert garden.value("SELECT count(*) FROM members") == 12
    assert garden.value("SELECT count(*) FROM deploys") > 20
    assert garden.value("SELECT count(DISTINCT title) FROM issues") > 75
    assert garden.value("SELECT count(*) FROM events WHERE data_json LIKE '%\"chained\"%'") > 0


def test_the_search_index_sees_the_seed_at_once(garden: Any) -> None:
    """A new sandbox must not start with an empty list."""
    assert garden.value(
        "SELECT count(*) FROM issues WHERE idx_status = status AND idx_substatus IS substatus AND idx_visible_at = 0"
        " AND idx_assigned_user_id IS assigned_user_id"
    ) == 150  # fmt: skip


def test_more_issues_than_there_are_differences_are_refused() -> None:
    """Asking for a million must say so instead of giving fewer."""
    with pytest.raises(SettingsError, match="issues: 1000000 are too many"):
        seeded(issues=1_000_000)


def test_days_are_busier_than_nights_and_weekdays_than_weekends() -> None:
    """A chart without a tide looks like what it is: made up."""
    thursday, saturday = 1_789_948_800.0 + 3 * DAY_S, 1_789_948_800.0 + 5 * DAY_S
    assert time.gmtime(saturday).tm_wday == 5
    assert tide(thursday + 15 * HOUR_S) > 3 * tide(thursday + 3 * HOUR_S)
    assert tide(thursday + 15 * HOUR_S) > tide(saturday + 15 * HOUR_S)


@pytest.mark.parametrize("count", [1, 7, 500, 100_000])
def test_a_spread_loses_no_event(count: int) -> None:
    """Hours add up to the total, and none lies outside the issue's life."""
    rng = random.Random(1)
    for _ in range(30):
        life = draw_life(rng, NOW)
        hours = spread(rng, life, count, NOW, Climate([NOW - DAY_S]))
        assert sum(hours.values()) == count
        assert min(hours) >= life.first - HOUR_S
        assert max(hours) <= life.last
        assert all(hour % HOUR_S == 0 for hour in hours)


def test_a_release_stirs_things_up() -> None:
    """Issues that a release brought spike after it."""
    life = Life(NOW - 10 * DAY_S, NOW, 10_000, "release")
    hours = spread(random.Random(1), life, 10_000, NOW, Climate([NOW - 5 * DAY_S]))
    after = sum(count for hour, count in hours.items() if NOW - 5 * DAY_S <= hour < NOW - 4 * DAY_S)
    assert after > 4000
