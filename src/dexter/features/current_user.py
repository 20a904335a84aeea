"""Who stands behind a Sentry credential; remembered for a while, since it hardly changes and much depends on it."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from dexter.errors import DexterError

if TYPE_CHECKING:
    from dexter.features.sentry import Sentry

CURRENT_USER = "/api/0/users/me/"
REMEMBERED_S = 300.0
MAX_REMEMBERED = 1024
PATIENCE_S = 3.0
"""How long a name is waited for where it is only an ornament."""


class CurrentUser:
    """The users behind credentials, by identity."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, tuple[float, dict[str, Any] | None]] = OrderedDict()

    async def find(self, sentry: Sentry) -> dict[str, Any] | None:
        """Give Sentry's record of the user, or None for a credential that stands for none.

        For a person in service mode that is whom they are at Sentry, of whom no more than the id may be known.
        Raises BadRequest when that is not known.
        """
        if sentry.acting is not None and (user := sentry.acting.sentry_user()) is not None:
            return user
        return await self.of_credential(sentry)

    async def of_credential(self, sentry: Sentry) -> dict[str, Any] | None:
        """Give Sentry's record of the user whom the credential in use stands for, whoever uses it."""
        known = self._known.get(sentry.identity.key)
        if known is not None and sentry.clock() - known[0] < REMEMBERED_S:
            return known[1]
        document = (await sentry.get_operation(CURRENT_USER)).document()
        user = document if isinstance(document, dict) and document.get("id") else None
        self._known[sentry.identity.key] = (sentry.clock(), user)
        while len(self._known) > MAX_REMEMBERED:
            self._known.popitem(last=False)
        return user

    async def name(self, sentry: Sentry) -> str | None:
        """Give the user's name, or None when Sentry does not say within a moment."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                user = await self.of_credential(sentry)
        except (DexterError, TimeoutError):
            return None
        return None if user is None else user.get("name") or user.get("username") or user.get("email")
