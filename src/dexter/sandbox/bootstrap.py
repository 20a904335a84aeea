"""The first breath: opens the memory, makes the organization where there is none, hands the owner a token."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from dexter.sandbox.auth import new_token, store_token
from dexter.sandbox.database import Database
from dexter.sandbox.founding import make_organization, make_project, make_team
from dexter.sandbox.profiles import profile
from dexter.sandbox.request import Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable

    from dexter.sandbox.options import SandboxOptions

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


def _renew_owner_token(db: Database, options: SandboxOptions) -> str:
    # Only hashes are kept, so a token of an earlier start cannot be printed again: it makes way for a new one.
    token = options.owner_token or new_token()
    db.run("DELETE FROM tokens WHERE name = 'owner'")
    user = db.value("SELECT user_id FROM members WHERE role = 'owner' ORDER BY id LIMIT 1")
    store_token(db, token, name="owner", user_id=user)
    return token
