"""What a handler is given: the request, who asks, and the sandbox it asks."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec
from starlette.requests import Request

from dexter.sandbox.auth import Actor, authenticate
from dexter.sandbox.replies import SentryError, invalid, not_found, permission_denied

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Mapping

    from starlette.datastructures import Headers, QueryParams
    from starlette.types import Receive, Scope

    from dexter.sandbox.database import Database
    from dexter.sandbox.options import SandboxOptions


@dataclass(frozen=True, slots=True)
class IngestLimit:
    """A quota that ingestion reports until a moment: which categories (none means all), whose, and why."""

    until: float
    categories: tuple[str, ...] = ()
    scope: str = "organization"
    reason: str = "injected"


@dataclass(slots=True)
class Sandbox:
    """One running sandbox: its memory, its clock, and what the admin surface changes while it runs."""

    options: SandboxOptions
    db: Database
    clock: Callable[[], float]
    owner_token: str = field(repr=False)
    ingest_limits: list[IngestLimit] = field(default_factory=list)
    shelf: dict[str, Any] = field(default_factory=dict)
    """Where a stage keeps what must outlive a request, under its own module's name."""


class SandboxRequest:
    """One request to the API, matched to its operation."""

    __slots__ = ("_actor", "_organization", "http", "operation_key", "params", "sandbox", "unknown_fields")

    def __init__(
        self, sandbox: Sandbox, scope: Scope, receive: Receive, operation_key: str, params: Mapping[str, str]
    ) -> None:
        self.sandbox = sandbox
        self.http = Request(scope, receive)
        self.operation_key = operation_key
        """`GET /api/0/...` as the catalog writes it, or `*` when nothing matched."""
        self.params = params
        self.unknown_fields: frozenset[str] = frozenset()
        """Members of a JSON body that this Sentry does not know and passes over."""
        self._actor: Actor | None = None
        self._organization: sqlite3.Row | None = None

    @property
    def db(self) -> Database:
        """The sandbox's memory."""
        return self.sandbox.db

    @property
    def now(self) -> float:
        """The sandbox's time in epoch seconds."""
        return self.sandbox.clock()

    @property
    def method(self) -> str:
        """The HTTP method."""
        return self.http.method

    @property
    def path(self) -> str:
        """The decoded path."""
        return self.http.url.path

    @property
    def headers(self) -> Headers:
        """The request's header fields."""
        return self.http.headers

    @property
    def query(self) -> QueryParams:
        """The query as a multi dict: `.get(name)` gives the last value, `.getlist(name)` all of them."""
        return self.http.query_params

    async def body(self) -> bytes:
        """Give the whole body."""
        return await self.http.body()

    async def json(self) -> Any:
        """Give the decoded JSON body, `{}` for an empty one; 400 when it is not JSON."""
        raw = await self.http.body()
        if not raw:
            return {}
        try:
            body = msgspec.json.decode(raw)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise invalid(f"JSON parse error - {error}") from error
        if isinstance(body, dict) and self.unknown_fields:
            return {name: value for name, value in body.items() if name not in self.unknown_fields}
        return body

    async def json_object(self) -> dict[str, Any]:
        """Give the JSON body, which must be an object."""
        body = await self.json()
        if not isinstance(body, dict):
            raise SentryError(400, {"nonFieldErrors": ["Invalid data. Expected a dictionary."]})
        return body

    @property
    def actor(self) -> Actor:
        """Who asks; 401 when nobody valid does."""
        if self._actor is None:
            self._actor = authenticate(self.db, self.headers.get("authorization"))
        return self._actor

    @property
    def organization(self) -> sqlite3.Row:
        """The path's organization, by slug or id; 404 when there is none, 403 for a user outside it."""
        if self._organization is None:
            self._organization = self._find_organization(self.params["organization_id_or_slug"])
        return self._organization

    def _find_organization(self, name: str) -> sqlite3.Row:
        row = self.db.one("SELECT * FROM organizations WHERE slug = ?", name)
        if row is None and name.isdecimal():
            row = self.db.one("SELECT * FROM organizations WHERE id = ?", int(name[:18]))
        if row is None:
            raise not_found()
        user_id = self.actor.user_id
        if user_id is not None and not self.db.value(
            "SELECT 1 FROM members WHERE organization_id = ? AND user_id = ?", row["id"], user_id
        ):
            raise permission_denied()
        return row

    def project(self, name: str | None = None) -> sqlite3.Row:
        """Give the path's project, or the named one.

        302 for an old slug, 403 for one out of the token's reach, 404 for an unknown one.
        """
        wanted = self.params["project_id_or_slug"] if name is None else name
        row = find_project(self.db, self.organization["id"], wanted)
        if row is None:
            raise self._moved(wanted) or not_found()
        if not self.actor.sees(row["id"]):
            raise permission_denied()
        return row

    def _moved(self, old_slug: str) -> SentryError | None:
        slug = self.db.value(
            "SELECT p.slug FROM project_slugs_moved m JOIN projects p ON p.id = m.project_id"
            " WHERE m.organization_id = ? AND m.old_slug = ?",
            self.organization["id"], old_slug,
        )  # fmt: skip
        if slug is None:
            return None
        query = self.http.url.query
        url = self.path.replace(f"/{old_slug}/", f"/{slug}/", 1) + (f"?{query}" if query else "")
        code = {"code": "resource-moved", "message": "Resource has been moved", "extra": {"url": url, "slug": slug}}
        return SentryError(302, {"slug": slug, "detail": code}, {"Location": url})

    @property
    def base_url(self) -> str:
        """The sandbox's own address without a trailing slash, for Link headers, permalinks and API addresses."""
        configured = self.sandbox.options.public_url
        if configured:
            return configured.rstrip("/")
        return f"{self.http.url.scheme}://{self.headers.get('host', 'localhost')}"


def find_project(db: Database, organization_id: int, name: str) -> sqlite3.Row | None:
    """Give a project by slug or id, or None."""
    row = db.one("SELECT * FROM projects WHERE organization_id = ? AND slug = ?", organization_id, name)
    if row is None and name.isdecimal():
        row = db.one("SELECT * FROM projects WHERE organization_id = ? AND id = ?", organization_id, int(name[:18]))
    return row


def new_hex_id() -> str:
    """Make an id of 32 hex digits."""
    return secrets.token_hex(16)
