"""Where the database is: the spellings that are permitted, and one that may be shown."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

SQLITE = "sqlite"
POSTGRESQL = "postgresql"
FILE = "dexter.sqlite3"
"""The database of a data directory, where no other is set."""


@dataclass(frozen=True, slots=True)
class Address:
    """A database's address. `path` is set for SQLite; `url` may hold a password and does not show itself."""

    engine: str
    url: str = field(repr=False)
    path: Path | None = None

    @property
    def shown(self) -> str:
        """Give the address without its password and its parameters."""
        if self.path is not None:
            return f"sqlite:///{self.path}"
        parts = urlsplit(self.url)
        user = f"{parts.username}@" if parts.username else ""
        port = f":{parts.port}" if parts.port else ""
        return f"postgresql://{user}{parts.hostname or ''}{port}{parts.path}"


def read_address(text: str) -> Address:
    """Give the address that a text states. Raises ValueError for anything but PostgreSQL and a SQLite file."""
    parts = urlsplit(text)
    scheme = parts.scheme.lower()
    if scheme in ("postgres", "postgresql", "postgresql+psycopg"):
        if not parts.path.strip("/") or parts.fragment or parts.port == 0:
            raise ValueError("a PostgreSQL address names a database")
        return Address(POSTGRESQL, f"postgresql+psycopg{text[len(parts.scheme) :]}")
    if scheme in ("sqlite", "sqlite+aiosqlite"):
        if parts.netloc or parts.query or parts.fragment or not parts.path.startswith("//") or parts.path == "//":
            raise ValueError("a SQLite address names a file by its whole path")
        return sqlite_file(Path(unquote(parts.path[1:])))
    raise ValueError("neither PostgreSQL nor SQLite")


def sqlite_file(path: Path) -> Address:
    """Give the address of a file."""
    return Address(SQLITE, f"sqlite+aiosqlite:///{path}", path)
