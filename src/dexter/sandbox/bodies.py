"""Request bodies, checked against what the catalog knows of the operation."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from dexter.catalog.table import operation, schema
from dexter.sandbox.field_errors import field_errors, with_texts
from dexter.sandbox.replies import SentryError

if TYPE_CHECKING:
    from dexter.sandbox.database import Database
    from dexter.sandbox.request import SandboxRequest

_SLUG = re.compile(r"(?![0-9]+$)[a-z0-9_-]+")
SLUG_FORM = (
    "Enter a valid slug consisting of lowercase letters, numbers, underscores or hyphens. "
    "It cannot be entirely numeric."
)


async def checked_body(request: SandboxRequest, *, partial: bool = False, like: str | None = None) -> dict[str, Any]:
    """Give the JSON body; 400 with Sentry's field dict where it does not fit the operation's schema.

    `partial` checks types only. `like` names the operation whose schema is used, for addresses that the
    catalog has no body for.
    """
    body = await request.json_object()
    asked = operation(like or request.operation_key).request
    if asked is None or asked.schema is None:
        return body
    wrong = field_errors(body, asked.schema, schema, partial=partial)
    if wrong:
        raise SentryError(400, wrong)
    return with_texts(body, asked.schema, schema)


def slug_of(name: str) -> str:
    """Give the slug that a name becomes; never empty, never all digits."""
    slug = re.sub(r"[^a-z0-9_]+", "-", name.lower()).strip("-")[:50]
    return f"{slug or 'x'}-x" if not slug or slug.isdigit() else slug


def checked_slug(slug: str) -> str:
    """Give a slug a caller chose; 400 where it is of no slug's form."""
    if not _SLUG.fullmatch(slug):
        raise SentryError(400, {"slug": [SLUG_FORM]})
    return slug


def free_slug(db: Database, table: str, organization_id: int, wanted: str) -> str:
    """Give the wanted slug, or the first of `wanted-2`, `wanted-3`, ... that nobody has. `table` is a constant."""
    slug, number = wanted, 2
    while db.value(f"SELECT 1 FROM {table} WHERE organization_id = ? AND slug = ?", organization_id, slug):  # noqa: S608
        slug, number = f"{wanted}-{number}", number + 1
    return slug
