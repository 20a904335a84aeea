"""`dexter bulk`: previews, applies, watches and undoes jobs over many issues, through a running gateway."""

# Typer reads the annotations at run time, so their imports stay out of type-checking blocks.

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

import typer

from dexter.cli_gateway import (
    DONE,
    NOT_ALL,
    REFUSED,
    AsJson,
    Environments,
    Filters,
    Levels,
    Organization,
    Period,
    Projects,
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

if TYPE_CHECKING:
    from collections.abc import Callable

    from dexter.remote import Remote

bulk = typer.Typer(
    name="bulk",
    help="Change many issues at once: see what would change, apply it, watch it, take it back.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

POLL_S = 0.5
PREVIEWED = "previewed"
ENDED = frozenset({"done", "cancelled", "failed"})
COUNTED = ("done", "unchanged", "skipped", "failed", "unknown", "pending")

Job = Annotated[str, typer.Argument(metavar="JOB", help="The job's id, as `dexter bulk preview` printed it.")]
Watch = Annotated[bool, typer.Option("--watch/--no-watch", help="Whether to wait until it has ended.")]


@bulk.command("preview")
def preview(
    query: Annotated[str | None, typer.Option("--query", "-q", help="Select by a search in Sentry's words.")] = None,
    ids: Annotated[
        list[str] | None, typer.Option("--id", metavar="TEXT", help="Select by number; repeatable, - reads lines.")
    ] = None,
    status: Status = "unresolved",
    period: Period = None,
    project: Projects = None,
    environment: Environments = None,
    level: Levels = None,
    organization: Organization = None,
    resolve: Annotated[bool, typer.Option("--resolve", help="Resolve them.")] = False,
    resolve_in: Annotated[str | None, typer.Option(help="Resolve them in a version, `next` or `latest`.")] = None,
    unresolve: Annotated[bool, typer.Option("--unresolve", help="Take them out of resolved or archived.")] = False,
    archive: Annotated[bool, typer.Option("--archive", help="Archive them until they escalate.")] = False,
    archive_for: Annotated[str | None, typer.Option(help="Archive them for so long, such as 7d.")] = None,
    assign: Annotated[str | None, typer.Option(help="Assign them: me, a name, user:1, team:2 or nobody.")] = None,
    priority: Annotated[str | None, typer.Option(help="low, medium or high.")] = None,
    label: Annotated[list[str] | None, typer.Option(metavar="TEXT", help="Put a label on them; repeatable.")] = None,
    unlabel: Annotated[
        list[str] | None, typer.Option(metavar="TEXT", help="Take a label off them; repeatable.")
    ] = None,
    merge: Annotated[bool, typer.Option("--merge", help="Merge them into one.")] = False,
    delete: Annotated[bool, typer.Option("--delete", help="Delete them; cannot be undone.")] = False,
    discard: Annotated[bool, typer.Option("--discard", help="Delete them and drop what comes; no undo.")] = False,
    url: Url = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Say what a change would do to which issues; nothing is changed. `dexter bulk apply` does it."""
    stated: dict[str, Any] = {
        "resolve": resolve and {"op": "status", "status": "resolved"},
        "resolve_in": resolve_in and {"op": "status", "status": "resolved", "resolve": _release(resolve_in)},
        "unresolve": unresolve and {"op": "status", "status": "unresolved"},
        "archive": archive and {"op": "status", "status": "archived"},
        "archive_for": archive_for and _archived_for(archive_for),
        "assign": assign and {"op": "assign", "assignee": None if assign == "nobody" else assign},
        "priority": priority and {"op": "priority", "priority": priority},
        "label": (label or unlabel) and {"op": "label", "add": label or [], "remove": unlabel or []},
        "merge": merge and {"op": "merge"},
        "delete": delete and {"op": "delete"},
        "discard": discard and {"op": "discard"},
    }
    operations = [operation for operation in stated.values() if operation]
    if not operations:
        raise typer.BadParameter("name something to do, such as --resolve or --assign me.")
    filters = Filters.of(query or "", status, period, project, environment, level, organization)
    remote = gateway(url, token)
    with refusals_told():
        job = remote.ask("POST", "/bulk", (), {"selection": _selection(query, ids, filters), "operations": operations})
        job = _watched(remote, job, lambda present: present["state"] != "resolving", quiet=as_json)
    if as_json:
        print_json(job)
    else:
        _print_preview(job)
    if job["state"] == "failed":
        raise typer.Exit(REFUSED)


@bulk.command("apply")
def apply(
    job: Job,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask; the preview has been seen.")] = False,
    watch: Watch = True,
    url: Url = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Do what a preview said."""
    remote = gateway(url, token)
    with refusals_told():
        found = remote.get(_at(job))
        seen = found.get("preview") or {}
        if not yes and found["state"] == PREVIEWED:
            _print_preview(found)
            _ask_whether(seen)
        confirmation = seen.get("confirmation")
        body = {"confirmation": confirmation} if confirmation else {}
        _finished(remote, remote.ask("POST", _at(job, "/apply"), (), body), watch=watch, as_json=as_json)


@bulk.command("status")
def status_of(
    job: Annotated[str | None, typer.Argument(metavar="[JOB]", help="One job; the latest ones by default.")] = None,
    items: Annotated[str | None, typer.Option(help="List its items of one state, such as failed.")] = None,
    watch: Annotated[bool, typer.Option("--watch", help="Wait until it has ended.")] = False,
    url: Url = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Say how a job stands, or list the latest jobs."""
    remote = gateway(url, token)
    with refusals_told():
        if job is None:
            _print_jobs(remote.get("/bulk")["data"], as_json=as_json)
        elif items is not None:
            _print_items(_all_items(remote, job, items), as_json=as_json)
        else:
            _finished(remote, remote.get(_at(job)), watch=watch, as_json=as_json)


@bulk.command("undo")
def undo(job: Job, watch: Watch = True, url: Url = None, token: Token = None, as_json: AsJson = False) -> None:
    """Give every issue back what a job changed, where nobody has changed it since."""
    remote = gateway(url, token)
    with refusals_told():
        _finished(remote, remote.ask("POST", _at(job, "/undo")), watch=watch, as_json=as_json)


@bulk.command("pause")
def pause(job: Job, url: Url = None, token: Token = None, as_json: AsJson = False) -> None:
    """Hold a job after what is under way; `resume` goes on."""
    _told(job, "pause", url, token, as_json=as_json)


@bulk.command("resume")
def resume(job: Job, url: Url = None, token: Token = None, as_json: AsJson = False) -> None:
    """Let a paused job go on."""
    _told(job, "resume", url, token, as_json=as_json)


@bulk.command("cancel")
def cancel(job: Job, url: Url = None, token: Token = None, as_json: AsJson = False) -> None:
    """End a job after what is under way; what is done stays done and can be undone."""
    _told(job, "cancel", url, token, as_json=as_json)


def _at(job: str, what: str = "") -> str:
    """Give the address of a job, or of what is asked of it."""
    return f"/bulk/{quote(job, safe='')}{what}"


def _told(job: str, what: str, url: str | None, token: str | None, *, as_json: bool) -> None:
    remote = gateway(url, token)
    with refusals_told():
        _finished(remote, remote.ask("POST", _at(job, f"/{what}")), watch=False, as_json=as_json)


def _release(named: str) -> dict[str, Any]:
    return {"mode": "next_release"} if named == "next" else {"mode": "release", "release": named}


def _archived_for(duration: str) -> dict[str, Any]:
    mode = {"mode": "for_duration", "duration_minutes": minutes(duration, "--archive-for")}
    return {"op": "status", "status": "archived", "archive": mode}


def _selection(query: str | None, ids: list[str] | None, filters: Filters) -> dict[str, Any]:
    """Give a job's selection. Raises BadParameter unless it is by search or by number, and by one of them."""
    if (query is None) == (not ids):
        raise typer.BadParameter("select issues by --query or by --id, and by one of them.")
    if not ids:
        return filters.selection()
    if filters.period or filters.projects or filters.environments or filters.levels:
        raise typer.BadParameter("--period, --project, --environment and --level go with --query.")
    named = [line.strip() for each in ids for line in (sys.stdin if each == "-" else (each,)) if line.strip()]
    return {"ids": named} | ({"organization": filters.organization} if filters.organization else {})


def _watched(remote: Remote, job: Any, has_come: Callable[[Any], bool], *, quiet: bool) -> Any:
    """Ask for a job until it has come so far, with a bar for people, and give it."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), disable=quiet, transient=True) as progress:
        task = progress.add_task(job["state"], total=None)
        while True:
            total = job["counts"]["total"]
            progress.update(
                task, description=job["state"], total=total or None, completed=total - job["counts"]["pending"]
            )
            if has_come(job):
                return job
            time.sleep(POLL_S)
            job = remote.get(_at(job["id"]))


def _finished(remote: Remote, job: Any, *, watch: bool, as_json: bool) -> None:
    """Print how a job stands, at its end if it is waited for, and end with 1 when something was not done."""
    if watch and job["state"] != PREVIEWED:
        job = _watched(remote, job, lambda present: present["state"] in {*ENDED, "paused"}, quiet=as_json)
    if as_json:
        print_json(job)
    else:
        _print_job(job)
    counts = job["counts"]
    incomplete = counts["failed"] or counts["unknown"] or job["state"] in ("cancelled", "failed")
    raise typer.Exit(NOT_ALL if incomplete else DONE)


def _ask_whether(seen: Any) -> None:
    """Ask before it is done. What cannot be undone wants its number typed."""
    if not sys.stdin.isatty():
        raise typer.BadParameter("nobody is there to ask; add --yes once the preview has been read.")
    if not seen.get("irreversible"):
        typer.confirm("Apply it?", abort=True)
        return
    total = str(seen["total"])
    if typer.prompt(f"This cannot be undone. Type {total} to go on") != total:
        raise typer.Abort


def _all_items(remote: Remote, job: str, state: str) -> list[Any]:
    found: list[Any] = []
    cursor: str | None = None
    while True:
        page = remote.get(_at(job, "/items"), [("state", state), *([("cursor", cursor)] if cursor else [])])
        found += page["data"]
        if page["pagination"]["next"] is None:
            return found
        cursor = page["pagination"]["next"]["cursor"]


def _print_preview(job: Any) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    seen = job.get("preview")
    if seen is None:
        _print_job(job)
        return
    where = ", ".join(f"{each['slug']} {each['count']}" for each in seen["projects"])
    console.print(Text(plain(f"{seen['total']} issues: {where}" if where else f"{seen['total']} issues")))
    changes = Table("changes", "from", "to", "issues")
    for each in seen["changes"]:
        changes.add_row(*(Text(plain(_shown(each[name]))) for name in ("field", "from", "to", "count")))
    if seen["changes"]:
        console.print(changes)
    samples = Table("such as", "title")
    for each in seen["samples"][:5]:
        samples.add_row(Text(plain(each["short_id"] or each["issue_id"])), Text(plain(each["title"])))
    if seen["samples"]:
        console.print(samples)
    for each in seen["skipped"]:
        console.print(Text(plain(f"Skipped: {each['count']}, {each['reason']}"), style="yellow"))
    for each in seen["irreversible"]:
        console.print(
            Text(plain(f"Cannot be undone: {each['op']} of {each['count']}: {each['why']}"), style="bold red")
        )
    console.print(f"Job {job['id']}, about {seen['estimated_calls']} calls to Sentry, {seen['estimated_s']:.0f} s.")
    if job["state"] == PREVIEWED:
        console.print(f"Nothing is changed yet: dexter bulk apply {job['id']}")


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return str(value.get("name") or value.get("id") or value)
    return "-" if value is None else str(value)


def _print_job(job: Any) -> None:
    counts = job["counts"]
    told = ", ".join(f"{counts[name]} {name}" for name in COUNTED if counts.get(name))
    typer.echo(f"Job {job['id']}: {job['state']}; {told or 'nothing to do'} of {counts['total']}.")
    if job.get("error"):
        typer.echo(f"  {plain(_shown(job['error']))}")
    for state in ("failed", "unknown"):
        if counts[state]:
            typer.echo(f"  See which: dexter bulk status {job['id']} --items {state}")
    if (job.get("undo") or {}).get("possible"):
        typer.echo(f"  It can be taken back: dexter bulk undo {job['id']}")


def _print_jobs(jobs: list[Any], *, as_json: bool) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    if as_json:
        print_json(jobs)
        return
    grid = Table("job", "state", "issues", "done", "not done", "begun", "by")
    for job in jobs:
        counts = job["counts"]
        missed = counts["failed"] + counts["unknown"]
        by = (job.get("created_by") or {}).get("name") or "-"
        cells = (job["id"], job["state"], counts["total"], counts["done"], missed, ago(job["created_at"]), by)
        grid.add_row(*(Text(plain(cell)) for cell in cells))
    Console().print(grid)


def _print_items(items: list[Any], *, as_json: bool) -> None:
    if as_json:
        print_json(items)
        return
    for item in items:
        named = item["short_id"] or item["issue_id"]
        typer.echo(f"{plain(named)}: {item['state']}{': ' + plain(item['reason']) if item['reason'] else ''}")
