"""The Feed screen: what one person does appears before another, and what was is played anew."""

from collections.abc import Iterator

import pytest
from bench.stand import Gateway
from playwright.sync_api import Browser, Locator, Page, expect
from tests.browser.conftest import NARROW, WIDE, sign_in, visit
from tests.browser.test_accessibility import violations
from tests.browser.test_live import change_here
from tests.browser.test_triage import first_issue

SLOW_MS = 30_000
"""What happens within a second takes longer on a machine that runs everything else at once."""


def events(page: Page) -> Locator:
    return page.get_by_role("list", name="Events, the newest first").get_by_role("listitem")


def about(page: Page, issue: str, kind: str = "") -> Locator:
    """The rows about one issue, of a kind if one is named."""
    rows = events(page).filter(has=page.locator(f'a[href="/issues/{issue}"]'))
    return rows.filter(has=page.get_by_role("article", name=f"{kind}: ")) if kind else rows


def open_feed(page: Page, query: str = "") -> None:
    """Go to the feed; something has happened already."""
    page.goto(page.url.split("?")[0].removesuffix("/") + f"/feed{query}")
    expect(page.get_by_role("heading", name="Feed")).to_be_visible(timeout=SLOW_MS)


@pytest.fixture
def issue(page: Page, gateway: Gateway) -> Iterator[str]:
    """An issue that was resolved and reopened just now, with the feed open."""
    number, _ = first_issue(page)
    change_here(gateway, number, {"status": "resolved"})
    change_here(gateway, number, {"status": "unresolved"})
    open_feed(page, f"?issue={number}")
    expect(about(page, number, "Reopened").first).to_be_visible(timeout=SLOW_MS)
    yield number
    change_here(gateway, number, {"status": "unresolved"})


def test_what_one_person_does_appears_before_another(
    page: Page, chromium: Browser, gateway: Gateway, issue: str
) -> None:
    """Two people, two windows: nobody has to ask what the other has just done."""
    open_feed_again = page.url.split("?")[0]
    page.goto(open_feed_again)
    expect(events(page).first).to_be_visible(timeout=SLOW_MS)
    before = about(page, issue, "Resolved").count()
    for other in visit(chromium.new_context(viewport={"width": WIDE[0], "height": WIDE[1]}), gateway):
        sign_in(other, gateway)
        other.goto(f"{gateway.url}/issues/{issue}")
        other.get_by_role("button", name="Resolve", exact=True).click()
        resolved = about(page, issue, "Resolved")
        expect(resolved).to_have_count(before + 1, timeout=SLOW_MS)
        expect(resolved.first).to_contain_text("Through Dexter")


def test_filters_stand_in_the_address_and_hold_for_what_comes(page: Page, gateway: Gateway, issue: str) -> None:
    """A link to a view of the feed shows a colleague the same, also of what happens next."""
    page.get_by_label("Kinds of events").get_by_text("Assigned, commented").click()
    expect(page).to_have_url(f"{gateway.url}/feed?kind=people&issue={issue}")
    change_here(gateway, issue, {"status": "resolved"})
    change_here(gateway, issue, {"assignee": "me"})
    expect(about(page, issue, "Assigned").first).to_be_visible(timeout=SLOW_MS)
    expect(about(page, issue, "Resolved")).to_have_count(0)
    page.reload()
    expect(about(page, issue, "Assigned").first).to_be_visible(timeout=SLOW_MS)
    expect(about(page, issue, "Resolved")).to_have_count(0)
    change_here(gateway, issue, {"assignee": None})


def test_a_paused_feed_counts_what_comes_and_moves_nothing(page: Page, gateway: Gateway, issue: str) -> None:
    page.keyboard.press("p")
    count = about(page, issue).count()
    change_here(gateway, issue, {"status": "resolved"})
    expect(page.get_by_role("button", name="new event")).to_be_visible(timeout=SLOW_MS)
    expect(about(page, issue)).to_have_count(count)
    page.keyboard.press(".")
    expect(about(page, issue, "Resolved").first).to_be_visible(timeout=SLOW_MS)
    expect(page.get_by_role("button", name="Pause")).to_be_visible()


def test_the_past_is_played_in_its_order_and_leads_back_to_now(page: Page, issue: str) -> None:
    """Whoever comes late sees how it came to be, and is never in doubt that it is not now."""
    resolved = about(page, issue, "Resolved").first
    resolved.hover()
    resolved.get_by_role("button", name="Replay from here").click()
    replay = page.get_by_role("region", name="Replay")
    expect(replay).to_contain_text("Replay, not live")
    expect(replay).to_contain_text("Reached the present", timeout=SLOW_MS)
    expect(about(page, issue).first).to_contain_text("Reopened")
    expect(about(page, issue).nth(1)).to_contain_text("Resolved")
    page.reload()
    expect(replay).to_contain_text("Replay, not live", timeout=SLOW_MS)
    page.keyboard.press("l")
    expect(replay).to_have_count(0)
    expect(about(page, issue).first).to_be_visible(timeout=SLOW_MS)


def film(scenes: int) -> dict[str, object]:
    """A page of the feed whose events lie so far apart that no machine is too slow to interrupt them."""
    events = [
        {
            "kind": "event",
            "epoch": "film",
            "offset": number,
            "event": {
                "type": "issue.resolved",
                "at": f"2026-01-02T03:{number:02}:00Z",
                "source": "webhook",
                "issue": {"id": str(number), "short_id": f"SHOP-{number}", "title": f"Scene {number}"},
            },
        }
        for number in range(1, scenes + 1)
    ]
    meta = {"epoch": "film", "oldest": 1, "newest": scenes, "missing": None}
    return {"data": events, "pagination": {"next": None, "prev": None}, "meta": meta}


def test_a_replay_is_paused_stepped_and_hastened_by_keys(page: Page) -> None:
    page.route("**/api/v1/feed?*", lambda route: route.fulfill(json=film(20)))
    open_feed(page, "?replay=2026-01-02T03:00:00Z")
    replay = page.get_by_role("region", name="Replay")
    expect(events(page).first).to_be_visible(timeout=SLOW_MS)
    page.keyboard.press("p")
    expect(replay).to_contain_text("Paused", timeout=SLOW_MS)
    shown = events(page).count()
    page.keyboard.press("s")
    expect(events(page)).to_have_count(shown + 1, timeout=SLOW_MS)
    expect(events(page).first).to_contain_text(f"Scene {shown + 1}")
    page.keyboard.press("f")
    page.keyboard.press("f")
    expect(replay).to_contain_text("Reached the present", timeout=SLOW_MS)
    expect(events(page)).to_have_count(20, timeout=SLOW_MS)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, NARROW])
def test_everybody_can_read_it(page: Page, issue: str, scheme: str, size: tuple[int, int]) -> None:
    """Names, roles and contrast, live and in a replay, and nothing wider than the screen."""
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light", reduced_motion="reduce")
    page.set_viewport_size({"width": size[0], "height": size[1]})
    for query in ("", "?replay=2020-01-01T00:00:00Z"):
        page.goto(page.url.split("?")[0] + query)
        expect(events(page).first).to_be_visible(timeout=SLOW_MS)
        assert violations(page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_the_keys_of_the_feed_are_listed_and_lead_there(page: Page) -> None:
    page.keyboard.press("g")
    page.keyboard.press("f")
    expect(page.get_by_role("heading", name="Feed")).to_be_visible(timeout=SLOW_MS)
    page.keyboard.press("?")
    keys = page.get_by_role("dialog", name="Keys of this screen")
    expect(keys).to_contain_text("Pause the feed")
    expect(keys).to_contain_text("Go to the newest events")
