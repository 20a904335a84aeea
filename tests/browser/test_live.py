"""What happens in Sentry appears in an open workbench by itself."""

import json
import urllib.request

from bench.stand import Gateway
from playwright.sync_api import Page, expect
from tests.browser.test_triage import first_issue, rows

SOON_MS = 3_000
"""Longer than a second only for a machine that runs everything else at once."""


def change(gateway: Gateway, issue: str, update: dict[str, object]) -> None:
    """Change an issue as a colleague does."""
    request = urllib.request.Request(
        f"{gateway.url}/api/v1/issues/{issue}",
        data=json.dumps(update).encode(),
        method="PUT",
        headers={"X-Dexter-Token": gateway.token, "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=20) as answer:
        assert answer.status == 200


def badge(page: Page, word: str) -> None:
    expect(page.locator("[data-liveness]")).to_have_attribute("data-liveness", word, timeout=20_000)


def test_a_colleagues_change_is_seen_without_a_reload(page: Page, gateway: Gateway) -> None:
    """The list that a person looks at must not lie until the next poll."""
    badge(page, "live")
    issue, name = first_issue(page)
    row = rows(page).filter(has=page.get_by_role("checkbox", name=f"Select {name}", exact=True))
    expect(row).to_have_count(1)
    change(gateway, issue, {"status": "resolved"})
    expect(row).to_have_count(0, timeout=SOON_MS)
    change(gateway, issue, {"status": "unresolved"})
    expect(row).to_have_count(1, timeout=SOON_MS)


def test_who_was_offline_catches_up_and_the_badge_says_so(page: Page, gateway: Gateway) -> None:
    badge(page, "live")
    issue, name = first_issue(page)
    row = rows(page).filter(has=page.get_by_role("checkbox", name=f"Select {name}", exact=True))
    page.context.set_offline(True)
    badge(page, "offline")
    change(gateway, issue, {"status": "resolved"})
    expect(row).to_have_count(1)
    page.context.set_offline(False)
    badge(page, "live")
    expect(row).to_have_count(0, timeout=SOON_MS)
    change(gateway, issue, {"status": "unresolved"})


def test_the_readers_place_and_selection_stay(page: Page, gateway: Gateway) -> None:
    badge(page, "live")
    rows(page).nth(3).get_by_role("checkbox").check()
    chosen = rows(page).nth(3).get_by_role("checkbox").get_attribute("aria-label")
    issue, _ = first_issue(page)
    change(gateway, issue, {"priority": "high"})
    change(gateway, issue, {"status": "resolved"})
    kept = page.get_by_role("checkbox", name=str(chosen), exact=True)
    expect(kept).to_be_checked(timeout=SOON_MS)
    change(gateway, issue, {"status": "unresolved"})
