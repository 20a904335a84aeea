"""The documents tell the truth about the repository they stand in."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from tools import api_reference
from typer.main import get_command

from dexter.cli import app
from dexter.gateway.openapi import document

ROOT = Path(__file__).parent.parent
PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "tools").glob("*/README.md")]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    """A dead link costs a newcomer more than a missing one."""
    links = re.findall(r"\]\((?!https?:|mailto:)([^)#]*)(?:#([^)]+))?\)", page.read_text())
    dead = [f"{path}#{anchor}" for path, anchor in links if not leads_somewhere(page, path, anchor)]
    assert dead == []


def leads_somewhere(page: Path, path: str, anchor: str) -> bool:
    """Whether a file is there, and the heading in it if one is named."""
    target = page.parent / path if path else page
    return target.exists() and (not anchor or anchor in anchors(target.read_text()))


def anchors(text: str) -> set[str]:
    """Give the names under which Markdown's readers find the headings of a page."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^a-z0-9 _-]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_page_is_in_the_index() -> None:
    """A page that nothing leads to is not read."""
    index = (ROOT / "docs" / "README.md").read_text()
    pages = {str(page.relative_to(ROOT / "docs")) for page in (ROOT / "docs").rglob("*.md")} - {"README.md"}
    assert sorted(page for page in pages if f"({page})" not in index) == []


def commands(page: Path) -> Iterator[tuple[str, list[str]]]:
    """Give what the shell blocks of a page call of ours: `make` or `dexter`, and the words that follow."""
    for block in re.findall(r"^[ \d.]*```sh\n(.*?)^ *```", page.read_text(), re.MULTILINE | re.DOTALL):
        for line in block.splitlines():
            called = re.match(r" *(?:exec )?(?:\S*/bin/)?(make|dexter)\b(?!\.)(.*)", line.partition("#")[0])
            if called is not None:
                yield called[1], called[2].split()


def is_known(program: str, words: list[str]) -> bool:
    """Whether a command exists, with its subcommands and options."""
    if program == "make":
        return set(words) <= set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    command = get_command(app)
    for word in words:
        if word.startswith("-"):
            if not any(word in (*option.opts, *option.secondary_opts) for option in command.params):
                return False
        elif hasattr(command, "commands"):
            if word not in command.commands:
                return False
            command = command.commands[word]
    return not hasattr(command, "commands")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_exists(page: Path) -> None:
    """What a reader is told to type must not be answered by a usage message."""
    unknown = [f"{program} {' '.join(words)}" for program, words in commands(page) if not is_known(program, words)]
    assert unknown == []


def test_commands_are_found_and_unknown_ones_told(tmp_path: Path) -> None:
    """The check above would hold of a page in which it sees nothing."""
    page = tmp_path / "page.md"
    page.write_text("1. ```sh\n   make up\n   .venv/bin/dexter serve --workers 2  # two\n   dexter.py\n   ```\n")
    assert list(commands(page)) == [("make", ["up"]), ("dexter", ["serve", "--workers", "2"])]
    assert all(is_known(program, words) for program, words in commands(page))
    assert is_known("dexter", ["catalog", "diff", "openapi.json", "--json"])
    for words in (["begin"], ["catalog"], ["catalog", "nothing"], ["serve", "--threads", "2"]):
        assert not is_known("dexter", words)
    assert not is_known("make", ["nothing"])


def test_the_list_of_addresses_is_up_to_date() -> None:
    """It is generated: run `.venv/bin/python -m tools.api_reference` after a change of /api/v1."""
    assert api_reference.PAGE.read_text("utf-8") == api_reference.page(document())


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
