"""What an organization is made of, as people would make it by hand: members, teams, projects and their keys."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dexter.sandbox.database import Database

OWNER = ("owner", "owner@example.com", "Olive Owner")


def make_organization(db: Database, slug: str) -> int:
    """Make an organization whose one member is the owner; give its id."""
    now = db.now()
    organization = db.insert(
        "INSERT INTO organizations (slug, name, date_created) VALUES (?,?,?)", slug, slug.replace("-", " ").title(), now
    )
    username, email, name = OWNER
    user = db.insert(
        "INSERT INTO users (username, email, name, date_joined) VALUES (?,?,?,?)", username, email, name, now
    )
    make_member(db, organization, user, email, "owner")
    return organization


def make_member(db: Database, organization: int, user: int, email: str, role: str) -> int:
    """Make a user a member of an organization; give the membership's id."""
    return db.insert(
        "INSERT INTO members (organization_id, user_id, email, role, date_created) VALUES (?,?,?,?,?)",
        organization, user, email, role, db.now(),
    )  # fmt: skip


def make_team(db: Database, organization: int, slug: str, name: str) -> int:
    """Make a team; give its id."""
    return db.insert(
        "INSERT INTO teams (organization_id, slug, name, date_created) VALUES (?,?,?,?)",
        organization,
        slug,
        name,
        db.now(),
    )


def make_project(db: Database, organization: int, slug: str, name: str, platform: str | None, teams: list[int]) -> int:
    """Make a project with its first client key; give its id."""
    project = db.insert(
        "INSERT INTO projects (organization_id, slug, name, platform, date_created) VALUES (?,?,?,?,?)",
        organization, slug, name, platform, db.now(),
    )  # fmt: skip
    db.many("INSERT INTO project_teams (project_id, team_id) VALUES (?,?)", [(project, team) for team in teams])
    make_project_key(db, project, "Default")
    return project


def make_project_key(db: Database, project: int, label: str, *, public: str | None = None) -> str:
    """Make a client key for a project; give its public half."""
    key = public or secrets.token_hex(16)
    db.run(
        "INSERT INTO project_keys (public_key, secret_key, project_id, label, date_created) VALUES (?,?,?,?,?)",
        key, secrets.token_hex(16), project, label, db.now(),
    )  # fmt: skip
    return key


def dsn(base_url: str, public_key: str, project: int) -> str:
    """Give the address that an SDK of a project sends to."""
    scheme, _, rest = base_url.partition("://")
    return f"{scheme}://{public_key}@{rest.rstrip('/')}/{project}"
