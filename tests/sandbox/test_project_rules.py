"""Filters and ownership rules are remembered as they were set."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.sandbox.conftest import Box

SHOP = "/api/0/projects/acme/shop-api/"


async def test_a_filter_stays_as_it_was_set(box: Box) -> None:
    """Each filter has its own switch, the old browsers a list."""
    assert (await box.http.put(f"{SHOP}filters/localhost/", {"active": True})).status == 204
    assert (await box.http.put(f"{SHOP}filters/legacy-browsers/", {"subfilters": ["ie"]})).status == 204
    state = {entry["id"]: entry["active"] for entry in (await box.http.get(f"{SHOP}filters/")).data}
    assert (state["localhost"], state["legacy-browsers"], state["web-crawlers"]) == (True, ["ie"], False)
    assert (await box.http.put(f"{SHOP}filters/nope/", {"active": True})).status == 404
    assert (await box.http.put(f"{SHOP}filters/localhost/", {})).status == 400


async def test_ownership_rules_are_parsed_and_kept(box: Box) -> None:
    """Saving rules answers 202 with what was understood."""
    raw = "# who owns what\npath:src/pay/* #payments ada@example.com\nurl:https://shop.example/* #web\n"
    saved = await box.http.put(f"{SHOP}ownership/", {"raw": raw, "fallthrough": False})
    assert saved.status == 202
    assert saved.data["schema"]["rules"][0] == {
        "matcher": {"type": "path", "pattern": "src/pay/*"},
        "owners": [{"type": "team", "name": "payments"}, {"type": "user", "name": "ada@example.com"}],
    }
    kept = (await box.http.get(f"{SHOP}ownership/")).data
    assert (kept["raw"], kept["fallthrough"], len(kept["schema"]["rules"])) == (raw, False, 2)


async def test_a_line_that_is_no_rule_is_refused(box: Box) -> None:
    """And the rules stay as they were."""
    await box.http.put(f"{SHOP}ownership/", {"raw": "path:a #web"})
    reply = await box.http.put(f"{SHOP}ownership/", {"raw": "path:a #web\nnonsense"})
    assert reply.status == 400
    assert "line 2" in reply.data["raw"][0]
    assert (await box.http.get(f"{SHOP}ownership/")).data["raw"] == "path:a #web"


async def test_rules_survive_other_changes_of_the_project(box: Box) -> None:
    """One update must not wipe out another's."""
    await box.http.put(f"{SHOP}ownership/", {"raw": "path:a #web"})
    await box.http.put(SHOP, {"resolveAge": 24})
    assert (await box.http.get(f"{SHOP}ownership/")).data["raw"] == "path:a #web"
    assert "ownership" not in (await box.http.get(SHOP)).data
