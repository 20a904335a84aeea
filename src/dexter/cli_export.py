"""`dexter export`: writes a list of issues to a file, page by page, through a running gateway."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import typer

from dexter.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from dexter.cli_gateway import Filters
    from dexter.remote import Remote

FORMATS = ("csv", "json", "ndjson")


def run_export(remote: Remote, filters: Filters, form: str, output: Path | None) -> None:
    """Write the issues to a file, or to standard output. A download that breaks off leaves no file behind."""
    if form not in FORMATS:
        raise typer.BadParameter(f"must be one of {', '.join(FORMATS)}, not {form!r}.", param_hint="--format")
    with remote.download("/issues/export", [("format", form), *filters.pairs()]) as chunks:
        if output is None:
            for chunk in chunks:
                sys.stdout.buffer.write(chunk)
            sys.stdout.buffer.flush()
        else:
            _write(chunks, output)


def _write(chunks: Iterator[bytes], output: Path) -> None:
    from rich.console import Console
    from rich.progress import DownloadColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    # Somebody's half file must not pass for a whole one.
    unfinished = output.with_name(output.name + ".part")
    columns = (SpinnerColumn(), TextColumn(str(output)), DownloadColumn(), TimeElapsedColumn())
    try:
        with Progress(*columns, console=Console(stderr=True)) as progress, unfinished.open("wb") as file:
            task = progress.add_task("export", total=None)
            for chunk in chunks:
                file.write(chunk)
                progress.advance(task, len(chunk))
        unfinished.replace(output)
    except OSError as error:
        raise SettingsError(
            f"{output} cannot be written: {error.strerror}.", remedy="Name another --output."
        ) from error
    finally:
        unfinished.unlink(missing_ok=True)
