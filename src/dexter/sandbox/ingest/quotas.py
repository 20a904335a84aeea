"""Quotas of ingestion as the admin surface sets and shows them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dexter.sandbox.ingest.items import CATEGORIES
from dexter.sandbox.request import IngestLimit

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_FORM = (
    'permitted is {"quotas": [{"retry_after_s": 60, "categories": ["error"], "scope": "project", "reason": "quota"}]}'
)
_SCOPES = ("organization", "project", "key")


def parse_quotas(body: Mapping[str, Any], now: float) -> list[IngestLimit]:
    """Give the limits a body asks for; raises `ValueError` naming what is not of its permitted form."""
    quotas = body.get("quotas")
    if not isinstance(quotas, list):
        raise ValueError(f"quotas: {quotas!r} is not a list; {_FORM}")
    return [_quota(quota, now) for quota in quotas]


def _quota(quota: Any, now: float) -> IngestLimit:
    known = {"retry_after_s", "categories", "scope", "reason"}
    if not isinstance(quota, dict) or not set(quota) <= known:
        raise ValueError(f"quotas: {quota!r} is not a quota; {_FORM}")
    wait, categories = quota.get("retry_after_s", 60), quota.get("categories", [])
    scope, reason = quota.get("scope", "organization"), quota.get("reason", "quota")
    if isinstance(wait, bool) or not isinstance(wait, int | float) or not 0 < wait <= 86400:
        raise ValueError(f"retry_after_s: {wait!r} is not a wait; permitted are seconds up to 86400")
    if not isinstance(categories, list) or not set(categories) <= set(CATEGORIES.values()):
        raise ValueError(f"categories: {categories!r}; permitted are {', '.join(sorted(set(CATEGORIES.values())))}")
    if scope not in _SCOPES:
        raise ValueError(f"scope: {scope!r}; permitted are {', '.join(_SCOPES)}")
    if not isinstance(reason, str) or not reason.replace("_", "").isalnum():
        raise ValueError(f"reason: {reason!r} is not a word")
    return IngestLimit(now + wait, tuple(categories), scope, reason)


def shown_quotas(limits: Iterable[IngestLimit], now: float) -> dict[str, Any]:
    """Give the limits still in force as the JSON body that would set them."""
    return {
        "quotas": [
            {
                "retry_after_s": limit.until - now,
                "categories": list(limit.categories),
                "scope": limit.scope,
                "reason": limit.reason,
            }
            for limit in limits
            if limit.until > now
        ]
    }
