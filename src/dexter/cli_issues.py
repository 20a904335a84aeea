"""`dexter issues`: lists, shows and changes issues through a running gateway."""

# Typer reads the annotations at run time, so their imports stay out of type-checking blocks.

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

import typer

from dexter.cli_gateway import (
    DONE,
    NOT_ALL,
    AsJson,
    Environments,
    Filters,
    Levels,
    Organization,
    Period,
    Projects,
    Search,
    Status,
    Token,
    Url,
    ago,
    gateway,
    minutes,
    plain,
    print_json,
    refusals_told,
)
from dexter.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dexter.remote import Remote

issues = typer.Typer(
    name="issues",
    help="List, show and change issues through a running gateway.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Ids = Annotated[list[str], typer.Argument(metavar="ISSUE...", help="Numbers or short ids.")]
Id = Annotated[str, typer.Argument(metavar="ISSUE", help="A number or short id.")]


@issues.command("list")
def list_issues(
    query: Search = "",
    status: Status = "unresolved",
    sort: Annotated[str, typer.Option(help="date, new, freq, user, trends or inbox.")] = "date",
    period: Period = None,
    project: Projects = None,
    environment: Environments = None,
    level: Levels = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many at most.")] = 25,
    organization: Organization = None,
    url: Url = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """List issues, the latest first."""
    filters = Filters.of(query, status, period, project, environment, level, organization)
    with refusals_told():
        found, hits = _listed(gateway(url, token), [*filters.pairs(), ("sort", sort)], limit)
    if as_json:
        print_json(found)
    else:
        _print_list(found, hits)


@issues.command("show")
def show_issue(
    issue: Id, organization: Organization = None, url: Url = None, token: Token = None, as_json: AsJson = False
) -> None:
    """Show one issue with its latest event and activity."""
    with refusals_told():
        document = gateway(url, token).get(f"/issues/{quote(issue, safe='')}/context", _of(organization))
    if as_json:
        print_json(document)
    else:
        _print_issue(document)


@issues.command("resolve")
def resolve(
    ids: Ids,
    in_next_release: Annotated[bool, typer.Option("--in-next-release", help="With the next release.")] = False,
    in_release: Annotated[str | None, typer.Option(help="In this version, or `latest`.")] = None,
    in_commit: Annotated[str | None, typer.Option(help="With this commit, of --repository.")] = None,
    repository: Annotated[str | None, typer.Option(help="The repository's name in Sentry.")] = None,
    organization: Organization = None,
    url: Url = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Resolve issues."""
    modes: dict[str, Any] = {
        "next_release": in_next_release and {},
        "release": in_release and {"release": in_release},
        "commit": in_commit and {"commit": in_commit, "repository": repository},
    }
    if repository and not in_commit:
        raise typer.BadParameter("goes with --in-commit.", param_hint="--repository")
    change: dict[str, Any] = {"status": "resolved"} | _one_mode("resolve", modes)
    _change(gateway(url, token), ids, change, organization, as_json=as_json)


@issues.command("archive")
def archive(
    ids: Ids,
    forever: Annotated[bool, typer.Option("--forever", help="Until somebody takes it out.")] = False,
    duration: Annotated[str | None, typer.Option("--for", help="For so long, such as 2h or 7d.")] = None,
    count: Annotated[int | None, typer.Option(min=1, help="Until so many more events.")] = None,
    users: Annotated[int | None, typer.Option(min=1, help="Until so many more users.")] = None,
    within: Annotated[str | None, typer.Option(help="Counted within so long; with --count or --users.")] = None,
    organization: Organization = None,
    url: Url = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Archive issues, until they escalate unless an option says otherwise."""
    if within and not (count or users):
        raise typer.BadParameter("goes with --count or --users.", param_hint="--within")
    window = {"window_minutes": minutes(within, "--within")} if within else {}
    modes: dict[str, Any] = {
        "forever": forever and {},
        "for_duration": duration and {"duration_minutes": minutes(duration, "--for")},
        "until_count": count and {"count": count, **window},
        "until_users": users and {"users": users, **window},
    }
    change: dict[str, Any] = {"status": "archived"} | _one_mode("archive", modes)
    _change(gateway(url, token), ids, change, organization, as_json=as_json)


@issues.command("unresolve")
def unresolve(
    ids: Ids, organization: Organization = None, url: Url = None, token: Token = None, as_json: AsJson = False
) -> None:
    """Take issues out of resolved or archived."""
    _change(gateway(url, token), ids, {"status": "unresolved"}, organization, as_json=as_json)


@issues.command("assign")
def assign(
    ids: Ids,
    to: Annotated[str, typer.Option(help="`me`, a user name, an e-mail, user:1, team:2, or nobody.")],
    organization: Organization = None,
    url: Url = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Assign issues to somebody, or to nobody."""
    change = {"assignee": None if to == "nobody" else to}
    _change(gateway(url, token), ids, change, organization, as_json=as_json)


@issues.command("comment")
def comment(
    issue: Id,
    text: Annotated[str, typer.Argument(help="What to say; - reads it from standard input.")],
    organization: Organization = None,
    url: Url = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Comment on an issue."""
    said = sys.stdin.read() if text == "-" else text
    with refusals_told():
        path = f"/issues/{quote(issue, safe='')}/comments"
        document = gateway(url, token).ask("POST", path, _of(organization), {"text": said.strip()})
    if as_json:
        print_json(document)
    else:
        typer.echo(f"{issue}: commented")


def _of(organization: str | None) -> list[tuple[str, str]]:
    return [("organization", organization)] if organization else []


def _one_mode(name: str, modes: dict[str, Any]) -> dict[str, Any]:
    """Give the part of a change for the one mode that the options chose. Raises BadParameter for two at once."""
    chosen = {mode: stated for mode, stated in modes.items() if stated is not None and stated is not False}
    if len(chosen) > 1:
        raise typer.BadParameter(f"only one of {', '.join(chosen)} can hold at once.")
    mode = next(iter(chosen), None)
    return {} if mode is None else {name: {"mode": mode, **chosen[mode]}}


def _listed(remote: Remote, query: list[tuple[str, str]], limit: int) -> tuple[list[Any], int | None]:
    found: list[Any] = []
    hits: int | None = None
    for page in _pages(remote, query, limit):
        found += page["data"]
        hits = page["meta"]["hits"] if hits is None else hits
    return found[:limit], hits


def _pages(remote: Remote, query: list[tuple[str, str]], limit: int) -> Iterator[Any]:
    cursor: str | None = None
    left = limit
    while left > 0:
        pairs = [*query, ("limit", str(min(left, 100)))] + ([("cursor", cursor)] if cursor else [])
        page = remote.get("/issues", pairs)
        yield page
        left -= len(page["data"])
        following = page["pagination"]["next"]
        if following is None or not page["data"]:
            return
        cursor = following["cursor"]


def _change(remote: Remote, ids: list[str], change: dict[str, Any], organization: str | None, *, as_json: bool) -> None:
    """Change issues one by one, say of each what became of it, and end with 1 when one was not changed."""
    from dexter.remote import GatewayRefused

    told: list[dict[str, Any]] = []
    for issue in dict.fromkeys(ids):
        try:
            document = remote.ask("PUT", f"/issues/{quote(issue, safe='')}", _of(organization), change)
            told.append({"issue": issue, "changed": True, **_standing(document)})
        except GatewayRefused as error:
            told.append({"issue": issue, "changed": False, "error": error.message, "remedy": error.remedy})
        except SettingsError:
            # The gateway is gone; what it did before is told all the same.
            if as_json and told:
                print_json(told)
            raise
        if not as_json:
            _print_change(told[-1])
    if as_json:
        print_json(told)
    raise typer.Exit(DONE if all(each["changed"] for each in told) else NOT_ALL)


def _standing(issue: Any) -> dict[str, Any]:
    """Give how an issue stands after a change, in the words that the options use."""
    status = issue.get("status")
    return {
        "status": "archived" if status == "ignored" else status,
        "assignee": (issue.get("assignedTo") or {}).get("name"),
    }


def _print_change(told: dict[str, Any]) -> None:
    if told["changed"]:
        typer.echo(f"{told['issue']}: {told['status']}, assigned to {plain(told['assignee'] or 'nobody')}")
    else:
        typer.echo(f"{told['issue']}: not changed: {plain(told['error'])} {plain(told['remedy'])}", err=True)


def _print_list(found: list[Any], hits: int | None) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    if not found:
        typer.echo("No issues match.")
        return
    grid = Table(
        title=None if hits is None else f"{len(found)} of {hits} issues",
        title_justify="left",
        box=SIMPLE_HEAD,
        expand=True,
        padding=(0, 1, 0, 0),
    )
    grid.add_column("issue", no_wrap=True)
    grid.add_column("title", overflow="ellipsis", no_wrap=True, ratio=1)
    for column in ("events", "users", "last seen", "assignee"):
        grid.add_column(column, no_wrap=True, justify="right" if column in ("events", "users") else "left")
    for issue in found:
        grid.add_row(
            *(
                Text(plain(each))
                for each in (
                    issue.get("shortId") or issue["id"],
                    issue.get("title", ""),
                    issue.get("count", ""),
                    issue.get("userCount", ""),
                    ago(issue.get("lastSeen")),
                    (issue.get("assignedTo") or {}).get("name", ""),
                )
            )
        )
    Console().print(grid)


def _print_issue(issue: Any) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    console.print(Text(plain(issue.get("title", "")), style="bold"))
    console.print(Text(plain(issue.get("culprit") or ""), style="dim"))
    grid = Table.grid(padding=(0, 2))
    rows = (
        ("issue", f"{issue.get('shortId')} ({issue.get('id')})"),
        ("status", f"{_standing(issue)['status']} ({issue.get('substatus') or '-'})"),
        ("project", (issue.get("project") or {}).get("slug", "")),
        ("level, priority", f"{issue.get('level')}, {issue.get('priority') or '-'}"),
        ("events, users", f"{issue.get('count')}, {issue.get('userCount')}"),
        ("first, last seen", f"{ago(issue.get('firstSeen'))}, {ago(issue.get('lastSeen'))}"),
        ("assigned to", (issue.get("assignedTo") or {}).get("name", "nobody")),
        ("in Sentry", issue.get("permalink") or ""),
    )
    for name, value in rows:
        grid.add_row(Text(name, style="dim"), Text(plain(value)))
    console.print(grid)
    missing = [name for name, part in (issue.get("parts") or {}).items() if part["status"] == "missing"]
    if missing:
        console.print(Text(f"Could not be had now: {', '.join(missing)}.", style="yellow"))
