"""An organization, in short and at length."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from dexter.sandbox.serialize.moment import iso
from dexter.sandbox.serialize.roles import org_role_list, team_role_list
from dexter.sandbox.serialize.user import LETTER_AVATAR

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

FEATURES = (
    "discover-basic", "discover-query", "event-attachments", "global-views", "integrations-issue-basic",
    "open-membership", "performance-view", "release-health-drop-sessions", "session-replay", "workflow-engine-ui",
)  # fmt: skip

SETTINGS: dict[str, Any] = {
    "isEarlyAdopter": False,
    "require2FA": False,
    "openMembership": True,
    "allowSharedIssues": True,
    "enhancedPrivacy": False,
    "dataScrubber": False,
    "dataScrubberDefaults": False,
    "sensitiveFields": [],
    "safeFields": [],
    "storeCrashReports": 0,
    "attachmentsRole": "member",
    "debugFilesRole": "admin",
    "eventsMemberAdmin": True,
    "alertsMemberWrite": True,
    "scrubIPAddresses": False,
    "scrapeJavaScript": True,
    "allowJoinRequests": True,
    "relayPiiConfig": None,
    "relayDsnEndpoint": None,
    "hideAiFeatures": False,
    "issueAlertsThreadFlag": True,
    "metricAlertsThreadFlag": True,
    "defaultRole": "member",
    "hasGranularReplayPermissions": False,
    "replayAccessMembers": [],
}
"""What an update may change beside name and slug, with the values of a new organization."""


def organization_json(row: sqlite3.Row, base_url: str, access: Iterable[str] = ()) -> dict[str, Any]:
    """Give an organization as lists show it; `access` are the scopes of whoever asks."""
    settings = settings_of(row)
    return {
        "id": str(row["id"]),
        "slug": row["slug"],
        "status": {"id": "active", "name": "active"},
        "name": row["name"],
        "dateCreated": iso(row["date_created"]),
        "isEarlyAdopter": settings["isEarlyAdopter"],
        "require2FA": settings["require2FA"],
        "avatar": LETTER_AVATAR,
        "links": {"organizationUrl": f"{base_url}/organizations/{row['slug']}", "regionUrl": base_url},
        "hasAuthProvider": False,
        "allowMemberInvite": True,
        "allowMemberProjectCreation": True,
        "allowSuperuserAccess": False,
        "features": list(FEATURES),
        "extraOptions": {"traces": {"checkSpanExtractionDate": False, "spansExtractionDate": 0}},
        "access": sorted(access),
        "onboardingTasks": [],
    }


def organization_detail_json(
    row: sqlite3.Row, base_url: str, *, access: Iterable[str], role: str | None
) -> dict[str, Any]:
    """Give an organization as its own address shows it, without teams and projects."""
    return {
        **organization_json(row, base_url, access),
        **settings_of(row),
        "role": role or "member",
        "orgRole": role or "member",
        "experiments": {},
        "isDefault": False,
        "orgRoleList": org_role_list(),
        "teamRoleList": team_role_list(),
        "availableRoles": [{"id": entry["id"], "name": entry["name"]} for entry in org_role_list()],
        "trustedRelays": [],
        "pendingAccessRequests": 0,
        "aggregatedDataConsent": False,
        "isDynamicallySampled": False,
        "requiresSso": False,
        "defaultAutofixAutomationTuning": "off",
        "defaultSeerScannerAutomation": False,
        "enableSeerCoding": False,
        "defaultCodingAgent": "seer",
        "defaultCodingAgentIntegrationId": None,
        "defaultAutomatedRunStoppingPoint": "root_cause",
        "autoEnableCodeReview": False,
        "autoOpenPrs": False,
        "defaultCodeReviewTriggers": [],
    }


def settings_of(row: sqlite3.Row) -> dict[str, Any]:
    """Give an organization's settings: what was set over what a new one has."""
    chosen: dict[str, Any] = json.loads(row["settings_json"])
    return SETTINGS | chosen
