"""Who may send: a project's public key, from the header, the query or the envelope."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from dexter.sandbox.replies import SentryError

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

    from dexter.sandbox.database import Database

_PAIR = re.compile(r"\s*([\w-]+)\s*=\s*([^,\s]*)\s*")


def refused(status: int, text: str, *causes: str, headers: Mapping[str, str] | None = None) -> SentryError:
    """Give ingestion's error: `detail`, and `causes` where there are any."""
    body: dict[str, Any] = {"detail": text}
    if causes:
        body["causes"] = list(causes)
    return SentryError(status, body, {**(headers or {}), "X-Sentry-Error": text})


def key_in_header(header: str | None) -> str | None:
    """Give `sentry_key` of an `X-Sentry-Auth` (or `Authorization`) header, None when it holds none."""
    scheme, _, rest = (header or "").strip().partition(" ")
    if scheme.lower() != "sentry":
        return None
    pairs = (_PAIR.fullmatch(part) for part in rest.split(","))
    found = {pair[1].lower(): pair[2] for pair in pairs if pair}
    return found.get("sentry_key") or None


def key_in_dsn(dsn: Any) -> tuple[str, str] | None:
    """Give the public key and the project id of a DSN; 400 for what is not one, None for none."""
    if dsn is None:
        return None
    try:
        parts = urlsplit(dsn) if isinstance(dsn, str) else None
        key = parts.username if parts else None
    except ValueError:
        parts = key = None
    project = parts.path.rstrip("/").rpartition("/")[2] if parts else ""
    if not key or not project:
        raise refused(400, "bad envelope authentication header", "invalid dsn")
    return key, project


def agreed_key(project_id: str, header: str | None, query: str | None, dsn: tuple[str, str] | None) -> str:
    """Give the one key the request speaks of; 403 when there is none, 400 when two disagree."""
    if dsn is not None and dsn[1] != project_id:
        raise refused(400, "envelope dsn and request dsn do not match")
    named = {key for key in (header, query, dsn[0] if dsn else None) if key}
    if not named:
        raise refused(403, "missing authorization information")
    if len(named) > 1:
        raise refused(400, "conflicting authentication: header, query and envelope name different keys")
    return named.pop()


def sending_project(db: Database, project_id: str, public_key: str) -> sqlite3.Row:
    """Give the project a key may send to; 403 for an unknown, inactive or foreign key."""
    row = db.one(
        "SELECT p.*, k.is_active AS key_active FROM project_keys k JOIN projects p ON p.id = k.project_id"
        " WHERE k.public_key = ?",
        public_key,
    )
    if row is None or not row["key_active"] or str(row["id"]) != project_id:
        raise refused(403, "event submission rejected with_reason: ProjectId")
    return row
