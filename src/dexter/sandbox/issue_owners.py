"""Whom Sentry suggests for an issue: by the project's ownership rules and by suspect commits."""

# ruff: noqa: S608 - statements are joined from this module's own pieces; values are always parameters

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from dexter.sandbox.ownership import Rule, matching, parse_rules, typed
from dexter.sandbox.serialize.moment import iso
from dexter.sandbox.suspects import suspects

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from dexter.sandbox.database import Database


@dataclass(frozen=True, slots=True)
class Owned:
    """The rules that an event fits, the one that counts first, and whom they name: `("team", row)`, `("user", row)`."""

    rules: tuple[Rule, ...] = ()
    owners: tuple[tuple[str, sqlite3.Row], ...] = ()


def owners(db: Database, events: Sequence[sqlite3.Row]) -> dict[int, Owned]:
    """Give who owns the code that events came from, by the events' row ids; as many queries for many as for one."""
    projects = {event["project_id"] for event in events}
    rules, organizations = {}, {}
    for row in db.all(
        "SELECT id, organization_id, json_extract(settings_json, '$.ownership.raw') AS raw FROM projects"
        f" WHERE id IN ({','.join('?' * len(projects))})",
        *projects,
    ):
        rules[row["id"]], organizations[row["id"]] = parse_rules(row["raw"] or ""), row["organization_id"]
    fitting = {event["id"]: _fitting(rules[event["project_id"]], event) for event in events}
    people = _people(db) if any(fitting.values()) else {}
    found = {}
    for event in events:
        names = dict.fromkeys(owner for rule in fitting[event["id"]] for owner in rule.owners)
        keys = ((organizations[event["project_id"]], *_key(name)) for name in names)
        found[event["id"]] = Owned(
            tuple(fitting[event["id"]]), tuple((key[1], people[key]) for key in keys if key in people)
        )
    return found


def _fitting(rules: Sequence[Rule], event: sqlite3.Row) -> list[Rule]:
    return matching(rules, msgspec.json.decode(event["data_json"])) if rules else []


def _key(owner: str) -> tuple[str, str]:
    kind, name = typed(owner)
    return kind, name.lower()


def _people(db: Database) -> dict[tuple[int, str, str], sqlite3.Row]:
    """Give every team and member, by organization, kind, and slug or address."""
    teams = {(row["organization_id"], "team", row["slug"]): row for row in db.all("SELECT * FROM teams")}
    members = db.all("SELECT u.*, m.organization_id FROM users u JOIN members m ON m.user_id = u.id")
    return teams | {(row["organization_id"], "user", row["email"].lower()): row for row in members}


def suggested(db: Database, issue_ids: Sequence[int]) -> dict[int, list[dict[str, Any]]]:
    """Give for each issue whom its latest event suggests; issues that suggest nobody are left out."""
    marks = ",".join("?" * len(issue_ids))
    events = db.all(
        "SELECT * FROM events WHERE id IN (SELECT (SELECT e.id FROM events e WHERE e.issue_id = i.id"
        f" ORDER BY e.timestamp DESC, e.id DESC LIMIT 1) FROM issues i WHERE i.id IN ({marks}))",
        *issue_ids,
    )
    users = {row["email"].lower(): row["id"] for row in db.all("SELECT id, email FROM users")}
    owned, suspected = owners(db, events), suspects(db, events)
    found = {}
    for event in events:
        authors = [users.get(suspect.email.lower()) for suspect in suspected.get(event["id"], ())]
        told = [("suspectCommit", f"user:{user}") for user in authors if user is not None]
        told += [("ownershipRule", f"{kind}:{row['id']}") for kind, row in owned[event["id"]].owners]
        if told:
            found[event["issue_id"]] = [
                {"type": kind, "owner": owner, "date_added": iso(event["received"])} for kind, owner in told
            ]
    return found
