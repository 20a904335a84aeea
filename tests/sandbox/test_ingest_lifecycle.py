"""What new events do to issues: counters, releases, regressions, snoozes that end, escalation."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from dexter.sandbox.ingest.lifecycle import pass_time
from dexter.sandbox.ingest.normalize import normalize
from dexter.sandbox.ingest.releases import version_key
from dexter.sandbox.ingest.save import Saved, save_event
from dexter.sandbox.ingest.timestamps import iso

DAY_S = 86400


class Project:
    """A project that fails when told to."""

    def __init__(self, db: Any, clock: Any, slug: str = "shop-api") -> None:
        self.db, self.clock, self.slug = db, clock, slug
        self.number = 0

    def fails(self, **event: Any) -> Saved:
        self.number += 1
        project = self.db.one("SELECT * FROM projects WHERE slug = ?", self.slug)
        body = {"event_id": f"{self.number:032x}", "message": "it broke", "level": "error", **event}
        return save_event(self.db, project, normalize(body, received=self.clock()), self.clock())

    @property
    def issue(self) -> Any:
        return self.db.one("SELECT * FROM issues ORDER BY id LIMIT 1")

    def set(self, details: dict[str, Any] | None = None, **columns: Any) -> None:
        columns["status_details_json"] = msgspec.json.encode(details or {}).decode()
        marks = ", ".join(f"{name} = ?" for name in columns)
        self.db.run(f"UPDATE issues SET {marks}", *columns.values())

    def activities(self) -> list[str]:
        return [row["type"] for row in self.db.all("SELECT type FROM activities ORDER BY id")]


@pytest.fixture
def project(bare_db: Any, clock: Any) -> Project:
    return Project(bare_db, clock)


def test_the_first_event_makes_the_issue(project: Project) -> None:
    """Short id, priority, project and activity all begin with it."""
    saved = project.fails(release="shop@1.0", environment="production", user={"id": "7"})
    issue = project.issue
    assert saved.is_new
    assert (issue["short_number"], issue["substatus"], issue["priority"], issue["times_seen"]) == (1, "new", "high", 1)
    assert project.activities() == ["first_seen"]
    assert project.db.value("SELECT first_event FROM projects WHERE slug = 'shop-api'") == project.clock()
    assert project.db.value("SELECT version FROM releases") == "shop@1.0"
    assert project.db.value("SELECT new_groups FROM release_projects") == 1
    assert project.db.value("SELECT name FROM environments") == "production"


def test_counters_add_up(project: Project) -> None:
    """Counts in the list, the charts and the tags are of the same events."""
    for user in ("7", "8", "7"):
        project.fails(user={"id": user}, environment="production")
        project.clock.tick(3600)
    issue = project.issue
    assert (issue["times_seen"], issue["users_seen"]) == (3, 2)
    assert issue["last_seen"] - issue["first_seen"] == 7200
    assert [row["count"] for row in project.db.all("SELECT count FROM issue_hours ORDER BY hour")] == [1, 1, 1]
    assert project.db.value("SELECT count FROM issue_tags WHERE key = 'user' AND value = 'id:7'") == 2
    assert project.db.value("SELECT hour % 3600 FROM issue_hours") == 0


def test_short_numbers_count_per_project(bare_db: Any, clock: Any) -> None:
    """SHOP-API-1 and SHOP-WEB-1 exist side by side."""
    for slug in ("shop-api", "shop-web"):
        Project(bare_db, clock, slug).fails()
    assert [row["short_number"] for row in bare_db.all("SELECT short_number FROM issues")] == [1, 1]


def test_a_late_event_does_not_change_the_face(project: Project) -> None:
    """The issue shows its newest event, not the one that arrived last."""
    project.fails(message="it broke", level="error", fingerprint=["x"])
    project.fails(message="older words", level="info", fingerprint=["x"], timestamp=project.clock() - 500)
    assert (project.issue["title"], project.issue["level"]) == ("it broke", "error")
    assert project.issue["first_seen"] == project.clock() - 500


@pytest.mark.parametrize(
    ("event", "priority"),
    [
        ({"level": "fatal"}, "high"),
        ({"level": "error"}, "high"),
        ({"level": "warning"}, "medium"),
        ({"level": "info"}, "low"),
        ({"exception": [{"type": "E", "mechanism": {"type": "x", "handled": True}}]}, "medium"),
        ({"level": "info", "exception": [{"type": "E", "mechanism": {"type": "x", "handled": False}}]}, "high"),
    ],
)
def test_priority_follows_level_and_handling(project: Project, event: dict[str, Any], priority: str) -> None:
    """What nobody caught comes first."""
    project.fails(**event)
    assert project.issue["priority"] == priority


def test_a_resolved_issue_that_fails_again_regresses(project: Project) -> None:
    """The heart of the lifecycle: it comes back, marked as such."""
    project.fails()
    project.set(status="resolved", substatus=None, resolved_at=project.clock())
    saved = project.fails()
    issue = project.issue
    assert (saved.is_new, saved.awakened) == (False, "regressed")
    assert (issue["status"], issue["substatus"], issue["idx_status"]) == ("unresolved", "regressed", "unresolved")
    assert project.activities() == ["first_seen", "set_regression"]


@pytest.mark.parametrize(
    ("details", "release", "regresses"),
    [
        ({"inNextRelease": True, "_release": "shop@1.1"}, "shop@1.1", False),
        ({"inNextRelease": True, "_release": "shop@1.1"}, "shop@1.0", False),
        ({"inNextRelease": True, "_release": "shop@1.1"}, "shop@1.2", True),
        ({"inNextRelease": True, "_release": "shop@1.1"}, None, False),
        ({"inNextRelease": True}, "shop@1.1", False),
        ({"inNextRelease": True}, "shop@2.0", True),
        ({"inRelease": "shop@1.1"}, "shop@1.0", False),
        ({"inRelease": "shop@1.1"}, "shop@1.1", True),
        ({"inRelease": "shop@1.1"}, "shop@1.10", True),
        ({"inCommit": {"commit": "abc", "repository": "acme/shop"}}, "shop@1.0", False),
        ({"inCommit": {"commit": "abc", "repository": "acme/shop"}}, "shop@1.1", True),
        ({"inCommit": {"commit": "unreleased", "repository": "acme/shop"}}, "shop@1.1", False),
        ({}, "shop@1.0", True),
        ({}, None, True),
    ],
)
def test_an_old_release_does_not_undo_a_fix(
    project: Project, details: dict[str, Any], release: str | None, regresses: bool
) -> None:
    """Clients on the old version keep failing after the fix is out: that is no regression."""
    for version in ("shop@1.0", "shop@1.1"):
        project.fails(release=version)
        project.clock.tick(60)
    project.db.run(
        "INSERT INTO commits (organization_id, release_id, repository, sha, date_created)"
        " SELECT organization_id, id, 'acme/shop', 'abc', 0 FROM releases WHERE version = 'shop@1.1'"
    )
    project.set(details, status="resolved", substatus=None, resolved_at=project.clock())
    project.clock.tick(60)
    saved = project.fails(release=release)
    assert (saved.awakened == "regressed") is regresses
    assert project.issue["status"] == ("unresolved" if regresses else "resolved")


@pytest.mark.parametrize(
    ("details", "events", "users"),
    [
        ({"ignoreCount": 3, "_from": {"times_seen": 1}}, 3, 0),
        ({"ignoreCount": 3, "ignoreWindow": 60, "_from": {"times_seen": 1}}, 2, 0),
        ({"ignoreUserCount": 2, "_from": {"users_seen": 0}}, 2, 2),
    ],
)
def test_an_archive_until_a_count_ends_with_it(project: Project, details: Any, events: int, users: int) -> None:
    """The event that reaches the count brings the issue back, not the one before."""
    project.fails()
    project.set(details, status="ignored", substatus="archived_until_condition_met")
    for number in range(1, events + 1):
        assert project.issue["status"] == "ignored"
        project.fails(user={"id": str(number)} if users else None)
    assert (project.issue["status"], project.issue["substatus"]) == ("unresolved", "ongoing")


def test_an_archive_for_a_time_ends_without_an_event(project: Project) -> None:
    """Nobody should have to wait for the next failure to be reminded."""
    project.fails()
    project.set({"ignoreUntil": iso(project.clock() + 600)}, status="ignored", substatus="archived_until_condition_met")
    project.clock.tick(599)
    pass_time(project.db, project.clock())
    assert project.issue["status"] == "ignored"
    project.clock.tick(2)
    pass_time(project.db, project.clock())
    assert (project.issue["status"], project.activities()[-1]) == ("unresolved", "set_unresolved")


def test_archived_forever_stays_archived(project: Project) -> None:
    """Forever means forever."""
    project.fails()
    project.set(status="ignored", substatus="archived_forever")
    for _ in range(30):
        project.fails()
    assert project.issue["status"] == "ignored"


def test_an_archived_issue_escalates_beyond_its_usual_rate(project: Project) -> None:
    """Archived until it escalates: quiet stays quiet, a flood comes back with high priority."""
    project.fails(level="warning")
    project.set(status="ignored", substatus="archived_until_escalating")
    project.clock.tick(DAY_S)
    for _ in range(10):
        project.fails(level="warning")
    assert project.issue["status"] == "ignored"
    assert project.fails(level="warning").awakened == "escalating"
    assert (project.issue["substatus"], project.issue["priority"]) == ("escalating", "high")
    assert project.activities()[-2:] == ["set_escalating", "set_priority"]


def test_a_priority_that_someone_set_is_left_alone(project: Project) -> None:
    """A person's word stands above an automatic one."""
    project.fails(level="warning")
    project.set(status="ignored", substatus="archived_until_escalating", priority_locked_at=1.0, priority="low")
    for _ in range(12):
        project.fails(level="warning")
    assert (project.issue["status"], project.issue["priority"]) == ("unresolved", "low")


def test_new_becomes_ongoing_after_a_week(project: Project) -> None:
    """A week-old issue is no news."""
    project.fails()
    project.clock.tick(7 * DAY_S + 1)
    pass_time(project.db, project.clock())
    assert (project.issue["substatus"], project.activities()[-1]) == ("ongoing", "auto_set_ongoing")


def test_a_merged_issue_passes_its_events_on(project: Project) -> None:
    """The surviving issue counts what the merged one would have."""
    first = project.fails(message="one").issue_id
    second = project.fails(message="two").issue_id
    project.db.run("UPDATE issues SET status = 'merged', merged_into = ? WHERE id = ?", first, second)
    assert project.fails(message="two").issue_id == first


def test_a_deleted_issue_is_born_anew(project: Project) -> None:
    """Deletion is asynchronous; an event that comes meanwhile must not be lost in it."""
    old = project.fails().issue_id
    project.set(status="pending_deletion")
    saved = project.fails()
    assert saved.is_new
    assert saved.issue_id != old
    assert project.fails().issue_id == saved.issue_id


def test_the_index_sees_a_new_issue_after_its_lag(project: Project) -> None:
    """Sentry's search trails behind its writes; clients must be proven against it."""
    row = project.db.one("SELECT * FROM projects WHERE slug = 'shop-api'")
    event = normalize({"message": "late"}, received=project.clock())
    save_event(project.db, row, event, project.clock(), index_lag_s=2.0)
    assert project.issue["idx_visible_at"] == project.clock() + 2.0


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        ("shop@1.2.3", "shop@1.2.4"),
        ("shop@1.9.0", "shop@1.10.0"),
        ("shop@1.0-beta.2", "shop@1.0-beta.10"),
        ("shop@1.0-rc", "shop@1.0"),
        ("1.0", "1.0.1"),
        ("shop@1.0+1", "shop@1.1+0"),
    ],
)
def test_versions_compare_as_numbers(older: str, newer: str) -> None:
    """As text, 1.10 stands before 1.9."""
    assert version_key(older) < version_key(newer)  # type: ignore[operator]


@pytest.mark.parametrize("version", ["a1b2c3d4", "2026-release", "shop@latest", ""])
def test_names_that_are_no_versions_have_no_order(version: str) -> None:
    """Commit hashes are ordered by when they came."""
    assert version_key(version) is None
