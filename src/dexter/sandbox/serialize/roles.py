"""The roles of an organization and of a team, and the scopes that each role carries."""

from __future__ import annotations

from typing import Any

from dexter.sandbox.auth import OWNER_SCOPES

_MEMBER = (
    "event:read", "event:write", "event:admin", "project:releases", "project:read", "org:read",
    "member:read", "team:read", "alerts:read", "alerts:write",
)  # fmt: skip
_ADMIN = (*_MEMBER, "org:integrations", "project:write", "project:admin", "team:write", "team:admin")
_MANAGER = (*_ADMIN, "member:invite", "member:write", "member:admin", "org:write")

ORG_ROLES: dict[str, tuple[str, tuple[str, ...]]] = {
    "member": ("Member", _MEMBER),
    "admin": ("Admin", _ADMIN),
    "manager": ("Manager", _MANAGER),
    "owner": ("Owner", OWNER_SCOPES),
}
"""Name and scopes by id, the least first."""

TEAM_ROLES: dict[str, tuple[str, tuple[str, ...]]] = {
    "contributor": ("Contributor", ()),
    "admin": ("Team Admin", ("project:write", "project:admin", "team:write", "team:admin")),
}

INVITABLE = frozenset({*ORG_ROLES, "billing"})


def org_role_list() -> list[dict[str, Any]]:
    """Give every role of an organization as Sentry lists it."""
    return [
        {
            "id": role,
            "name": name,
            "desc": f"{name} of the organization.",
            "scopes": sorted(scopes),
            "allowed": True,
            "isAllowed": True,
            "isRetired": role == "admin",
            "isTeamRolesAllowed": True,
            "is_global": role in ("manager", "owner"),
            "isGlobal": role in ("manager", "owner"),
            "minimumTeamRole": "contributor" if role == "member" else "admin",
        }
        for role, (name, scopes) in ORG_ROLES.items()
    ]


def team_role_list() -> list[dict[str, Any]]:
    """Give every role of a team as Sentry lists it."""
    return [
        {
            "id": role,
            "name": name,
            "desc": f"{name} of a team.",
            "scopes": sorted(scopes),
            "allowed": True,
            "isAllowed": True,
            "isRetired": False,
            "isTeamRolesAllowed": True,
            "isMinimumRoleFor": "admin" if role == "admin" else None,
        }
        for role, (name, scopes) in TEAM_ROLES.items()
    ]
