"""WCAG 2.2 AA, as far as axe can see it, in both themes."""

import re
from typing import Any, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


def violations(page: Page) -> list[str]:
    """Give what axe finds, with the elements it means."""
    found: list[dict[str, Any]] = Axe().run(page, options=RULES).response["violations"]
    return [f"{one['id']}: {[node['target'] for node in one['nodes']][:5]}" for one in found]


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_sign_in_has_no_violations(visitor: Page, scheme: Literal["light", "dark"]) -> None:
    """The door must open for everyone."""
    visitor.emulate_media(color_scheme=scheme)
    expect(visitor.get_by_role("button", name="Sign in")).to_be_visible()
    assert violations(visitor) == []


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_stream_has_no_violations(page: Page, scheme: Literal["light", "dark"]) -> None:
    """Rows, filters, tabs and the search."""
    page.emulate_media(color_scheme=scheme)
    page.keyboard.press("j")
    page.keyboard.press("x")
    assert violations(page) == []


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_issue_page_has_no_violations(page: Page, scheme: Literal["light", "dark"]) -> None:
    """The longest screen, with code, menus and distributions."""
    page.emulate_media(color_scheme=scheme)
    page.keyboard.press("j")
    page.keyboard.press("o")
    expect(page.get_by_role("heading", name="Stack trace")).to_be_visible()
    assert violations(page) == []


@pytest.mark.parametrize("scheme", SCHEMES)
def test_split_pickers_and_audit_have_no_violations(page: Page, scheme: Literal["light", "dark"]) -> None:
    """An issue beside the list, a comment that is being written, the labels' picker, and the log."""
    page.emulate_media(color_scheme=scheme)
    page.keyboard.press("j")
    page.keyboard.press("v")
    expect(page.get_by_role("complementary", name="The issue").get_by_role("heading", name="Comments")).to_be_visible()
    expect(page.get_by_role("heading", name="Similar issues")).to_be_visible()
    assert violations(page) == []
    page.keyboard.press("l")
    page.get_by_role("combobox", name=re.compile("^Labels of")).wait_for()
    assert violations(page) == []
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.keyboard.press("g")
    page.keyboard.press("a")
    page.get_by_role("heading", name="Audit").wait_for()
    expect(page.get_by_role("table")).to_be_visible()
    assert violations(page) == []


def test_the_phone_has_no_violations(phone: Page) -> None:
    """The bottom bar and the short rows."""
    assert violations(phone) == []
    phone.get_by_role("list", name="Issues").get_by_role("link").first.click()
    expect(phone.get_by_role("heading", name="Stack trace")).to_be_visible()
    assert violations(phone) == []
