"""The templates of all addresses of /api/v1, by the names that records know them by."""

from __future__ import annotations

from dexter.catalog.mappings import mappings


def catalog_templates() -> dict[str, str]:
    """Give the templates of what is answered from the catalog. Imports nothing heavy."""
    return {entry.name: entry.frontend_path for entry in mappings()}


def endpoint_templates() -> dict[str, str]:
    """Give every template; an older spelling of an address counts as today's."""
    from dexter.gateway.feature_routes import feature_addresses

    return catalog_templates() | {name: path for _, path, name in feature_addresses()}
