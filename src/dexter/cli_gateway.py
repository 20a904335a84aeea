"""What every command that speaks to a running gateway shares: its options, its exit statuses, its tables."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dexter.settings import duration_s

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dexter.remote import Remote

DONE, NOT_ALL, CANNOT_ASK, REFUSED = 0, 1, 2, 3
"""Everything was done; some of it was not; no gateway could be asked, or the command is wrong; the answer was no."""

Url = Annotated[str | None, typer.Option("--url", envvar="DEXTER_URL", help="The gateway; this machine's by default.")]
Token = Annotated[
    str | None,
    typer.Option("--token", envvar="DEXTER_TOKEN", show_envvar=True, help="A token of Dexter's; this machine's own."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
Organization = Annotated[str | None, typer.Option("--organization", "-o", help="Its slug; Dexter's own by default.")]
Search = Annotated[str, typer.Argument(help="A search in Sentry's words; all that the options leave by default.")]
Status = Annotated[str, typer.Option(help="unresolved, resolved, archived, for_review or all.")]
Period = Annotated[str | None, typer.Option(help="Seen within: 1h, 24h, 7d, 14d, 30d or 90d.")]
Projects = Annotated[
    list[str] | None, typer.Option("--project", "-p", metavar="TEXT", help="A project's slug or number; repeatable.")
]
Environments = Annotated[list[str] | None, typer.Option("--environment", "-e", metavar="TEXT", help="Repeatable.")]
Levels = Annotated[
    list[str] | None, typer.Option("--level", metavar="TEXT", help="fatal, error, warning, info or debug; repeatable.")
]


@dataclass(frozen=True, slots=True)
class Filters:
    """Which issues a command speaks of."""

    query: str = ""
    status: str = "unresolved"
    period: str | None = None
    projects: tuple[str, ...] = ()
    environments: tuple[str, ...] = ()
    levels: tuple[str, ...] = ()
    organization: str | None = None

    @classmethod
    def of(
        cls,
        query: str,
        status: str,
        period: str | None,
        project: list[str] | None,
        environment: list[str] | None,
        level: list[str] | None,
        organization: str | None,
    ) -> Filters:
        """Give what a command line states; an option that is not repeated is not stated."""
        projects, environments, levels = (tuple(stated or ()) for stated in (project, environment, level))
        return cls(query, status, period, projects, environments, levels, organization)

    def pairs(self) -> list[tuple[str, str]]:
        """Give them as a query of /api/v1/issues."""
        single = (("query", self.query), ("period", self.period), ("organization", self.organization))
        several = (("project", self.projects), ("environment", self.environments), ("level", self.levels))
        return [
            ("status", self.status),
            *((name, value) for name, value in single if value),
            *((name, value) for name, values in several for value in values),
        ]

    def selection(self) -> dict[str, Any]:
        """Give them as a bulk job's selection."""
        document: dict[str, Any] = {"query": self.query, "status": self.status}
        stated = {
            "period": self.period,
            "project": list(self.projects),
            "environment": list(self.environments),
            "level": list(self.levels),
            "organization": self.organization,
        }
        return document | {name: value for name, value in stated.items() if value}


def gateway(url: str | None, token: str | None) -> Remote:
    """Give the gateway that a command's options name."""
    from dexter.remote import remote
    from dexter.settings import read_settings

    return remote(read_settings(), url, token)


@contextmanager
def refusals_told() -> Iterator[None]:
    """Tell a refusal in a sentence and end with its exit status."""
    from dexter.remote import GatewayRefused

    try:
        yield
    except GatewayRefused as error:
        typer.echo(f"dexter: {error.message}\n        {error.remedy}", err=True)
        raise typer.Exit(REFUSED) from error


def print_json(document: Any) -> None:
    """Print a document for programs."""
    typer.echo(json.dumps(document, indent=2, ensure_ascii=False))


def plain(text: object) -> str:
    """Give a text without control characters: what an error says must not steer the terminal."""
    return "".join(letter if letter.isprintable() else "�" for letter in str(text))


def minutes(text: str, option: str) -> int:
    """Give a duration such as `2h` in whole minutes. Raises BadParameter for what is none."""
    try:
        seconds = duration_s(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is no duration such as 30m, 2h or 7d.", param_hint=option) from error
    if seconds < 60 or seconds % 60:
        raise typer.BadParameter("must be whole minutes.", param_hint=option)
    return int(seconds // 60)


def ago(moment: str | None) -> str:
    """Give how long ago something was, roughly."""
    from datetime import UTC, datetime

    if not moment:
        return "-"
    passed = (datetime.now(UTC) - datetime.fromisoformat(moment)).total_seconds()
    for size, unit in ((86_400, "d"), (3600, "h"), (60, "min")):
        if passed >= size:
            return f"{passed / size:.0f} {unit} ago"
    return "just now"
