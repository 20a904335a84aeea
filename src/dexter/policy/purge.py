"""Which tags an answer is filed under, and which tags a write makes stale.

A tag such as `issues:acme` names one thing of one kind. Two spellings can mean the same thing (an organization's
slug and its number, an issue's number and its short id), and then nobody here can tell which. Such a value is filed
under its kind's wildcard `issues:*`, which every purge of that kind takes along; and a purge that does not know its
value takes the whole kind. Too much is purged rather than too little.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from dexter.policy.sharing import is_issue_detail

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from dexter.wire import Endpoint, Identity

EVERYTHING = "all"
"""Every entry is filed under this tag; a write that the catalog does not know purges it."""

LAG_S = 30.0
"""How long Sentry's search may lag behind a write."""

_DETAIL_FLIGHTS = "issue-flights:{org}"
_ANY_STATE = "issue-state:{org}"

_PARAMETERS = {"org": "organization_id_or_slug", "project": "project_id_or_slug", "id": "issue_id"}
"""The short names in tag templates, and the path parameters they stand for."""

_PLACEHOLDER = re.compile(r"\{(\w+)\}")


def filed_under(templates: Iterable[str], params: Mapping[str, str], identity: Identity) -> frozenset[str]:
    """Give the tags of an answer: its things, their kinds, its identity, and everything."""
    tags = {EVERYTHING, identity_tag(identity)}
    for template in templates:
        tags.update((_kind(template), _filled(template, params)))
    return frozenset(tags)


def made_stale(templates: Iterable[str], params: Mapping[str, str]) -> frozenset[str]:
    """Give the tags that a write to the things named by `templates` purges, for all identities."""
    return frozenset(tag for template in templates for tag in _purged(template, params))


def flown_under(endpoint: Endpoint, params: Mapping[str, str], identity: Identity) -> frozenset[str]:
    """Give the tags of a question that is under way: those of its answer, and what that may turn out to show.

    Whose fields an issue's detail shows is known when it is there, since a merged issue shows the surviving one's.
    """
    tags = filed_under(endpoint.cache.tags, params, identity)
    if not is_issue_detail(endpoint):
        return tags
    return tags | {_kind(_DETAIL_FLIGHTS), _filled(_DETAIL_FLIGHTS, params)}


def filed_as_shown(params: Mapping[str, str], shown: str | None) -> frozenset[str]:
    """Give the tags that follow from what an issue's detail shows: the number of an issue, or nothing that is one."""
    if shown is None or not shown.isdigit():
        return frozenset({_kind(_ANY_STATE), _filled(_ANY_STATE, params)})
    return frozenset() if shown == params.get("issue_id") else frozenset({f"state:{shown}"})


def purged_by(endpoint: Endpoint, params: Mapping[str, str], *, shown: bool = True) -> frozenset[str]:
    """Give the tags that a call of a writing endpoint purges.

    `shown` says whether the answer shows the very issue that the address names, so that no other was meant.
    """
    return made_stale((*endpoint.purges, *endpoint.lists, *(() if shown else endpoint.unless_shown)), params)


def lagging_after(endpoint: Endpoint, params: Mapping[str, str], *, certain: bool) -> frozenset[str]:
    """Give the tags not to be stored fresh for `LAG_S` after a write.

    When it is not certain what became of the write (no answer, or a failure of Sentry's), it may still
    happen, so that all it touches lags and not its lists alone.
    """
    return made_stale(endpoint.lists, params) if certain else purged_by(endpoint, params, shown=False)


def identity_tag(identity: Identity) -> str:
    """Give the tag under which everything of one identity is filed."""
    return f"identity:{identity.kind}:{identity.key}"


def _purged(template: str, params: Mapping[str, str]) -> tuple[str, ...]:
    kind, tag = _kind(template), _filled(template, params)
    wildcard = f"{kind}:*"
    return (kind,) if tag in (kind, wildcard) else (tag, wildcard)


@lru_cache(maxsize=1024)  # the templates are the catalog's, few and for ever the same
def _kind(template: str) -> str:
    return template.partition(":")[0]


def _filled(template: str, params: Mapping[str, str]) -> str:
    kind, form, names = _parsed(template)
    if form is None:
        return kind
    values = [_value(name, params) for name in names]
    if any(value is None for value in values):
        return f"{kind}:*"
    return f"{kind}:{form.format(*values)}"


@lru_cache(maxsize=1024)
def _parsed(template: str) -> tuple[str, str | None, tuple[str, ...]]:
    """Give a template's kind, the form of its value with a place for each name, and the names."""
    kind, separator, rest = template.partition(":")
    return kind, _PLACEHOLDER.sub("{}", rest) if separator else None, tuple(_PLACEHOLDER.findall(rest))


def _value(name: str, params: Mapping[str, str]) -> str | None:
    """Give a parameter's value, or None when it is missing or may be another spelling of a second one."""
    parameter = _PARAMETERS.get(name, name)
    value = params.get(parameter, params.get(name))
    if value is None or not _ONE_SPELLING.get(parameter, _any_spelling)(value):
        return None
    return value.lower()


def _any_spelling(_: str) -> bool:
    return True


_ONE_SPELLING: Mapping[str, Callable[[str], bool]] = {
    "organization_id_or_slug": lambda value: not value.isdigit(),
    "project_id_or_slug": lambda value: not value.isdigit(),
    "team_id_or_slug": lambda value: not value.isdigit(),
    "issue_id": str.isdigit,
}
"""Which of a parameter's values has no second spelling: slugs for most, the number for an issue."""
