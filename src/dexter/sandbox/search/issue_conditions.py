"""Terms of an issue search as SQL conditions over `issues i`. Pure: text and parameters out, no database.

Tags are counted per issue (`issue_tags`), so each tag term is judged on its own: Sentry wants one event that
satisfies all of them, which only differs for an issue whose events disagree. A negated tag term holds, as in
Sentry, when some event of the issue lacks the value.
"""
# ruff: noqa: S608 - statements are joined from this package's own pieces; values are always parameters

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from dexter.sandbox.search.condition import (
    ALWAYS,
    NEVER,
    Condition,
    any_of,
    comparison_on,
    date_condition,
    either,
    invalid_date,
    is_wildcard,
    like_pattern,
    marks,
)
from dexter.sandbox.search.issue_query import (
    STATUS_WORDS,
    SUBSTATUS_WORDS,
    HasTerm,
    InvalidQuery,
    IsTerm,
    KeyTerm,
    Term,
    TextTerm,
)
from dexter.sandbox.search.short_id import parse_short_id

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from dexter.sandbox.search.scope import SearchScope


def conditions(terms: Iterable[Term], scope: SearchScope) -> list[Condition]:
    """Give one condition a term; all must hold. Raises InvalidQuery for a value its key cannot have."""
    return [condition(term, scope) for term in terms]


def condition(term: Term, scope: SearchScope) -> Condition:
    """Give the condition of one term."""
    match term:
        case IsTerm():
            found = _is(term.value)
        case HasTerm():
            found = _has(term.key)
        case TextTerm():
            return _message((term.text,))
        case KeyTerm():
            handler = _KEYS.get(term.key)
            if handler is None:
                return _tag(term, tag_key(term.key))
            found = handler(term, scope)
    return found.negated() if term.negated else found


def _is(value: str) -> Condition:
    if value in STATUS_WORDS:
        return Condition("i.idx_status = ?", (STATUS_WORDS[value],))
    if value in SUBSTATUS_WORDS:
        return Condition("i.idx_substatus = ?", (SUBSTATUS_WORDS[value],))
    return {
        "assigned": _ASSIGNED,
        "unassigned": _ASSIGNED.negated(),
        "for_review": Condition("i.in_review = 1"),
        "linked": _LINKED,
        "unlinked": _LINKED.negated(),
    }[value]


_LINKED = Condition("i.id IN (SELECT issue_id FROM external_issues)")
_ASSIGNED = Condition("(i.idx_assigned_user_id IS NOT NULL OR i.idx_assigned_team_id IS NOT NULL)")


def _has(key: str) -> Condition:
    if key in ("assigned_to", "assigned_or_suggested"):
        return _ASSIGNED
    column = _NULLABLE.get(key)
    if column is not None:
        return Condition(f"{column} IS NOT NULL")
    path = _EVENT_PATHS.get(key)
    if path is not None:
        return Condition(f"i.id IN (SELECT issue_id FROM events WHERE json_extract(data_json, '{path}') IS NOT NULL)")
    return Condition("i.id IN (SELECT issue_id FROM issue_tags WHERE key = ?)", (tag_key(key),))


_NULLABLE = {
    "first_release": "i.first_release_id",
    "priority": "i.idx_priority",
    "level": "i.level",
    "platform": "i.platform",
    "logger": "i.logger",
    "title": "i.title",
    "message": "i.title",
    "transaction": "NULLIF(i.culprit, '')",
    "error.type": "json_extract(i.metadata_json, '$.type')",
    "error.value": "json_extract(i.metadata_json, '$.value')",
    "stack.filename": "json_extract(i.metadata_json, '$.filename')",
    "stack.function": "json_extract(i.metadata_json, '$.function')",
}


def is_tag(key: str) -> bool:
    """Tell whether a key of a search is a tag of events, rather than something of issues."""
    return key not in _KEYS


def tag_key(key: str) -> str:
    """Give a tag's own key: `tags[level]` is how a search tells it from what it is called alike."""
    if key.startswith("tags[") and key.endswith("]"):
        return key[5:-1]
    return key


def _tag(term: KeyTerm, key: str) -> Condition:
    """Judge a tag by its counts: positive when a value occurs, negated when some event does without."""
    matches = any_of("value", term.values)
    if not term.negated:
        return Condition(
            f"i.id IN (SELECT issue_id FROM issue_tags WHERE key = ? AND {matches.sql})", (key, *matches.params)
        )
    return Condition(
        f"(SELECT COALESCE(SUM(t.count), 0) FROM issue_tags t WHERE t.issue_id = i.id AND t.key = ?"
        f" AND {matches.sql}) < MAX(i.times_seen, 1)",
        (key, *matches.params),
    )


def _column(expression: str) -> Callable[[KeyTerm, SearchScope], Condition]:
    def handler(term: KeyTerm, scope: SearchScope) -> Condition:
        return any_of(expression, term.values)

    return handler


def _choice(expression: str, word: str, choices: dict[str, str]) -> Callable[[KeyTerm, SearchScope], Condition]:
    def handler(term: KeyTerm, scope: SearchScope) -> Condition:
        for value in term.values:
            if value not in choices:
                raise InvalidQuery(f"Invalid {word} value of '{value}'")
        return any_of(expression, [choices[value] for value in term.values])

    return handler


def _message(values: tuple[str, ...]) -> Condition:
    """Look for text, whatever its case, in the title, the culprit and the value of the error."""
    parts: list[str] = []
    params: list[str] = []
    for value in values:
        pattern = like_pattern(value) if is_wildcard(value) else f"%{like_pattern(value)}%"
        for expression in ("i.title", "i.culprit"):
            parts.append(f"{expression} LIKE ? ESCAPE '\\'")
            params.append(pattern)
        within = _within_json("i.metadata_json", value)
        parts.append(f"({within.sql}json_extract(i.metadata_json, '$.value') LIKE ? ESCAPE '\\')")
        params += [*within.params, pattern]
    return Condition(f"({' OR '.join(parts)})", tuple(params))


def _within_json(column: str, value: str) -> Condition:
    """Give `column LIKE ... AND `, which spares reading most rows' JSON; nothing where JSON may spell it otherwise."""
    if not re.fullmatch(r"[ !#-.0-\[\]-~]+", value):
        return Condition("")
    return Condition(f"{column} LIKE ? ESCAPE '\\' AND ", (f"%{like_pattern(value)}%",))


def _message_key(term: KeyTerm, scope: SearchScope) -> Condition:
    return _message(term.values)


def _number(expression: str) -> Callable[[KeyTerm, SearchScope], Condition]:
    def handler(term: KeyTerm, scope: SearchScope) -> Condition:
        return comparison_on(expression, term)

    return handler


def _date(expression: str) -> Callable[[KeyTerm, SearchScope], Condition]:
    def handler(term: KeyTerm, scope: SearchScope) -> Condition:
        if term.listed:
            raise invalid_date(term, term.values[0])
        return date_condition(expression, term, scope.now)

    return handler


def _assigned(term: KeyTerm, scope: SearchScope) -> Condition:
    parts = [_one_assignee(value, scope) for value in term.values]
    return either(parts)


def _one_assignee(value: str, scope: SearchScope) -> Condition:
    if value in ("me", "self"):
        return Condition("i.idx_assigned_user_id = ?", (scope.user_id,))
    if value == "none":
        return _ASSIGNED.negated()
    if value == "my_teams":
        return Condition(
            "i.idx_assigned_team_id IN (SELECT tm.team_id FROM team_members tm JOIN members m ON m.id = tm.member_id"
            " WHERE m.user_id = ?)",
            (scope.user_id,),
        )
    if value.startswith("#"):
        return Condition("i.idx_assigned_team_id IN (SELECT id FROM teams WHERE slug = ?)", (value[1:],))
    return Condition("i.idx_assigned_user_id IN (SELECT id FROM users WHERE username = ? OR email = ?)", (value, value))


def _user_state(column: str) -> Callable[[KeyTerm, SearchScope], Condition]:
    def handler(term: KeyTerm, scope: SearchScope) -> Condition:
        who: list[str] = []
        params: list[Any] = []
        for value in term.values:
            if value in ("me", "self"):
                who.append("s.user_id = ?")
                params.append(scope.user_id)
            else:
                who.append("s.user_id IN (SELECT id FROM users WHERE username = ? OR email = ?)")
                params += [value, value]
        return Condition(
            f"i.id IN (SELECT s.issue_id FROM issue_user_state s WHERE s.{column} = 1 AND ({' OR '.join(who)}))",
            tuple(params),
        )

    return handler


_LATEST_RELEASE = (
    "(SELECT r.{column} FROM releases r JOIN release_projects rp ON rp.release_id = r.id"
    " WHERE rp.project_id = {project} ORDER BY COALESCE(r.date_released, r.date_created) DESC, r.id DESC LIMIT 1)"
)


def _release(term: KeyTerm, scope: SearchScope) -> Condition:
    return _or_latest(
        term,
        lambda values: _tag(KeyTerm("release", values), "release"),
        "i.id IN (SELECT t.issue_id FROM (SELECT p.id AS project_id, "
        + _LATEST_RELEASE.format(column="version", project="p.id")
        + " AS version FROM projects p) latest JOIN issue_tags t ON t.key = 'release' AND t.value = latest.version"
        " JOIN issues j ON j.id = t.issue_id AND j.project_id = latest.project_id)",
    )


def _first_release(term: KeyTerm, scope: SearchScope) -> Condition:
    def named(values: tuple[str, ...]) -> Condition:
        matches = any_of("version", values)
        return Condition(f"i.first_release_id IN (SELECT id FROM releases WHERE {matches.sql})", matches.params)

    return _or_latest(
        term, named, "i.first_release_id = " + _LATEST_RELEASE.format(column="id", project="i.project_id")
    )


def _or_latest(term: KeyTerm, named: Callable[[tuple[str, ...]], Condition], latest_sql: str) -> Condition:
    names = tuple(value for value in term.values if value != "latest")
    parts = [named(names)] if names else []
    if len(names) < len(term.values):
        parts.append(Condition(latest_sql))
    return either(parts)


def _release_version(term: KeyTerm, scope: SearchScope) -> Condition:
    return _tag(KeyTerm("release", tuple(f"*@{value}" for value in term.values)), "release")


def _user_field(column: str) -> Callable[[KeyTerm, SearchScope], Condition]:
    def handler(term: KeyTerm, scope: SearchScope) -> Condition:
        parts: list[str] = []
        params: list[str] = []
        for value in term.values:
            within = _within_json("user_json", value)
            matches = any_of(f"json_extract(user_json, '$.{column}')", (value,))
            parts.append(f"({within.sql}{matches.sql})")
            params += [*within.params, *matches.params]
        return Condition(f"i.id IN (SELECT issue_id FROM issue_users WHERE {' OR '.join(parts)})", tuple(params))

    return handler


def _project(term: KeyTerm, scope: SearchScope) -> Condition:
    matches = any_of("slug", term.values)
    return Condition(f"i.project_id IN (SELECT id FROM projects WHERE {matches.sql})", matches.params)


def _issue(term: KeyTerm, scope: SearchScope) -> Condition:
    parts, params = [], []
    for value in term.values:
        parsed = parse_short_id(value)
        if parsed is None:
            raise InvalidQuery(f"Invalid value '{value}' for 'issue:' filter")
        parts.append("(i.short_number = ? AND i.project_id IN (SELECT id FROM projects WHERE slug = ?))")
        params += [parsed[1], parsed[0]]
    return Condition(f"({' OR '.join(parts)})", tuple(params))


def _handled(wanted_when_true: int) -> Callable[[KeyTerm, SearchScope], Condition]:
    def handler(term: KeyTerm, scope: SearchScope) -> Condition:
        wanted = {"1": wanted_when_true, "true": wanted_when_true}
        opposite = {"0": 1 - wanted_when_true, "false": 1 - wanted_when_true}
        choices = {**wanted, **opposite}
        values = []
        for value in term.values:
            if value.lower() not in choices:
                raise InvalidQuery(f"Invalid value for {term.key} condition. Accepted values are 1, 0")
            values.append(choices[value.lower()])
        return Condition(f"i.is_unhandled IN ({marks(values)})", tuple(values))

    return handler


def _category(term: KeyTerm, scope: SearchScope) -> Condition:
    known = {"error", "performance", "cron", "replay", "feedback", "uptime", "metric", "outage"}
    for value in term.values:
        if value not in known:
            raise InvalidQuery(f"Invalid category value of '{value}'")
    # Ingestion makes issues from errors only.
    return ALWAYS if "error" in term.values else NEVER


def _issue_type(term: KeyTerm, scope: SearchScope) -> Condition:
    return ALWAYS if any(value in ("error", "1") for value in term.values) else NEVER


def _event_id(term: KeyTerm, scope: SearchScope) -> Condition:
    matches = any_of("event_id", [value.replace("-", "").lower() for value in term.values])
    return Condition(f"i.id IN (SELECT issue_id FROM events WHERE {matches.sql})", matches.params)


def _in_events(path: str) -> Callable[[KeyTerm, SearchScope], Condition]:
    """Look into the kept events themselves: for what is neither a column nor a tag."""

    def handler(term: KeyTerm, scope: SearchScope) -> Condition:
        matches = any_of(f"json_extract(data_json, '{path}')", term.values)
        return Condition(f"i.id IN (SELECT issue_id FROM events WHERE {matches.sql})", matches.params)

    return handler


_EVENT_PATHS = {
    "trace": "$.contexts.trace.trace_id",
    "http.method": "$.request.method",
    "sdk.name": "$.sdk.name",
    "sdk.version": "$.sdk.version",
}
_LEVELS = {name: name for name in ("sample", "debug", "info", "warning", "error", "fatal")}
_PRIORITIES = {name: name for name in ("low", "medium", "high")}
_KEYS: dict[str, Callable[[KeyTerm, SearchScope], Condition]] = {
    "status": _choice("i.idx_status", "status", STATUS_WORDS),
    "substatus": _choice("i.idx_substatus", "substatus", SUBSTATUS_WORDS),
    "priority": _choice("i.idx_priority", "priority", _PRIORITIES),
    "level": _choice("i.level", "level", {**_LEVELS, "warn": "warning", "critical": "fatal"}),
    "issue.category": _category,
    "issue.type": _issue_type,
    "issue": _issue,
    "issue.id": _number("i.id"),
    "assigned_to": _assigned,
    "assigned_or_suggested": _assigned,
    "bookmarked_by": _user_state("is_bookmarked"),
    "subscribed_by": _user_state("is_subscribed"),
    "first_seen": _date("i.first_seen"),
    "last_seen": _date("i.last_seen"),
    "timestamp": _date("i.last_seen"),
    "times_seen": _number("i.times_seen"),
    "user_count": _number("i.users_seen"),
    "first_release": _first_release,
    "release": _release,
    "release.version": _release_version,
    "project": _project,
    "project.id": _number("i.project_id"),
    "platform": _column("i.platform"),
    "logger": _column("i.logger"),
    "title": _column("i.title"),
    "message": _message_key,
    "transaction": _column("i.culprit"),
    "type": _column("i.type"),
    "event.type": _column("i.type"),
    "error.type": _column("json_extract(i.metadata_json, '$.type')"),
    "error.value": _column("json_extract(i.metadata_json, '$.value')"),
    "stack.filename": _column("json_extract(i.metadata_json, '$.filename')"),
    "stack.function": _column("json_extract(i.metadata_json, '$.function')"),
    "error.handled": _handled(0),
    "error.unhandled": _handled(1),
    "user.id": _user_field("id"),
    "user.email": _user_field("email"),
    "user.username": _user_field("username"),
    "user.ip": _user_field("ip_address"),
    "id": _event_id,
    **{key: _in_events(path) for key, path in _EVENT_PATHS.items()},
}
