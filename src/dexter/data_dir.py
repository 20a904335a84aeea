"""The folder in which an installation keeps its state, made before anything looks for something in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dexter.errors import SettingsError

if TYPE_CHECKING:
    from pathlib import Path


def made(data_dir: Path) -> Path:
    """Give the folder, which only its owner may look into. Raises SettingsError when there can be none."""
    try:
        data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise SettingsError(
            f"DEXTER_DATA_DIR: {data_dir} cannot be used: {error.strerror}.",
            remedy="Set DEXTER_DATA_DIR to a folder that Dexter may write to.",
        ) from error
    return data_dir
