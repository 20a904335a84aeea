"""Who may do what: people, their roles in organizations, and what a token of theirs is limited to.

A role says what a person may do in one organization, or in every one (`*`):

    viewer    read
    triager   and change issues: status, assignee, comments, labels, bulk jobs
    admin     and everything else: people, other people's things, projects and settings at Sentry, the audit log

A token for scripts has scopes, and does what both its person's role and its scopes permit. Callers with a Sentry token
of their own are no people here: what they may do is Sentry's to say.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

EVERYWHERE = "*"
"""The organization of a role that holds in every organization."""
READS = frozenset({"GET", "HEAD", "OPTIONS"})

BUILT_IN_ID = "d2a0b1c3e4f54a6b8c7d9e0f1a2b3c4d"
"""The id of the administrator that every Dexter has: whoever holds the token that it prints."""
BUILT_IN_NAME = "Administrator"


class Role(IntEnum):
    """What a person may do in an organization; each includes the ones before it."""

    VIEWER = 1
    TRIAGER = 2
    ADMIN = 3

    @property
    def word(self) -> str:
        """Give its name as it is written outside."""
        return self.name.lower()


ROLES = tuple(role.word for role in Role)


def role_named(word: str) -> Role:
    """Give the role of a name. Raises ValueError for any other word."""
    try:
        return Role[word.upper()]
    except KeyError as error:
        raise ValueError(f"{word!r} is no role; there are {', '.join(ROLES)}") from error


class Scope(StrEnum):
    """How far a token for scripts goes."""

    READ = "read"
    TRIAGE = "triage"
    ADMIN = "admin"


_CEILINGS = {Scope.READ: Role.VIEWER, Scope.TRIAGE: Role.TRIAGER, Scope.ADMIN: Role.ADMIN}


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who uses Dexter. `is_admin` is an administrator of the installation, and so of every organization."""

    id: str
    name: str
    email: str | None = None
    is_admin: bool = False
    roles: Mapping[str, Role] = field(default_factory=dict)
    built_in: bool = False
    sentry_user_id: str | None = None
    """Which user of Sentry this person is, where that is known."""

    def role_in(self, organization: str) -> Role | None:
        """Give the role in an organization, by its slug, or None without one; `*` asks for the role everywhere."""
        if self.is_admin:
            return Role.ADMIN
        stated = (self.roles.get(EVERYWHERE), self.roles.get(organization.lower()))
        return max((role for role in stated if role is not None), default=None)

    @property
    def highest(self) -> Role | None:
        """Give the highest role in any organization."""
        return Role.ADMIN if self.is_admin else max(self.roles.values(), default=None)

    @property
    def administers_all(self) -> bool:
        """Whether this is an administrator of every organization."""
        return self.role_in(EVERYWHERE) is Role.ADMIN


BUILT_IN = Person(BUILT_IN_ID, BUILT_IN_NAME, is_admin=True, built_in=True)


@dataclass(frozen=True, slots=True)
class Grant:
    """What a credential of a person's is limited to. By default nothing: a session does all that its person may."""

    scopes: frozenset[Scope] = frozenset(Scope)
    organization: str | None = None
    """The one organization it is for."""

    @property
    def ceiling(self) -> Role | None:
        """Give the highest role that the scopes let its bearer use."""
        return max((_CEILINGS[scope] for scope in self.scopes), default=None)


WHOLE = Grant()


def within(person: Person, grant: Grant) -> Person:
    """Give a person as far as a credential of theirs goes: with no role that it may not use."""
    if grant == WHOLE:
        return person
    places = {EVERYWHERE, *person.roles} if grant.organization is None else {grant.organization}
    roles = {place: role for place in places if (role := role_for(person, grant, place)) is not None}
    return replace(person, is_admin=False, roles=roles)


@dataclass(frozen=True, slots=True)
class Denied:
    """Why somebody may not do something. `by_role` tells that a role is missing, else the token is at fault."""

    why: str
    by_role: bool
    organization: str | None
    needed: Role


def role_for(person: Person, grant: Grant, organization: str | None) -> Role | None:
    """Give the role that a credential may use in an organization, `*` for everywhere, None for any of them."""
    if grant.organization is not None and organization not in (None, grant.organization):
        return None
    if organization is None:
        held = person.highest if grant.organization is None else person.role_in(grant.organization)
    else:
        held = person.role_in(organization)
    ceiling = grant.ceiling
    return None if held is None or ceiling is None else min(held, ceiling)


def denied(person: Person, grant: Grant, needed: Role, organization: str | None) -> Denied | None:
    """Give why a person may not do what needs a role in an organization, or None for one who may."""
    organization = organization.lower() if organization is not None else None
    allowed = role_for(person, grant, organization)
    if allowed is not None and allowed >= needed:
        return None
    held = role_for(person, WHOLE, organization)
    if held is not None and held >= needed:
        return Denied(_why_not_by_token(grant, needed, organization), False, organization, needed)
    return Denied(_why_not_by_role(person, held, needed, organization), True, organization, needed)


def _why_not_by_token(grant: Grant, needed: Role, organization: str | None) -> str:
    if grant.organization is not None and organization not in (None, grant.organization):
        place = "all organizations" if organization == EVERYWHERE else str(organization)
        return f"This token is for {grant.organization} only, and the request is about {place}."
    scopes = ", ".join(sorted(grant.scopes)) or "none"
    return f"This needs the scope {_scope_of(needed)}, and the token has {scopes}."


def _why_not_by_role(person: Person, held: Role | None, needed: Role, organization: str | None) -> str:
    role = f"{'an' if needed is Role.ADMIN else 'a'} {needed.word}"
    if organization is None:
        return f"{person.name} is not {role} of any organization here."
    if organization == EVERYWHERE:
        return f"This is about all organizations, and {person.name} is not {role} of all of them."
    if held is None:
        return f"{person.name} has no role in {organization}."
    return f"This needs the role {needed.word} in {organization}, where {person.name} is {held.word}."


def _scope_of(role: Role) -> Scope:
    return next(scope for scope, ceiling in _CEILINGS.items() if ceiling is role)


@dataclass(frozen=True, slots=True)
class Need:
    """What an address asks of its callers; without a role it is each person's own business."""

    role: Role | None
    organization: str | None = None
    """Where the role is needed: `*` for everywhere, None for any organization."""


_OF_ISSUES = re.compile(r"/(issues|groups|searches|pinned-searches|recent-searches|group-search-views)/")
_OF_EVERYBODY = frozenset(
    {"/api/0/", "/api/client-config/", "/api/0/users/me/", "/api/0/users/me/regions/", "/api/0/organizations/"}
)
"""Addresses of Sentry's that name no organization and tell of none more than its name."""


def need_at_sentry(method: str, template: str, organization: str | None) -> Need:
    """Give what an operation of Sentry's asks of whoever has Dexter's own credential do it.

    An address without an organization reaches into all of them, so it needs the role everywhere.
    """
    if method in READS and template in _OF_EVERYBODY:
        return Need(Role.VIEWER)
    return Need(_role_at_sentry(method, template), organization or EVERYWHERE)


def _role_at_sentry(method: str, template: str) -> Role:
    if method in READS:
        return Role.ADMIN if "/audit-logs/" in template else Role.VIEWER
    return Role.TRIAGER if _OF_ISSUES.search(template) else Role.ADMIN


_HERE: tuple[tuple[str, Role | None, Role | None], ...] = (
    ("/api/v1/sessions", None, None),
    ("/api/v1/session", None, None),
    ("/api/v1/tokens", None, None),
    ("/api/v1/me", None, None),
    ("/api/v1/client-errors", None, None),
    ("/api/v1/traces", None, None),
    ("/api/v1/gateway", None, Role.ADMIN),
    ("/api/v1/people", Role.ADMIN, Role.ADMIN),
    ("/api/v1/audit", Role.ADMIN, Role.ADMIN),
    ("/api/v1/subscriptions", Role.ADMIN, Role.ADMIN),
    ("/api/v1/views", Role.VIEWER, Role.VIEWER),
    ("/api/v1/searches", Role.VIEWER, Role.VIEWER),
    ("/api/v1/events", Role.VIEWER, Role.VIEWER),
    ("/api/v1/config", Role.VIEWER, Role.VIEWER),
    ("/api/v1/explain", Role.VIEWER, Role.VIEWER),
    ("/api/v1/models", Role.VIEWER, Role.VIEWER),
)
"""What Dexter's own addresses ask for, to read and to change: the first that an address begins with."""


def need_here(method: str, template: str, organization: str | None) -> Need:
    """Give what an address of Dexter's own asks for: for what no row names, viewers read and triagers change."""
    reads = method in READS
    for prefix, to_read, to_change in _HERE:
        if template == prefix or template.startswith(f"{prefix}/"):
            return Need(to_read if reads else to_change, organization)
    return Need(Role.VIEWER if reads else Role.TRIAGER, organization)


SERVICE_ACCOUNT = "Dexter's account"
"""What the log calls the owner of Dexter's own credential at Sentry."""


def signature(person: Person) -> str:
    """Give the line that stands beneath what Dexter's own credential says for somebody.

    >>> signature(Person("1", "Ada Lovelace"))
    '— Ada Lovelace via Dexter'
    """
    return f"— {person.name} via Dexter"


def who_can_change_it(administrators: Iterable[tuple[str, str]], organization: str | None) -> str:
    """Give the sentence that says whom to ask for a role; each administrator is a name and where they are one."""
    place = organization or EVERYWHERE
    names = sorted({name for name, where in administrators if where in (EVERYWHERE, place)})
    told = "an administrator" if not names else names[0]
    if len(names) > 1:
        told = f"{', '.join(names[:-1][:4])} or {names[-1]}"
    where = "" if place == EVERYWHERE else f" {place}"
    return f"Ask {told}, who can give roles in{where or ' Dexter'}, on the People screen or by `dexter users role`."
