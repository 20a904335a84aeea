"""The `dexter` command, as a person types it."""

from __future__ import annotations

import fcntl
import json
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from dexter import __version__
from dexter.cli import main
from dexter.supervise import LOCK_FILE

if TYPE_CHECKING:
    from pathlib import Path


def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *arguments: str) -> tuple[int, str, str]:
    monkeypatch.setattr(sys, "argv", ["dexter", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    out, err = capsys.readouterr()
    return int(ended.value.code or 0), out, err


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("SENTRY_BASE_URL", "SENTRY_API_TOKEN", "SENTRY_ORG", "DEXTER_PORT", "DEXTER_ACCESS_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DEXTER_DATA_DIR", str(tmp_path))


def test_version(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Bug reports begin with it."""
    assert run(capsys, monkeypatch, "version") == (0, f"{__version__}\n", "")


def test_openapi_needs_no_server_and_no_sentry(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The workbench's types are generated from it at build time."""
    target = tmp_path / "openapi.json"
    status, _, _ = run(capsys, monkeypatch, "openapi", "--output", str(target))
    assert status == 0
    assert "/api/v1/issues" in json.loads(target.read_text())["paths"]


def test_settings_shows_every_setting_and_no_secret(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """People paste this output into tickets."""
    monkeypatch.setenv("SENTRY_API_TOKEN", "sntryu_hidden")
    status, out, _ = run(capsys, monkeypatch, "settings")
    assert status == 0
    assert "SENTRY_API_TOKEN = (set)" in out
    assert "sntryu_hidden" not in out


def test_serve_without_a_sentry_says_what_to_set(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first thing a newcomer gets wrong must tell them how to get it right."""
    status, _, err = run(capsys, monkeypatch, "serve")
    assert status == 2
    assert "SENTRY_BASE_URL" in err
    assert "dexter up" in err
    assert "Traceback" not in err


def test_a_taken_port_names_its_setting(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """`Address already in use` alone does not say whose, or what to change."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        monkeypatch.setenv("DEXTER_PORT", str(taken.getsockname()[1]))
        monkeypatch.setenv("SENTRY_BASE_URL", "http://sentry.example")
        status, _, err = run(capsys, monkeypatch, "serve")
        assert (status, "DEXTER_PORT" in err) == (2, True)
        status, _, err = run(capsys, monkeypatch, "up")
        assert (status, "DEXTER_PORT" in err) == (2, True)


def test_a_bad_setting_ends_the_start_in_a_sentence(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A traceback would bury the one line that helps."""
    monkeypatch.setenv("DEXTER_PORT", "eighty")
    status, _, err = run(capsys, monkeypatch, "serve")
    assert status == 2
    assert "'eighty'" in err
    assert "Traceback" not in err


def test_a_bad_index_lag_is_told_too(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Options deserve the same sentence as settings."""
    status, _, err = run(capsys, monkeypatch, "sandbox", "--index-lag", "soon")
    assert (status, "--index-lag" in err) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("sandbox", "--port", "99999"), "65535"),
        (("sandbox", "--public-url", "notaurl"), "--public-url: 'notaurl' must be a URL"),
    ],
)
def test_a_bad_address_of_the_sandbox_is_told_in_a_sentence(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], told: str
) -> None:
    """One was a traceback, the other a DSN that no SDK could send to."""
    status, _, err = run(capsys, monkeypatch, *arguments)
    assert (status, told in err, "Traceback" in err) == (2, True, False)


@pytest.mark.parametrize("command", ["up", "serve"])
def test_a_data_directory_that_is_a_file_is_told_in_a_sentence(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, command: str
) -> None:
    """It was a traceback."""
    file = tmp_path / "file"
    file.touch()
    for name, value in (("DATA_DIR", str(file)), ("PORT", "0"), ("SANDBOX_PORT", "0")):
        monkeypatch.setenv(f"DEXTER_{name}", value)
    monkeypatch.setenv("SENTRY_BASE_URL", "http://127.0.0.1:9")
    status, _, err = run(capsys, monkeypatch, command)
    assert (status, "DEXTER_DATA_DIR" in err, "Traceback" in err) == (2, True, False)


def test_a_second_dexter_up_with_the_same_data_is_refused(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Two sandboxes on one database, at other ports, would each believe to be the only one."""
    with (tmp_path / LOCK_FILE).open("w") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        for name in ("PORT", "SANDBOX_PORT"):
            monkeypatch.setenv(f"DEXTER_{name}", "0")
        status, _, err = run(capsys, monkeypatch, "up")
    assert (status, "another `dexter up` runs" in err) == (2, True)


def test_help_imports_nothing_heavy() -> None:
    """Help that takes a second is not asked for twice."""
    code = (
        "import sys; from dexter.cli import app\n"
        "heavy = {'fastapi', 'aiohttp', 'pydantic', 'uvicorn', 'starlette', 'sentry_sdk'} & set(sys.modules)\n"
        "print(sorted(heavy))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
