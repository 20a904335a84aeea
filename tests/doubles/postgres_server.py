"""A real PostgreSQL for tests: a cluster of its own in a temporary folder, on a port of its own, gone at the end."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg

from dexter.database.address import Address, read_address
from dexter.supervise import die_with

if TYPE_CHECKING:
    from collections.abc import Iterator

START_S = 30
USER = "dexter"
TEMPLATE = "dexter_template"
# Nothing here must outlive a power cut.
FAST = ("-c", "fsync=off", "-c", "full_page_writes=off", "-c", "synchronous_commit=off", "-c", "max_connections=200")


class PostgresServer:
    """A running server."""

    def __init__(self, port: int, password: str, process: subprocess.Popen[bytes]) -> None:
        self.port = port
        self.password = password
        self.process = process
        self._numbers = count(1)

    def address(self, database: str = "postgres") -> Address:
        """Give the address of one of its databases."""
        return read_address(self.url(database))

    def url(self, database: str) -> str:
        """Give the address as a setting spells it."""
        return f"postgresql://{USER}:{self.password}@127.0.0.1:{self.port}/{database}"

    def run(self, statement: str) -> None:
        """Run a statement that no transaction may hold."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement.encode())

    @contextmanager
    def fresh(self, template: str = "template1") -> Iterator[str]:
        """Give the name of a new database, which is dropped at the end."""
        name = f"test_{next(self._numbers)}"
        self.run(f"CREATE DATABASE {name} TEMPLATE {template}")
        try:
            yield name
        finally:
            self.run(f"DROP DATABASE {name} WITH (FORCE)")


def binary(name: str) -> str:
    """Give the path of one of PostgreSQL's programs, or fail with what to do."""
    named = os.environ.get("DEXTER_TEST_POSTGRES_BIN")
    folders = [Path(named)] if named else sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    for folder in folders:
        if (folder / name).exists():
            return str(folder / name)
    found = shutil.which(name)
    assert found, "These tests need PostgreSQL: run `make postgres`."
    return found


@contextmanager
def running_postgres() -> Iterator[PostgresServer]:
    """Start a server, as somebody who is not root, since it refuses to run as root."""
    folder = Path(tempfile.mkdtemp(prefix="dexter-postgres-"))
    password = secrets.token_hex(8)
    # Read by the server's user and nobody else.
    (folder / "password").write_text(password)
    user = _not_root(folder)
    cluster = folder / "cluster"
    made = (binary("initdb"), "-D", str(cluster), "-U", USER, f"--pwfile={folder / 'password'}")
    subprocess.run((*made, "-A", "scram-sha-256", "-E", "UTF8", "--locale=C", "-N"), check=True, **user)  # type: ignore[call-overload]
    port = _free_port()
    parent = os.getpid()
    process = subprocess.Popen(
        (binary("postgres"), "-D", str(cluster), "-h", "127.0.0.1", "-p", str(port), "-k", str(folder), *FAST),
        preexec_fn=lambda: die_with(parent),  # noqa: PLW1509 (tests fork from one thread)
        **user,
    )
    server = PostgresServer(port, password, process)
    try:
        _wait(server)
        yield server
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(START_S)
        shutil.rmtree(folder)


def _not_root(folder: Path) -> dict[str, Any]:
    quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": folder}
    if os.getuid() != 0:
        return quiet
    names = {each.pw_name: each for each in pwd.getpwall()}
    somebody = names.get("postgres") or names["nobody"]
    for path in (folder, *folder.iterdir()):
        os.chown(path, somebody.pw_uid, somebody.pw_gid)
    return {**quiet, "user": somebody.pw_uid, "group": somebody.pw_gid, "extra_groups": []}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(server: PostgresServer) -> None:
    deadline = time.monotonic() + START_S
    while True:
        try:
            server.run("SELECT 1")
        except psycopg.OperationalError:
            assert server.process.poll() is None, "PostgreSQL did not start"
            assert time.monotonic() < deadline, "PostgreSQL does not answer"
            time.sleep(0.05)
        else:
            return
