"""`dexter catalog`: the operation table, what changed in Sentry's API, and how much of it Dexter covers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from dexter.catalog.coverage import Count, Coverage
    from dexter.catalog.drift import Drift
    from dexter.catalog.importer import Table

# Everything else is imported inside the commands: the command line has to start at once.

catalog = typer.Typer(help="What Dexter knows of Sentry's API.", no_args_is_help=True)

SAME, DRIFTED, UNREADABLE = 0, 1, 2

Spec = Annotated[Path, typer.Argument(metavar="SPEC.json", help="An OpenAPI document of Sentry's.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]


@catalog.command("import")
def import_(
    spec: Spec,
    out: Annotated[
        Path | None,
        typer.Option(help="The folder to write operations.json and schemas.json to; Dexter's own if absent."),
    ] = None,
    release: Annotated[
        str | None, typer.Option(help="The document's release, noted as `since` on operations that are new.")
    ] = None,
) -> None:
    """Write the operation table from an OpenAPI document of Sentry's."""
    from dexter.catalog.importer import with_history, write_operations, write_schemas
    from dexter.catalog.table import committed

    folder = out or Path(__file__).parent / "catalog"
    table = with_history(_read(spec), committed(), release)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "operations.json").write_text(write_operations(table))
    (folder / "schemas.json").write_text(write_schemas(table))
    typer.echo(f"{len(table.operations)} operations and {len(table.schemas)} schemas written to {folder}")


@catalog.command()
def diff(spec: Spec, as_json: AsJson = False) -> None:
    """Say what an OpenAPI document of Sentry's has that the table has not, and the reverse.

    Exits with 0 when they are the same, 1 when the API drifted, 2 when the document cannot be read.
    """
    from dexter.catalog.drift import drift_between
    from dexter.catalog.table import committed

    drift = drift_between(committed(), _read(spec))
    typer.echo(_drift_json(drift) if as_json else _drift_text(drift))
    raise typer.Exit(DRIFTED if drift else SAME)


@catalog.command()
def coverage(
    as_json: AsJson = False,
    typescript: Annotated[
        Path | None, typer.Option(help="The generated sentry.d.ts to look at; the checkout's if absent.")
    ] = None,
) -> None:
    """Count how many of Sentry's published operations exist, are routed, typed and proven, by tag and in total."""
    from dexter.catalog.coverage import coverage_of
    from dexter.catalog.evidence import evidence
    from dexter.catalog.table import operations

    public = [operation for operation in operations() if operation.dialect == "public"]
    found = coverage_of(public, evidence(typescript))
    if as_json:
        from dataclasses import asdict

        typer.echo(json.dumps(asdict(found), indent=2))
    else:
        _print_coverage(found)


@catalog.command()
def models(
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit with 1 when the models are out of date.")
    ] = False,
) -> None:
    """Generate the Python types of the table into dexter/catalog/models. Needs the development packages."""
    from dexter.catalog.typed import sources

    folder = Path(__file__).parent / "catalog" / "models"
    texts = sources()
    if check:
        stale = [name for name, text in texts.items() if _text_of(folder / name) != text]
        typer.echo(f"out of date: {', '.join(stale)}" if stale else "up to date")
        raise typer.Exit(1 if stale else 0)
    folder.mkdir(exist_ok=True)
    for name, text in texts.items():
        (folder / name).write_text(text)
    typer.echo(f"wrote {', '.join(texts)} to {folder}")


@catalog.command()
def openapi() -> None:
    """Print the table as an OpenAPI document, for generators of types and clients."""
    from dexter import __version__
    from dexter.catalog.openapi import document

    typer.echo(json.dumps(document(version=__version__)))


def _read(spec: Path) -> Table:
    from dexter.catalog.importer import read_document
    from dexter.errors import BadRequest

    try:
        return read_document(json.loads(spec.read_bytes()))
    except (OSError, ValueError, BadRequest, KeyError, TypeError, AttributeError) as error:
        typer.echo(f"{spec} cannot be read as an OpenAPI document: {error}", err=True)
        raise typer.Exit(UNREADABLE) from error


def _text_of(path: Path) -> str | None:
    return path.read_text() if path.is_file() else None


def _drift_json(drift: Drift) -> str:
    found: dict[str, Any] = {
        "drifted": bool(drift),
        "added": list(drift.added),
        "removed": list(drift.removed),
        "changed": {key: list(lines) for key, lines in drift.changed.items()},
    }
    return json.dumps(found, indent=2)


def _drift_text(drift: Drift) -> str:
    lines = [f"+ {key}" for key in drift.added]
    lines += [f"- {key}" for key in drift.removed]
    for key, changes in drift.changed.items():
        lines += [f"~ {key}", *(f"    {change}" for change in changes)]
    counts = f"{len(drift.added)} added, {len(drift.removed)} removed, {len(drift.changed)} changed"
    return "\n".join([*lines, counts if drift else "no drift: the table has all of it, and nothing else"])


def _print_coverage(found: Coverage) -> None:
    from rich.console import Console
    from rich.table import Table as Grid

    grid = Grid(title="Sentry's published API")
    grid.add_column("tag")
    for column in ("exist", "routed", "typed\nPython", "typed\nTypeScript", "proven"):
        grid.add_column(column, justify="right", no_wrap=True)
    for tag, count in found.tags.items():
        grid.add_row(tag, *_cells(count))
    grid.add_section()
    grid.add_row("total", *_cells(found.total), style="bold")
    console = Console()
    console.print(grid)
    if found.total.typed_typescript is None:
        console.print("TypeScript was not looked at: there is no generated sentry.d.ts here (`make types` writes it).")
    console.print(f"\n{len(found.untyped)} operations have no types of their bodies, each for its reason:")
    for key, reason in found.untyped.items():
        console.print(f"  {key}: {reason}", markup=False, highlight=False, soft_wrap=True)


def _cells(count: Count) -> tuple[str, ...]:
    typescript = "-" if count.typed_typescript is None else str(count.typed_typescript)
    return (str(count.exist), str(count.routed), str(count.typed_python), typescript, str(count.proven))
