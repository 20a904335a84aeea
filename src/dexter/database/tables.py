"""Every table of Dexter's database. A change here needs a migration; a test compares the two."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    UniqueConstraint,
    false,
    func,
    text,
)

from dexter.database.columns import Bytes, Counted, Json, Moment, Words, new_id

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _id() -> Column[str]:
    return Column("id", Words, primary_key=True, default=new_id)


def _person(name: str = "person_id", *, primary_key: bool = False) -> Column[str]:
    return Column(name, Words, ForeignKey("person.id", ondelete="CASCADE"), primary_key=primary_key, nullable=False)


person = Table(
    "person",
    metadata,
    _id(),
    Column("name", Words, nullable=False),
    Column("email", Words, unique=True),
    Column("password_hash", Words),
    Column("is_admin", Boolean, nullable=False, server_default=false()),
    Column("built_in", Boolean, nullable=False, server_default=false()),
    Column("sentry_user_id", Words),
    Column("created_at", Moment, nullable=False),
    Column("disabled_at", Moment),
)
"""Who may do what here. One of them is built in: whoever holds the token that Dexter prints."""

membership = Table(
    "membership",
    metadata,
    _person(primary_key=True),
    Column("organization", Words, primary_key=True),
    Column("role", Words, nullable=False),
)
"""A person's role in an organization; `*` stands for every organization."""

session = Table(
    "session",
    metadata,
    Column("id_hash", Words, primary_key=True),
    _person(),
    Column("opened_with", Words, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("last_seen_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("revoked_at", Moment),
    Column("user_agent", Words, nullable=False, server_default=""),
    Column("address", Words, nullable=False, server_default=""),
    Index(None, "person_id"),
    Index(None, "expires_at"),
)

access_token = Table(
    "access_token",
    metadata,
    _id(),
    _person(),
    Column("name", Words, nullable=False),
    Column("token_hash", Words, nullable=False, unique=True),
    Column("hint", Words, nullable=False),
    Column("scopes", Json, nullable=False),
    Column("organization", Words),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment),
    Column("last_used_at", Moment),
    Column("revoked_at", Moment),
    Index(None, "person_id"),
)

credential = Table(
    "credential",
    metadata,
    _id(),
    _person(),
    Column("upstream", Words, nullable=False),
    Column("ciphertext", Bytes, nullable=False),
    Column("key_id", Words, nullable=False),
    Column("sentry_user", Json),
    Column("created_at", Moment, nullable=False),
    Column("replaced_at", Moment),
    Index(None, "person_id"),
)
"""A person's own token at Sentry, encrypted."""

generation = Table(
    "generation",
    metadata,
    Column("subject", Words, primary_key=True),
    Column("number", BigInteger, nullable=False),
)
"""How often what a subject's processes remember became worth nothing; see `logins`."""

issue_cache = Table(
    "issue_cache",
    metadata,
    Column("organization", Words, nullable=False),
    Column("issue_id", Words, nullable=False),
    Column("api_version", Integer, nullable=False),
    Column("snapshot", Json, nullable=False),
    Column("enhanced_data", Json),
    Column("taken_at", Moment, nullable=False),
    PrimaryKeyConstraint("organization", "issue_id"),
    Index(None, "taken_at"),
)

label = Table(
    "label",
    metadata,
    _id(),
    Column("organization", Words, nullable=False),
    Column("name", Words, nullable=False),
    Column("color", Words, nullable=False),
    Column("created_by", Words),
    Column("created_at", Moment, nullable=False),
)
Index("uq_label_organization_name", label.c.organization, func.lower(label.c.name), unique=True)

issue_label = Table(
    "issue_label",
    metadata,
    Column("label_id", Words, ForeignKey("label.id", ondelete="CASCADE"), nullable=False),
    Column("organization", Words, nullable=False),
    Column("issue_id", Words, nullable=False),
    Column("added_by", Words),
    Column("added_at", Moment, nullable=False),
    PrimaryKeyConstraint("organization", "issue_id", "label_id"),
    Index(None, "label_id"),
)

note = Table(
    "note",
    metadata,
    _id(),
    Column("organization", Words, nullable=False),
    Column("issue_id", Words, nullable=False),
    Column("body", Words, nullable=False),
    Column("pinned", Boolean, nullable=False, server_default=false()),
    Column("author_id", Words),
    Column("author_name", Words, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    Column("version", Integer, nullable=False, server_default="1"),
    Index(None, "organization", "issue_id"),
)

saved_view = Table(
    "saved_view",
    metadata,
    _id(),
    Column("organization", Words, nullable=False),
    _person("owner_id"),
    Column("name", Words, nullable=False),
    Column("address", Json, nullable=False),
    Column("visibility", Words, nullable=False),
    Column("position", Integer, nullable=False, server_default="0"),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    Index(None, "organization", "owner_id"),
)

preference = Table(
    "preference",
    metadata,
    _person(primary_key=True),
    Column("name", Words, primary_key=True),
    Column("value", Json, nullable=False),
)
"""What a person has chosen to be shown, such as the project to open with."""

recent_search = Table(
    "recent_search",
    metadata,
    _id(),
    _person(),
    Column("organization", Words, nullable=False),
    Column("query", Words, nullable=False),
    Column("searched_at", Moment, nullable=False),
    UniqueConstraint("person_id", "organization", "query"),
)

bulk_job = Table(
    "bulk_job",
    metadata,
    _id(),
    Column("organization", Words, nullable=False),
    Column("created_by", Words),
    Column("created_by_name", Words, nullable=False),
    Column("face", Words, nullable=False),
    Column("state", Words, nullable=False),
    Column("selection", Json, nullable=False),
    Column("operations", Json, nullable=False),
    Column("preview", Json),
    Column("confirmation_hash", Words),
    Column("counts", Json),
    Column("undo_of", Words),
    Column("undone_by", Words),
    Column("created_at", Moment, nullable=False),
    Column("started_at", Moment),
    Column("finished_at", Moment),
    Column("undo_until", Moment),
    Column("reason", Words),
    Column("version", Integer, nullable=False, server_default="1"),
    Column("run", Integer, nullable=False, server_default="0"),
    Column("wish", Words),
    Column("wished_by", Words),
    Column("resume_at", Moment),
    Column("progress", Json),
    Index(None, "organization", "created_at"),
    Index(None, "state"),
)
"""Work on many issues. `run` counts how often it was taken up, `wish` is what somebody wants it to do next."""

bulk_item = Table(
    "bulk_item",
    metadata,
    Column("job_id", Words, ForeignKey("bulk_job.id", ondelete="CASCADE"), nullable=False),
    Column("position", Integer, nullable=False),
    Column("organization", Words, nullable=False),
    Column("project", Words),
    Column("issue_id", Words, nullable=False),
    Column("short_id", Words),
    Column("title", Words),
    Column("before", Json),
    Column("wanted", Json),
    Column("after", Json),
    Column("state", Words, nullable=False),
    Column("reason", Words),
    Column("updated_at", Moment, nullable=False),
    Column("imaged_at", Moment),
    Column("step", Integer, nullable=False, server_default="0"),
    Column("batch", Words, nullable=False, server_default=""),
    Column("answered", Boolean, nullable=False, server_default=false()),
    PrimaryKeyConstraint("job_id", "position"),
    UniqueConstraint("job_id", "organization", "issue_id"),
    Index(None, "job_id", "state", "answered", "step", "batch"),
)
"""One issue of a job. Those of one `step` and `batch` may go in one call; `answered` once Sentry said yes to it."""

audit = Table(
    "audit",
    metadata,
    Column("id", Counted, primary_key=True, autoincrement=True),
    Column("at", Moment, nullable=False),
    Column("organization", Words),
    Column("person_id", Words),
    Column("person_name", Words),
    Column("sentry_account", Words),
    Column("face", Words, nullable=False),
    Column("action", Words, nullable=False),
    Column("target_kind", Words),
    Column("target_id", Words),
    Column("before", Json),
    Column("after", Json),
    Column("request_id", Words),
    Column("outcome", Words, nullable=False),
    Index(None, "at"),
    Index(None, "person_id"),
    Index(None, "target_kind", "target_id"),
    # A row outlives whom it tells of, and is never counted again.
    sqlite_autoincrement=True,
)

idempotency_key = Table(
    "idempotency_key",
    metadata,
    Column("identity", Words, nullable=False),
    Column("key", Words, nullable=False),
    Column("fingerprint", Words, nullable=False),
    Column("state", Words, nullable=False),
    Column("status", Integer),
    Column("headers", Json),
    Column("body", Bytes),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("leased_until", Moment, nullable=False),
    PrimaryKeyConstraint("identity", "key"),
    Index(None, "expires_at"),
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", Counted, primary_key=True, autoincrement=True),
    Column("topic", Words, nullable=False),
    Column("payload", Json, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("available_at", Moment, nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("last_error", Words),
    Column("done_at", Moment),
    # The order in which things are delivered must not begin anew once delivered ones are gone.
    sqlite_autoincrement=True,
)
_waiting = text("done_at IS NULL")
Index("ix_outbox_waiting", outbox.c.topic, outbox.c.id, sqlite_where=_waiting, postgresql_where=_waiting)

lease = Table(
    "lease",
    metadata,
    Column("name", Words, primary_key=True),
    Column("holder", Words, nullable=False),
    Column("held_until", Moment, nullable=False),
)
"""What only one of many processes does at a time, and until when it may be taken for alive."""

subscription = Table(
    "subscription",
    metadata,
    _id(),
    Column("organization", Words, nullable=False),
    Column("name", Words, nullable=False),
    Column("url", Words, nullable=False),
    Column("channels", Json, nullable=False),
    Column("filter", Words, nullable=False, server_default=""),
    Column("types", Json, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("paused", Words),
    Column("ciphertext", Bytes, nullable=False),
    Column("key_id", Words, nullable=False),
    Column("created_by", Words),
    Column("created_by_name", Words, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    Column("epoch", Words, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("failures", Integer, nullable=False, server_default="0"),
    Column("held_until", Moment),
    Column("delivered", BigInteger, nullable=False, server_default="0"),
    Column("last_delivery_at", Moment),
    Column("last_error", Words),
    Index(None, "organization", "created_at"),
)
"""Where events are forwarded to. Everything of the feed's log up to `epoch` and `position` is among its deliveries.

`paused` says why Dexter itself stopped it, `failures` how many attempts in a row failed, the secret is encrypted.
"""

subscription_delivery = Table(
    "subscription_delivery",
    metadata,
    Column("number", Counted, primary_key=True, autoincrement=True),
    Column("id", Words, nullable=False, unique=True),
    Column("subscription_id", Words, ForeignKey("subscription.id", ondelete="CASCADE"), nullable=False),
    Column("type", Words, nullable=False),
    Column("message", Json, nullable=False),
    Column("state", Words, nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("next_attempt_at", Moment),
    Column("last_status", Integer),
    Column("last_error", Words),
    Column("created_at", Moment, nullable=False),
    Column("settled_at", Moment),
    Index(None, "subscription_id", "state", "number"),
    Index(None, "settled_at"),
    # Deliveries begin in the order of their numbers, which must not begin anew once old ones are gone.
    sqlite_autoincrement=True,
)
"""One message to one subscription: `pending`, `delivered`, or `dead` once it was given up."""
