"""`dexter users` and `dexter keys`: who may use this Dexter, straight in its database, whether a gateway runs or not.

A running gateway learns of every change within a second. Exit statuses: 0 done, 1 not done, 2 a setting is wrong.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from dexter.database.tokens import KeptToken
    from dexter.features.kept_secrets import Reencrypted, Uses
    from dexter.features.people import Listed, People
    from dexter.policy.people import Role
    from dexter.settings import Settings

# Everything else is imported inside the commands: the command line has to start at once.

T = TypeVar("T")

NOT_DONE = 1

users = typer.Typer(help="Who may use this Dexter: people, their roles, passwords and tokens.", no_args_is_help=True)
keys = typer.Typer(
    help="The keys that people's own Sentry tokens and the secrets of subscriptions are encrypted with.",
    no_args_is_help=True,
)

Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
Who = Annotated[str, typer.Argument(metavar="PERSON", help="An e-mail address, a name or an id.")]
FromStdin = Annotated[bool, typer.Option("--password-stdin", help="Read the password from standard input.")]


@users.command("list")
def list_users(as_json: Json = False) -> None:
    """Show everybody."""
    found = _done(lambda people: people.everybody())
    if as_json:
        _print_json([_document(each) for each in found])
        return
    _print_people(found)


@users.command()
def add(
    name: Annotated[str, typer.Argument(help="What the person is called.")],
    email: Annotated[str | None, typer.Option(help="What they sign in with.")] = None,
    role: Annotated[
        list[str] | None, typer.Option(help="A role in an organization, such as acme=triager; `*` for every one.")
    ] = None,
    admin: Annotated[bool, typer.Option("--admin", help="Make them an administrator of everything.")] = False,
    password_stdin: FromStdin = False,
    no_password: Annotated[bool, typer.Option("--no-password", help="Set none; they cannot sign in yet.")] = False,
    as_json: Json = False,
) -> None:
    """Add a person. Their password is asked for on the terminal; it is never an argument."""
    from dexter.features.people import NewPerson

    roles = dict(_role_option(text) for text in role or ())
    password = None if no_password or email is None else _password(from_stdin=password_stdin)
    new = NewPerson(name, email, password, admin, roles)
    _told(_done(lambda people: people.add(new), "people.add"), "was added", as_json=as_json)


@users.command()
def disable(who: Who, as_json: Json = False) -> None:
    """Let a person do nothing any more: their sessions end, their tokens are refused."""
    _told(_changed(who, lambda people, known: people.disable(known), "disable"), "may not come in", as_json=as_json)


@users.command()
def enable(who: Who, as_json: Json = False) -> None:
    """Let a person who was disabled in again."""
    _told(_changed(who, lambda people, known: people.enable(known), "enable"), "may come in again", as_json=as_json)


@users.command()
def role(
    who: Who,
    organization: Annotated[str, typer.Argument(help="An organization's slug, or `*` for every one.")],
    role: Annotated[str, typer.Argument(help="viewer, triager, admin, or none.")],
    as_json: Json = False,
) -> None:
    """Give a person a role in an organization, or take it away with `none`."""
    wanted = None if role == "none" else _role(role)
    found = _changed(who, lambda people, known: people.set_role(known, organization, wanted), "role")
    _told(found, f"is {role} in {organization}" if wanted else f"has no role in {organization}", as_json=as_json)


@users.command()
def admin(
    who: Who,
    no: Annotated[bool, typer.Option("--no", help="Take it away.")] = False,
    as_json: Json = False,
) -> None:
    """Make a person an administrator of everything, or no longer one."""
    found = _changed(who, lambda people, known: people.change(known, is_admin=not no), "admin")
    _told(found, "is no administrator" if no else "is an administrator", as_json=as_json)


@users.command()
def password(who: Who, password_stdin: FromStdin = False) -> None:
    """Set a person's password, which is asked for on the terminal; all their sessions end."""
    wanted = _password(from_stdin=password_stdin)

    async def change(people: People, known: str) -> Listed:
        await people.set_password(known, wanted)
        return await people.find(known)

    _told(_changed(who, change, "password"), "has a new password", as_json=False)


@users.command()
def tokens(
    who: Who,
    revoke: Annotated[str | None, typer.Option(help="The id of a token to revoke.")] = None,
    make: Annotated[str | None, typer.Option(help="Make a token of this name; it is printed once.")] = None,
    scope: Annotated[list[str] | None, typer.Option(help="read, triage or admin; with --make.")] = None,
    organization: Annotated[str | None, typer.Option(help="The one organization it is for; with --make.")] = None,
    days: Annotated[int, typer.Option(min=0, help="In how many days it expires, 0 for never; with --make.")] = 90,
    as_json: Json = False,
) -> None:
    """Show a person's tokens for scripts, make one, or revoke one."""
    if make is not None:
        token, made = _make_token(who, make, scope or ["read"], organization, days)
        _print_json(_token_document(made) | {"token": token}) if as_json else typer.echo(token)
        return

    async def shown(people: People, known: str) -> list[KeptToken]:
        if revoke is not None:
            await people.revoke_token(revoke, known)
        return await people.tokens(known)

    found = _changed(who, shown, None if revoke is None else "tokens.revoke")
    if as_json:
        _print_json([_token_document(each) for each in found])
        return
    _print_tokens(found)


@keys.command("list")
def list_keys(as_json: Json = False) -> None:
    """Show the ids of the keys, the newest first, and how much each encrypts."""
    counts = _of_keys(_counts)
    if as_json:
        _print_json([{"id": key, "tokens": used.tokens, "secrets": used.secrets} for key, used in counts])
        return
    for key, used in counts:
        typer.echo(f"{key}  {_amount(used.tokens, used.secrets)}")


@keys.command()
def rotate() -> None:
    """Make a new key and encrypt everything with it; the key before the last one goes."""
    _say_reencrypted(_of_keys(_rotated))


@keys.command()
def reencrypt() -> None:
    """Encrypt everything with the newest key, as after putting one first in DEXTER_SECRET_KEYS."""
    _say_reencrypted(_of_keys(_reencrypted))


def _role_option(text: str) -> tuple[str, Role]:
    organization, separator, word = text.partition("=")
    if not separator or not organization:
        raise typer.BadParameter(f"{text!r} must be an organization and a role, such as acme=triager.")
    return organization.lower(), _role(word)


def _role(word: str) -> Role:
    from dexter.policy.people import role_named

    try:
        return role_named(word)
    except ValueError as error:
        raise typer.BadParameter(f"{error}.") from error


def _password(*, from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        raise typer.BadParameter("There is no terminal to ask for the password; send it with --password-stdin.")
    asked: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    return asked


def _done(work: Callable[[People], Awaitable[T]], action: str | None = None, target: str | None = None) -> T:
    """Do something with people and give what comes of it; a refusal is told in a sentence and ends the command."""
    return _on_database(lambda settings, database: _with_people(settings, database, work, action, target))


async def _with_people(
    settings: Settings, database: Any, work: Callable[[People], Awaitable[T]], action: str | None, target: str | None
) -> T:
    import time

    from dexter.features.people import People

    people = People(database, time.time, upstream_url=settings.sentry_base_url or "")
    try:
        result = await work(people)
        if action is not None:
            await _record(database, action, target or getattr(getattr(result, "account", None), "person", None))
        return result
    finally:
        people.close()


async def _record(database: Any, action: str, target: Any) -> None:
    import getpass
    import time

    from dexter.database.audit import Actor, Target, record
    from dexter.database.columns import at

    actor = Actor("cli", person_name=f"{getpass.getuser()} on the command line")
    known = target if isinstance(target, str) else getattr(target, "id", None)
    async with database.transaction() as connection:
        await record(connection, actor, action, at=at(time.time()), target=Target("person", known))


def _changed(who: str, work: Callable[[People, str], Awaitable[T]], action: str | None) -> T:
    async def done(people: People) -> T:
        known = (await people.named(who)).account.person.id
        return await work(people, known)

    return _done(done, None if action is None else f"people.{action}", who)


def _on_database(work: Callable[[Settings, Any], Awaitable[T]]) -> T:
    from dexter.database.engine import Database
    from dexter.errors import DexterError
    from dexter.settings import read_settings

    settings = read_settings()

    async def run() -> T:
        database = Database(settings.database)
        try:
            # Before anything else: what is wrong with the database is whoever runs Dexter's to mend.
            await database.engine()
            return await work(settings, database)
        finally:
            await database.aclose()

    try:
        return asyncio.run(run())
    except DexterError as error:
        typer.echo(f"dexter: {error.message}\n        {error.remedy}", err=True)
        raise typer.Exit(NOT_DONE) from error


def _make_token(who: str, name: str, scopes: list[str], organization: str | None, days: int) -> tuple[str, KeptToken]:
    import time

    from dexter.gateway import access_token
    from dexter.policy.people import Grant, Scope
    from dexter.settings import read_settings

    try:
        grant = Grant(frozenset(Scope(word) for word in scopes), organization.lower() if organization else None)
    except ValueError as error:
        raise typer.BadParameter(f"{error}; there are read, triage, admin.") from error
    settings = read_settings()
    key = access_token.key_of(settings.data_dir, settings.secret_key)
    token = access_token.new_personal_token()
    hashed = access_token.personal_token_hash(key, token)
    expires_at = time.time() + days * 86_400 if days else None

    def make(people: People, known: str) -> Awaitable[KeptToken]:
        return people.add_token(known, name, grant, hashed, token[-4:], expires_at)

    return token, _changed(who, make, "tokens.make")


def _of_keys(work: Callable[[Any, Any], Awaitable[T]]) -> T:
    from dexter.features.people_keys import KeyRing

    return _on_database(lambda settings, database: work(database, KeyRing(settings.data_dir, settings.secret_keys)))


async def _counts(database: Any, ring: Any) -> list[tuple[str, Uses]]:
    from dexter.features.kept_secrets import Uses, uses

    used = await uses(database)
    return [(key, used.get(key, Uses())) for key in dict.fromkeys((*ring.ids, *used))]


async def _rotated(database: Any, ring: Any) -> Reencrypted:
    ring.turn()
    return await _reencrypted(database, ring)


async def _reencrypted(database: Any, ring: Any) -> Reencrypted:
    import time

    from dexter.features.kept_secrets import reencrypt as encrypt_anew
    from dexter.features.kept_secrets import uses

    done = await encrypt_anew(database, ring, time.time())
    ring.keep_only(frozenset(await uses(database)))
    return done


def _say_reencrypted(done: Reencrypted) -> None:
    typer.echo(f"Encrypted anew: {_amount(done.tokens, done.secrets)}.")
    for unreadable, whose in ((done.people, "must link theirs anew"), (done.subscriptions, "need a new secret")):
        if unreadable:
            typer.echo(f"{len(unreadable)} cannot be read with any key: {', '.join(unreadable)} {whose}.", err=True)
    if done.people or done.subscriptions:
        raise typer.Exit(NOT_DONE)


def _amount(tokens: int, secrets: int) -> str:
    """Give how much a key encrypts, in words."""
    return f"{tokens} linked Sentry token{'s' * (tokens != 1)}, {secrets} secret{'s' * (secrets != 1)} of subscriptions"


def _told(listed: Listed, what: str, *, as_json: bool) -> None:
    if as_json:
        _print_json(_document(listed))
    else:
        typer.echo(f"{listed.account.person.name} {what}.")


def _print_json(document: Any) -> None:
    typer.echo(json.dumps(document, indent=2, default=_written))


def _written(value: Any) -> Any:
    from dexter.database.columns import written

    return written(value)


def _document(listed: Listed) -> dict[str, Any]:
    account, person = listed.account, listed.account.person
    return {
        "id": person.id,
        "name": person.name,
        "email": person.email,
        "is_admin": person.is_admin,
        "built_in": person.built_in,
        "roles": {organization: role.word for organization, role in person.roles.items()},
        "has_password": account.password_hash is not None,
        "linked_sentry": listed.linked and listed.linked.get("name"),
        "created_at": account.created_at,
        "disabled_at": account.disabled_at,
    }


def _token_document(kept: KeptToken) -> dict[str, Any]:
    return {
        "id": kept.id,
        "name": kept.name,
        "hint": kept.hint,
        "scopes": kept.scopes,
        "organization": kept.organization,
        "created_at": kept.created_at,
        "expires_at": kept.expires_at,
        "last_used_at": kept.last_used_at,
    }


def _print_people(found: list[Listed]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    grid = Table()
    for column in ("name", "e-mail", "roles", "signs in by", "Sentry", "state"):
        grid.add_column(column, overflow="fold")
    for each in found:
        account, person = each.account, each.account.person
        roles = [f"{organization}: {role.word}" for organization, role in person.roles.items()]
        signs_in = [
            *(["printed token"] if person.built_in else []),
            *(["password"] if account.password_hash is not None else []),
        ]
        state = Text("disabled", "red") if account.disabled_at is not None else Text("active", "green")
        grid.add_row(
            Text(person.name),
            Text(person.email or ""),
            Text(", ".join(["administrator"] * person.is_admin + roles) or "none"),
            Text(", ".join(signs_in) or "nothing yet"),
            Text(str(each.linked.get("name") or each.linked.get("email") or "linked") if each.linked else ""),
            state,
        )
    Console().print(grid)


def _print_tokens(found: list[KeptToken]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    grid = Table()
    for column in ("id", "name", "ends in", "scopes", "organization", "last used", "expires"):
        grid.add_column(column, overflow="fold")
    for each in found:
        grid.add_row(
            each.id,
            Text(each.name),
            each.hint,
            ", ".join(each.scopes),
            Text(each.organization or "all"),
            "never" if each.last_used_at is None else f"{each.last_used_at:%Y-%m-%d %H:%M}",
            "never" if each.expires_at is None else f"{each.expires_at:%Y-%m-%d}",
        )
    Console().print(grid)
