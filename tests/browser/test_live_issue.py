"""An issue's page while others work on the same issue, and while it goes on happening."""

import re
from collections.abc import Iterator

import pytest
from bench.feed_stand import change, comment, send_error
from bench.stand import Gateway, Sandbox
from playwright.sync_api import Page, expect

from .conftest import told_gateway
from .test_live import LATER_MS, badge, change_here

TITLE = "Checkout lost its basket"


@pytest.fixture(scope="module")
def gateway(sandbox: Sandbox) -> Iterator[Gateway]:
    """A gateway that Sentry tells what happens."""
    with told_gateway(sandbox) as running:
        yield running


@pytest.fixture
def issue(sandbox: Sandbox) -> str:
    """An issue that has happened once or more, and is open."""
    send_error(sandbox, TITLE)
    found = sandbox.api("GET", f'/api/0/organizations/acme/issues/?query="{TITLE}"&limit=1'.replace(" ", "%20")).json()
    number: str = found[0]["id"]
    change(sandbox, number, status="unresolved", assignedTo="", priority="medium")
    return number


def opened(page: Page, gateway: Gateway, issue: str) -> Page:
    """Open an issue's page, and wait until it is live."""
    page.goto(f"{gateway.url}/issues/{issue}")
    expect(page.get_by_role("region", name="Facts")).to_be_visible(timeout=LATER_MS)
    expect(page.get_by_role("navigation", name="Events of this issue")).to_be_visible(timeout=LATER_MS)
    badge(page, "live")
    return page


def test_two_people_see_each_other_and_what_the_other_does(
    page: Page, other: Page, gateway: Gateway, issue: str
) -> None:
    """Nobody works for an hour on what somebody else has just resolved."""
    opened(page, gateway, issue)
    there = page.get_by_text("looks at this too")
    expect(there).to_have_count(0)
    opened(other, gateway, issue)
    expect(there.first).to_be_visible(timeout=LATER_MS)
    expect(other.get_by_text("looks at this too").first).to_be_visible(timeout=LATER_MS)

    other.get_by_role("button", name="Resolve", exact=True).click()
    expect(page.get_by_role("button", name="Reopen")).to_be_visible(timeout=LATER_MS)
    page.get_by_role("button", name="Reopen").click()
    expect(other.get_by_role("button", name="Resolve", exact=True)).to_be_visible(timeout=LATER_MS)

    other.get_by_role("link", name="Issues").first.click()
    expect(there).to_have_count(0, timeout=LATER_MS)
    row = other.locator("li", has=other.locator(f'[data-issue="{issue}"]'))
    expect(row.get_by_text("looks at this too")).to_be_attached(timeout=LATER_MS)


def test_who_closes_the_window_is_gone(page: Page, other: Page, gateway: Gateway, issue: str) -> None:
    """Whatever way somebody leaves, nobody waits for them."""
    opened(page, gateway, issue)
    opened(other, gateway, issue)
    there = page.get_by_text("looks at this too")
    expect(there.first).to_be_visible(timeout=LATER_MS)
    other.close()
    expect(there).to_have_count(0, timeout=LATER_MS)


def test_who_is_offline_is_gone_and_comes_back(page: Page, other: Page, gateway: Gateway, issue: str) -> None:
    opened(page, gateway, issue)
    opened(other, gateway, issue)
    there = page.get_by_text("looks at this too")
    expect(there.first).to_be_visible(timeout=LATER_MS)
    other.context.set_offline(True)
    # A network that goes away takes the good-bye with it: then it takes until the gateway misses a sign of life.
    expect(there).to_have_count(0, timeout=90_000)
    other.context.set_offline(False)
    expect(there.first).to_be_visible(timeout=LATER_MS)


def test_the_page_beside_the_list_shows_who_is_there_too(page: Page, other: Page, gateway: Gateway, issue: str) -> None:
    """Triage happens in the split as much as on a page of its own."""
    opened(other, gateway, issue)
    page.goto(f"{gateway.url}/?split={issue}")
    pane = page.get_by_role("complementary", name="The issue")
    expect(pane.get_by_text("looks at this too").first).to_be_visible(timeout=LATER_MS)
    expect(other.get_by_text("looks at this too").first).to_be_visible(timeout=LATER_MS)


def test_newer_events_are_announced_and_move_nobody(page: Page, sandbox: Sandbox, gateway: Gateway, issue: str) -> None:
    """Who reads a stack trace must not find another one under their eyes."""
    opened(page, gateway, f"{issue}?event=latest")
    events = page.get_by_role("navigation", name="Events of this issue")
    read = events.locator("code").first
    expect(read).to_be_visible()
    before = read.inner_text()
    count = page.get_by_role("region", name="Facts").locator("div").first
    counted = count.inner_text()
    for _ in range(3):
        send_error(sandbox, TITLE)
    newer = events.get_by_role("button", name=re.compile("newer event"))
    expect(newer).to_be_visible(timeout=2 * LATER_MS)
    assert read.inner_text() == before
    expect(count).not_to_have_text(counted, timeout=LATER_MS)
    newer.click()
    expect(read).not_to_have_text(before, timeout=LATER_MS)


def test_what_others_do_appears_is_marked_and_loses_nothing_that_is_being_written(
    page: Page, sandbox: Sandbox, gateway: Gateway, issue: str
) -> None:
    """A comment half written is worth more than anything that the page could show instead."""
    opened(page, gateway, issue)
    field = page.get_by_role("textbox", name="Comment", exact=True)
    field.fill("I think it is the")
    field.press("End")
    page.evaluate(
        """() => {
          window.marked = new Set();
          const note = () => {
            for (const one of document.querySelectorAll("[data-flash]")) window.marked.add(one.textContent);
          };
          new MutationObserver(note).observe(document.body, { subtree: true, childList: true, attributes: true });
        }"""
    )
    comment(sandbox, issue, "It is the cache.")
    expect(page.get_by_role("article", name=re.compile("comment of"))).to_contain_text(
        "It is the cache.", timeout=LATER_MS
    )
    change_here(gateway, issue, {"priority": "high"})
    expect(page.get_by_role("button", name="Priority: High")).to_be_visible(timeout=LATER_MS)
    change_here(gateway, issue, {"assignee": "me"})
    expect(page.get_by_role("button", name="Assignee: Unassigned")).to_have_count(0, timeout=LATER_MS)
    change_here(gateway, issue, {"status": "resolved"})
    expect(page.get_by_role("button", name="Reopen")).to_be_visible(timeout=LATER_MS)
    expect(page.get_by_role("complementary", name="Activity and people")).to_contain_text("resolved", timeout=LATER_MS)
    marked = " | ".join(page.evaluate("() => [...window.marked]"))
    for what in ("It is the cache.", "High", "Resolved"):
        assert what in marked, marked
    expect(field).to_have_value("I think it is the")
    expect(field).to_be_focused()
