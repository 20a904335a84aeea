"""The page about old and new Sentries names everything that capabilities tell."""

from __future__ import annotations

from pathlib import Path

import pytest

from dexter.policy.capabilities import Address
from dexter.sandbox.profiles import profiles

DOCS = Path(__file__).parent.parent / "docs"


@pytest.mark.parametrize("address", list(Address))
def test_every_kind_of_address_is_explained(address: Address) -> None:
    """It stands in an answer of the API without a word of explanation."""
    assert f"| `{address.value}` |" in (DOCS / "evolution.md").read_text("utf-8")


@pytest.mark.parametrize("name", list(profiles()))
def test_every_profile_is_explained(name: str) -> None:
    """A profile that nobody knows of is not used."""
    assert f"| `{name}` |" in (DOCS / "sandbox.md").read_text("utf-8")
