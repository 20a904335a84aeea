"""The people, teams, projects, releases, commits and deploys of a seeded organization."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dexter.sandbox.founding import make_member, make_project_key, make_team
from dexter.sandbox.seed import world
from dexter.sandbox.seed.traffic import Climate

if TYPE_CHECKING:
    import random

    from dexter.sandbox.database import Database

DAY_S = 86400
ENVIRONMENTS = ("production", "staging", "development")


@dataclass(frozen=True, slots=True)
class Release:
    """A release of a project: when it was made and when it reached production."""

    id: int
    version: str
    created: float
    deployed: float


@dataclass(slots=True)
class Ground:
    """What the issues grow on."""

    organization: int
    projects: dict[str, int] = field(default_factory=dict)
    teams: dict[str, int] = field(default_factory=dict)
    members: dict[str, list[int]] = field(default_factory=dict)
    """User ids by team."""
    users: dict[int, tuple[str, str]] = field(default_factory=dict)
    """Name and email by user id."""
    releases: dict[str, list[Release]] = field(default_factory=dict)
    """By project slug, the oldest first."""
    climates: dict[str, Climate] = field(default_factory=dict)
    customers: list[dict[str, Any]] = field(default_factory=list)


def prepare(db: Database, rng: random.Random, organization: int, now: float) -> Ground:
    """Make everything but issues."""
    ground = Ground(organization)
    _make_people(db, rng, ground, now)
    for project in world.PROJECTS:
        _make_project(db, rng, ground, project, now)
    ground.customers = [_customer(rng, number) for number in range(600)]
    return ground


def _make_people(db: Database, rng: random.Random, ground: Ground, now: float) -> None:
    joined = now - 400 * DAY_S
    for slug, name in world.TEAMS:
        ground.teams[slug] = make_team(db, ground.organization, slug, name)
    owner = db.one("SELECT u.* FROM users u JOIN members m ON m.user_id = u.id WHERE m.role = 'owner'")
    assert owner is not None  # noqa: S101 - the organization was made with its owner
    everyone: list[tuple[int, str, str]] = [(owner["id"], owner["name"], owner["email"])]
    for username, name, role in world.PEOPLE:
        email = f"{username}@acme.example"
        joined += rng.uniform(1, 30) * DAY_S
        user = db.insert(
            "INSERT INTO users (username, email, name, date_joined) VALUES (?,?,?,?)", username, email, name, joined
        )
        make_member(db, ground.organization, user, email, role)
        everyone.append((user, name, email))
    slugs = list(ground.teams)
    for index, (user, name, email) in enumerate(everyone):
        ground.users[user] = (name, email)
        # The owner sits in every team, so that whoever holds the printed token can act on everything.
        teams = set(slugs) if index == 0 else {slugs[index % len(slugs)], rng.choice(slugs)}
        for slug in sorted(teams):
            ground.members.setdefault(slug, []).append(user)
            db.run(
                "INSERT INTO team_members (team_id, member_id) SELECT ?, id FROM members WHERE user_id = ?"
                " AND organization_id = ?",
                ground.teams[slug], user, ground.organization,
            )  # fmt: skip
    db.run("UPDATE members SET date_created = (SELECT date_joined FROM users u WHERE u.id = user_id)")


def _make_project(db: Database, rng: random.Random, ground: Ground, project: world.Project, now: float) -> None:
    row = db.insert(
        "INSERT INTO projects (organization_id, slug, name, platform, date_created) VALUES (?,?,?,?,?)",
        ground.organization, project.slug, project.name, project.platform, now - rng.uniform(200, 380) * DAY_S,
    )  # fmt: skip
    ground.projects[project.slug] = row
    db.many(
        "INSERT INTO project_teams (project_id, team_id) VALUES (?,?)", [(row, ground.teams[t]) for t in project.teams]
    )
    make_project_key(db, row, "Default", public=f"{rng.getrandbits(128):032x}")
    db.run(
        "UPDATE projects SET settings_json = json_set(settings_json, '$.ownership', json(?)) WHERE id = ?",
        json.dumps({"raw": world.ownership_rules(project), "autoAssignment": "Turn off Auto-Assignment"}), row,
    )  # fmt: skip
    releases = _make_releases(db, rng, ground, project, now)
    ground.releases[project.slug] = releases
    ground.climates[project.slug] = Climate([release.deployed for release in releases])


def _make_releases(
    db: Database, rng: random.Random, ground: Ground, project: world.Project, now: float
) -> list[Release]:
    moments = []
    moment = now - rng.uniform(0.05, 0.9) * project.cadence_days * DAY_S
    while moment > now - 35 * DAY_S:
        moments.append(moment)
        moment -= rng.uniform(0.6, 1.4) * project.cadence_days * DAY_S
    major, minor, patch = rng.randint(1, 6), rng.randint(0, 20), 0
    releases = []
    for created in reversed(moments):
        patch, minor = (0, minor + 1) if rng.random() < 0.4 else (patch + 1, minor)
        version = f"{project.package}@{major}.{minor}.{patch}"
        if project.language == "kotlin":
            version += f"+{major * 10000 + minor * 100 + patch}"
        releases.append(_make_release(db, rng, ground, project, version, created))
    return releases


def _make_release(
    db: Database, rng: random.Random, ground: Ground, project: world.Project, version: str, created: float
) -> Release:
    deployed = created + rng.uniform(0.3, 3) * 3600
    sha = f"{rng.getrandbits(160):040x}"
    row = db.insert(
        "INSERT INTO releases (organization_id, version, ref, url, date_created, date_released) VALUES (?,?,?,?,?,?)",
        ground.organization, version, sha, None, created, deployed,
    )  # fmt: skip
    db.run("INSERT INTO release_projects (release_id, project_id) VALUES (?,?)", row, ground.projects[project.slug])
    for index in range(rng.randint(1, 6)):
        name, email = rng.choice(list(ground.users.values()))
        message = rng.choice(world.COMMITS).replace("$noun", rng.choice(world.NOUNS))
        db.run(
            "INSERT INTO commits (organization_id, release_id, repository, sha, message, author_name, author_email,"
            " date_created) VALUES (?,?,?,?,?,?,?,?)",
            ground.organization, row, f"acme/{project.slug}", sha if index == 0 else f"{rng.getrandbits(160):040x}",
            message, name, email, created - index * rng.uniform(600, 20_000),
        )  # fmt: skip
    for environment, finished in (("staging", created + 600), ("production", deployed)):
        db.run(
            "INSERT INTO deploys (release_id, environment, date_started, date_finished) VALUES (?,?,?,?)",
            row, environment, finished - rng.uniform(60, 300), finished,
        )  # fmt: skip
    return Release(row, version, created, deployed)


def _customer(rng: random.Random, number: int) -> dict[str, Any]:
    first = rng.choice(world.FIRST_NAMES)
    country, city = rng.choice(world.PLACES)
    username = f"{first.lower()}{number}"
    return {
        "id": str(20_000 + number * 7), "username": username, "email": f"{username}@mail.example", "name": first,
        "ip_address": f"198.51.100.{number % 250 + 1}", "geo": {"country_code": country, "city": city},
        "plan": rng.choices(world.PLANS, (50, 30, 15, 5))[0],
    }  # fmt: skip
