"""The templates of all addresses of /api/v1, by the names that records know them by."""

from __future__ import annotations

from dexter.catalog.mappings import mappings
from dexter.gateway.feature_routes import feature_addresses


def endpoint_templates() -> dict[str, str]:
    """Give every template; an older spelling of an address counts as today's."""
    typed = {name: path for _, path, name in feature_addresses()}
    return {entry.name: entry.frontend_path for entry in mappings()} | typed
