"""`dexter issues`, `dexter bulk` and `dexter export`, as somebody types them, before a real gateway and sandbox."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from bench.stand import running_gateway, running_sandbox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.live


@pytest.fixture(scope="module")
def dexter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., subprocess.CompletedProcess[str]]]:
    """Type a command."""
    with running_sandbox(issues=80) as sandbox, running_gateway(sandbox.url, sandbox.token) as gateway:
        environment = {
            "PATH": os.environ["PATH"],
            "COLUMNS": "120",
            "DEXTER_DATA_DIR": str(tmp_path_factory.mktemp("data")),
            "DEXTER_URL": gateway.url,
            "DEXTER_TOKEN": gateway.token,
        }

        def typed(*words: str, said: str = "") -> subprocess.CompletedProcess[str]:
            command = [sys.executable, "-m", "dexter.cli", *words]
            return subprocess.run(
                command, env=environment, input=said, capture_output=True, text=True, timeout=60, check=False
            )

        yield typed


def listed(dexter: Callable[..., subprocess.CompletedProcess[str]], *words: str) -> list[Any]:
    answered = dexter("issues", "list", "--json", *words)
    assert answered.returncode == 0, answered.stderr
    found: list[Any] = json.loads(answered.stdout)
    return found


def test_issues_are_listed_over_pages_and_shown(dexter: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    found = listed(dexter, "--limit", "1000", "--status", "all")
    assert len({issue["id"] for issue in found}) == len(found) == 80
    shown = dexter("issues", "show", found[0]["shortId"])
    assert shown.returncode == 0
    assert found[0]["shortId"] in shown.stdout


def test_an_issue_is_assigned_archived_commented_and_taken_out_again(
    dexter: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    issue = listed(dexter, "--limit", "1")[0]["id"]
    assert "assigned to" in dexter("issues", "assign", issue, "--to", "me").stdout
    assert f"{issue}: archived" in dexter("issues", "archive", issue, "--for", "2h").stdout
    assert issue in [each["id"] for each in listed(dexter, "--status", "archived", "--limit", "100")]
    assert f"{issue}: unresolved" in dexter("issues", "unresolve", issue).stdout
    said = dexter("issues", "comment", issue, "-", said="Seen in the EU only.\n")
    assert (said.returncode, said.stdout) == (0, f"{issue}: commented\n")


def test_what_was_not_done_is_named_and_shows_in_the_exit_status(
    dexter: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    issue = listed(dexter, "--limit", "1")[0]["id"]
    done = dexter("issues", "resolve", issue, "999999999")
    assert done.returncode == 1
    assert f"{issue}: resolved" in done.stdout
    assert "999999999: not changed" in done.stderr


def test_many_are_previewed_applied_and_taken_back(dexter: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    before = {issue["id"] for issue in listed(dexter, "--limit", "1000")}
    previewed = dexter("bulk", "preview", "--query", "level:error", "--resolve", "--json")
    assert previewed.returncode == 0, previewed.stderr
    job = json.loads(previewed.stdout)
    assert job["state"] == "previewed"
    assert {issue["id"] for issue in listed(dexter, "--limit", "1000")} == before, "a preview changed something"
    unasked = dexter("bulk", "apply", job["id"])
    assert unasked.returncode == 2, "nobody was there to say yes"
    applied = dexter("bulk", "apply", job["id"], "--yes", "--json")
    assert applied.returncode == 0, applied.stdout + applied.stderr
    counts = json.loads(applied.stdout)["counts"]
    assert counts["done"] == job["preview"]["total"] > 0
    assert f"{job['id']}" in dexter("bulk", "status").stdout
    undone = dexter("bulk", "undo", job["id"], "--json")
    assert undone.returncode == 0, undone.stdout + undone.stderr
    assert {issue["id"] for issue in listed(dexter, "--limit", "1000")} == before


def test_a_list_becomes_a_file(dexter: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path) -> None:
    output = tmp_path / "issues.ndjson"
    answered = dexter("export", "--status", "all", "--format", "ndjson", "--output", str(output))
    assert answered.returncode == 0, answered.stderr
    assert len(output.read_text().splitlines()) == 80
    assert list(tmp_path.iterdir()) == [output], "a part was left behind"


def test_a_refusal_and_a_missing_gateway_have_statuses_of_their_own(
    dexter: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    refused = dexter("issues", "list", "--status", "nope")
    assert (refused.returncode, "status must be" in refused.stderr) == (3, True)
    missing = dexter("issues", "list", "--url", "http://127.0.0.1:1", "--token", "x")
    assert (missing.returncode, "No gateway answers" in missing.stderr) == (2, True)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("issues", "list", "--url", "http://[::1"), "is no address"),
        (("issues", "list", "--url", "http://localhost:99999"), "is no address"),
        (("issues", "list", "--token", "ü"), "--token"),
        (("issues", "archive", "1", "--within", "1h"), "--count or --users"),
        (("issues", "resolve", "1", "--repository", "shop"), "--in-commit"),
        (("bulk", "preview", "--id", "1", "--project", "shop-web", "--resolve"), "go with --query"),
    ],
)
def test_a_wrong_word_is_told_in_a_sentence_and_nothing_is_passed_over(
    dexter: Callable[..., subprocess.CompletedProcess[str]], words: tuple[str, ...], said: str
) -> None:
    """They ended in a traceback, or did something else than what was typed."""
    answered = dexter(*words)
    assert (answered.returncode, said in answered.stderr) == (2, True), answered.stderr
    assert "Traceback" not in answered.stderr


def test_a_job_is_asked_for_by_its_name_and_not_as_an_address(
    dexter: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    """`../people` listed the people."""
    answered = dexter("bulk", "status", "../people", "--json")
    assert (answered.returncode, answered.stdout) == (3, "")


def test_what_is_no_gateway_is_told_in_a_sentence(dexter: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    """Something else listens at a port often enough."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"<html>")

        def log_message(self, *_: Any) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Page) as server:
        answers = threading.Thread(target=server.handle_request)
        answers.start()
        answered = dexter("issues", "list", "--url", f"http://127.0.0.1:{server.server_port}")
        answers.join()
    assert (answered.returncode, "no gateway of Dexter's" in answered.stderr) == (2, True), answered.stderr
