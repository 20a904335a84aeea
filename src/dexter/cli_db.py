"""`dexter db`: the schema of Dexter's own database, which version it has and how it comes to another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from dexter.database.address import Address

# Everything else is imported inside the commands: the command line has to start at once.

db = typer.Typer(help="Dexter's own database: people, labels, notes, jobs, the audit log.", no_args_is_help=True)

OTHER = 1
"""The exit status when the database does not have the schema that this Dexter needs."""


@db.command()
def upgrade(
    version: Annotated[str | None, typer.Argument(help="The schema to go to; this Dexter's own by default.")] = None,
) -> None:
    """Bring the database to a newer schema. Take a copy of it first, and stop every Dexter that uses it."""
    from dexter.database import upgrade as schema
    from dexter.database.versions import HEAD

    address = _address()
    present = schema.current(address)
    wanted = version or HEAD
    if present == wanted:
        typer.echo(f"The database {address.shown} has the schema {wanted} already.")
        return
    schema.upgrade(address, wanted)
    typer.echo(f"The database {address.shown} went from {present or schema.BASE} to {wanted}.")


@db.command()
def downgrade(
    version: Annotated[str, typer.Argument(help="The older schema to go back to, or `base` for an empty database.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask first.")] = False,
) -> None:
    """Bring the database back to an older schema. What the older one cannot hold is lost."""
    from dexter.database import upgrade as schema

    address = _address()
    if not yes:
        typer.confirm(f"Go back to {version}? What it cannot hold is lost from {address.shown}.", abort=True)
    present = schema.current(address)
    schema.downgrade(address, version)
    typer.echo(f"The database {address.shown} went from {present} back to {version}.")


@db.command()
def current() -> None:
    """Print the schema that the database has, or `base` for none."""
    from dexter.database import upgrade as schema

    typer.echo(schema.current(_address()) or schema.BASE)


@db.command()
def check() -> None:
    """Say whether the database can be reached and has the tables that this Dexter needs.

    Exits with 0 when it has, 1 when it has not, 2 when it cannot be reached.
    """
    from dexter.database import upgrade as schema
    from dexter.database.upgrade import Standing
    from dexter.database.versions import HEAD

    address = _address()
    present = schema.current(address)
    standing = schema.standing(present)
    if standing is not Standing.CURRENT:
        typer.echo(f"The database {address.shown} is {_SAID[standing]} ({present or schema.BASE}, not {HEAD}).")
        raise typer.Exit(OTHER)
    found = schema.differences(address)
    for difference in found:
        typer.echo(f"The database {address.shown} differs: {difference}")
    if found:
        raise typer.Exit(OTHER)
    typer.echo(f"The database {address.shown} has the schema {present}, which this Dexter needs.")


_SAID = {
    "fresh": "empty; a start, or `dexter db upgrade`, sets it up",
    "older": "of an older Dexter: run `dexter db upgrade`",
    "newer": "of a newer Dexter: start that one, or run its `dexter db downgrade`",
}


def _address() -> Address:
    from dexter.settings import read_settings

    return read_settings().database
