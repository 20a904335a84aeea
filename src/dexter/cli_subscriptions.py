"""`dexter subscriptions`: what forwards events to other systems, how it does, and what it could not deliver."""

# Typer reads the annotations at run time, so their imports stay out of type-checking blocks.

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from dexter.cli_gateway import NOT_ALL, AsJson, Token, Url, ago, gateway, plain, print_json, refusals_told

if TYPE_CHECKING:
    from dexter.remote import Remote

subscriptions = typer.Typer(
    name="subscriptions",
    help="Forward events to the HTTP endpoints of other systems, and look after it.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

AT = "/subscriptions"

Which = Annotated[str, typer.Argument(metavar="SUBSCRIPTION", help="Its id, or its name.")]


@subscriptions.command("list")
def list_subscriptions(url: Url = None, token: Token = None, as_json: AsJson = False) -> None:
    """Show all subscriptions and how each does."""
    with refusals_told():
        found = gateway(url, token).get(AT)["data"]
    if as_json:
        print_json(found)
        return
    _print_subscriptions(found)


@subscriptions.command()
def add(
    name: Annotated[str, typer.Argument(help="What it is called.")],
    receiver: Annotated[str, typer.Argument(metavar="URL", help="Where events are sent: http or https.")],
    channel: Annotated[
        list[str] | None,
        typer.Option(metavar="TEXT", help="issues, alerts, jobs, gateway, project:SLUG or issue:ID; repeatable."),
    ] = None,
    wanted: Annotated[str, typer.Option("--filter", help="Terms as in the feed, such as project:shop-api.")] = "",
    kind: Annotated[
        list[str] | None, typer.Option("--type", metavar="TEXT", help="Such as issue.created, or issue; repeatable.")
    ] = None,
    url: Url = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Forward what happens from now on. The secret that it is signed with is printed once."""
    form = {"name": name, "url": receiver, "channels": channel or ["issues"], "filter": wanted, "types": kind or []}
    with refusals_told():
        made = gateway(url, token).ask("POST", AT, (), form)
    if as_json:
        print_json(made)
        return
    typer.echo(f"{plain(name)} is {made['id']}. Give the receiver its secret, which is not shown again:", err=True)
    typer.echo(made["secret"])


@subscriptions.command()
def remove(
    which: Which,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask first.")] = False,
    url: Url = None,
    token: Token = None,
) -> None:
    """Remove a subscription, with all that still waits for it."""
    with refusals_told():
        remote = gateway(url, token)
        known = _found(remote, which)
        if not yes:
            waits = f" {known['pending']} events wait for it." if known["pending"] else ""
            typer.confirm(f"Remove {plain(known['name'])}?{waits}", abort=True)
        remote.ask("DELETE", f"{AT}/{known['id']}")
    typer.echo(f"{plain(known['name'])} is removed.")


@subscriptions.command()
def pause(which: Which, url: Url = None, token: Token = None, as_json: AsJson = False) -> None:
    """Send nothing more until it is resumed; what happens meanwhile stays in the feed's log for a week."""
    _set_active(which, url, token, active=False, as_json=as_json)


@subscriptions.command()
def resume(which: Which, url: Url = None, token: Token = None, as_json: AsJson = False) -> None:
    """Go on where it was, also after Dexter itself stopped it."""
    _set_active(which, url, token, active=True, as_json=as_json)


@subscriptions.command()
def secret(which: Which, url: Url = None, token: Token = None) -> None:
    """Sign with a new secret from now on, and print it, once."""
    with refusals_told():
        remote = gateway(url, token)
        made = remote.ask("POST", f"{AT}/{_found(remote, which)['id']}/secret")
    typer.echo(made["secret"])


@subscriptions.command("test")
def ping(which: Which, url: Url = None, token: Token = None, as_json: AsJson = False) -> None:
    """Send a signed ping, and say what the receiver answered. Exits with 1 when that was no success."""
    with refusals_told():
        remote = gateway(url, token)
        pinged = remote.ask("POST", f"{AT}/{_found(remote, which)['id']}/test")
    if as_json:
        print_json(pinged)
    else:
        typer.echo(plain(pinged["error"]) if pinged["error"] else f"{pinged['status']} after {pinged['ms']} ms.")
    if pinged["error"]:
        raise typer.Exit(NOT_ALL)


@subscriptions.command()
def dead(
    which: Which,
    forget: Annotated[bool, typer.Option("--forget", help="Forget them all.")] = False,
    url: Url = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Show what was given up, and why."""
    with refusals_told():
        remote = gateway(url, token)
        known = _found(remote, which)
        if forget:
            count = remote.ask("DELETE", f"{AT}/{known['id']}/dead")["count"]
            typer.echo(f"{count} forgotten.")
            return
        letters = _dead_letters(remote, known["id"])
    if as_json:
        print_json(letters)
        return
    for each in letters:
        typer.echo(
            f"{each['id']}  {plain(each['event'].get('type'))}  {_subject(each['event'])}  {ago(each['dead_at'])}"
            f"\n    {plain(each['last_error'])}"
        )


@subscriptions.command()
def retry(
    which: Which,
    delivery: Annotated[str | None, typer.Argument(metavar="[DELIVERY]", help="One of them; all by default.")] = None,
    url: Url = None,
    token: Token = None,
) -> None:
    """Send again what was given up."""
    with refusals_told():
        remote = gateway(url, token)
        at = f"{AT}/{_found(remote, which)['id']}"
        if delivery is None:
            count = remote.ask("POST", f"{at}/dead/retry")["count"]
        else:
            remote.ask("POST", f"{at}/deliveries/{_id(delivery)}/retry")
            count = 1
    typer.echo(f"{count} to be sent again.")


def _set_active(which: str, url: str | None, token: str | None, *, active: bool, as_json: bool) -> None:
    with refusals_told():
        remote = gateway(url, token)
        known = remote.ask("PATCH", f"{AT}/{_found(remote, which)['id']}", (), {"active": active})
    if as_json:
        print_json(known)
        return
    typer.echo(f"{plain(known['name'])} is {'going on' if active else 'paused'}.")


def _found(remote: Remote, which: str) -> Any:
    """Give the subscription of an id or a name that only one has. Raises BadParameter for none or several."""
    everything = remote.get(AT)["data"]
    for name in ("id", "name"):
        found = [each for each in everything if each[name] == which]
        if len(found) == 1:
            return found[0]
        if found:
            raise typer.BadParameter(f"{len(found)} subscriptions are called so; name one by its id.")
    raise typer.BadParameter(f"no subscription is called {which!r}; `dexter subscriptions list` shows which there are.")


def _dead_letters(remote: Remote, subscription: str) -> list[Any]:
    found: list[Any] = []
    cursor: str | None = None
    while True:
        query = [("state", "dead"), ("limit", "100"), *([("cursor", cursor)] if cursor else [])]
        page = remote.get(f"{AT}/{subscription}/deliveries", query)
        found += page["data"]
        if page["pagination"]["next"] is None:
            return found
        cursor = page["pagination"]["next"]["cursor"]


def _id(text: str) -> str:
    if len(text) != 32 or not all(letter in "0123456789abcdef" for letter in text):
        raise typer.BadParameter(f"{text!r} is no delivery's id; `dexter subscriptions dead` shows which there are.")
    return text


def _subject(event: Any) -> str:
    issue = event.get("issue") or {}
    return plain(issue.get("short_id") or issue.get("id") or "-")


def _print_subscriptions(found: list[Any]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    colors = {"ok": "green", "failing": "red", "paused": "yellow"}
    grid = Table("id", "name", "to", "what", "health", "delivered", "pending", "dead", "behind", "last")
    for each in found:
        what = " ".join([*each["channels"], each["filter"], *each["types"]]).strip()
        grid.add_row(
            each["id"],
            Text(plain(each["name"])),
            Text(plain(each["url"])),
            Text(plain(what)),
            Text(each["health"], colors[each["health"]]),
            *("?" if each[name] is None else str(each[name]) for name in ("delivered", "pending", "dead", "behind")),
            ago(each["last_delivery_at"]),
        )
    console = Console()
    console.print(grid)
    for each in found:
        why = each["paused_reason"] or each["last_error"]
        if why:
            console.print(Text(plain(f"{each['name']}: {why}"), style="yellow"))
