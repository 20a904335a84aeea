"""Reading and deciding in a real browser."""

import re
import time

import pytest
from bench.stand import Gateway, Sandbox
from playwright.sync_api import Locator, Page, expect

ISSUE_ADDRESS = re.compile(r"/issues/(\d+)")


def rows(page: Page) -> Locator:
    return page.get_by_role("list", name="Issues").get_by_role("listitem")


def first_issue(page: Page) -> tuple[str, str]:
    """Give the id and the short id of the first row."""
    link = rows(page).first.get_by_role("link").first
    found = ISSUE_ADDRESS.search(link.get_attribute("href") or "")
    assert found
    name = rows(page).first.get_by_role("checkbox").get_attribute("aria-label") or ""
    return found[1], name.removeprefix("Select ")


def status_of(sandbox: Sandbox, issue: str) -> str:
    status: str = sandbox.api("GET", f"/api/0/organizations/acme/issues/{issue}/").json()["status"]
    return status


def test_a_wrong_token_is_refused_with_what_to_do(visitor: Page) -> None:
    """The first thing a newcomer can get wrong."""
    visitor.get_by_label("Access token", exact=True).fill("not-the-token")
    visitor.get_by_role("button", name="Sign in").click()
    expect(visitor.get_by_text("not the token of this gateway")).to_be_visible()
    expect(visitor.get_by_label("Access token", exact=True)).to_be_visible()


def test_a_search_shows_what_was_understood_and_stands_in_the_address(page: Page) -> None:
    """The address is the state: it can be pasted to a colleague."""
    search = page.get_by_label("Search issues")
    search.fill("level:fatal")
    search.press("Enter")
    page.wait_for_url(re.compile(r"level(%3A|:)fatal"))
    expect(rows(page).first).to_be_visible()
    words = rows(page).all_inner_texts()
    assert words
    page.reload()
    expect(rows(page).first).to_be_visible()
    assert rows(page).all_inner_texts()[0].split("\n")[0] == words[0].split("\n")[0]


def test_an_issue_opens_with_its_stack_trace(page: Page) -> None:
    """The road from the stream to the failing line."""
    rows(page).first.get_by_role("link").first.click()
    page.wait_for_url(ISSUE_ADDRESS)
    expect(page.get_by_role("heading", name="Stack trace")).to_be_visible()
    expect(page.get_by_role("link", name="Open in Sentry")).to_have_attribute(
        "href", re.compile("/organizations/acme/issues/")
    )


def test_a_resolved_issue_leaves_the_list_and_undo_brings_it_back(page: Page, sandbox: Sandbox) -> None:
    """Nothing is announced before it is true, and a slip costs one click."""
    issue, short = first_issue(page)
    rows(page).first.hover()
    page.get_by_role("button", name=f"Resolve {short}").first.click()
    expect(page.get_by_text(short, exact=True)).to_have_count(0)
    undo = page.get_by_role("button", name="Undo")
    expect(undo).to_be_visible()
    assert status_of(sandbox, issue) == "resolved"
    undo.click()
    expect(page.get_by_text(short, exact=True).first).to_be_visible()
    expect(page.get_by_text(f"Undone: Resolved {short}")).to_be_visible()
    assert status_of(sandbox, issue) == "unresolved"


def test_keyboard_alone_opens_resolves_and_undoes(page: Page, sandbox: Sandbox) -> None:
    """A hundred times a morning, without the mouse."""
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("o")
    page.wait_for_url(ISSUE_ADDRESS)
    found = ISSUE_ADDRESS.search(page.url)
    assert found
    expect(page.get_by_role("heading", name="Stack trace")).to_be_visible()
    page.keyboard.press("e")
    undo = page.get_by_role("button", name="Undo")
    expect(undo).to_be_visible()
    assert status_of(sandbox, found[1]) == "resolved"
    undo.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Resolve", exact=True)).to_be_visible()
    page.keyboard.press("Escape")
    expect(rows(page).first).to_be_visible()


def test_slash_searches_and_question_mark_shows_the_keys(page: Page) -> None:
    """The keys that lead to all others."""
    page.keyboard.press("/")
    expect(page.get_by_label("Search issues")).to_be_focused()
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    expect(page.get_by_label("Search issues")).not_to_be_focused()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys of this screen")).to_be_visible()


def test_scrolling_reads_past_a_thousand_issues_and_ends(page: Page) -> None:
    """A list that Sentry pages by a hundred reads as one, and the last page does not ask for another."""
    page.goto(page.url.split("?")[0] + "?status=all&period=90d")
    expect(rows(page).first).to_be_visible()
    seen: set[str] = set()
    list_box = page.get_by_role("list", name="Issues")
    previous = -1
    for _ in range(400):
        seen |= set(
            list_box.locator("a[href*='/issues/']").evaluate_all(
                "links => links.map(link => link.getAttribute('href'))"
            )
        )
        moved = list_box.evaluate(
            "list => { let box = list; while (box.scrollHeight <= box.clientHeight) box = box.parentElement;"
            " box.scrollBy(0, box.clientHeight * 0.9); return box.scrollTop + box.scrollHeight; }"
        )
        page.wait_for_timeout(60)
        if moved == previous and len(seen) > 1000:
            break
        previous = moved
    assert len(seen) > 1000
    # The browser's own requests: the gateway looks for news at Sentry by itself.
    further: list[str] = []
    page.on("request", lambda request: further.append(request.url) if "cursor=" in request.url else None)
    page.wait_for_timeout(1500)
    assert further == [], "the finished list still asks for more"


@pytest.mark.parametrize("width", [1440, 390])
def test_nothing_overflows_sideways(page: Page, gateway: Gateway, width: int) -> None:
    """A page that scrolls sideways hides what it says."""
    page.set_viewport_size({"width": width, "height": 844})
    issue, _ = first_issue(page)
    for address, landmark in (("/", rows(page).first), (f"/issues/{issue}", page.get_by_text("Stack trace").first)):
        page.goto(gateway.url + address)
        expect(landmark).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_an_unreachable_sentry_leaves_the_shell_and_says_what_to_do(page: Page, sandbox: Sandbox) -> None:
    """Stale beats blank, and an error says whose move it is."""
    sandbox.faults(failure_rate=1.0, failure_status=503)
    try:
        search = page.get_by_label("Search issues")
        search.fill("never-asked-before")
        search.press("Enter")
        expect(page.get_by_role("button", name=re.compile("try again", re.IGNORECASE))).to_be_visible()
        expect(search).to_be_visible()
    finally:
        sandbox.faults()
        time.sleep(1.1)  # the breaker's recovery time in these tests


def test_signing_out_ends_the_session(page: Page, gateway: Gateway) -> None:
    """Whoever sits down next must not be signed in."""
    page.get_by_role("button", name=re.compile("^Account")).click()
    page.get_by_text("Sign out", exact=True).click()
    expect(page.get_by_label("Access token", exact=True)).to_be_visible()
    assert page.request.get(f"{gateway.url}/api/v1/session").status == 401
