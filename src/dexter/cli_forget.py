"""`dexter forget`: removes a person's data, straight in the database, whether a gateway runs or not."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from dexter.database.forget import Forgotten
    from dexter.settings import Settings

NOT_DONE = 1


def forget(
    who: Annotated[str, typer.Argument(metavar="PERSON", help="An e-mail address or an id.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask first.")] = False,
) -> None:
    """Forget a person: account, sessions, tokens and searches go; notes, jobs and the audit log keep a pseudonym.

    It cannot be taken back. Exits with 0 when done, 1 when there is nobody to forget, 2 when a setting is wrong.
    """
    from dexter.errors import CallerError
    from dexter.settings import read_settings

    settings = read_settings()
    if not yes:
        typer.confirm(f"Forget {who}? This cannot be taken back.", abort=True)
    try:
        done = asyncio.run(_forgotten(settings, who))
    except CallerError as error:
        typer.echo(f"{error.message} {error.remedy}", err=True)
        raise typer.Exit(NOT_DONE) from error
    typer.echo(f"Forgotten. What they did now says {done.pseudonym}.")
    for table, count in sorted(done.rows.items()):
        typer.echo(f"  {table}: {count}")
    typer.echo("Copies of the database and lines in logs are not reached by this.")


async def _forgotten(settings: Settings, who: str) -> Forgotten:
    import time

    from dexter.database.engine import Database
    from dexter.database.forget import forget

    database = Database(settings.database)
    try:
        return await forget(database, who, time.time())
    finally:
        await database.aclose()
