"""A project, in short and at length."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from dexter.sandbox.serialize.moment import iso, iso_or_none
from dexter.sandbox.serialize.team import team_ref
from dexter.sandbox.serialize.user import LETTER_AVATAR

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Sequence

    from dexter.sandbox.database import Database

FEATURES = ("alert-filters", "minidump", "race-free-group-creation", "similarity-indexing", "servicehooks")

_COLORS = ("#3fbf7f", "#3f70bf", "#bf6e3f", "#bf3fb6", "#3fb0bf", "#8a3fbf")

_UNUSED = (
    "firstTransactionEvent", "hasFeedbacks", "hasFlags", "hasMinifiedStackTrace", "hasMonitors", "hasNewFeedbacks",
    "hasProfiles", "hasReplays", "hasSessions", "hasInsightsHttp", "hasInsightsDb", "hasInsightsAssets",
    "hasInsightsAppStart", "hasInsightsScreenLoad", "hasInsightsVitals", "hasInsightsCaches", "hasInsightsQueues",
    "hasInsightsAgentMonitoring", "hasInsightsMCP", "hasLogs", "hasTraceMetrics",
)  # fmt: skip
"""What the sandbox keeps nothing of, so that no project has any."""

SETTINGS: dict[str, Any] = {
    "subjectPrefix": "",
    "subjectTemplate": "$shortID - $title",
    "resolveAge": 0,
    "highlightTags": ["handled", "level"],
    "highlightContext": {},
    "enableAutoReleaseCreation": True,
    "scmSourceContextEnabled": True,
    "digestsMinDelay": 300,
    "digestsMaxDelay": 1800,
    "allowedDomains": ["*"],
    "dataScrubber": True,
    "dataScrubberDefaults": True,
    "safeFields": [],
    "storeCrashReports": None,
    "sensitiveFields": [],
    "securityTokenHeader": None,
    "verifySSL": True,
    "scrubIPAddresses": False,
    "scrapeJavaScript": True,
    "groupingConfig": "newstyle:2023-01-11",
    "groupingEnhancements": "",
    "secondaryGroupingConfig": None,
    "secondaryGroupingExpiry": 0,
    "fingerprintingRules": "",
    "defaultEnvironment": None,
    "relayPiiConfig": None,
}
"""What an update may change beside name, slug and platform, with the values of a new project."""


def project_json(row: sqlite3.Row, *, user_id: int | None, access: Iterable[str]) -> dict[str, Any]:
    """Give what every view of a project begins with."""
    return {
        "id": str(row["id"]),
        "slug": row["slug"],
        "name": row["name"],
        "platform": row["platform"],
        "dateCreated": iso(row["date_created"]),
        "isBookmarked": user_id in _stored(row).get("bookmarkedBy", ()),
        "isMember": True,
        "features": list(FEATURES),
        "firstEvent": iso_or_none(row["first_event"]),
        **dict.fromkeys(_UNUSED, False),
        "access": sorted(access),
        "hasAccess": True,
        "isInternal": False,
        "isPublic": False,
        "avatar": LETTER_AVATAR,
        "color": _COLORS[row["id"] % len(_COLORS)],
        "status": "active",
    }


def project_summaries_json(
    db: Database, rows: Sequence[sqlite3.Row], *, user_id: int | None, access: Iterable[str]
) -> list[dict[str, Any]]:
    """Give projects as the organization lists them."""
    scopes = list(access)
    return [
        {**project_json(row, user_id=user_id, access=scopes), **_team_fields(db, row), **_list_fields(db, row)}
        for row in rows
    ]


def project_with_teams_json(
    db: Database, row: sqlite3.Row, *, user_id: int | None, access: Iterable[str]
) -> dict[str, Any]:
    """Give a project with its teams, as changes to them answer."""
    return {**project_json(row, user_id=user_id, access=access), **_team_fields(db, row)}


def project_detail_json(
    db: Database, row: sqlite3.Row, organization: dict[str, Any], *, user_id: int | None, access: Iterable[str]
) -> dict[str, Any]:
    """Give a project as its own address shows it."""
    settings = project_settings(row)
    return {
        **project_with_teams_json(db, row, user_id=user_id, access=access),
        **settings,
        "latestRelease": latest_release(db, row["id"]),
        "options": {
            "sentry:resolve_age": settings["resolveAge"],
            "sentry:scrape_javascript": settings["scrapeJavaScript"],
            "filters:blacklisted_ips": "",
            "filters:releases": "",
            "filters:error_messages": "",
        },
        "securityToken": hashlib.md5(f"security {row['id']}".encode(), usedforsecurity=False).hexdigest(),
        "highlightPreset": {"tags": ["handled", "level"], "context": {}},
        "derivedGroupingEnhancements": "",
        "organization": organization,
        "platforms": platforms(db, row["id"]),
        "processingIssues": 0,
        "builtinSymbolSources": [],
        "dynamicSamplingBiases": None,
        "symbolSources": "[]",
        "isDynamicallySampled": False,
        "tempestFetchScreenshots": False,
        "autofixAutomationTuning": "off",
        "seerScannerAutomation": False,
        "seerNightshiftTweaks": None,
        "debugFilesRole": None,
        "eventProcessing": {"symbolicationDegraded": False},
    }


def project_settings(row: sqlite3.Row) -> dict[str, Any]:
    """Give a project's settings: what was set over what a new one has."""
    return SETTINGS | {name: value for name, value in _stored(row).items() if name in SETTINGS}


def latest_release(db: Database, project_id: int) -> dict[str, str] | None:
    """Give the release a project got last, by name."""
    version = db.value(
        "SELECT r.version FROM releases r JOIN release_projects p ON p.release_id = r.id WHERE p.project_id = ?"
        " ORDER BY COALESCE(r.date_released, r.date_created) DESC, r.id DESC LIMIT 1",
        project_id,
    )
    return None if version is None else {"version": version}


def platforms(db: Database, project_id: int) -> list[str]:
    """Give the platforms that a project's issues come from."""
    found = db.all(
        "SELECT DISTINCT platform FROM issues WHERE project_id = ? AND platform IS NOT NULL ORDER BY platform",
        project_id,
    )
    return [row["platform"] for row in found]


def _stored(row: sqlite3.Row) -> dict[str, Any]:
    stored: dict[str, Any] = json.loads(row["settings_json"])
    return stored


def _team_fields(db: Database, row: sqlite3.Row) -> dict[str, Any]:
    teams = db.all(
        "SELECT t.* FROM teams t JOIN project_teams p ON p.team_id = t.id WHERE p.project_id = ? ORDER BY t.slug",
        row["id"],
    )
    fields: dict[str, Any] = {"teams": [team_ref(team) for team in teams]}
    return fields | {"team": fields["teams"][0]} if teams else fields


def _list_fields(db: Database, row: sqlite3.Row) -> dict[str, Any]:
    environments = db.all(
        "SELECT e.name FROM environments e JOIN environment_projects p ON p.environment_id = e.id"
        " WHERE p.project_id = ? AND p.is_hidden = 0 AND e.name <> '' ORDER BY e.name",
        row["id"],
    )
    fields = {
        "platforms": platforms(db, row["id"]),
        "hasUserReports": False,
        "environments": [found["name"] for found in environments],
        "latestRelease": latest_release(db, row["id"]),
        "latestDeploys": None,
    }
    # A list says "no team" where the project's own address leaves the field out.
    return fields if _has_team(db, row["id"]) else fields | {"team": None}


def _has_team(db: Database, project_id: int) -> bool:
    return bool(db.value("SELECT 1 FROM project_teams WHERE project_id = ?", project_id))
