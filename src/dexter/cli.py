"""The `dexter` command. Everything heavy is imported by the subcommand that needs it, so that help comes at once."""

# Typer reads the annotations at run time, so their imports stay out of type-checking blocks.
# ruff: noqa: TC003

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from dexter import __version__
from dexter.cli_bulk import bulk
from dexter.cli_catalog import catalog
from dexter.cli_db import db
from dexter.cli_forget import forget
from dexter.cli_gateway import (
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
    gateway,
    refusals_told,
)
from dexter.cli_issues import issues
from dexter.cli_subscriptions import subscriptions
from dexter.cli_users import keys, users

app = typer.Typer(
    name="dexter",
    help="The Sentry companion: a gateway in front of the whole Sentry API, and a workbench for triage.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.add_typer(issues, name="issues")
app.add_typer(bulk, name="bulk")
app.add_typer(catalog, name="catalog")
app.add_typer(db, name="db")
app.command()(forget)
app.add_typer(subscriptions, name="subscriptions")
app.add_typer(users, name="users")
app.add_typer(keys, name="keys")


@app.command()
def up(
    seed: Annotated[int, typer.Option(help="What the sandbox's organization grows from.")] = 42,
    issues: Annotated[int, typer.Option(min=0, help="How many issues a new sandbox gets.")] = 500,
    traffic: Annotated[bool, typer.Option(help="Whether a demo shop keeps raising errors.")] = True,
) -> None:
    """Run it all on this machine: a sandbox, the gateway with its workbench, and live demo traffic."""
    from dexter.settings import read_settings
    from dexter.supervise import UpOptions, run_up

    raise typer.Exit(run_up(read_settings(), UpOptions(seed=seed, issues=issues, traffic=traffic)))


@app.command()
def serve(
    workers: Annotated[int, typer.Option(min=1, max=256, help="How many processes share the port.")] = 1,
    listener: Annotated[int | None, typer.Option(hidden=True)] = None,
    board: Annotated[Path | None, typer.Option(hidden=True)] = None,
) -> None:
    """Run the gateway and the workbench in front of the Sentry that the settings name."""
    from dexter.settings import read_settings

    settings = read_settings()
    if workers > 1:
        from dexter.workers import run_workers

        raise typer.Exit(run_workers(settings, workers))
    from dexter.serve import run_server, run_worker

    if listener is not None and board is not None:
        run_worker(settings, listener, board)
    else:
        run_server(settings)


@app.command()
def sandbox(
    seed: Annotated[int, typer.Option(help="What the organization grows from; the same seed gives the same.")] = 42,
    issues: Annotated[int, typer.Option(min=0, help="How many issues a new database is seeded with.")] = 500,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="The port, 0 for any; DEXTER_SANDBOX_PORT by default.")
    ] = None,
    db: Annotated[str, typer.Option(help="A file that keeps the state between starts, or :memory:.")] = ":memory:",
    index_lag: Annotated[str, typer.Option(help="How long search trails behind writes, such as 2s.")] = "0",
    profile: Annotated[
        str | None, typer.Option(help="Which Sentry it stands for: saas, selfhosted-26, sentry-9.1 or partial.")
    ] = None,
    public_url: Annotated[str | None, typer.Option(help="The address in links and DSNs, if another.")] = None,
    webhook: Annotated[str | None, typer.Option(help="An address to send signed webhooks to, on every change.")] = None,
    webhook_secret: Annotated[
        str | None, typer.Option(help="What they are signed with; SENTRY_WEBHOOK_SECRET by default.")
    ] = None,
) -> None:
    """Run a Sentry in a box: a local, stateful Sentry to try things on."""
    from dexter.errors import SettingsError
    from dexter.sandbox.command import run
    from dexter.sandbox.options import SandboxOptions
    from dexter.sandbox.profiles import profile as named_profile
    from dexter.sandbox.webhook_admin import address
    from dexter.settings import URL, duration_s, read_settings

    settings = read_settings()
    try:
        public_url = None if public_url is None else URL.parse(public_url)
    except ValueError as error:
        raise SettingsError(f"--public-url: {public_url!r} must be {URL.text}.") from error
    secret = webhook_secret or settings.sentry_webhook_secret
    try:
        if webhook is not None:
            address(webhook, secret)
    except ValueError as error:
        raise SettingsError(f"--webhook: {error}.", remedy="Give --webhook with --webhook-secret.") from error
    try:
        lag_s = duration_s(index_lag)
    except ValueError as error:
        raise SettingsError(f"--index-lag: {index_lag!r} must be a number and a unit such as 500ms or 2s.") from error
    try:
        named_profile(profile)
    except ValueError as error:
        raise SettingsError(f"--{error}") from error
    options = SandboxOptions(
        host=host,
        port=settings.sandbox_port if port is None else port,
        database=db,
        organization=settings.sentry_org or "acme",
        owner_token=settings.sentry_api_token,
        seed=seed,
        issues=issues,
        index_lag_s=lag_s,
        profile=profile,
        public_url=public_url,
        webhook_url=webhook,
        webhook_secret=secret,
    )
    try:
        run(options)
    except OSError as error:
        raise SettingsError(
            f"The sandbox cannot listen on {host}:{options.port}: {error.strerror}.",
            remedy="Stop what listens there, or choose another with --port or DEXTER_SANDBOX_PORT.",
        ) from error


@app.command()
def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Look over the Sentry and the credential of the settings: what works, what does not, what to do."""
    from dexter.cli_doctor import run_doctor
    from dexter.settings import read_settings

    raise typer.Exit(run_doctor(read_settings(), as_json=as_json))


@app.command()
def slo(
    url: Annotated[str | None, typer.Option(help="The gateway's address; this machine's by default.")] = None,
    token: Annotated[str | None, typer.Option(help="Its access token; this installation's by default.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Ask a running gateway how its objectives stand: latency, errors, hit ratio, coverage, with error budgets.

    Exits with 0 when none is missed, 1 when one is, 2 when the gateway cannot be asked.
    """
    from dexter.cli_slo import run_slo
    from dexter.settings import read_settings

    raise typer.Exit(run_slo(read_settings(), url, token, as_json=as_json))


@app.command()
def export(
    query: Search = "",
    form: Annotated[str, typer.Option("--format", "-f", help="csv, json or ndjson.")] = "csv",
    output: Annotated[Path | None, typer.Option("--output", help="A file; standard output by default.")] = None,
    status: Status = "unresolved",
    period: Period = None,
    project: Projects = None,
    environment: Environments = None,
    level: Levels = None,
    organization: Organization = None,
    url: Url = None,
    token: Token = None,
) -> None:
    """Write all issues that match to a file, page by page."""
    from dexter.cli_export import run_export

    filters = Filters.of(query, status, period, project, environment, level, organization)
    with refusals_told():
        run_export(gateway(url, token), filters, form, output)


@app.command()
def settings(
    markdown: Annotated[bool, typer.Option("--markdown", help="Print the reference page instead.")] = False,
) -> None:
    """Show every setting: its value here, its permitted form and what it does."""
    from dexter.settings import TABLE, read_settings, reference, shown

    if markdown:
        sys.stdout.write(reference())
        return
    present = read_settings()
    for setting in TABLE:
        typer.echo(f"{setting.key} = {shown(setting, present)}")
        typer.echo(f"    {setting.help}\n    Permitted: {setting.form.text}.")
    for warning in present.warnings:
        typer.echo(f"Note: {warning}")


@app.command()
def openapi(
    output: Annotated[Path | None, typer.Option("--output", "-o", help="A file to write to.")] = None,
) -> None:
    """Print the OpenAPI document of /api/v1; needs no running server."""
    import json

    from dexter.gateway.openapi import document

    text = json.dumps(document(), indent=2, sort_keys=False) + "\n"
    if output is None:
        sys.stdout.write(text)
    else:
        output.write_text(text, encoding="utf-8")


@app.command()
def version() -> None:
    """Print the version."""
    typer.echo(__version__)


def main() -> None:
    """Run the command; what whoever runs Dexter must mend is told in a sentence, not a traceback."""
    from dexter.errors import SettingsError

    try:
        app()
    except SettingsError as error:
        typer.echo(f"dexter: {error.message}\n        {error.remedy}", err=True)
        sys.exit(2)


if __name__ == "__main__":
    main()
