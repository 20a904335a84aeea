"""Triage without a mouse: twenty issues, decided one after the other."""

import re
from typing import Any

from bench.stand import Sandbox
from playwright.sync_api import Locator, Page, expect

Decision = tuple[str, ...]
DECISIONS: tuple[Decision, ...] = (("e",), ("y", "Enter"), ("i", "j"), ("p", "l", "o", "w", "Enter", "j"), ("b", "j"))
"""Resolve; archive until it escalates; assign to me; make it low; bookmark. What leaves the list needs no step on."""


def rows(page: Page) -> Locator:
    return page.get_by_role("list", name="Issues").get_by_role("listitem")


def active(page: Page) -> str:
    """Give the issue that has the focus."""
    page.wait_for_function("() => document.activeElement?.dataset.issue !== undefined")
    found: str = page.evaluate("document.activeElement.dataset.issue")
    return found


def told(page: Page, words: str) -> None:
    expect(page.get_by_text(re.compile(words)).last).to_be_visible()


def held(sandbox: Sandbox, issue: str) -> dict[str, Any]:
    """Give the issue as Sentry has it."""
    found: dict[str, Any] = sandbox.api("GET", f"/api/0/organizations/acme/issues/{issue}/").json()
    return found


WORDS = (
    "^Resolved ",
    "^Archived ",
    "^Assigned .* to you",
    "^Set the priority of .* to low",
    "^(Bookmarked|Removed the bookmark of) ",
)
"""What the screen says of each decision. The last is a switch, and somebody may have bookmarked the issue before."""


def test_twenty_issues_are_decided_by_keyboard_alone(page: Page, sandbox: Sandbox) -> None:
    """A morning's triage: the next issue is always under the hand, and each decision reaches Sentry."""
    page.goto(page.url.split("?")[0] + "?status=unresolved&period=90d")
    expect(rows(page).nth(19)).to_be_attached()
    page.keyboard.press("j")
    decided: list[tuple[str, int]] = []
    bookmarked_before: dict[str, bool] = {}
    for turn in range(20):
        kind = turn % len(DECISIONS)
        issue = active(page)
        assert issue not in [one for one, _ in decided], "the hand must be on an issue that was not decided yet"
        decided.append((issue, kind))
        bookmarked_before[issue] = held(sandbox, issue)["isBookmarked"]
        for at, key in enumerate(DECISIONS[kind]):
            if at > 0 and key == "j":
                told(page, WORDS[kind])
            page.keyboard.press(key)
        told(page, WORDS[kind])
        page.wait_for_function("issue => document.activeElement?.dataset.issue !== issue", arg=issue)
    for issue, kind in decided:
        seen = held(sandbox, issue)
        if kind == 0:
            assert seen["status"] == "resolved"
        elif kind == 1:
            assert (seen["status"], seen["substatus"]) == ("ignored", "archived_until_escalating")
        elif kind == 2:
            assert seen["assignedTo"]["type"] == "user"
        elif kind == 3:
            assert seen["priority"] == "low"
        else:
            assert seen["isBookmarked"] is not bookmarked_before[issue]


def test_the_sheet_lists_what_is_bound_and_the_palette_finds_it(page: Page) -> None:
    """A key that nobody can find is no key."""
    page.keyboard.press("j")
    page.keyboard.press("?")
    sheet = page.get_by_role("dialog", name="Keys of this screen")
    for words in (
        "Assign…",
        "Archive…",
        "Label…",
        "Comment…",
        "Select all that match",
        "Show the issue beside the list",
    ):
        expect(sheet.get_by_text(words, exact=True)).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("Control+k")
    palette = page.get_by_role("combobox", name="Actions and screens")
    palette.fill("export csv")
    expect(page.get_by_role("option", name="Export the list as CSV")).to_be_visible()
    palette.fill("audit")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/audit"))
    expect(page.get_by_role("heading", name="Audit")).to_be_visible()


def test_labels_comments_and_notes_are_written_without_a_mouse(page: Page, sandbox: Sandbox) -> None:
    """What the next person should know, in the words of the one who looked."""
    page.keyboard.press("j")
    issue = active(page)
    page.keyboard.press("l")
    page.get_by_role("combobox", name=re.compile("^Labels of")).wait_for()
    page.keyboard.type("needs a look")
    page.keyboard.press("Enter")
    page.get_by_role("combobox", name="Colour of needs a look").wait_for()
    page.keyboard.type("teal")
    page.keyboard.press("Enter")
    expect(page.get_by_role("option", name=re.compile("^needs a look.*chosen$"))).to_be_visible()
    page.keyboard.press("Escape")
    expect(rows(page).first.get_by_text("needs a look")).to_be_attached()
    page.keyboard.press("c")
    page.wait_for_url(re.compile(rf"/issues/{issue}"))
    field = page.get_by_role("textbox", name="Comment")
    expect(field).to_be_focused()
    page.keyboard.type("The **bank** is down again <script>window.pwned=1</script>")
    page.keyboard.press("Control+Enter")
    said = page.get_by_role("article", name=re.compile("^comment of"))
    expect(said.get_by_text("bank")).to_be_visible()
    assert page.evaluate("window.pwned") is None
    expect(field).to_have_value("")
    comments = sandbox.api("GET", f"/api/0/organizations/acme/issues/{issue}/comments/").json()
    assert any("**bank**" in comment["data"]["text"] for comment in comments)


def test_the_split_stands_in_the_address_and_follows_the_hand(page: Page) -> None:
    """Reading beside the list, without losing the place in it."""
    page.keyboard.press("j")
    page.keyboard.press("v")
    pane = page.get_by_role("complementary", name="The issue")
    first = active(page)
    page.wait_for_url(re.compile(f"split={first}"))
    expect(pane.get_by_role("heading", name="Stack trace")).to_be_visible()
    page.keyboard.press("j")
    second = active(page)
    page.wait_for_url(re.compile(f"split={second}"))
    address = page.url
    page.reload()
    expect(pane.get_by_role("heading", level=1)).to_be_visible()
    assert page.url == address
    page.set_viewport_size({"width": 390, "height": 844})
    expect(pane).to_have_count(0)
    page.set_viewport_size({"width": 1440, "height": 900})
    expect(pane).to_be_visible()
    page.keyboard.press("v")
    expect(pane).to_have_count(0)
