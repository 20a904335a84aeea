"""The addresses of /api/v1 about people: who uses this Dexter, and in which roles."""

# FastAPI reads the annotations at run time, so their imports stay out of type-checking blocks.

from __future__ import annotations

from datetime import datetime  # noqa: TC003
from typing import TYPE_CHECKING, Annotated, Literal

from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel, Field

from dexter.database.audit import Target
from dexter.errors import BadRequest
from dexter.features.people import NewPerson
from dexter.gateway.auditing import noted
from dexter.gateway.identity import Caller, require_role
from dexter.gateway.requested import Strict, gateway_of
from dexter.gateway.session_routes import (
    AsPerson,
    Email,
    LinkedSentry,
    Name,
    Password,
    PersonId,
    linked_view,
)
from dexter.policy.people import EVERYWHERE, Need, Role, role_named

if TYPE_CHECKING:
    from dexter.features.people import Listed

routes = APIRouter(prefix="/api/v1/people", tags=["people"])

RoleWord = Literal["viewer", "triager", "admin"]
Organization = Annotated[str, Field(pattern=r"^(\*|[A-Za-z0-9_\-]+)$", max_length=100)]
OfPerson = Annotated[PersonId, Path(alias="id")]


class PersonView(BaseModel):
    """A person as administrators see them."""

    id: str
    name: str
    email: str | None
    is_admin: bool = Field(description="An administrator of this Dexter, and so of every organization.")
    built_in: bool = Field(description="Whether this is whoever holds the token that Dexter prints.")
    has_password: bool
    roles: dict[str, RoleWord] = Field(description="By organization; `*` stands for every one.")
    sentry_user_id: str | None
    linked_sentry: LinkedSentry | None
    created_at: datetime
    disabled_at: datetime | None


class PersonList(BaseModel):
    """Everybody: the built-in administrator first, then by name."""

    data: list[PersonView]


class PersonToAdd(Strict):
    """Somebody to add. They sign in with address and password; without a password they cannot until one is set."""

    name: Name
    email: Email | None = None
    password: Password | None = None
    is_admin: bool = False
    roles: dict[Organization, RoleWord] = Field(default_factory=dict, max_length=200)


class PersonChange(Strict):
    """What to change of a person; what is left out stays as it is. A new password ends their sessions."""

    name: Name | None = None
    email: Email | None = None
    is_admin: bool | None = None
    disabled: bool | None = None
    password: Password | None = None
    sentry_user_id: Annotated[str, Field(pattern=r"^[0-9]{1,20}$")] | None = Field(
        default=None, description="Which user of Sentry this is, for `me`; null where that is not known."
    )


class RoleChange(Strict):
    """The role to hold in an organization, or null for none."""

    role: RoleWord | None


@routes.get("", name="people.list")
async def list_people(request: Request, _: AsPerson) -> PersonList:
    """Give everybody who uses this Dexter."""
    return PersonList(data=[person_view(each) for each in await gateway_of(request).people.everybody()])


@routes.post("", name="people.add", status_code=201)
async def add_person(body: PersonToAdd, request: Request, caller: AsPerson) -> PersonView:
    """Add a person."""
    require_role(caller, Need(Role.ADMIN, EVERYWHERE))
    new = NewPerson(
        body.name.strip(),
        body.email,
        body.password,
        body.is_admin,
        {organization: role_named(word) for organization, word in body.roles.items()},
    )
    added = person_view(await gateway_of(request).people.add(new))
    _note(request, None, added)
    return added


@routes.patch("/{id}", name="people.change")
async def change_person(body: PersonChange, request: Request, person: OfPerson, caller: AsPerson) -> PersonView:
    """Change a person: name, address, password, whether they are an administrator or may come in at all."""
    require_role(caller, Need(Role.ADMIN, EVERYWHERE))
    people = gateway_of(request).people
    stated = body.model_dump(exclude_unset=True)
    if not stated or any(stated.get(name, "") is None for name in ("name", "is_admin", "disabled", "password")):
        raise BadRequest("Something to change is to be stated, and a name cannot be taken away.")
    if stated.get("disabled") or stated.get("is_admin") is False:
        _not_oneself(caller, person)
    disabled, password = stated.pop("disabled", None), stated.pop("password", None)
    listed = await people.find(person)
    before = person_view(listed)
    if stated:
        listed = await people.change(person, **stated)
    if password is not None:
        await people.set_password(person, password)
        listed = await people.find(person)
    if disabled is not None:
        listed = await (people.disable(person) if disabled else people.enable(person))
    after = person_view(listed)
    _note(request, before, after)
    return after


@routes.delete("/{id}", name="people.remove", status_code=204, response_model=None)
async def remove_person(request: Request, person: OfPerson, caller: AsPerson) -> Response:
    """Remove a person with their sessions and tokens; what they wrote keeps their name."""
    require_role(caller, Need(Role.ADMIN, EVERYWHERE))
    _not_oneself(caller, person)
    before = person_view(await gateway_of(request).people.find(person))
    _note(request, before, None)
    await gateway_of(request).people.remove(person)
    return Response(status_code=204)


@routes.put("/{id}/roles/{organization}", name="people.role")
async def set_role(
    body: RoleChange,
    request: Request,
    person: OfPerson,
    organization: Annotated[Organization, Path()],
    caller: AsPerson,
) -> PersonView:
    """Give a person a role in an organization, or none; whoever is an administrator of it may."""
    require_role(caller, Need(Role.ADMIN, organization))
    people = gateway_of(request).people
    before = person_view(await people.find(person))
    after = person_view(
        await people.set_role(person, organization, None if body.role is None else role_named(body.role))
    )
    _note(request, before, after)
    return after


def _note(request: Request, before: PersonView | None, after: PersonView | None) -> None:
    """Tell the audit log what a person was and is, as far as the two differ."""
    row, known = noted(request), after or before
    if row is None or known is None:
        return
    was, now = (None if each is None else each.model_dump(mode="json") for each in (before, after))
    if was is not None and now is not None:
        changed = {name for name in now if was[name] != now[name]}
        was, now = ({name: each[name] for name in changed} for each in (was, now))
    row.tell(before=was, after=now, target=Target("person", known.id))


def person_view(listed: Listed) -> PersonView:
    """Give a person as administrators see them."""
    account, person = listed.account, listed.account.person
    return PersonView(
        id=person.id,
        name=person.name,
        email=person.email,
        is_admin=person.is_admin,
        built_in=person.built_in,
        has_password=account.password_hash is not None,
        roles={organization: role.word for organization, role in person.roles.items()},  # type: ignore[misc]
        sentry_user_id=person.sentry_user_id,
        linked_sentry=None if listed.linked is None else linked_view(listed.linked),
        created_at=account.created_at,
        disabled_at=account.disabled_at,
    )


def _not_oneself(caller: Caller, person: str) -> None:
    if caller.person is not None and caller.person.id == person:
        raise BadRequest(
            "This would lock you out.", remedy="Have another administrator do it, or use the token that Dexter prints."
        )
