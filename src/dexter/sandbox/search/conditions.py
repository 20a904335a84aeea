"""Terms of an issue search as SQL conditions over `issues i`. Pure: text and parameters out, no database.

Tags are counted per issue (`issue_tags`), so each tag term is judged on its own: Sentry wants one event that
satisfies all of them, which only differs for an issue whose events disagree. A negated tag term holds, as in
Sentry, when some event of the issue lacks the value.
"""
# ruff: noqa: S608 - statements are joined from this module's own pieces; values are always parameters

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

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
from dexter.sandbox.search.time_range import ANY_TIME, DAY_S, TimeRange, parse_duration, parse_moment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_COMPARISON = re.compile(r"(>=|<=|>|<|=)?(.*)", re.DOTALL)
_NUMBER = re.compile(r"(-?\d+(?:\.\d+)?)([kmb])?", re.IGNORECASE)
_SUFFIXES = {"k": 1_000, "m": 1_000_000, "b": 1_000_000_000}


@dataclass(frozen=True, slots=True)
class Condition:
    """A piece of SQL that is true or false for an issue, and what its question marks stand for."""

    sql: str
    params: tuple[Any, ...] = ()

    def negated(self) -> Condition:
        """Give its opposite; what is unknown counts as not matching before it is turned round."""
        return Condition(f"NOT COALESCE(({self.sql}), 0)", self.params)


@dataclass(frozen=True, slots=True)
class SearchScope:
    """What a search may see: who asks (for `me`), when, in which projects, environments and time."""

    now: float
    user_id: int | None
    project_ids: tuple[int, ...]
    environments: tuple[str, ...] = ()
    time: TimeRange = ANY_TIME


NEVER = Condition("0")
ALWAYS = Condition("1")


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
                return _tag(term, _tag_key(term.key))
            found = handler(term, scope)
    return found.negated() if term.negated else found


def scope_conditions(scope: SearchScope) -> list[Condition]:
    """Give what every search demands: reachable projects, visible issues, environments and time."""
    found = [
        Condition(f"i.project_id IN ({_marks(scope.project_ids)})", scope.project_ids),
        Condition("i.status NOT IN ('pending_deletion', 'merged')"),
        Condition("i.idx_visible_at <= ?", (scope.now,)),
    ]
    if scope.time.start > 0:
        found.append(Condition("i.last_seen >= ?", (scope.time.start,)))
    if scope.environments:
        marks = _marks(scope.environments)
        found.append(
            Condition(
                f"EXISTS (SELECT 1 FROM issue_hours h WHERE h.issue_id = i.id AND h.environment IN ({marks}) {{time}})",
                scope.environments,
            )
        )
    elif not scope.time.is_open:
        found.append(Condition("EXISTS (SELECT 1 FROM issue_hours h WHERE h.issue_id = i.id {time})"))
    return [_within(part, scope.time) for part in found]


def _within(part: Condition, time: TimeRange) -> Condition:
    if "{time}" not in part.sql:
        return part
    if not time.start and time.is_open:
        return Condition(part.sql.replace("{time}", ""), part.params)
    low, high = int(time.start // 3600) * 3600, time.end
    if time.is_open:
        return Condition(part.sql.replace("{time}", "AND h.hour >= ?"), (*part.params, low))
    return Condition(part.sql.replace("{time}", "AND h.hour >= ? AND h.hour <= ?"), (*part.params, low, high))


def _marks(values: Iterable[Any]) -> str:
    return ",".join("?" for _ in values)


def _is(value: str) -> Condition:
    if value in STATUS_WORDS:
        return Condition("i.idx_status = ?", (STATUS_WORDS[value],))
    if value in SUBSTATUS_WORDS:
        return Condition("i.idx_substatus = ?", (SUBSTATUS_WORDS[value],))
    return {
        "assigned": _ASSIGNED,
        "unassigned": _ASSIGNED.negated(),
        "for_review": Condition("i.in_review = 1"),
        # No integration lives in the sandbox, so nothing is linked to an issue elsewhere.
        "linked": NEVER,
        "unlinked": ALWAYS,
    }[value]


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
    return Condition("i.id IN (SELECT issue_id FROM issue_tags WHERE key = ?)", (_tag_key(key),))


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


def _tag_key(key: str) -> str:
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


def any_of(expression: str, values: Iterable[str]) -> Condition:
    """Give `expression` equal to any value, or like it where the value holds `*`."""
    exact = [value for value in values if not is_wildcard(value)]
    parts = [f"{expression} IN ({_marks(exact)})"] if exact else []
    params: list[str] = list(exact)
    for value in values:
        if is_wildcard(value):
            parts.append(f"{expression} LIKE ? ESCAPE '\\'")
            params.append(like_pattern(value))
    return Condition(f"({' OR '.join(parts)})", tuple(params))


def is_wildcard(value: str) -> bool:
    """Tell whether a value holds a `*` that is not escaped."""
    return re.search(r"(?<!\\)\*", value) is not None


def like_pattern(value: str) -> str:
    """Give the LIKE pattern of a value with `*`; `\\` escapes."""
    literal = value.replace("\\*", "\0").replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return literal.replace("*", "%").replace("\0", "*")


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


def comparison_on(expression: str, term: KeyTerm) -> Condition:
    """Compare a number with the term's, which may begin with `>`, `>=`, `<` or `<=`."""
    parts, params = [], []
    for value in term.values:
        operator, number = _comparison(term, value)
        parts.append(f"{expression} {operator} ?")
        params.append(number)
    return Condition(f"({' OR '.join(parts)})", tuple(params))


def _comparison(term: KeyTerm, value: str) -> tuple[str, float]:
    operator, text = _split_comparison(value)
    match = None if term.quoted else _NUMBER.fullmatch(text)
    if match is None:
        raise InvalidQuery(
            f"{term.key}: Invalid number: {value}. Expected number then optional k, m, or b suffix (e.g. 500k)."
        )
    return operator, float(match[1]) * _SUFFIXES.get((match[2] or "").lower(), 1)


def _split_comparison(value: str) -> tuple[str, str]:
    match = _COMPARISON.fullmatch(value)
    assert match is not None  # noqa: S101 - the pattern takes every text
    return match[1] or "=", match[2]


def _date(expression: str) -> Callable[[KeyTerm, SearchScope], Condition]:
    def handler(term: KeyTerm, scope: SearchScope) -> Condition:
        if term.listed:
            raise _invalid_date(term, term.values[0])
        return date_condition(expression, term, scope.now)

    return handler


def date_condition(expression: str, term: KeyTerm, now: float) -> Condition:
    """Compare a time with the term's: `-24h`, `+7d`, `>2024-01-31`, a day, a moment."""
    value = term.values[0]
    # -24h: younger than that; +24h: older.
    if value[:1] in "+-" and (length := parse_duration(value[1:])) is not None:
        return Condition(f"{expression} {'>=' if value[0] == '-' else '<='} ?", (now - length,))
    operator, text = _split_comparison(value)
    moment = parse_moment(text)
    if moment is None:
        raise _invalid_date(term, value)
    if operator != "=":
        return Condition(f"{expression} {operator} ?", (moment,))
    # A bare day means all of it, a bare moment a few minutes around it: nobody hits a microsecond.
    low, high = (moment, moment + DAY_S) if len(text) <= 10 else (moment - 300, moment + 360)
    return Condition(f"({expression} >= ? AND {expression} < ?)", (low, high))


def _invalid_date(term: KeyTerm, value: str) -> InvalidQuery:
    return InvalidQuery(
        f"{term.key}: Invalid date: {value}. Expected +/-duration (e.g. +1h) or ISO 8601-like (e.g. 2024-01-31)."
    )


def _assigned(term: KeyTerm, scope: SearchScope) -> Condition:
    parts = [_one_assignee(value, scope) for value in term.values]
    return Condition(
        f"({' OR '.join(part.sql for part in parts)})", tuple(param for part in parts for param in part.params)
    )


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
    return Condition(
        f"({' OR '.join(part.sql for part in parts)})", tuple(param for part in parts for param in part.params)
    )


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
        return Condition(f"i.is_unhandled IN ({_marks(values)})", tuple(values))

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
