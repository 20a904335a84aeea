"""The addresses of /api/v1 that are each person's own business: sessions, tokens, password, linked Sentry token."""

# FastAPI reads the annotations at run time, so their imports stay out of type-checking blocks.

from __future__ import annotations

from datetime import datetime  # noqa: TC003
from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import BaseModel, Field, model_validator

from dexter.errors import BadRequest, Forbidden, NotFound, Unauthenticated
from dexter.features.sentry import Sentry
from dexter.gateway.access_token import (
    is_personal_token,
    new_personal_token,
    personal_token_hash,
    session_id_hash,
)
from dexter.gateway.asgi import headers_of
from dexter.gateway.auditing import tell_who
from dexter.gateway.identity import SAFE_METHODS, SESSION_COOKIE, Caller, require_role, require_service
from dexter.gateway.logins import linked_credential
from dexter.gateway.requested import AsCaller, Strict, caller_of, gateway_of, request_id_of
from dexter.gateway.sessions import BY_PASSWORD, Browser
from dexter.policy.people import BUILT_IN_ID, BUILT_IN_NAME, EVERYWHERE, Grant, Need, Person, Role, Scope

if TYPE_CHECKING:
    from dexter.database.sessions import KeptSession
    from dexter.database.tokens import KeptToken
    from dexter.gateway.runtime import Gateway

routes = APIRouter(prefix="/api/v1")

DAY_S = 86_400.0
Password = Annotated[str, Field(min_length=1, max_length=1000)]
Name = Annotated[
    str, Field(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]*[^\s\x00-\x1f\x7f][^\x00-\x1f\x7f]*$")
]
Email = Annotated[str, Field(min_length=3, max_length=250, pattern=r"^[^@\s\x00-\x1f\x7f]+@[^@\s\x00-\x1f\x7f]+$")]
PersonId = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
PersonQuery = Annotated[
    PersonId | None, Query(description="Whose; one's own by default, anybody's for an administrator.")
]


class SignIn(Strict):
    """What opens a session: the token that Dexter printed, or a person's e-mail address and password."""

    token: Annotated[str, Field(min_length=1, max_length=500)] | None = Field(
        default=None, description="The access token that Dexter printed at its start."
    )
    email: Annotated[str, Field(min_length=1, max_length=250)] | None = None
    password: Password | None = None

    @model_validator(mode="after")
    def _one_way(self) -> SignIn:
        by_password = self.email is not None and self.password is not None
        if (self.token is None) is not by_password or (self.token is not None and self.email is not None):
            raise ValueError("send either token, or email and password")
        return self


class LinkedSentry(BaseModel):
    """The user at Sentry whose token a person linked."""

    name: str | None
    email: str | None


class User(BaseModel):
    """Who is signed in. A caller with a Sentry token of their own is nobody here, so that all but the name is null."""

    id: str | None = None
    name: str | None
    email: str | None = None
    role: Literal["viewer", "triager", "admin"] | None = Field(
        default=None, description="The role in the organization that this Dexter speaks of, or everywhere without one."
    )
    is_admin: bool = False
    built_in: bool = Field(default=False, description="Whether this is whoever holds the token that Dexter prints.")
    has_password: bool = False
    linked_sentry: LinkedSentry | None = None


class SessionView(BaseModel):
    """A signed-in caller, and what the workbench needs to know of this Dexter."""

    authenticated: bool
    organization: str | None
    project: str | None
    sentry_url: str | None
    csrf_token: str | None = Field(description="Goes into X-CSRF-Token; null for callers without a cookie.")
    version: str
    user: User


class OneSession(BaseModel):
    """A place where a person is signed in."""

    id: str
    current: bool = Field(description="Whether it is the one that asks.")
    opened_with: Literal["token", "password"]
    created_at: datetime
    last_seen_at: datetime = Field(description="To about half a minute.")
    expires_at: datetime
    user_agent: str
    address: str


class SessionList(BaseModel):
    """The live sessions of a person, the one seen last first."""

    data: list[OneSession]


class Ended(BaseModel):
    """How many ended."""

    ended: int


class TokenView(BaseModel):
    """A token for scripts; what it says itself is shown once, when it is made."""

    id: str
    name: str
    hint: str = Field(description="Its last letters.")
    scopes: list[Scope]
    organization: str | None = Field(description="The one organization it is for; null for all of its person's.")
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None = Field(description="To about half a minute.")


class TokenList(BaseModel):
    """A person's tokens that nobody revoked, the newest first."""

    data: list[TokenView]


class NewToken(Strict):
    """A token for scripts to make. It does what both its scopes and its person's role permit."""

    name: Name
    scopes: Annotated[list[Scope], Field(min_length=1, max_length=3)] = Field(
        description="How far it goes: read, triage (changes issues), admin (everything its person may)."
    )
    organization: Annotated[str, Field(pattern=r"^[A-Za-z0-9_\-]+$", max_length=100)] | None = None
    expires_in_days: Annotated[int, Field(ge=1, le=3650)] | None = Field(default=90, description="null for never.")


class MadeToken(TokenView):
    """A new token, with what it says itself: shown here and never again."""

    token: str


class PasswordChange(Strict):
    """A new password, and the present one where there is one."""

    current: Password | None = None
    new: Password


class Profile(Strict):
    """What a person is called, and what they sign in with. A new address needs the present password, if any."""

    name: Name | None = None
    email: Email | None = None
    current: Password | None = None


class TokenToLink(Strict):
    """A Sentry token of the caller's own."""

    token: Annotated[str, Field(min_length=8, max_length=500, pattern=r"^[\x21-\x7e]+$")]


def person_of(request: Request) -> Caller:
    """Give who calls, when it is a person here, or raise; a token for scripts changes nothing without `admin`."""
    caller = caller_of(request)
    require_service(caller)
    grant = caller.login.grant if caller.login is not None else Grant()
    if request.method not in SAFE_METHODS and (Scope.ADMIN not in grant.scopes or grant.organization is not None):
        raise Forbidden(
            "This token may not change the account of the person who made it.",
            remedy="Sign in, or use a token with the scope admin for all organizations.",
        )
    return caller


AsPerson = Annotated[Caller, Depends(person_of)]


@routes.post("/session", name="session.open", tags=["session"])
async def sign_in(body: SignIn, request: Request, response: Response) -> SessionView:
    """Open a session with the access token, or with e-mail address and password; the answer sets its cookie."""
    gateway = gateway_of(request)
    address = request.client.host if request.client else "?"
    keys = (address, *((f"account {body.email.strip().casefold()}",) if body.email else ()))
    gateway.throttle.attempt(*keys)
    person_id, opened_with = await _proved(gateway, body)
    gateway.throttle.succeeded(*keys)
    browser = Browser(request.headers.get("user-agent", ""), address)
    session_id = await gateway.sessions.open(person_id, opened_with, browser)
    caller = await gateway.authenticator.signed_in(session_id)
    tell_who(request, caller)
    _set_cookie(response, session_id, int(gateway.sessions.ttl_s), secure=_is_https(request))
    return await session_view(gateway, caller, request_id_of(request))


async def _proved(gateway: Gateway, body: SignIn) -> tuple[str, str]:
    """Give whose session is to be opened and with what. Raises Unauthenticated."""
    if body.token is not None:
        if not gateway.authenticator.is_access_token(body.token):
            own = is_personal_token(body.token)
            raise Unauthenticated(
                "This is a token for scripts, which signs nobody in." if own else "This is not Dexter's access token.",
                remedy="Use the token that Dexter printed at its start, or your e-mail address and password.",
            )
        return BUILT_IN_ID, gateway.sessions.by_token
    person = await gateway.people.sign_in(body.email or "", body.password or "")
    return person.id, BY_PASSWORD


@routes.get("/session", name="session.read", tags=["session"])
async def read_session(request: Request, caller: AsCaller) -> SessionView:
    """Say who is signed in and where Sentry is."""
    return await session_view(gateway_of(request), caller, request_id_of(request))


@routes.delete("/session", name="session.end", tags=["session"], status_code=204, response_model=None)
async def sign_out(request: Request, caller: AsCaller) -> Response:
    """Sign out: the session is worth nothing from here on."""
    if caller.session_id is not None:
        await gateway_of(request).sessions.end(session_id_hash(caller.session_id))
    response = Response(status_code=204)
    _set_cookie(response, "", 0, secure=_is_https(request))
    return response


@routes.get("/sessions", name="sessions.list", tags=["account"])
async def list_sessions(request: Request, caller: AsPerson, person: PersonQuery = None) -> SessionList:
    """Give where a person is signed in."""
    found = await gateway_of(request).sessions.of_person(_whose(caller, person))
    return SessionList(data=[_one_session(each, caller) for each in found])


@routes.delete("/sessions/{id}", name="sessions.end", tags=["account"], status_code=204, response_model=None)
async def end_session(
    request: Request, caller: AsPerson, session: Annotated[str, Path(alias="id", pattern=r"^[0-9a-f]{64}$")]
) -> Response:
    """End a session: one's own, or anybody's for an administrator."""
    mine = None if _administers(caller) else _person(caller).id
    if not await gateway_of(request).sessions.end(session, mine):
        raise NotFound("There is no such session.", remedy="It may be over already.")
    return Response(status_code=204)


@routes.delete("/sessions", name="sessions.end_all", tags=["account"])
async def end_sessions(request: Request, caller: AsPerson, person: PersonQuery = None) -> Ended:
    """End all of a person's sessions but the one that asks."""
    current = session_id_hash(caller.session_id) if caller.session_id is not None else None
    return Ended(ended=await gateway_of(request).sessions.end_all(_whose(caller, person), but=current))


@routes.get("/tokens", name="tokens.list", tags=["account"])
async def list_tokens(request: Request, caller: AsPerson, person: PersonQuery = None) -> TokenList:
    """Give a person's tokens for scripts."""
    gateway = gateway_of(request)
    await gateway.logins.tell()
    return TokenList(data=[_token_view(each) for each in await gateway.people.tokens(_whose(caller, person))])


@routes.post("/tokens", name="tokens.make", tags=["account"], status_code=201)
async def make_token(body: NewToken, request: Request, caller: AsPerson) -> MadeToken:
    """Make a token for scripts; what it says is in this answer and nowhere else."""
    gateway = gateway_of(request)
    token = new_personal_token()
    days = body.expires_in_days
    kept = await gateway.people.add_token(
        _person(caller).id,
        body.name.strip(),
        Grant(frozenset(body.scopes), body.organization.lower() if body.organization else None),
        personal_token_hash(gateway.key, token),
        token[-4:],
        None if days is None else gateway.clock.now() + days * DAY_S,
    )
    return MadeToken(token=token, **_token_view(kept).model_dump())


@routes.delete("/tokens/{id}", name="tokens.revoke", tags=["account"], status_code=204, response_model=None)
async def revoke_token(
    request: Request, caller: AsPerson, token: Annotated[str, Path(alias="id", pattern=r"^[0-9a-f]{32}$")]
) -> Response:
    """Revoke a token for scripts: one's own, or anybody's for an administrator."""
    await gateway_of(request).people.revoke_token(token, None if _administers(caller) else _person(caller).id)
    return Response(status_code=204)


@routes.patch("/me", name="me.change", tags=["account"])
async def change_profile(body: Profile, request: Request, caller: AsPerson) -> User:
    """Change one's own name or e-mail address."""
    gateway = gateway_of(request)
    stated = body.model_dump(exclude_unset=True, exclude={"current"})
    if any(value is None for value in stated.values()) or not stated:
        raise BadRequest("A name or an e-mail address is to be stated, and neither can be taken away.")
    if "email" in stated:
        await _check_password(request, caller, body.current)
    await gateway.people.change(_person(caller).id, **{name: value.strip() for name, value in stated.items()})
    return await user_view(gateway, await _anew(request), request_id_of(request))


@routes.put("/me/password", name="me.password", tags=["account"], status_code=204, response_model=None)
async def change_password(body: PasswordChange, request: Request, caller: AsPerson) -> Response:
    """Set one's own password; every other session ends."""
    gateway = gateway_of(request)
    await _check_password(request, caller, body.current)
    current = session_id_hash(caller.session_id) if caller.session_id is not None else None
    await gateway.people.set_password(_person(caller).id, body.new, keep_session=current)
    return Response(status_code=204)


@routes.put("/me/sentry-token", name="me.link", tags=["account"])
async def link_token(body: TokenToLink, request: Request, caller: AsPerson) -> LinkedSentry:
    """Link a Sentry token of one's own: what one changes is then changed in one's own name."""
    gateway = gateway_of(request)
    user = await _sentry_user(gateway, body.token, request_id_of(request))
    await gateway.people.link(_person(caller).id, body.token, user, gateway.ring)
    return linked_view(user)


@routes.delete("/me/sentry-token", name="me.unlink", tags=["account"], status_code=204, response_model=None)
async def unlink_token(request: Request, caller: AsPerson) -> Response:
    """Forget the linked Sentry token: what one changes is then changed by Dexter's credential on one's behalf."""
    if not await gateway_of(request).people.unlink(_person(caller).id):
        raise NotFound("No Sentry token is linked.", remedy="There is nothing to do.")
    return Response(status_code=204)


async def _check_password(request: Request, caller: Caller, password: str | None) -> None:
    throttle = gateway_of(request).throttle
    key = f"password {_person(caller).id}"
    throttle.attempt(key)
    await gateway_of(request).people.check_own_password(_person(caller).id, password)
    throttle.succeeded(key)


async def _sentry_user(gateway: Gateway, token: str, request_id: str) -> dict[str, Any]:
    """Give Sentry's record of whom a token stands for. Raises BadRequest for one that can change nothing."""
    linked = linked_credential(gateway.key, gateway.upstream_url, token, {})
    asking = Sentry(
        gateway.send,
        linked.identity,
        linked.credential,
        organization="",
        deadline=gateway.deadline(),
        clock=gateway.clock.now,
        request_id=request_id,
        no_cache=True,
    )
    try:
        index = (await asking.get_operation("/api/0/")).document()
    except (Unauthenticated, Forbidden) as error:
        raise BadRequest("Sentry does not accept this token.", remedy="Copy it anew from Sentry.") from error
    user = index.get("user") if isinstance(index, dict) else None
    scopes = (index.get("auth") or {}).get("scopes") or [] if isinstance(index, dict) else []
    if not isinstance(user, dict) or not user.get("id"):
        raise BadRequest(
            "Sentry does not know this token, or it stands for no person.",
            remedy="Make a personal token in Sentry (User settings, Personal tokens) and link that.",
        )
    if not {"event:write", "event:admin"} & set(scopes):
        raise BadRequest(
            "This token may not change issues: it lacks the scope event:write.",
            remedy="Make one with event:write in Sentry, and link that.",
        )
    return {name: user.get(name) for name in ("id", "name", "username", "email")}


async def _anew(request: Request) -> Caller:
    """Give who calls as they are after a change of theirs."""
    headers = headers_of(request.scope)
    authenticator = gateway_of(request).authenticator
    await authenticator.recognise(request.method, headers)
    return authenticator.identify(headers)


def _person(caller: Caller) -> Person:
    if caller.person is None:
        raise Forbidden("Only people of this Dexter have an account here.", remedy="Sign in first.")
    return caller.person


def _administers(caller: Caller) -> bool:
    try:
        require_role(caller, Need(Role.ADMIN, EVERYWHERE))
    except Forbidden:
        return False
    return True


def _whose(caller: Caller, person: str | None) -> str:
    """Give whose things are asked for. Raises Forbidden for another's without being an administrator."""
    mine = _person(caller).id
    if person is not None and person != mine:
        require_role(caller, Need(Role.ADMIN, EVERYWHERE))
        return person
    return mine


async def session_view(gateway: Gateway, caller: Caller, request_id: str) -> SessionView:
    """Give what the workbench needs to know of a caller and of this Dexter."""
    options = gateway.options
    return SessionView(
        authenticated=True,
        organization=options.organization,
        project=options.project,
        sentry_url=options.web_url,
        csrf_token=caller.session.csrf_token if caller.session else None,
        version=options.version,
        user=await user_view(gateway, caller, request_id),
    )


async def user_view(gateway: Gateway, caller: Caller, request_id: str) -> User:
    """Give who a caller is. Whoever is alone with their Dexter goes by the name of its credential at Sentry."""
    person, name = caller.person, None
    if person is None or (person.built_in and person.name == BUILT_IN_NAME):
        sentry = gateway.sentry(caller, gateway.options.organization or "", request_id)
        name = await gateway.users.name(sentry)
    if person is None or caller.login is None:
        return User(name=name)
    held = person.role_in(gateway.options.organization or EVERYWHERE)
    linked = caller.login.linked
    return User(
        id=person.id,
        name=name or person.name,
        email=person.email,
        role=None if held is None else held.word,  # type: ignore[arg-type]  # the words are the roles'
        is_admin=person.administers_all,
        built_in=person.built_in,
        has_password=caller.login.has_password,
        linked_sentry=None if linked is None else linked_view(linked.user),
    )


def linked_view(user: dict[str, Any]) -> LinkedSentry:
    """Give Sentry's record of a user as people see it."""
    name = user.get("name") or user.get("username") or user.get("email")
    return LinkedSentry(name=name, email=user.get("email") or None)


def _one_session(kept: KeptSession, caller: Caller) -> OneSession:
    return OneSession(
        id=kept.id_hash,
        current=caller.session_id is not None and session_id_hash(caller.session_id) == kept.id_hash,
        opened_with="password" if kept.opened_with == BY_PASSWORD else "token",
        created_at=kept.created_at,
        last_seen_at=kept.last_seen_at,
        expires_at=kept.expires_at,
        user_agent=kept.user_agent,
        address=kept.address,
    )


def _token_view(kept: KeptToken) -> TokenView:
    return TokenView(
        id=kept.id,
        name=kept.name,
        hint=kept.hint,
        scopes=[Scope(word) for word in kept.scopes],
        organization=kept.organization,
        created_at=kept.created_at,
        expires_at=kept.expires_at,
        last_used_at=kept.last_used_at,
    )


def _is_https(request: Request) -> bool:
    public_url = gateway_of(request).options.public_url
    return request.url.scheme == "https" or (public_url or "").startswith("https:")


def _set_cookie(response: Response, session_id: str, max_age_s: int, *, secure: bool) -> None:
    response.set_cookie(
        SESSION_COOKIE, session_id, max_age=max_age_s, path="/", httponly=True, samesite="strict", secure=secure
    )
