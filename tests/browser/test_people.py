"""People in a browser: an administrator lets somebody in and out again, and they look after their own account."""

import secrets
from collections.abc import Iterator
from typing import Literal

import pytest
from bench.stand import Gateway
from playwright.sync_api import Browser, Page, expect

from .conftest import NARROW, WIDE, visit
from .test_accessibility import SCHEMES, violations

PASSWORD = "a long enough one"


@pytest.fixture
def name() -> str:
    """Somebody who is nobody yet: the gateway is shared by all tests."""
    return f"Ada {secrets.token_hex(4)}"


@pytest.fixture
def other(chromium: Browser, gateway: Gateway) -> Iterator[Page]:
    """Another browser, not signed in."""
    yield from visit(chromium.new_context(viewport={"width": WIDE[0], "height": WIDE[1]}), gateway)


def address(name: str) -> str:
    return f"{name.replace(' ', '.').lower()}@example.org"


def add(page: Page, name: str, role: str) -> None:
    """Add somebody as an administrator does, with the keyboard."""
    page.get_by_role("link", name="People").click()
    page.get_by_role("button", name="Add a person").first.click()
    dialog = page.get_by_role("dialog", name="Add a person")
    expect(dialog.get_by_label("Name", exact=True)).to_be_focused()
    page.keyboard.type(name)
    page.keyboard.press("Tab")
    page.keyboard.type(address(name))
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    dialog.get_by_label("Role in").select_option(role)
    dialog.get_by_role("button", name="Add").press("Enter")
    expect(page.get_by_text(f"{name} is added.")).to_be_visible()


def enter(page: Page, name: str) -> None:
    """Sign in by address and password."""
    page.get_by_text("E-mail and password").click()
    page.get_by_label("E-mail address", exact=True).fill(address(name))
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("list", name="Issues").get_by_role("listitem").first).to_be_visible()


def test_somebody_is_let_in_reads_and_is_shut_out(page: Page, other: Page, name: str) -> None:
    """The whole life of an account, as both sides see it."""
    add(page, name, "viewer")
    enter(other, name)
    expect(other.get_by_role("link", name="People")).to_have_count(0)
    other.keyboard.press("j")
    other.keyboard.press("x")
    bar = other.get_by_role("region", name="Actions for the selection")
    expect(bar).to_contain_text("ask an administrator for the role triager")

    page.get_by_role("button", name=f"Change {name}").click()
    page.get_by_role("button", name="Shut out").click()
    expect(page.get_by_role("button", name="Let them in again")).to_be_visible()
    other.reload()
    expect(other.get_by_role("button", name="Sign in")).to_be_visible()


def test_a_token_is_shown_once_and_a_session_ended_elsewhere(page: Page, other: Page, gateway: Gateway) -> None:
    """What somebody does with their own account."""
    page.get_by_role("button", name="Account:").click()
    page.get_by_role("link", name="Account").click()
    page.get_by_role("button", name="Make a token").click()
    page.get_by_label("What it is for").fill("nightly")
    page.keyboard.press("Enter")
    expect(page.get_by_text("shown this once")).to_be_visible()
    page.get_by_role("button", name="I have it").click()
    expect(page.locator("code", has_text="dxt_")).to_have_count(0)
    page.get_by_role("button", name="Revoke nightly").first.click()
    expect(page.get_by_text("worth nothing any more")).to_be_visible()

    other.get_by_label("Access token", exact=True).fill(gateway.token)
    other.keyboard.press("Enter")
    expect(other.get_by_role("list", name="Issues")).to_be_visible()
    page.reload()
    page.get_by_role("button", name="Sign out everywhere else").click()
    expect(page.get_by_text("signed out everywhere else")).to_be_visible()
    other.reload()
    expect(other.get_by_role("button", name="Sign in")).to_be_visible()


@pytest.mark.parametrize("scheme", SCHEMES)
def test_account_and_people_have_no_violations(page: Page, scheme: Literal["light", "dark"]) -> None:
    """Forms are where people are shut out most easily."""
    page.emulate_media(color_scheme=scheme)
    page.get_by_role("link", name="People").click()
    expect(page.get_by_role("button", name="Change Administrator")).to_be_visible()
    assert violations(page) == []
    page.get_by_role("button", name="Add a person").first.click()
    expect(page.get_by_label("First password")).to_be_visible()
    assert violations(page) == []
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Account:").click()
    page.get_by_role("link", name="Account").click()
    expect(page.get_by_role("heading", name="Sessions")).to_be_visible()
    assert violations(page) == []


def test_account_and_people_fit_a_phone(phone: Page, gateway: Gateway) -> None:
    """Nothing is to be scrolled sideways for."""
    for path, heading in (("/account", "Account"), ("/people", "People")):
        phone.goto(gateway.url + path)
        expect(phone.get_by_role("heading", name=heading, exact=True)).to_be_visible()
        assert phone.evaluate("document.documentElement.scrollWidth") == NARROW[0]
        assert violations(phone) == []
