"""What is done with people: accounts, passwords, roles, tokens for scripts, and the Sentry tokens that they link.

The gateway and the command line do the same through this. Whatever takes something away from somebody raises the
generation (see `database.people`), so that every process learns of it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dexter.errors import BadRequest, Forbidden, NotFound, Unauthenticated
from dexter.features.people_passwords import Passwords, check_password
from dexter.policy.people import BUILT_IN_ID, EVERYWHERE, Grant, Person, Role

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from dexter.database.engine import Database
    from dexter.database.people import Account
    from dexter.database.tokens import KeptToken
    from dexter.features.people_keys import KeyRing


@dataclass(frozen=True, slots=True)
class Listed:
    """A person as the list of people shows them; `linked` is Sentry's record of the user whose token they linked."""

    account: Account
    linked: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class NewPerson:
    """Who is added. Without a password nobody can sign in as them until one is set."""

    name: str
    email: str | None = None
    password: str | None = field(default=None, repr=False)
    is_admin: bool = False
    roles: Mapping[str, Role] = field(default_factory=dict)


async def _nothing() -> None:
    """Tell nobody."""


class People:
    """Everybody who uses this Dexter."""

    def __init__(
        self,
        database: Database,
        now: Callable[[], float],
        *,
        upstream_url: str,
        passwords: Passwords | None = None,
        changed: Callable[[], Awaitable[None]] = _nothing,
    ) -> None:
        """Give the people of a database. `changed` is told when something was taken from somebody."""
        self._database = database
        self._now = now
        self._upstream_url = upstream_url
        self._passwords = passwords or Passwords()
        self._changed = changed

    async def everybody(self) -> list[Listed]:
        """Give all people: the built-in administrator first, then by name."""
        from dexter.database import credentials, people

        async with self._database.transaction() as connection:
            await people.ensure_built_in(connection, self._now())
            linked = await credentials.linked_people(connection, self._upstream_url)
            return [Listed(each, linked.get(each.person.id)) for each in await people.accounts(connection)]

    async def find(self, person_id: str) -> Listed:
        """Give one person. Raises NotFound without one."""
        from dexter.database import credentials, people

        async with self._database.transaction() as connection:
            if person_id == BUILT_IN_ID:
                await people.ensure_built_in(connection, self._now())
            linked = await credentials.linked_people(connection, self._upstream_url)
            return Listed(await people.required(connection, person_id), linked.get(person_id))

    async def named(self, name: str) -> Listed:
        """Give the person of an id, an e-mail address or a name that only one has. Raises NotFound, BadRequest."""
        everybody = await self.everybody()
        for of in (_id_of, _email_of, _name_of):
            found = [each for each in everybody if of(each) == name.strip().casefold()]
            if len(found) == 1:
                return found[0]
            if found:
                raise BadRequest(f"{len(found)} people are called {name}.", remedy="Name one by e-mail address or id.")
        raise NotFound(f"Nobody here is called {name}.", remedy="`dexter users list` shows who there is.")

    async def sign_in(self, email: str, password: str) -> Person:
        """Give whose e-mail address and password these are.

        Raises Unauthenticated with the same words, after the same time, whatever is wrong with them.
        """
        from dexter.database import people

        async with self._database.reading() as connection:
            account = await people.account_by_email(connection, email)
        kept = None if account is None or account.disabled_at is not None else account.password_hash
        verdict = await self._passwords.verify(kept, password)
        if account is None or kept is None or not verdict.is_right:
            raise Unauthenticated(
                "The e-mail address or the password is wrong.",
                remedy="Try again, or ask an administrator of Dexter to set a new password.",
            )
        if verdict.renewed_hash is not None:
            async with self._database.transaction() as connection:
                await people.renew_password_hash(connection, account.person.id, kept, verdict.renewed_hash)
        return account.person

    async def add(self, new: NewPerson) -> Listed:
        """Add a person. Raises BadRequest for what is not permitted, such as an address that somebody has."""
        from dexter.database import people

        password_hash = None
        if new.password is not None:
            check_password(new.password)
            if new.email is None:
                raise BadRequest("A password needs an e-mail address to sign in with.", remedy="Give both, or neither.")
            password_hash = await self._passwords.hash(new.password)
        async with self._database.transaction() as connection:
            person_id = await people.add(
                connection,
                self._now(),
                name=new.name,
                email=new.email,
                password_hash=password_hash,
                is_admin=new.is_admin,
                roles=new.roles,
            )
        return await self.find(person_id)

    async def change(self, person_id: str, **values: Any) -> Listed:
        """Change a person's `name`, `email`, `is_admin` or `sentry_user_id`.

        Raises BadRequest for what would lock everybody out: the built-in administrator stays one.
        """
        from dexter.database import people

        if person_id == BUILT_IN_ID and values.get("is_admin") is False:
            raise _of_the_built_in("stays an administrator")
        async with self._database.transaction() as connection:
            await _there(connection, person_id, self._now())
            await people.change(connection, person_id, values)
        await self._changed()
        return await self.find(person_id)

    async def disable(self, person_id: str) -> Listed:
        """Let a person do nothing any more; their sessions end, their tokens are worth nothing until they are back."""
        from dexter.database import people, sessions
        from dexter.database.columns import at

        if person_id == BUILT_IN_ID:
            raise _of_the_built_in("cannot be disabled")
        async with self._database.transaction() as connection:
            account = await people.required(connection, person_id)
            if account.disabled_at is None:
                await people.change(connection, person_id, {"disabled_at": at(self._now())})
            await sessions.revoke_all(connection, self._now(), person_id)
        await self._changed()
        return await self.find(person_id)

    async def enable(self, person_id: str) -> Listed:
        """Let a person who was disabled in again."""
        from dexter.database import people

        async with self._database.transaction() as connection:
            await people.required(connection, person_id)
            await people.change(connection, person_id, {"disabled_at": None})
        await self._changed()
        return await self.find(person_id)

    async def remove(self, person_id: str) -> None:
        """Remove a person with everything that lets them in; what they wrote keeps their name."""
        from dexter.database import people

        if person_id == BUILT_IN_ID:
            raise _of_the_built_in("cannot be removed")
        async with self._database.transaction() as connection:
            await people.required(connection, person_id)
            await people.remove(connection, person_id)
        await self._changed()

    async def set_role(self, person_id: str, organization: str, role: Role | None) -> Listed:
        """Give a person a role in an organization, `*` for all of them, or none."""
        from dexter.database import people

        if organization != EVERYWHERE and organization.isdigit():
            raise BadRequest("A role is for an organization's slug, not its number.", remedy="Name it by its slug.")
        async with self._database.transaction() as connection:
            await _there(connection, person_id, self._now())
            await people.set_role(connection, person_id, organization, role)
        await self._changed()
        return await self.find(person_id)

    async def set_password(self, person_id: str, password: str, *, keep_session: str | None = None) -> None:
        """Set a person's password, and end their sessions but one. Raises BadRequest for a bad one."""
        from dexter.database import people, sessions

        check_password(password)
        password_hash = await self._passwords.hash(password)
        async with self._database.transaction() as connection:
            account = await _there(connection, person_id, self._now())
            if account.person.email is None:
                raise BadRequest(
                    f"{account.person.name} has no e-mail address to sign in with.", remedy="Set the address first."
                )
            await people.change(connection, person_id, {"password_hash": password_hash})
            await sessions.revoke_all(connection, self._now(), person_id, but=keep_session)
        await self._changed()

    async def check_own_password(self, person_id: str, password: str | None) -> None:
        """Raise Forbidden unless this is the password that a person has; one who has none need not know it."""
        listed = await self.find(person_id)
        kept = listed.account.password_hash
        if kept is not None and not (await self._passwords.verify(kept, password or "")).is_right:
            raise Forbidden("The present password is wrong.", remedy="Type the password that you sign in with today.")

    async def add_token(
        self, person_id: str, name: str, grant: Grant, token_hash: str, hint: str, expires_at: float | None
    ) -> KeptToken:
        """Keep a new token for scripts."""
        from dexter.database import tokens

        async with self._database.transaction() as connection:
            await _there(connection, person_id, self._now())
            return await tokens.add(
                connection,
                self._now(),
                person_id=person_id,
                name=name,
                token_hash=token_hash,
                hint=hint,
                grant=grant,
                expires_at=expires_at,
            )

    async def tokens(self, person_id: str) -> list[KeptToken]:
        """Give a person's tokens for scripts that nobody revoked, the newest first."""
        from dexter.database import tokens

        async with self._database.reading() as connection:
            return await tokens.of_person(connection, person_id)

    async def revoke_token(self, token_id: str, person_id: str | None = None) -> None:
        """Revoke a token for scripts, the person's where one is named. Raises NotFound when there is none."""
        from dexter.database import tokens

        async with self._database.transaction() as connection:
            if not await tokens.revoke(connection, self._now(), token_id, person_id):
                raise NotFound("There is no such token.", remedy="It may be revoked already.")
        await self._changed()

    async def link(self, person_id: str, token: str, user: dict[str, Any], ring: KeyRing) -> None:
        """Keep a person's own Sentry token, encrypted; `user` is Sentry's record of whom it stands for."""
        from dexter.database import credentials

        ciphertext, key_id = ring.encrypt(token, credentials.about(person_id, self._upstream_url))
        async with self._database.transaction() as connection:
            await _there(connection, person_id, self._now())
            await credentials.put(
                connection,
                self._now(),
                person_id=person_id,
                upstream=self._upstream_url,
                ciphertext=ciphertext,
                key_id=key_id,
                sentry_user=user,
            )
        await self._changed()

    async def unlink(self, person_id: str) -> bool:
        """Forget a person's own Sentry token, and give whether there was one."""
        from dexter.database import credentials

        async with self._database.transaction() as connection:
            gone = await credentials.remove(connection, person_id, self._upstream_url)
        await self._changed()
        return gone

    def close(self) -> None:
        """Let the threads go that passwords are hashed in."""
        self._passwords.close()


async def _there(connection: Any, person_id: str, now: float) -> Account:
    from dexter.database import people

    if person_id == BUILT_IN_ID:
        await people.ensure_built_in(connection, now)
    return await people.required(connection, person_id)


def _of_the_built_in(what: str) -> BadRequest:
    return BadRequest(
        f"The built-in administrator {what}: it is whoever holds the token that Dexter prints.",
        remedy="Change that token instead: set DEXTER_ACCESS_TOKEN, or delete secret.key in the data directory.",
    )


def _id_of(listed: Listed) -> str:
    return listed.account.person.id


def _email_of(listed: Listed) -> str | None:
    return listed.account.person.email


def _name_of(listed: Listed) -> str:
    return listed.account.person.name.casefold()
