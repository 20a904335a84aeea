"""The documents tell the truth about the repository they stand in."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "tools").glob("*/README.md")]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    """A dead link costs a newcomer more than a missing one."""
    links = re.findall(r"\]\((?!https?:|mailto:|#)([^)#]+)", page.read_text())
    dead = [link for link in links if not (page.parent / link).exists()]
    assert dead == []


def test_the_readmes_make_commands_are_targets() -> None:
    """The README promises them as the first thing anyone types."""
    promised = set(re.findall(r"^make ([a-z-]+)", (ROOT / "README.md").read_text(), re.MULTILINE))
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert {"up", "test"} <= promised <= targets


def test_ci_runs_the_readmes_test_command() -> None:
    """What CI checks is what a reader is told to run."""
    assert (ROOT / ".ci" / "run").read_text().rstrip().endswith("\nmake test")


@pytest.mark.parametrize("page", sorted((ROOT / "docs" / "decisions").glob("*.md")), ids=lambda page: page.stem)
def test_a_decision_says_context_decision_and_consequences(page: Path) -> None:
    """A decision without its reason is only a rule."""
    text = page.read_text()
    assert re.fullmatch(r"\d{4}-[a-z0-9-]+", page.stem)
    for heading in ("## Context", "## Decision", "## Consequences"):
        assert heading in text


def test_no_tracked_document_holds_a_sentence_field_of_sentrys_specification() -> None:
    """The catalog holds facts; a description or summary would be somebody else's text."""
    for data in (ROOT / "src" / "dexter" / "catalog").glob("*.json"):
        assert not re.search(r'"(description|summary|externalDocs|example|examples)":\s*"', data.read_text()), data.name
