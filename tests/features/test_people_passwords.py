"""Passwords: what is kept of them, that it can be renewed, and that nobody learns who exists by the time it takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from argon2 import PasswordHasher

from dexter.errors import BadRequest
from dexter.features.people_passwords import Passwords, check_password

if TYPE_CHECKING:
    from collections.abc import Iterator

QUICK = PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1)


@pytest.fixture
def passwords() -> Iterator[Passwords]:
    made = Passwords(QUICK)
    yield made
    made.close()


async def test_a_password_is_kept_as_argon2id_and_recognised(passwords: Passwords) -> None:
    """A stolen database must not give passwords away."""
    kept = await passwords.hash("correct horse battery")
    assert kept.startswith("$argon2id$")
    assert (await passwords.verify(kept, "correct horse battery")).is_right
    assert not (await passwords.verify(kept, "correct horse batterx")).is_right
    assert not (await passwords.verify("no hash at all", "correct horse battery")).is_right


async def test_a_hash_by_older_parameters_is_renewed(passwords: Passwords) -> None:
    """Parameters grow with the machines, and nobody is asked for a new password because of it."""
    older = PasswordHasher(time_cost=1, memory_cost=512, parallelism=1).hash("correct horse battery")
    verdict = await passwords.verify(older, "correct horse battery")
    assert verdict.renewed_hash is not None
    renewed = await passwords.verify(verdict.renewed_hash, "correct horse battery")
    assert (renewed.is_right, renewed.renewed_hash) == (True, None)
    assert (await passwords.verify(older, "wrong")).renewed_hash is None


async def test_for_nobody_as_much_is_computed_as_for_somebody() -> None:
    """Otherwise the time an answer takes says whether an address has an account."""
    asked: list[str] = []

    class Counting(PasswordHasher):
        def verify(self, hash: str | bytes, password: str | bytes) -> bool:  # type: ignore[override]  # noqa: A002
            asked.append(str(hash))
            return super().verify(hash, password)  # type: ignore[arg-type]

    passwords = Passwords(Counting(time_cost=1, memory_cost=1024, parallelism=1))
    assert not (await passwords.verify(None, "anything at all")).is_right
    assert not (await passwords.verify(None, "anything at all")).is_right
    assert len(asked) == 2
    assert len(set(asked)) == 1
    passwords.close()


@pytest.mark.parametrize("password", ["", "ninechars", "x" * 1001])
def test_a_short_password_is_refused(password: str) -> None:
    """It would keep nobody out."""
    with pytest.raises(BadRequest, match="characters"):
        check_password(password)
