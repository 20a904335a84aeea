"""`dexter users` and `dexter keys`, on a database with no gateway beside it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from argon2 import PasswordHasher
from typer.testing import CliRunner

from dexter.cli import app
from dexter.features.people_passwords import Passwords

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

PASSWORD = "a long enough one"


@pytest.fixture(autouse=True)
def installation(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DEXTER_DATA_DIR", str(tmp_path))
    monkeypatch.delenv("DEXTER_DATABASE_URL", raising=False)
    quick = PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1)
    monkeypatch.setattr(Passwords, "_hasher", lambda _: quick)


def run(*arguments: str, typed: str | None = None) -> Result:
    return CliRunner().invoke(app, arguments, input=typed)


def listed() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(run("users", "list", "--json").stdout)
    return found


def test_people_are_added_given_roles_and_put_out() -> None:
    """Whoever runs Dexter must be able to let people in before anybody can sign in."""
    added = run(
        "users", "add", "Ada", "--email", "Ada@b.c", "--role", "acme=triager", "--password-stdin", typed=f"{PASSWORD}\n"
    )
    assert (added.exit_code, added.stdout) == (0, "Ada was added.\n")
    assert run("users", "role", "ada@b.c", "acme", "admin").exit_code == 0
    assert run("users", "role", "Ada", "*", "viewer").exit_code == 0
    assert run("users", "admin", "Ada").exit_code == 0
    assert run("users", "admin", "Ada", "--no").exit_code == 0
    assert run("users", "disable", "ada").exit_code == 0
    built_in, ada = listed()
    assert built_in["built_in"]
    assert (ada["email"], ada["roles"], ada["has_password"]) == ("ada@b.c", {"*": "viewer", "acme": "admin"}, True)
    assert ada["disabled_at"]
    assert PASSWORD not in json.dumps(listed())
    assert run("users", "enable", ada["id"]).exit_code == 0
    assert run("users", "role", "Ada", "acme", "none").exit_code == 0
    assert listed()[1] | {"disabled_at": None, "roles": {"*": "viewer"}} == listed()[1]
    assert "Ada" in run("users", "list").stdout


def test_tokens_are_made_shown_once_and_revoked() -> None:
    """A script's token can be made where nobody has a browser."""
    run("users", "add", "CI")
    made = json.loads(
        run("users", "tokens", "CI", "--make", "nightly", "--scope", "read", "--days", "0", "--json").stdout
    )
    assert made["token"].startswith("dxt_")
    assert made["expires_at"] is None
    shown = run("users", "tokens", "CI", "--json").stdout
    assert made["token"] not in shown
    assert json.loads(shown)[0]["scopes"] == ["read"]
    assert run("users", "tokens", "CI", "--revoke", made["id"]).exit_code == 0
    assert run("users", "tokens", "CI", "--revoke", made["id"]).exit_code == 1
    assert json.loads(run("users", "tokens", "CI", "--json").stdout) == []


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (("users", "disable", "nobody"), 1, "Nobody here is called nobody"),
        (("users", "disable", "Administrator"), 1, "built-in administrator cannot be disabled"),
        (("users", "role", "Administrator", "acme", "owner"), 2, "viewer, triager, admin"),
        (("users", "add", "Ada", "--role", "acme"), 2, "acme=triager"),
        (("users", "password", "Administrator", "--password-stdin"), 1, "10 to 1000 characters"),
        (("users", "tokens", "Administrator", "--make", "x", "--scope", "all"), 2, "read, triage, admin"),
    ],
)
def test_what_cannot_be_done_is_told(arguments: tuple[str, ...], status: int, said: str) -> None:
    """A script must notice, and a person must read why."""
    result = run(*arguments, typed="short\n")
    assert (result.exit_code, said in " ".join(result.output.replace("│", " ").split())) == (status, True), (
        result.output
    )


def test_a_password_is_never_an_argument() -> None:
    """Arguments are seen by everybody on the machine, and stay in the shell's history."""
    assert run("users", "password", "Administrator", PASSWORD).exit_code == 2
    assert run("users", "add", "Ada", "--email", "a@b.c", "--password", PASSWORD).exit_code == 2


def test_keys_are_turned() -> None:
    """Whoever leaves may have seen them."""
    first = json.loads(run("keys", "list", "--json").stdout)
    assert run("keys", "rotate").exit_code == 0
    second = json.loads(run("keys", "list", "--json").stdout)
    assert [each["id"] for each in second][1:] == [each["id"] for each in first]
    assert run("keys", "reencrypt").exit_code == 0
    run("keys", "rotate")
    assert first[0]["id"] not in run("keys", "list").stdout
