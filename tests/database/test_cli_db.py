"""`dexter db`, as whoever runs Dexter types it, on each engine."""

from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING

import pytest
from tests.database.rows import row

from dexter.cli import main
from dexter.database import upgrade
from dexter.database.tables import note
from dexter.database.versions import HEAD
from dexter.errors import SettingsError
from dexter.serve import run_server
from dexter.settings import read_settings
from dexter.workers import run_workers

if TYPE_CHECKING:
    from collections.abc import Callable

    from dexter.database.address import Address

    Run = Callable[..., tuple[int, str]]


def url(address: Address) -> str:
    return address.url if address.path is None else f"sqlite:///{address.path}"


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Type a command; gives its status and what it says."""

    def typed(address: Address, *words: str) -> tuple[int, str]:
        monkeypatch.setenv("DEXTER_DATABASE_URL", url(address))
        monkeypatch.setattr(sys, "argv", ["dexter", "db", *words])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), out + err

    return typed


def test_back_and_forth(address: Address, run: Run) -> None:
    """The commands that a refused start names must do what they say."""
    assert run(address, "check")[0] == 0
    assert run(address, "downgrade", "0001", "--yes")[0] == 0
    assert run(address, "current") == (0, "0001\n")
    status, said = run(address, "check")
    assert (status, "dexter db upgrade" in said) == (1, True)
    assert run(address, "upgrade")[0] == 0
    assert run(address, "current") == (0, f"{HEAD}\n")
    assert "already" in run(address, "upgrade")[1]


def test_an_empty_database_is_told_and_set_up(fresh_address: Address, run: Run) -> None:
    """A cluster is set up by one command, before the first of many hosts starts."""
    assert run(fresh_address, "current") == (0, "base\n")
    assert run(fresh_address, "check")[0] == 1
    assert run(fresh_address, "upgrade")[0] == 0
    assert run(fresh_address, "check")[0] == 0


def test_going_back_asks_first(address: Address, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """It loses what the older schema cannot hold."""
    with upgrade._connection(address) as connection:
        connection.execute(note.insert().values(**row(note)))
    monkeypatch.setattr(sys, "stdin", io.StringIO("n\n"))
    status, _ = run(address, "downgrade", "base")
    assert status == 1
    assert run(address, "current") == (0, f"{HEAD}\n")


def test_a_mistyped_schema_is_a_sentence(address: Address, run: Run) -> None:
    """It ends with what there is, not with a traceback."""
    status, said = run(address, "upgrade", "0042")
    assert status == 2
    assert HEAD in said
    assert "Traceback" not in said


def test_a_server_that_is_not_there_is_a_sentence_without_the_password(
    run: Run, address: Address, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is the first thing that goes wrong with a new cluster, and its output is shown around."""
    monkeypatch.setenv("DEXTER_DATABASE_URL", "postgresql://dexter:s3cret@127.0.0.1:1/dexter")
    monkeypatch.setattr(sys, "argv", ["dexter", "db", "check"])
    with pytest.raises(SystemExit) as ended:
        main()
    out, err = capsys.readouterr()
    assert ended.value.code == 2
    assert "dexter@127.0.0.1:1/dexter" in err
    assert "s3cret" not in out + err


@pytest.mark.parametrize("workers", [1, 2])
def test_no_gateway_starts_against_an_older_schema(
    address: Address, workers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither alone nor as one of many: it would fail at the first use, in front of people."""
    upgrade.downgrade(address, "0001")
    settings = read_settings(
        {
            "DEXTER_DATABASE_URL": url(address),
            "SENTRY_BASE_URL": "http://127.0.0.1:1",
            "DEXTER_PORT": "0",
            "DEXTER_DATA_DIR": "/nowhere",
        }
    )
    with pytest.raises(SettingsError, match="0001") as told:
        run_server(settings) if workers == 1 else run_workers(settings, workers)
    assert "dexter db upgrade" in told.value.remedy
