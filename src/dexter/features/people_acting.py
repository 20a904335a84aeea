"""On whose behalf Sentry is asked to change something: with a person's own linked token, or with Dexter's for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dexter.errors import BadRequest, DexterError, Forbidden, Unauthenticated
from dexter.policy.people import BUILT_IN_NAME, SERVICE_ACCOUNT, signature
from dexter.policy.search_me import for_person, names_me

if TYPE_CHECKING:
    from dexter.policy.people import Person
    from dexter.wire import Credential, Identity


class LinkedTokenRefused(Forbidden):
    """Sentry does not accept the token that a person linked, or not for this; they must act, nobody else can."""


@dataclass(frozen=True, slots=True)
class Linked:
    """A person's own credential at Sentry, and Sentry's record of the user it stands for."""

    identity: Identity
    credential: Credential
    user: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Acting:
    """The person on whose behalf a request is made, in service mode. Without a link Dexter's own credential acts."""

    person: Person
    linked: Linked | None = None
    unusable: str | None = None
    """Why the token that the person linked cannot be read, if it cannot."""

    def as_linked(self) -> Linked | None:
        """Give the linked token, for a change. Raises LinkedTokenRefused when there is one that cannot be read."""
        if self.unusable is not None:
            raise unreadable_link(self.person)
        return self.linked

    @property
    def account(self) -> str:
        """Give whose account Sentry is asked with to change something, as the log says it."""
        user = {} if self.linked is None else self.linked.user
        known = user.get("email") or user.get("username") or user.get("id")
        return SERVICE_ACCOUNT if self.linked is None else str(known or "an account that they linked")

    def signed(self, text: str) -> str:
        """Give a text for Sentry with who says it beneath, where it will not carry their name by itself.

        A person who is alone with their Dexter signs nothing: what its credential says, they say.
        """
        alone = self.person.built_in and self.person.name == BUILT_IN_NAME
        return text if alone or self.linked is not None else f"{text.rstrip()}\n\n{signature(self.person)}"

    def searching(self, query: str) -> str:
        """Give a search with `me` meaning the person. Raises BadRequest when nobody told Dexter who they are at Sentry.

        For whoever is alone with their Dexter the credential's own `me` is theirs.
        """
        if not names_me(query) or (self.linked is None and self.person.built_in):
            return query
        user = self.linked.user if self.linked is not None else {}
        name = user.get("email") or user.get("username") or self.person.email
        if not name:
            raise self._unknown()
        return for_person(query, str(name))

    def sentry_user(self) -> dict[str, Any] | None:
        """Give the user at Sentry whom the person is; None for one whom the credential in use stands for.

        Raises BadRequest when nobody told Dexter.
        """
        if self.linked is not None:
            return self.linked.user
        if self.person.sentry_user_id is not None:
            return {"id": self.person.sentry_user_id}
        if self.person.built_in:
            return None
        raise self._unknown()

    def _unknown(self) -> BadRequest:
        return BadRequest(
            f"Dexter does not know which user of Sentry {self.person.name} is, so there is no 'me'.",
            remedy="Link your Sentry token on the Account screen, or name a user or a team.",
        )


def unreadable_link(person: Person) -> LinkedTokenRefused:
    """Give the error for a link whose key is gone: nobody may be taken for another because of it."""
    return LinkedTokenRefused(
        f"The Sentry token that {person.name} linked cannot be read any more.",
        remedy=f"{person.name} must link it anew on the Account screen, or remove the link to act through Dexter.",
    )


def refused_link(person: Person, error: DexterError) -> DexterError:
    """Give what Sentry's refusal of a linked token means: that the link is dead, or falls short, and who must act."""
    if isinstance(error, Unauthenticated):
        return LinkedTokenRefused(
            f"Sentry no longer accepts the token that {person.name} linked.",
            remedy=f"{person.name} must link a new one on the Account screen, or remove the link.",
        )
    if isinstance(error, Forbidden):
        said = error.message.partition(": ")[2]
        return LinkedTokenRefused(
            f"Sentry does not let the token that {person.name} linked do this{f': {said}' if said else '.'}",
            remedy=f"{person.name} must link a token that has the scope and may see the project, or remove the link "
            "to act through Dexter.",
        )
    return error
