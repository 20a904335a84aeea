"""What people did about the seeded issues: resolved, archived, assigned, prioritized, discussed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from dexter.sandbox.activity_log import record_activity
from dexter.sandbox.ingest.timestamps import iso
from dexter.sandbox.seed import world

if TYPE_CHECKING:
    import random
    import sqlite3

    from dexter.sandbox.database import Database
    from dexter.sandbox.seed.organization import Ground

DAY_S = 86400
WEEK_S = 7 * DAY_S


def write_history(
    db: Database, rng: random.Random, ground: Ground, issue: sqlite3.Row, project: world.Project, now: float
) -> None:
    """Give an issue its status, assignee, readers and comments, each with the activity that tells of it."""
    team = rng.choice(project.teams)
    person = rng.choice(ground.members[team])
    age = now - issue["first_seen"]
    quiet = now - issue["last_seen"]
    draw = rng.random()
    if quiet > 6 * 3600 and draw < 0.42:
        _resolve(db, rng, ground, issue, project, person, now)
    elif age > DAY_S and 0.42 <= draw < 0.56:
        _archive(db, rng, issue, person, now)
    elif age > 2 * DAY_S and 0.56 <= draw < 0.64:
        _regress(db, rng, ground, issue, project, person, now)
    elif age > DAY_S and 0.64 <= draw < 0.67:
        _escalate(db, issue, now)
    elif age > WEEK_S:
        _set(db, issue, substatus="ongoing")
        record_activity(db, issue["id"], None, "auto_set_ongoing", {"after_days": 7}, issue["first_seen"] + WEEK_S)
    _set(db, issue, in_review=int(age < WEEK_S and rng.random() < 0.7))
    if rng.random() < 0.45:
        _assign(db, rng, ground, issue, team, person, now)
    if rng.random() < 0.14:
        _discuss(db, rng, ground, issue, team, now)
    _read(db, rng, ground, issue, team, now)


def _set(db: Database, issue: sqlite3.Row, **columns: Any) -> None:
    marks = ", ".join(f"{name} = ?" for name in columns)
    db.run(f"UPDATE issues SET {marks} WHERE id = ?", *columns.values(), issue["id"])  # noqa: S608 - our own names


def _between(rng: random.Random, start: float, end: float) -> float:
    return start + rng.random() * max(0.0, end - start)


def _resolve(
    db: Database,
    rng: random.Random,
    ground: Ground,
    issue: sqlite3.Row,
    project: world.Project,
    person: int,
    now: float,
) -> None:
    moment = _between(rng, issue["last_seen"], now)
    details: dict[str, Any] = {}
    activity: tuple[str, dict[str, Any]] = ("set_resolved", {})
    later = [release for release in ground.releases[project.slug] if release.created > issue["last_seen"]]
    if later and rng.random() < 0.4:
        version = later[0].version
        moment = max(moment, later[0].created)
        details = {"inRelease": version, "_release": version}
        activity = ("set_resolved_in_release", {"version": version})
    _set(
        db, issue, status="resolved", substatus=None, resolved_at=moment,
        status_details_json=msgspec.json.encode(details).decode(),
    )  # fmt: skip
    record_activity(db, issue["id"], person, *activity, moment)


def _archive(db: Database, rng: random.Random, issue: sqlite3.Row, person: int, now: float) -> None:
    moment = _between(rng, issue["first_seen"] + 3600, now)
    substatus = rng.choices(
        ("archived_until_escalating", "archived_forever", "archived_until_condition_met"), (65, 15, 20)
    )[0]
    details: dict[str, Any] = {}
    if substatus == "archived_until_condition_met":
        start = {"times_seen": issue["times_seen"], "users_seen": issue["users_seen"]}
        held: dict[str, Any] = rng.choice(
            ({"ignoreCount": issue["times_seen"] + 1000}, {"ignoreUntil": iso(now + rng.randint(1, 20) * DAY_S)})
        )
        details = {**held, "_from": start}
    shown = {key: value for key, value in details.items() if key != "_from"}
    _set(
        db, issue, status="ignored", substatus=substatus, status_details_json=msgspec.json.encode(details).decode(),
    )  # fmt: skip
    data = {**shown, "ignoreUntilEscalating": substatus == "archived_until_escalating"}
    record_activity(db, issue["id"], person, "set_ignored", data, moment)


def _regress(
    db: Database,
    rng: random.Random,
    ground: Ground,
    issue: sqlite3.Row,
    project: world.Project,
    person: int,
    now: float,
) -> None:
    resolved = _between(rng, issue["first_seen"], issue["last_seen"])
    back = min(issue["last_seen"], resolved + rng.uniform(0.1, 2) * DAY_S)
    version = next(
        (release.version for release in reversed(ground.releases[project.slug]) if release.created <= back), ""
    )
    record_activity(db, issue["id"], person, "set_resolved", {}, resolved)
    record_activity(db, issue["id"], None, "set_regression", {"version": version}, back)
    _set(db, issue, substatus="regressed" if now - back < WEEK_S else "ongoing")


def _escalate(db: Database, issue: sqlite3.Row, now: float) -> None:
    _set(db, issue, substatus="escalating", priority="high")
    moment = max(issue["first_seen"], now - 0.6 * DAY_S)
    record_activity(db, issue["id"], None, "set_escalating", {"forecast": 10}, moment)
    if issue["priority"] != "high":
        record_activity(db, issue["id"], None, "set_priority", {"priority": "high", "reason": "escalating"}, moment)


def _assign(
    db: Database, rng: random.Random, ground: Ground, issue: sqlite3.Row, team: str, person: int, now: float
) -> None:
    moment = _between(rng, issue["first_seen"], now)
    if rng.random() < 0.65:
        name, email = ground.users[person]
        _set(db, issue, assigned_user_id=person)
        data: dict[str, Any] = {
            "assignee": str(person),
            "assigneeName": name,
            "assigneeType": "user",
            "assigneeEmail": email,
        }
    else:
        team_id = ground.teams[team]
        _set(db, issue, assigned_team_id=team_id)
        data = {"assignee": str(team_id), "assigneeName": team, "assigneeType": "team", "assigneeEmail": None}
    record_activity(db, issue["id"], rng.choice(ground.members[team]), "assigned", data, moment)


def _discuss(db: Database, rng: random.Random, ground: Ground, issue: sqlite3.Row, team: str, now: float) -> None:
    texts = rng.sample(world.COMMENTS, rng.randint(1, 3))
    moment = issue["first_seen"]
    for text in texts:
        moment = _between(rng, moment, now)
        record_activity(db, issue["id"], rng.choice(ground.members[team]), "note", {"text": text}, moment)
    _set(db, issue, num_comments=len(texts))


def _read(db: Database, rng: random.Random, ground: Ground, issue: sqlite3.Row, team: str, now: float) -> None:
    readers = rng.sample(ground.members[team], min(len(ground.members[team]), rng.choice((0, 0, 1, 1, 2, 3))))
    for reader in readers:
        db.run(
            "INSERT OR IGNORE INTO issue_user_state (issue_id, user_id, seen_at, is_bookmarked, is_subscribed)"
            " VALUES (?,?,?,?,?)",
            issue["id"], reader, _between(rng, issue["first_seen"], now), int(rng.random() < 0.08),
            1 if rng.random() < 0.3 else None,
        )  # fmt: skip
