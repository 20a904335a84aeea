"""A client key of a project, with every address that is made from it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from dexter.sandbox.serialize.moment import iso

if TYPE_CHECKING:
    import sqlite3

SDK_CHOICES = [["latest", "latest"], ["10.x", "10.x"], ["9.x", "9.x"], ["8.x", "8.x"], ["7.x", "7.x"]]

LOADER_OPTIONS = ("hasReplay", "hasPerformance", "hasDebug", "hasFeedback", "hasLogsAndMetrics")

SETTINGS: dict[str, Any] = {"rateLimit": None, "browserSdkVersion": "10.x", "dynamicSdkLoaderOptions": {}}
"""What an update may change beside name and activity, with the values of a new key."""


def project_key_json(row: sqlite3.Row, base_url: str) -> dict[str, Any]:
    """Give a client key."""
    settings: dict[str, Any] = SETTINGS | json.loads(row["settings_json"])
    return {
        "id": row["public_key"],
        "name": row["label"],
        "label": row["label"],
        "public": row["public_key"],
        "secret": row["secret_key"],
        "projectId": row["project_id"],
        "isActive": bool(row["is_active"]),
        "rateLimit": settings["rateLimit"],
        "dsn": dsn_json(row, base_url),
        "browserSdkVersion": settings["browserSdkVersion"],
        "browserSdk": {"choices": SDK_CHOICES},
        "dateCreated": iso(row["date_created"]),
        "dynamicSdkLoaderOptions": dict.fromkeys(LOADER_OPTIONS, False) | settings["dynamicSdkLoaderOptions"],
        "useCase": "user",
    }


def dsn_json(row: sqlite3.Row, base_url: str) -> dict[str, str]:
    """Give a key's DSNs and the addresses for what sends without an SDK."""
    key, project = row["public_key"], row["project_id"]
    scheme, _, rest = base_url.partition("://")
    api = f"{base_url}/api/{project}"
    return {
        "secret": f"{scheme}://{key}:{row['secret_key']}@{rest}/{project}",
        "public": f"{scheme}://{key}@{rest}/{project}",
        "csp": f"{api}/csp-report/?sentry_key={key}",
        "security": f"{api}/security/?sentry_key={key}",
        "minidump": f"{api}/minidump/?sentry_key={key}",
        "nel": f"{api}/nel/?sentry_key={key}",
        "unreal": f"{api}/unreal/{key}/",
        "crons": f"{api}/cron/___MONITOR_SLUG___/{key}/",
        "cdn": f"{base_url}/js-sdk-loader/{key}.min.js",
        "playstation": f"{api}/playstation/?sentry_key={key}",
        "integration": f"{api}/integration/",
        "otlp_traces": f"{api}/integration/otlp/v1/traces",
        "otlp_logs": f"{api}/integration/otlp/v1/logs",
    }
