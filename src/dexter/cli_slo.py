"""`dexter slo`: asks a running gateway how its objectives stand."""

from __future__ import annotations

import json
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from dexter.errors import SettingsError
from dexter.gateway.access_token import access_token, key_of
from dexter.gateway.guard import is_loopback

if TYPE_CHECKING:
    from dexter.settings import Settings

MET, MISSED = 0, 1

_PATH = "/api/v1/gateway/slo"
_REPLY_LIMIT_S = 10.0
_WORDS = {True: "met", False: "missed", None: "nothing counted"}
_STYLES = {True: "green", False: "bold red", None: "dim"}


def run_slo(settings: Settings, url: str | None, token: str | None, *, as_json: bool) -> int:
    """Print how the objectives stand, and give the exit status: 0, or 1 when one is missed.

    Raises SettingsError when the gateway cannot be asked.
    """
    address = url or f"http://localhost:{settings.port}"
    document = _asked(address, token or _own_token(settings, address))
    if as_json:
        import typer

        typer.echo(json.dumps(document, indent=2))
    else:
        _print(address, document)
    return MISSED if any(each["met"] is False for each in document["objectives"]) else MET


def _own_token(settings: Settings, address: str) -> str:
    # This installation's token must not go to whatever address somebody typed.
    if not is_loopback(urlsplit(address).hostname or ""):
        raise SettingsError(f"{address} is another machine's gateway.", remedy="Give its access token with --token.")
    return settings.access_token or access_token(key_of(settings.data_dir, settings.secret_key))


def _asked(address: str, token: str) -> Any:
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise SettingsError(f"--url: {address!r} is no address such as http://localhost:8000.")
    kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    # No redirect is followed, since the token goes along.
    connection = kind(parts.hostname, parts.port, timeout=_REPLY_LIMIT_S)
    try:
        connection.request("GET", parts.path.rstrip("/") + _PATH, headers={"X-Dexter-Token": token})
        reply = connection.getresponse()
        body = reply.read()
    except (OSError, HTTPException) as error:
        raise SettingsError(
            f"No gateway answers at {address}: {error}.", remedy="Start it with `dexter serve`, or name another --url."
        ) from error
    finally:
        connection.close()
    if reply.status == 200:
        return json.loads(body)
    remedy = "Give the gateway's access token with --token." if reply.status in (401, 403) else "See the gateway's log."
    raise SettingsError(f"The gateway at {address} answered {reply.status}.", remedy=remedy)


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
