"""Terms of an event search as SQL conditions over `events e`. Pure: text and parameters out, no database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dexter.sandbox.search.condition import Condition, any_of, comparison_on, date_condition, is_wildcard, like_pattern
from dexter.sandbox.search.issue_query import HasTerm, InvalidQuery, IsTerm, KeyTerm, Term, TextTerm

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dexter.sandbox.search.time_range import TimeRange

FIELDS = {
    "id": "e.event_id",
    "event.id": "e.event_id",
    "title": "e.title",
    "transaction": "e.culprit",
    "culprit": "e.culprit",
    "level": "e.level",
    "platform": "e.platform",
    "environment": "e.environment",
    "release": "e.release",
    "dist": "e.dist",
    "user": "e.user_key",
    "project": "(SELECT slug FROM projects WHERE id = e.project_id)",
    "project.name": "(SELECT slug FROM projects WHERE id = e.project_id)",
    "project.id": "e.project_id",
    "project_id": "e.project_id",
    "issue.id": "e.issue_id",
    "timestamp": "e.timestamp",
    "received": "e.received",
    "message": "e.message",
    "event.type": "COALESCE(json_extract(e.data_json, '$.type'), 'error')",
    "type": "COALESCE(json_extract(e.data_json, '$.type'), 'error')",
    "logger": "json_extract(e.data_json, '$.logger')",
    "location": "json_extract(e.data_json, '$.location')",
    "error.type": "json_extract(e.data_json, '$.metadata.type')",
    "error.value": "json_extract(e.data_json, '$.metadata.value')",
    "stack.filename": "json_extract(e.data_json, '$.metadata.filename')",
    "stack.function": "json_extract(e.data_json, '$.metadata.function')",
    "user.id": "json_extract(e.data_json, '$.user.id')",
    "user.email": "json_extract(e.data_json, '$.user.email')",
    "user.username": "json_extract(e.data_json, '$.user.username')",
    "user.ip": "json_extract(e.data_json, '$.user.ip_address')",
    "user.display": (
        "COALESCE(json_extract(e.data_json, '$.user.email'), json_extract(e.data_json, '$.user.username'),"
        " json_extract(e.data_json, '$.user.id'), json_extract(e.data_json, '$.user.ip_address'))"
    ),
    "http.method": "json_extract(e.data_json, '$.request.method')",
    "url": "json_extract(e.data_json, '$.request.url')",
    "http.url": "json_extract(e.data_json, '$.request.url')",
    "sdk.name": "json_extract(e.data_json, '$.sdk.name')",
    "sdk.version": "json_extract(e.data_json, '$.sdk.version')",
    "trace": "json_extract(e.data_json, '$.contexts.trace.trace_id')",
    "trace.span": "json_extract(e.data_json, '$.contexts.trace.span_id')",
}
"""Field names of events and the SQL that reads them; every other name is a tag."""

NUMBERS = frozenset({"project.id", "project_id", "issue.id"})
DATES = frozenset({"timestamp", "received"})


def tag_expression(key: str) -> Condition:
    """Give the SQL that reads a tag of an event. Tags are kept as the SDK's normalized `[[key, value], ...]`."""
    name = key[5:-1] if key.startswith("tags[") and key.endswith("]") else key
    return Condition(
        "(SELECT json_extract(t.value, '$[1]') FROM json_each(e.data_json, '$.tags') t"
        " WHERE json_extract(t.value, '$[0]') = ?)",
        (name,),
    )


def field_expression(name: str) -> Condition:
    """Give the SQL that reads a field or a tag of an event."""
    known = FIELDS.get(name)
    return Condition(known) if known is not None else tag_expression(name)


def event_conditions(
    terms: Iterable[Term], time: TimeRange, environments: Sequence[str], now: float
) -> list[Condition]:
    """Give the conditions on events that a query, a time and environments ask for; all must hold."""
    found = [event_condition(term, now) for term in terms]
    if time.start > 0:
        found.append(Condition("e.timestamp >= ?", (time.start,)))
    if not time.is_open:
        found.append(Condition("e.timestamp <= ?", (time.end,)))
    if environments:
        marks = ",".join("?" * len(environments))
        found.append(Condition(f"COALESCE(e.environment, '') IN ({marks})", tuple(environments)))
    return found


def event_condition(term: Term, now: float) -> Condition:
    """Give the condition of one term on events."""
    match term:
        case IsTerm():
            raise InvalidQuery('"is:" queries are not supported in this search.')
        case TextTerm():
            return _text(term.text)
        case HasTerm():
            expression = field_expression(term.key)
            found = Condition(f"{expression.sql} IS NOT NULL", expression.params)
        case KeyTerm():
            found = _keyed(term, now)
    return found.negated() if term.negated else found


def _keyed(term: KeyTerm, now: float) -> Condition:
    if term.key == "message":
        parts = [_text(value) for value in term.values]
        sql = " OR ".join(part.sql for part in parts)
        return Condition(f"({sql})", tuple(param for part in parts for param in part.params))
    expression = field_expression(term.key)
    if term.key in DATES:
        return date_condition(expression.sql, term, now)
    if term.key in NUMBERS:
        return comparison_on(expression.sql, term)
    matches = any_of(expression.sql, term.values)
    return Condition(matches.sql, (*expression.params * matches.sql.count(expression.sql), *matches.params))


def _text(text: str) -> Condition:
    pattern = like_pattern(text) if is_wildcard(text) else f"%{like_pattern(text)}%"
    columns = ("e.title", "e.message", "e.culprit")
    sql = " OR ".join(f"{column} LIKE ? ESCAPE '\\'" for column in columns)
    return Condition(f"({sql})", (pattern,) * len(columns))
