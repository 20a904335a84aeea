"""An issue's page, brought up to date without looking at the issue: a look at it counts as a view in Sentry.

What people change of an issue, and when it was last seen, Sentry also tells where it counts no views: in the issue
found by its short id, and in its activity. Everything else of the page (who saw it and takes part, releases, tags,
series) stays as it was. So a renewed page is never as good as a new one, and its age is that of what stayed.
"""

from __future__ import annotations

from typing import Any

MOST_ACTIVITY = 100
"""So much of what happened stands on a page."""

RENEWED_AGAIN_S = 60.0
"""How old what was renewed of a page is when it is renewed again behind a reader."""
PUT_ASIDE_RENEWED_AGAIN_S = 5.0
"""The same for an issue that is put aside, which the next event brings back."""
PUT_ASIDE_FOR_S = 120.0
"""How long such an issue's page is given as stale, behind which it is renewed."""

_STAY = frozenset(
    {
        "activity",
        "seenBy",
        "participants",
        "userReportCount",
        "firstRelease",
        "lastRelease",
        "tags",
        "stats",
        "pluginActions",
        "pluginIssues",
        "pluginContexts",
    }
)
"""What an issue that is found by its short id has not, or has otherwise."""


def renewed_page(page: Any, found: Any, told: Any) -> dict[str, Any] | None:
    """Give a page with what was `found` by its short id and what is `told` of its activity.

    None unless all of them are what they should be, and of the same issue.
    """
    issue = found.get("group") if isinstance(found, dict) else None
    activity = told.get("activity") if isinstance(told, dict) else None
    if not isinstance(page, dict) or not isinstance(issue, dict) or not isinstance(activity, list):
        return None
    if not page.get("id") or issue.get("id") != page["id"]:
        return None
    newer = {name: value for name, value in issue.items() if name in page and name not in _STAY}
    return page | newer | {"activity": activity[:MOST_ACTIVITY]}
