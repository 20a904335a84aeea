"""`dexter slo`: asks a running gateway how its objectives stand."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from dexter.errors import SettingsError
from dexter.remote import GatewayRefused, remote

if TYPE_CHECKING:
    from dexter.remote import Remote
    from dexter.settings import Settings

MET, MISSED = 0, 1

_WORDS = {True: "met", False: "missed", None: "too few to tell"}
_STYLES = {True: "green", False: "bold red", None: "dim"}


def run_slo(settings: Settings, url: str | None, token: str | None, *, as_json: bool) -> int:
    """Print how the objectives stand, and give the exit status: 0, or 1 when one is missed.

    Raises SettingsError when the gateway cannot be asked.
    """
    gateway = remote(settings, url, token)
    document = _asked(gateway)
    if as_json:
        import typer

        typer.echo(json.dumps(document, indent=2))
    else:
        _print(gateway.address, document)
    return MISSED if any(each["met"] is False for each in document["objectives"]) else MET


def _asked(gateway: Remote) -> Any:
    try:
        return gateway.get("/gateway/slo")
    except GatewayRefused as error:
        remedy = "Give the gateway's access token with --token." if error.status in (401, 403) else error.remedy
        raise SettingsError(f"The gateway at {gateway.address} answered {error.status}.", remedy=remedy) from error


def _print(address: str, document: Any) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    since = f", since {document['since']}" if document["since"] else ""
    grid = Table(title=f"{address}, the last {document['window_days']} days{since}", title_justify="left")
    for column in ("objective", "target", "measured", "last hour", "", "budget left"):
        grid.add_column(column, overflow="fold")
    for each in document["objectives"]:
        sign = "<" if each["direction"] == "below" else ">"
        grid.add_row(
            each["title"],
            f"{sign} {shown(each['target'], each['unit'])}",
            shown(each["measured"], each["unit"]),
            shown(each["last_hour"], each["unit"]),
            Text(_WORDS[each["met"]], style=_STYLES[each["met"]]),
            budget(each["budget"]),
        )
    Console().print(grid)


def shown(value: float | None, unit: str) -> str:
    """Give a figure for people."""
    if value is None:
        return "-"
    return f"{value:.0f} ms" if unit == "ms" else f"{value * 100:.3g} %"


def budget(found: Any) -> str:
    """Give what is left of an error budget: how many misses, and what share of those allowed."""
    if found is None or not found["allowed"]:
        return "-"
    return f"{found['left']:.0f} of {found['allowed']:.0f} ({found['left'] / found['allowed'] * 100:.0f} %)"
