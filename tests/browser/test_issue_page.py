"""What is written on an issue's page in a browser: links with other trackers, labels; and what a reader is offered."""

import re
import secrets

import pytest
from bench.stand import Gateway
from playwright.sync_api import Browser, Page, expect

from .conftest import NARROW, visit
from .test_accessibility import SCHEMES, violations
from .test_people import add, enter, name  # noqa: F401 - the fixture

PATIENCE_MS = 30_000
"""Each step is a round trip through the gateway to a Sentry on a busy machine."""


def open_first_issue(page: Page) -> None:
    page.get_by_role("list", name="Issues").get_by_role("listitem").first.get_by_role("link").first.click()
    page.wait_for_url(re.compile(r"/issues/\d+"), timeout=PATIENCE_MS)
    expect(page.get_by_role("heading", name="Stack trace")).to_be_visible(timeout=PATIENCE_MS)


def test_an_issue_is_linked_with_another_tracker_and_parted_again(page: Page) -> None:
    """The address says most of it; what it says can be corrected."""
    open_first_issue(page)
    number = str(secrets.randbelow(10**6))
    page.get_by_text("User reports, files and links").click()
    form = page.get_by_role("form", name="Link with another tracker")
    form.get_by_label("Address of an issue elsewhere").fill(f"https://github.com/acme/shop/issues/{number}")
    expect(form.get_by_label("Project there")).to_have_value("shop")
    expect(form.get_by_label("Number or key there")).to_have_value(number)
    page.keyboard.press("Enter")
    link = page.get_by_role("link", name=re.compile(number))
    expect(link).to_be_visible(timeout=PATIENCE_MS)
    expect(link).to_have_attribute("href", f"https://github.com/acme/shop/issues/{number}")
    expect(form.get_by_label("Address of an issue elsewhere")).to_have_value("")
    page.reload()
    page.get_by_text("User reports, files and links").click()
    expect(link).to_be_visible(timeout=PATIENCE_MS)
    page.get_by_role("button", name=re.compile(f"Remove the link to .*{number}")).click()
    expect(link).to_have_count(0, timeout=PATIENCE_MS)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_label_is_made_renamed_recoloured_and_deleted(page: Page, scheme: str) -> None:
    """By the keyboard, from the issue where somebody wants it."""
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    label = f"l{secrets.token_hex(4)}"
    open_first_issue(page)
    page.keyboard.press("l")
    page.keyboard.type(label)
    page.get_by_role("option", name=f"Make the label “{label}”").click()
    page.keyboard.type("red")
    page.keyboard.press("Enter")
    expect(page.get_by_role("option", name=re.compile(label))).to_be_visible(timeout=PATIENCE_MS)
    page.get_by_role("option", name="Rename, recolour or delete labels…").click()
    dialog = page.get_by_role("dialog", name="Labels", exact=True)
    dialog.get_by_role("button", name=f"Change {label}").press("Enter")
    expect(dialog.get_by_label("Name", exact=True)).to_be_focused(timeout=PATIENCE_MS)
    assert violations(page) == []
    dialog.get_by_label("Name", exact=True).fill(f"{label}-new")
    dialog.get_by_role("radio", name="Green").check()
    page.keyboard.press("Enter")
    expect(dialog.get_by_role("button", name=f"Change {label}-new")).to_be_visible(timeout=PATIENCE_MS)
    page.keyboard.press("Escape")
    labels = page.get_by_role("region", name="Labels")
    expect(labels.get_by_text(f"{label}-new", exact=True)).to_be_visible(timeout=PATIENCE_MS)
    labels.get_by_role("button", name="Change the labels").click()
    page.get_by_role("option", name="Rename, recolour or delete labels…").click()
    dialog.get_by_role("button", name=f"Change {label}-new").click()
    dialog.get_by_role("button", name="Delete…").click()
    dialog.get_by_role("button", name="Delete from 1 issue").click()
    expect(dialog.get_by_role("button", name=f"Change {label}-new")).to_have_count(0, timeout=PATIENCE_MS)
    page.keyboard.press("Escape")
    expect(labels.get_by_text(f"{label}-new", exact=True)).to_have_count(0, timeout=PATIENCE_MS)


def test_a_reader_is_offered_nothing_that_would_be_refused(
    page: Page,
    chromium: Browser,
    gateway: Gateway,
    name: str,  # noqa: F811
) -> None:
    """They were shown buttons, and told off for pressing them."""
    add(page, name, "viewer")
    context = chromium.new_context(viewport={"width": NARROW[0], "height": NARROW[1]})
    for reader in visit(context, gateway):
        enter(reader, name)
        open_first_issue(reader)
        for button in ("Resolve", "Archive", "Change the labels", "Write a note", "Bookmark"):
            expect(reader.get_by_role("button", name=button, exact=True)).to_have_count(0)
        expect(reader.get_by_text("ask an administrator for the role triager").first).to_be_attached()
        reader.keyboard.press("e")
        assert violations(reader) == []
        assert reader.evaluate("document.documentElement.scrollWidth") <= NARROW[0]
