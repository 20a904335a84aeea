"""The first breath: opens the memory, makes the organization where there is none, hands the owner a token."""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import TYPE_CHECKING

from dexter.sandbox.auth import new_token, store_token
from dexter.sandbox.database import Database
from dexter.sandbox.profiles import profile
from dexter.sandbox.request import Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable

    from dexter.sandbox.options import SandboxOptions

OWNER = ("owner", "owner@example.com", "Olive Owner")
FIRST_PROJECTS = (("shop-api", "Shop API", "python"), ("shop-web", "Shop Web", "javascript-react"))


def open_sandbox(options: SandboxOptions, clock: Callable[[], float]) -> Sandbox:
    """Give the sandbox over the options' database, made and seeded when it is new."""
    db = Database(options.database, clock)
    with db.transaction():
        if db.value("SELECT count(*) FROM organizations") == 0:
            _populate(db, options)
        token = _renew_owner_token(db, options)
    return Sandbox(replace(options, index_lag_s=_lag_s(options)), db, clock, token)


def _lag_s(options: SandboxOptions) -> float:
    return options.index_lag_s or profile(options.profile).index_lag_s


def _populate(db: Database, options: SandboxOptions) -> None:
    organization = make_organization(db, options.organization)
    if options.issues > 0:
        # The seed is much data and stays unread unless it is asked for.
        from dexter.sandbox.seed.grow import grow

        grow(db, organization, seed=options.seed, issues=options.issues)
        return
    team = make_team(db, organization, "engineering", "Engineering")
    owner = db.value("SELECT id FROM members WHERE organization_id = ?", organization)
    db.run("INSERT INTO team_members (team_id, member_id) VALUES (?,?)", team, owner)
    for slug, name, platform in FIRST_PROJECTS:
        make_project(db, organization, slug, name, platform, [team])


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


def _renew_owner_token(db: Database, options: SandboxOptions) -> str:
    # Only hashes are kept, so a token of an earlier start cannot be printed again: it makes way for a new one.
    token = options.owner_token or new_token()
    db.run("DELETE FROM tokens WHERE name = 'owner'")
    user = db.value("SELECT user_id FROM members WHERE role = 'owner' ORDER BY id LIMIT 1")
    store_token(db, token, name="owner", user_id=user)
    return token
