"""Grows a believable organization from a seed: the same seed, number and moment give the same organization."""

from __future__ import annotations

import random
from collections import Counter
from typing import TYPE_CHECKING, Any

import msgspec

from dexter.errors import SettingsError
from dexter.sandbox.ingest.interfaces import user_key
from dexter.sandbox.ingest.normalize import NormalizedEvent, normalize
from dexter.sandbox.ingest.save import save_event
from dexter.sandbox.seed import world
from dexter.sandbox.seed.blame import blame
from dexter.sandbox.seed.history import write_history
from dexter.sandbox.seed.organization import ENVIRONMENTS, Ground, Release, prepare
from dexter.sandbox.seed.scene import Scene, draw_event, draw_scenes, most_scenes
from dexter.sandbox.seed.traffic import Life, draw_life, spread

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

    from dexter.sandbox.database import Database


_MANY = 2000
"""From this many issues on, fewer bodies are kept of each."""
_encode = msgspec.json.Encoder().encode


def grow(db: Database, organization: int, *, seed: int, issues: int) -> None:
    """Make the people, projects, releases and issues of a new organization."""
    for project, count in _shares(issues):
        if count > most_scenes(project):
            most = most_scenes(project) * sum(each.weight for each in world.PROJECTS) // project.weight
            raise SettingsError(f"issues: {issues} are too many to be all different; permitted are 1 to {most}.")
    rng = random.Random(seed)  # noqa: S311 - a garden, not a lock
    now = db.now()
    ground = prepare(db, rng, organization, now)
    plenty = issues > _MANY
    bodies, crowd = ((2, 3), 120) if plenty else ((3, 7), 400)
    for project, count in _shares(issues):
        row = db.one("SELECT * FROM projects WHERE id = ?", ground.projects[project.slug])
        assert row is not None  # noqa: S101 - made above
        for scene in draw_scenes(rng, project, count):
            _grow_issue(db, rng, ground, row, scene, rng.randint(*bodies), crowd, now)
    blame(db, seed)
    _settle(db)


def _shares(issues: int) -> list[tuple[world.Project, int]]:
    total = sum(project.weight for project in world.PROJECTS)
    shares = [(project, issues * project.weight // total) for project in world.PROJECTS]
    rest = issues - sum(count for _, count in shares)
    return [(project, count + (rest if index == 0 else 0)) for index, (project, count) in enumerate(shares)]


def _grow_issue(
    db: Database,
    rng: random.Random,
    ground: Ground,
    project: sqlite3.Row,
    scene: Scene,
    bodies: int,
    crowd: int,
    now: float,
) -> None:
    life = draw_life(rng, now)
    releases = ground.releases[scene.project.slug]
    kept = min(life.total, bodies)
    moments = sorted({life.first, life.last, *(rng.uniform(life.first, life.last) for _ in range(max(0, kept - 2)))})
    issue_id = 0
    events: list[NormalizedEvent] = []
    for moment in moments[-kept:] if kept == 1 else moments[: kept - 1] + moments[-1:]:
        setting = {
            "event_id": f"{rng.getrandbits(128):032x}", "environment": rng.choices(ENVIRONMENTS, (88, 9, 3))[0],
            "release": _release_at(rng, releases, moment), "customer": rng.choice(ground.customers),
        }  # fmt: skip
        event = normalize(draw_event(rng, scene, moment, setting), received=moment + rng.uniform(0.05, 2))
        issue_id = save_event(db, project, event, moment).issue_id
        events.append(event)
    issue = db.one("SELECT * FROM issues WHERE id = ?", issue_id)
    assert issue is not None  # noqa: S101 - the events above made it
    if life.total > len(events):
        rest = life.total - len(events)
        hours = spread(rng, life, rest, now, ground.climates[scene.project.slug])
        _add_silent(db, rng, ground, issue, life, hours, events, releases, crowd)
    issue = db.one("SELECT * FROM issues WHERE id = ?", issue_id)
    assert issue is not None  # noqa: S101 - as above
    write_history(db, rng, ground, issue, scene.project, now)


def _release_at(rng: random.Random, releases: list[Release], moment: float) -> str | None:
    """Give the release that was out at a moment; a few clients are always one behind."""
    out = [release for release in releases if release.deployed <= moment] or releases[:1]
    return out[-2 if len(out) > 1 and rng.random() < 0.12 else -1].version if out else None


def _add_silent(
    db: Database, rng: random.Random, ground: Ground, issue: sqlite3.Row, life: Life, hours: Mapping[int, int],
    events: list[NormalizedEvent], releases: list[Release], crowd: int,
) -> None:  # fmt: skip
    """Count events whose bodies are not kept, in hours, tags and users alike."""
    count = sum(hours.values())
    rows = []
    per_environment: Counter[str] = Counter()
    per_release: Counter[str] = Counter()
    for hour, number in hours.items():
        per_release[_release_at(rng, releases, hour + 1800) or ""] += number
        for environment, part in _split(rng, number):
            rows.append((issue["id"], environment, hour, part))
            per_environment[environment] += part
    db.many(
        "INSERT INTO issue_hours (issue_id, environment, hour, count) VALUES (?,?,?,?)"
        " ON CONFLICT DO UPDATE SET count = count + excluded.count",
        rows,
    )
    exact: dict[str, Mapping[str, int]] = {"environment": per_environment, "release": per_release}
    _add_tags(db, rng, issue["id"], life, count, events, exact)
    db.run("UPDATE issues SET times_seen = times_seen + ? WHERE id = ?", count, issue["id"])
    _add_users(db, rng, ground, issue["id"], life, count, crowd)


def _split(rng: random.Random, number: int) -> list[tuple[str, int]]:
    if number < 12:
        return [(rng.choices(ENVIRONMENTS, (90, 8, 2))[0], number)]
    staging, development = int(number * rng.uniform(0.02, 0.1)), int(number * 0.01)
    parts = (number - staging - development, staging, development)
    return [(name, part) for name, part in zip(ENVIRONMENTS, parts, strict=True) if part]


def _add_tags(
    db: Database, rng: random.Random, issue: int, life: Life, count: int, events: list[NormalizedEvent],
    exact: Mapping[str, Mapping[str, int]],
) -> None:  # fmt: skip
    values: dict[str, Counter[str]] = {}
    for event in events:
        for key, value in event.tags.items():
            values.setdefault(key, Counter())[value] += 1
    rows = []
    for key, seen in values.items():
        if key == "user":
            continue
        shares = exact.get(key) or _portions(rng, count, _vocabulary(key, seen))
        rows += [
            (issue, key, value, share, life.first, life.last) for value, share in shares.items() if share and value
        ]
    db.many(
        "INSERT INTO issue_tags (issue_id, key, value, count, first_seen, last_seen) VALUES (?,?,?,?,?,?)"
        " ON CONFLICT DO UPDATE SET count = count + excluded.count, first_seen = min(first_seen, excluded.first_seen),"
        " last_seen = max(last_seen, excluded.last_seen)",
        rows,
    )


def _vocabulary(key: str, seen: Counter[str]) -> list[str]:
    more: Mapping[str, tuple[str, ...]] = {"region": world.REGIONS, "plan": world.PLANS, "server_name": world.SERVERS}
    return list(dict.fromkeys([*seen, *more.get(key, ())]))


def _portions(rng: random.Random, count: int, values: list[str]) -> dict[str, int]:
    """Give each value its share, the first ones the most, summing up exactly."""
    weights = [rng.uniform(0.5, 1.5) / (index + 1) for index in range(len(values))]
    scale = count / sum(weights)
    shares = {value: int(weight * scale) for value, weight in zip(values, weights, strict=True)}
    shares[values[0]] += count - sum(shares.values())
    return shares


def _add_users(db: Database, rng: random.Random, ground: Ground, issue: int, life: Life, count: int, most: int) -> None:
    crowd = min(most, max(1, round(count ** rng.uniform(0.55, 0.95))))
    rows = []
    rest = count
    for index, customer in enumerate(rng.sample(ground.customers, min(crowd, count))):
        times = max(1, rest // (2 * (crowd - index)))
        rest -= times
        first = rng.uniform(life.first, life.last)
        rows.append((issue, user_key(customer), first, rng.uniform(first, life.last), times, _shown(customer)))
    db.many(
        "INSERT INTO issue_users (issue_id, user_key, first_seen, last_seen, times_seen, user_json)"
        " VALUES (?,?,?,?,?,?) ON CONFLICT DO UPDATE SET times_seen = times_seen + excluded.times_seen,"
        " first_seen = min(first_seen, excluded.first_seen), last_seen = max(last_seen, excluded.last_seen)",
        rows,
    )
    db.run("UPDATE issues SET users_seen = (SELECT count(*) FROM issue_users WHERE issue_id = ?1) WHERE id = ?1", issue)
    db.many(
        "INSERT INTO issue_tags (issue_id, key, value, count, first_seen, last_seen) VALUES (?,'user',?,?,?,?)"
        " ON CONFLICT DO UPDATE SET count = count + excluded.count, first_seen = min(first_seen, excluded.first_seen),"
        " last_seen = max(last_seen, excluded.last_seen)",
        [(issue, key, times, first, last) for _, key, first, last, times, _ in rows],
    )


def _shown(customer: Mapping[str, Any]) -> str:
    shown = {key: value for key, value in customer.items() if key != "plan"}
    return _encode({**shown, "data": {"plan": customer["plan"]}}).decode()


def _settle(db: Database) -> None:
    """Let the search index see everything at once, and count new issues where releases show them."""
    db.run(
        "UPDATE issues SET idx_status = status, idx_substatus = substatus, idx_priority = priority, idx_ready_at = 0,"
        " idx_visible_at = 0, idx_assigned_user_id = assigned_user_id, idx_assigned_team_id = assigned_team_id"
    )
    db.run("ANALYZE")
