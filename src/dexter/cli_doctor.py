"""`dexter doctor`: looks over the Sentry and the credential of the settings, without a running gateway."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from dexter.errors import SettingsError
from dexter.features.doctor import Finding, State, examine, has_problem

if TYPE_CHECKING:
    from dexter.settings import Settings

WELL, PROBLEMS = 0, 1

_STYLES = {State.OK: "green", State.WARNING: "yellow", State.PROBLEM: "bold red"}


def run_doctor(settings: Settings, *, as_json: bool) -> int:
    """Print what is found, and give the exit status: 0, or 1 when something will not work."""
    findings = asyncio.run(_examined(settings))
    if as_json:
        print_json(findings)
    else:
        print_table(settings.sentry_base_url or "", findings)
    return PROBLEMS if has_problem(findings) else WELL


async def _examined(settings: Settings) -> tuple[Finding, ...]:
    # Imported here, so that `dexter --help` need not wait for an HTTP client.
    from dexter.stores.memory import MemoryStore
    from dexter.upstream.clock import SystemClock
    from dexter.upstream.options import StackOptions
    from dexter.upstream.probe import Asker
    from dexter.upstream.stack import build_stack
    from dexter.upstream.transport import AiohttpTransport
    from dexter.upstream.upstream import Upstream
    from dexter.wire import Credential, Identity

    if settings.sentry_base_url is None:
        raise SettingsError(
            "SENTRY_BASE_URL is not set, so there is no Sentry to look over.", remedy="Set it to your Sentry's address."
        )
    token = settings.sentry_api_token
    credential = Credential(f"Bearer {token}" if token else None)
    transport = AiohttpTransport(Upstream(settings.sentry_base_url, credential, settings.sentry_org))
    clock = SystemClock()
    stack = build_stack(transport, MemoryStore(), clock, StackOptions(request_s=settings.request_deadline_s))
    kind = "service" if token else "anonymous"
    try:
        return await examine(stack, Asker(Identity("doctor", kind), credential, settings.sentry_org), clock)
    finally:
        await stack.aclose()
        await transport.aclose()


def print_json(findings: tuple[Finding, ...]) -> None:
    """Print the findings for programs."""
    import typer

    document = {"well": not has_problem(findings), "findings": [asdict(finding) for finding in findings]}
    typer.echo(json.dumps(document, indent=2))


def print_table(address: str, findings: tuple[Finding, ...]) -> None:
    """Print the findings for people."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    grid = Table(title=f"Sentry at {address}", title_justify="left", show_lines=True)
    for column in ("check", "state", "what is found", "what to do"):
        grid.add_column(column, overflow="fold")
    for finding in findings:
        state = Text(finding.state.value, style=_STYLES[finding.state])
        grid.add_row(finding.check, state, Text(finding.said), Text(finding.remedy or ""))
    Console().print(grid)
