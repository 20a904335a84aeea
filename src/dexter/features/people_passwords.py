"""Passwords: argon2id, beside the event loop, a few at a time, and no faster for an account that does not exist."""

from __future__ import annotations

import asyncio
import secrets
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from dexter.errors import BadRequest

if TYPE_CHECKING:
    from collections.abc import Callable

    from argon2 import PasswordHasher

T = TypeVar("T")

LEAST_LENGTH = 10
GREATEST_LENGTH = 1000
AT_ONCE = 2
"""How many are hashed side by side: each takes a processor for some time and 64 MB."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a password is right, and its hash by today's parameters where the kept one is of older ones."""

    is_right: bool
    renewed_hash: str | None = None


def check_password(password: str) -> None:
    """Raise BadRequest for a password that is too short to keep anybody out, or longer than anybody types."""
    if not LEAST_LENGTH <= len(password) <= GREATEST_LENGTH:
        raise BadRequest(
            f"A password has {LEAST_LENGTH} to {GREATEST_LENGTH} characters.",
            remedy="Choose a longer one; a few words in a row are easy to remember.",
        )


class Passwords:
    """Hashes and verifies. The hasher is made at first use, as is the thread it works in."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._made = hasher
        self._threads: ThreadPoolExecutor | None = None
        self._nobodys: str | None = None

    async def hash(self, password: str) -> str:
        """Give what is kept of a password."""
        return await self._aside(self.hash_now, password)

    async def verify(self, kept: str | None, password: str) -> Verdict:
        """Give whether a password is right. Without a kept one the answer is no, after the same time."""
        return await self._aside(self._verdict, kept, password)

    def hash_now(self, password: str) -> str:
        """Give what is kept of a password, where there is no loop to keep free."""
        return self._hasher().hash(password)

    def close(self) -> None:
        """Let the threads go."""
        if self._threads is not None:
            self._threads.shutdown(wait=False, cancel_futures=True)

    def _verdict(self, kept: str | None, password: str) -> Verdict:
        from argon2.exceptions import InvalidHashError, VerificationError

        hasher = self._hasher()
        try:
            hasher.verify(kept or self._hash_of_nobody(), password)
        except (VerificationError, InvalidHashError):
            return Verdict(False)
        if kept is None:
            return Verdict(False)
        return Verdict(True, hasher.hash(password) if hasher.check_needs_rehash(kept) else None)

    def _hash_of_nobody(self) -> str:
        if self._nobodys is None:
            self._nobodys = self._hasher().hash(secrets.token_hex(16))
        return self._nobodys

    def _hasher(self) -> PasswordHasher:
        if self._made is None:
            from argon2 import PasswordHasher

            self._made = PasswordHasher()
        return self._made

    async def _aside(self, work: Callable[..., T], *arguments: Any) -> T:
        if self._threads is None:
            self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="passwords")
        return await asyncio.get_running_loop().run_in_executor(self._threads, lambda: work(*arguments))
