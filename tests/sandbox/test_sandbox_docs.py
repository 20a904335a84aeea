"""The product page names everything that can be asked of the admin surface."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from dexter.sandbox.faults import FaultPlan

PAGE = (Path(__file__).parents[2] / "docs" / "sandbox.md").read_text("utf-8")
ADMIN = (Path(__file__).parents[2] / "src" / "dexter" / "sandbox" / "admin.py").read_text("utf-8")


@pytest.mark.parametrize("name", [field.name for field in fields(FaultPlan)])
def test_every_fault_is_explained(name: str) -> None:
    """A fault that nobody knows of is not used."""
    assert f"`{name}`" in PAGE


@pytest.mark.parametrize("path", sorted(set(re.findall(r'Route\("(/\w+)"', ADMIN))))
def test_every_address_is_listed(path: str) -> None:
    """An address that is not on the page does not exist for its readers."""
    assert f"`/_sandbox{path}" in PAGE
