"""The real sentry-cli cannot tell the gateway from the sandbox."""

import os
import re
import subprocess
from pathlib import Path

import pytest
from bench.stand import Gateway, Sandbox

SENTRY_CLI = Path(__file__).parent.parent / "sentry-cli" / "node_modules" / ".bin" / "sentry-cli"


def sentry_cli(url: str, token: str, *arguments: str) -> str:
    """Run sentry-cli and give what it printed, with the server's own address taken out."""
    environment = {
        "SENTRY_URL": url, "SENTRY_AUTH_TOKEN": token, "SENTRY_ORG": "acme", "SENTRY_PROJECT": "shop-api",
        "PATH": os.environ["PATH"], "HOME": "/nonexistent", "NO_COLOR": "1", "SENTRY_DISABLE_UPDATE_CHECK": "1",
    }  # fmt: skip
    done = subprocess.run(
        [SENTRY_CLI, *arguments], env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, f"sentry-cli {' '.join(arguments)}: {done.stdout}{done.stderr}"
    return (done.stdout + done.stderr).replace(url, "SERVER")


@pytest.mark.parametrize(
    "arguments",
    [
        ("info",),
        ("organizations", "list"),
        ("projects", "list"),
        ("issues", "list", "--status", "unresolved"),
        ("releases", "list"),
    ],
    ids=" ".join,
)
def test_reading_prints_the_same_through_the_gateway(
    sandbox: Sandbox, gateway: Gateway, arguments: tuple[str, ...]
) -> None:
    """Whoever changes the base URL must not notice."""
    straight = sentry_cli(sandbox.url, sandbox.token, *arguments)
    assert len(straight.splitlines()) > 1
    assert sentry_cli(gateway.url, sandbox.token, *arguments) == straight
    assert sentry_cli(gateway.url, sandbox.token, *arguments) == straight, "the kept answer differs"


def test_resolving_an_issue_through_the_gateway_resolves_it(sandbox: Sandbox, gateway: Gateway) -> None:
    """sentry-cli sends a bulk update with ids; the list it prints next must show it."""
    before = sentry_cli(gateway.url, sandbox.token, "issues", "list", "--status", "unresolved")
    issue = next(match[1] for line in before.splitlines() if (match := re.match(r"\|\s*(\d+)\s*\|", line)))
    said = sentry_cli(gateway.url, sandbox.token, "issues", "resolve", "--id", issue)
    assert "Updated" in said
    assert sandbox.api("GET", f"/api/0/organizations/acme/issues/{issue}/").json()["status"] == "resolved"
    after = sentry_cli(gateway.url, sandbox.token, "issues", "list", "--status", "resolved")
    assert issue in after


def test_a_release_is_made_finalized_listed_and_deleted_through_the_gateway(sandbox: Sandbox, gateway: Gateway) -> None:
    """The daily use of sentry-cli in CI."""
    version = "shop-api@9.9.9"
    sentry_cli(gateway.url, sandbox.token, "releases", "new", version)
    sentry_cli(gateway.url, sandbox.token, "releases", "finalize", version)
    assert version.split("@")[1] in sentry_cli(gateway.url, sandbox.token, "releases", "list")
    straight = sentry_cli(sandbox.url, sandbox.token, "releases", "info", version)
    assert sentry_cli(gateway.url, sandbox.token, "releases", "info", version) == straight
    sentry_cli(gateway.url, sandbox.token, "releases", "delete", version)
    assert version.split("@")[1] not in sentry_cli(gateway.url, sandbox.token, "releases", "list")
