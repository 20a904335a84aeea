"""Who may do what: the tables that every permission rests on."""

from __future__ import annotations

import pytest

from dexter.policy.people import (
    BUILT_IN,
    EVERYWHERE,
    WHOLE,
    Denied,
    Grant,
    Need,
    Person,
    Role,
    Scope,
    denied,
    need_at_sentry,
    need_here,
    role_for,
    role_named,
    signature,
    who_can_change_it,
    within,
)

VIEWER = Person("1", "Vera", roles={"acme": Role.VIEWER})
TRIAGER = Person("2", "Tom", roles={"acme": Role.TRIAGER, "globex": Role.VIEWER})
OF_ACME = Person("3", "Ada", roles={"acme": Role.ADMIN})
OF_ALL = Person("4", "Olga", roles={EVERYWHERE: Role.ADMIN})
NOBODY = Person("5", "Nemo")


@pytest.mark.parametrize(
    ("person", "organization", "role"),
    [
        (VIEWER, "acme", Role.VIEWER),
        (VIEWER, "ACME", Role.VIEWER),
        (VIEWER, "globex", None),
        (VIEWER, EVERYWHERE, None),
        (TRIAGER, "globex", Role.VIEWER),
        (OF_ACME, EVERYWHERE, None),
        (OF_ALL, "anything", Role.ADMIN),
        (OF_ALL, EVERYWHERE, Role.ADMIN),
        (BUILT_IN, "anything", Role.ADMIN),
        (NOBODY, "acme", None),
        (Person("6", "Both", roles={EVERYWHERE: Role.VIEWER, "acme": Role.ADMIN}), "acme", Role.ADMIN),
        (Person("7", "More", roles={EVERYWHERE: Role.TRIAGER, "acme": Role.VIEWER}), "acme", Role.TRIAGER),
    ],
)
def test_a_role_holds_in_its_organization_or_everywhere(person: Person, organization: str, role: Role | None) -> None:
    """A role in one organization must be worth nothing in another."""
    assert person.role_in(organization) is role


READ = Grant(frozenset({Scope.READ}))
TRIAGE_ACME = Grant(frozenset({Scope.READ, Scope.TRIAGE}), "acme")


@pytest.mark.parametrize(
    ("person", "grant", "organization", "role"),
    [
        (OF_ALL, WHOLE, "acme", Role.ADMIN),
        (OF_ALL, READ, "acme", Role.VIEWER),
        (OF_ALL, TRIAGE_ACME, "acme", Role.TRIAGER),
        (OF_ALL, TRIAGE_ACME, "globex", None),
        (OF_ALL, TRIAGE_ACME, EVERYWHERE, None),
        (OF_ALL, TRIAGE_ACME, None, Role.TRIAGER),
        (VIEWER, Grant(frozenset({Scope.ADMIN})), "acme", Role.VIEWER),
        (VIEWER, Grant(frozenset()), "acme", None),
        (TRIAGER, WHOLE, None, Role.TRIAGER),
        (TRIAGER, Grant(organization="globex"), None, Role.VIEWER),
        (NOBODY, WHOLE, None, None),
    ],
)
def test_a_token_does_what_both_its_scopes_and_its_person_may(
    person: Person, grant: Grant, organization: str | None, role: Role | None
) -> None:
    """A token must never be worth more than whoever made it, nor than what it was made for."""
    assert role_for(person, grant, organization) is role


@pytest.mark.parametrize(
    ("person", "grant", "roles"),
    [
        (TRIAGER, WHOLE, TRIAGER.roles),
        (TRIAGER, READ, {"acme": Role.VIEWER, "globex": Role.VIEWER}),
        (TRIAGER, TRIAGE_ACME, {"acme": Role.TRIAGER}),
        (BUILT_IN, READ, {EVERYWHERE: Role.VIEWER}),
        (BUILT_IN, TRIAGE_ACME, {"acme": Role.TRIAGER}),
        (OF_ALL, Grant(organization="acme"), {"acme": Role.ADMIN}),
        (VIEWER, Grant(organization="globex"), {}),
    ],
)
def test_behind_a_token_a_person_has_no_role_that_it_may_not_use(
    person: Person, grant: Grant, roles: dict[str, Role]
) -> None:
    """Whoever looks at the person alone must not find more than the token is good for."""
    limited = within(person, grant)
    assert (limited.id, limited.roles) == (person.id, roles)
    assert limited.is_admin is (person.is_admin and grant == WHOLE)


@pytest.mark.parametrize(
    ("person", "grant", "needed", "organization", "by_role", "said"),
    [
        (VIEWER, WHOLE, Role.TRIAGER, "acme", True, "where Vera is viewer"),
        (VIEWER, WHOLE, Role.VIEWER, "globex", True, "Vera has no role in globex"),
        (VIEWER, WHOLE, Role.VIEWER, EVERYWHERE, True, "about all organizations"),
        (NOBODY, WHOLE, Role.VIEWER, None, True, "not a viewer of any organization"),
        (OF_ACME, WHOLE, Role.ADMIN, EVERYWHERE, True, "not an admin of all"),
        (OF_ALL, READ, Role.TRIAGER, "acme", False, "needs the scope triage, and the token has read"),
        (OF_ALL, TRIAGE_ACME, Role.VIEWER, "globex", False, "for acme only, and the request is about globex"),
        (OF_ALL, TRIAGE_ACME, Role.VIEWER, EVERYWHERE, False, "about all organizations"),
        (VIEWER, READ, Role.TRIAGER, "acme", True, "where Vera is viewer"),
    ],
)
def test_a_refusal_says_what_is_missing(
    person: Person, grant: Grant, needed: Role, organization: str | None, by_role: bool, said: str
) -> None:
    """Who is refused must know whether to ask an administrator or to make another token."""
    refusal = denied(person, grant, needed, organization)
    assert isinstance(refusal, Denied)
    assert (refusal.by_role, said in refusal.why) == (by_role, True), refusal.why


@pytest.mark.parametrize(("person", "needed"), [(VIEWER, Role.VIEWER), (OF_ACME, Role.TRIAGER), (BUILT_IN, Role.ADMIN)])
def test_who_has_the_role_is_not_refused(person: Person, needed: Role) -> None:
    """The higher role includes the lower one."""
    assert denied(person, WHOLE, needed, "acme") is None


ORG = "/api/0/organizations/{organization_id_or_slug}"


@pytest.mark.parametrize(
    ("method", "template", "organization", "need"),
    [
        ("GET", f"{ORG}/issues/", "acme", Need(Role.VIEWER, "acme")),
        ("HEAD", f"{ORG}/issues/", "acme", Need(Role.VIEWER, "acme")),
        ("PUT", f"{ORG}/issues/{{issue_id}}/", "acme", Need(Role.TRIAGER, "acme")),
        ("POST", f"{ORG}/issues/{{issue_id}}/comments/", "acme", Need(Role.TRIAGER, "acme")),
        ("DELETE", "/api/0/projects/{organization_id_or_slug}/{p}/issues/", "acme", Need(Role.TRIAGER, "acme")),
        ("POST", f"{ORG}/searches/", "acme", Need(Role.TRIAGER, "acme")),
        ("POST", f"{ORG}/teams/", "acme", Need(Role.ADMIN, "acme")),
        ("DELETE", "/api/0/projects/{organization_id_or_slug}/{p}/", "acme", Need(Role.ADMIN, "acme")),
        ("GET", f"{ORG}/audit-logs/", "acme", Need(Role.ADMIN, "acme")),
        ("GET", "/api/0/issues/{issue_id}/", None, Need(Role.VIEWER, EVERYWHERE)),
        ("PUT", "/api/0/issues/{issue_id}/", None, Need(Role.TRIAGER, EVERYWHERE)),
        ("GET", "/api/0/projects/", None, Need(Role.VIEWER, EVERYWHERE)),
        ("GET", "/api/0/organizations/", None, Need(Role.VIEWER)),
        ("POST", "/api/0/organizations/", None, Need(Role.ADMIN, EVERYWHERE)),
        ("GET", "/api/0/users/me/", None, Need(Role.VIEWER)),
    ],
)
def test_what_sentrys_operations_ask_for(method: str, template: str, organization: str | None, need: Need) -> None:
    """Viewers read, triagers change issues, and the rest is an administrator's; no address reaches past a role."""
    assert need_at_sentry(method, template, organization) == need


@pytest.mark.parametrize(
    ("method", "template", "role"),
    [
        ("GET", "/api/v1/issues/{id}/notes", Role.VIEWER),
        ("PUT", "/api/v1/issues/{id}", Role.TRIAGER),
        ("POST", "/api/v1/bulk", Role.TRIAGER),
        ("POST", "/api/v1/views", Role.VIEWER),
        ("DELETE", "/api/v1/searches/recent", Role.VIEWER),
        ("PUT", "/api/v1/config", Role.VIEWER),
        ("POST", "/api/v1/explain", Role.VIEWER),
        ("GET", "/api/v1/people", Role.ADMIN),
        ("PUT", "/api/v1/people/{id}/roles/{organization}", Role.ADMIN),
        ("GET", "/api/v1/audit/export", Role.ADMIN),
        ("DELETE", "/api/v1/session", None),
        ("DELETE", "/api/v1/sessions/{id}", None),
        ("POST", "/api/v1/tokens", None),
        ("PUT", "/api/v1/me/sentry-token", None),
        ("GET", "/api/v1/gateway/stats", None),
        ("POST", "/api/v1/meetings", Role.TRIAGER),
    ],
)
def test_what_dexters_own_addresses_ask_for(method: str, template: str, role: Role | None) -> None:
    """What nobody thought of must not be open to viewers."""
    assert need_here(method, template, "acme") == Need(role, "acme")


def test_only_roles_are_roles() -> None:
    """A mistyped role must not become none."""
    assert role_named("triager") is Role.TRIAGER
    with pytest.raises(ValueError, match="viewer, triager, admin"):
        role_named("owner")


@pytest.mark.parametrize(
    ("administrators", "organization", "said"),
    [
        ([], "acme", "Ask an administrator, who can give roles in acme"),
        ([("Ada", "*")], None, "Ask Ada, who can give roles in Dexter"),
        ([("Ada", "*"), ("Bob", "acme"), ("Eve", "globex")], "acme", "Ask Ada or Bob, who"),
        ([("Eve", "globex")], "acme", "Ask an administrator"),
    ],
)
def test_a_refusal_names_who_can_change_it(
    administrators: list[tuple[str, str]], organization: str | None, said: str
) -> None:
    """Who is refused must know whom to ask, and it must be somebody who can."""
    assert said in who_can_change_it(administrators, organization)


def test_a_signature_says_who_acted() -> None:
    """What Dexter's credential writes would otherwise be nobody's."""
    assert signature(OF_ACME) == "— Ada via Dexter"
