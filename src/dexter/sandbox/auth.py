"""Who asks: bearer tokens, kept only as hashes, and the scopes they carry."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from dexter.sandbox.replies import permission_denied, unauthenticated

if TYPE_CHECKING:
    from dexter.sandbox.database import Database

OWNER_SCOPES = (
    "org:read", "org:write", "org:admin", "org:integrations", "org:ci",
    "project:read", "project:write", "project:admin", "project:releases", "project:distribution",
    "team:read", "team:write", "team:admin", "member:read", "member:write", "member:admin", "member:invite",
    "event:read", "event:write", "event:admin", "alerts:read", "alerts:write",
)  # fmt: skip
"""Every scope there is: what the owner's token carries."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Whoever holds a token. `user_id` None stands for an integration, `projects` None for all of them."""

    token_id: int
    user_id: int | None
    scopes: frozenset[str]
    projects: frozenset[int] | None

    def may(self, scopes: tuple[str, ...]) -> bool:
        """Tell whether any one of the scopes is held; an operation without scopes is open to every token."""
        return not scopes or any(scope in self.scopes for scope in scopes)

    def sees(self, project_id: int) -> bool:
        """Tell whether the token reaches a project."""
        return self.projects is None or project_id in self.projects


def hash_token(token: str) -> str:
    """Give the form in which a token is kept."""
    return hashlib.sha256(token.encode()).hexdigest()


def new_token() -> str:
    """Make a token of a user's form."""
    return f"sntryu_{secrets.token_hex(32)}"


def store_token(
    db: Database,
    token: str,
    *,
    name: str,
    scopes: tuple[str, ...] = OWNER_SCOPES,
    user_id: int | None = None,
    projects: tuple[int, ...] | None = None,
) -> int:
    """File a token by its hash and give its row id."""
    kept = None if projects is None else msgspec.json.encode(projects).decode()
    return db.insert(
        "INSERT INTO tokens (token_hash, user_id, name, scopes_json, projects_json, date_created) VALUES (?,?,?,?,?,?)",
        hash_token(token), user_id, name, msgspec.json.encode(scopes).decode(), kept, db.now(),
    )  # fmt: skip


def authenticate(db: Database, authorization: str | None) -> Actor:
    """Give the holder of an `Authorization` header's token, or raise Sentry's 401."""
    scheme, _, token = (authorization or "").strip().partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise unauthenticated()
    row = db.one(
        "SELECT t.id, t.user_id, t.scopes_json, t.projects_json, t.is_active, u.is_active AS user_active"
        " FROM tokens t LEFT JOIN users u ON u.id = t.user_id WHERE t.token_hash = ?",
        hash_token(token.strip()),
    )
    if row is None or not row["is_active"]:
        raise unauthenticated("Invalid token")
    if row["user_id"] is not None and not row["user_active"]:
        raise unauthenticated("User inactive or deleted")
    projects = row["projects_json"]
    return Actor(
        token_id=row["id"],
        user_id=row["user_id"],
        scopes=frozenset(msgspec.json.decode(row["scopes_json"])),
        projects=None if projects is None else frozenset(msgspec.json.decode(projects)),
    )


def demand(actor: Actor, scopes: tuple[str, ...]) -> None:
    """Raise Sentry's 403 unless the actor holds one of the scopes."""
    if not actor.may(scopes):
        raise permission_denied()
