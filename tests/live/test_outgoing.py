"""Events are forwarded by real processes to real receivers, whatever dies, hangs, or says no in between."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from bench.feed_stand import SECRET, telling_gateway
from bench.stand import free_port, request
from tests.doubles.postgres_server import TEMPLATE
from tests.doubles.receiver import Answer, Receiver, receiving

from dexter.policy.webhook_seal import sign

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bench.stand import Gateway, Sandbox
    from tests.doubles.postgres_server import PostgresServer

pytestmark = pytest.mark.timeout(400)

AT = "/subscriptions"
LIMIT_S = 120.0
QUICK = {"DEXTER_OUTGOING_ATTEMPTS": "3", "DEXTER_OUTGOING_RETRY": "100ms"}
PATIENT = {"DEXTER_OUTGOING_ATTEMPTS": "1000", "DEXTER_OUTGOING_RETRY": "100ms"}
PAGE = Path(__file__).parents[2] / "docs/how-to/forward-events.md"


def eventually(holds: Callable[[], Any], limit_s: float = LIMIT_S) -> Any:
    """Give what holds once it does; fail when it does not."""
    limit = time.monotonic() + limit_s
    while not (found := holds()):
        assert time.monotonic() < limit, "it did not come about"
        time.sleep(0.1)
    return found


def happen(gateway: Gateway, numbers: range) -> None:
    """Have Sentry tell that issues were resolved of which nobody had heard: an event for each."""
    for number in numbers:
        body = json.dumps({"action": "resolved", "data": {"issue": {"id": str(number), "status": "resolved"}}}).encode()
        headers = {
            "Request-ID": f"outgoing-{time.monotonic_ns()}",
            "Sentry-Hook-Resource": "issue",
            "Sentry-Hook-Timestamp": str(int(time.time())),
            "Sentry-Hook-Signature": sign(body, SECRET),
        }
        assert request("POST", f"{gateway.url}/webhooks/sentry", body=body, headers=headers).status == 200


def subscribed(gateway: Gateway, url: str, **changes: Any) -> dict[str, Any]:
    form = {"name": "Live", "url": url, "channels": ["issues"], "types": ["issue.resolved"]} | changes
    made = gateway.v1("POST", AT, body=form)
    assert made.status == 201, made.body
    kept: dict[str, Any] = made.json()
    return kept


def shown(gateway: Gateway, kept: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = gateway.v1("GET", f"{AT}/{kept['id']}").json()
    return found


def issues(receiver: Receiver) -> list[int]:
    """Give the issues of which the receiver heard, as often as it did."""
    return [int(each.message["event"]["issue"]["id"]) for each in receiver.came if each.kind == "issue.resolved"]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as running:
        yield running


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> Iterator[dict[str, str]]:
    """The settings of a database of each kind."""
    if request.param == "sqlite":
        yield {}
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    with server.fresh(TEMPLATE) as name:
        yield {"DEXTER_DATABASE_URL": server.url(name)}


def test_a_receiver_that_was_down_gets_everything_in_order_when_it_is_back(
    sandbox: Sandbox, database: dict[str, str], tmp_path: Path
) -> None:
    """An update of theirs must not cost them an event, nor us a dead letter."""
    port = free_port()
    with telling_gateway(sandbox, tmp_path, **database, **PATIENT) as gateway:
        kept = subscribed(gateway, f"http://127.0.0.1:{port}/hook")
        happen(gateway, range(9_300_001, 9_300_021))
        eventually(lambda: shown(gateway, kept)["health"] == "failing")
        told = shown(gateway, kept)
        assert "could not be connected to" in told["last_error"]
        assert (told["delivered"], told["dead"]) == (0, 0)
        with receiving(port) as receiver:
            receiver.until(lambda came: len({each.delivery for each in came}) >= 20, LIMIT_S)
            told = eventually(lambda: (now := shown(gateway, kept))["delivered"] == 20 and now)
            assert set(issues(receiver)) == set(range(9_300_001, 9_300_021))
            assert all(each.is_signed(kept["secret"]) for each in receiver.came)
    assert (told["health"], told["pending"], told["dead"], told["last_error"]) == ("ok", 0, 0, None)


def test_kill_9_in_the_middle_of_deliveries_loses_none(
    sandbox: Sandbox, database: dict[str, str], receiver: Receiver, tmp_path: Path
) -> None:
    """Each event was delivered, is pending, or is dead; whenever it happens."""
    receiver.answer = lambda _: Answer(200, after_s=0.2)
    numbers = range(9_310_001, 9_310_041)
    with telling_gateway(sandbox, tmp_path, **database, **PATIENT) as doomed:
        kept = subscribed(doomed, receiver.url)
        happen(doomed, numbers)
        receiver.until(lambda came: len(came) >= 6, LIMIT_S)
        os.kill(doomed.process.pid, signal.SIGKILL)
        doomed.process.wait()
    came_before = len(receiver.came)
    assert came_before < len(numbers)
    with telling_gateway(sandbox, tmp_path, **database, **PATIENT) as next_one:
        told = eventually(lambda: (now := shown(next_one, kept))["delivered"] >= len(numbers) and now)
    assert set(issues(receiver)) == set(numbers)
    again = len(issues(receiver)) - len(numbers)
    assert 0 <= again <= 4, "what was under way, and nothing else, may come twice"
    assert len({each.delivery for each in receiver.came}) == len(numbers)
    assert (told["pending"], told["dead"], told["delivered"]) == (0, 0, len(numbers))


def workers_of(gateway: Gateway) -> list[int]:
    """Give the processes of a gateway's workers."""
    return [
        int(each)
        for each in Path(f"/proc/{gateway.process.pid}/task/{gateway.process.pid}/children").read_text().split()
    ]


def test_of_two_workers_one_delivers_and_when_it_dies_the_other_goes_on(
    sandbox: Sandbox, receiver: Receiver, tmp_path: Path
) -> None:
    """Each event once, also while workers come and go."""
    with telling_gateway(sandbox, tmp_path, workers=2, **PATIENT) as gateway:
        kept = subscribed(gateway, receiver.url)
        happen(gateway, range(9_320_001, 9_320_031))
        eventually(lambda: shown(gateway, kept)["delivered"] == 30)
        assert sorted(issues(receiver)) == list(range(9_320_001, 9_320_031))
        # Both are killed, one after the other: whichever forwards is among them.
        for turn, worker in enumerate(workers_of(gateway)):
            os.kill(worker, signal.SIGKILL)
            first = 9_321_001 + 100 * turn
            eventually(lambda: len(workers_of(gateway)) == 2)
            eventually(lambda: request("GET", f"{gateway.url}/health").status == 200)
            happen(gateway, range(first, first + 10))
            eventually(lambda first=first: set(range(first, first + 10)) <= set(issues(receiver)))
        eventually(lambda: shown(gateway, kept)["delivered"] == 50)
    assert len({each.delivery for each in receiver.came}) == 50


def test_what_is_given_up_is_a_dead_letter_until_it_is_sent_again(
    sandbox: Sandbox, receiver: Receiver, tmp_path: Path
) -> None:
    """From the command line, as whoever is called at night would."""
    receiver.answer = lambda _: Answer(500, body=b"no disk")
    with telling_gateway(sandbox, tmp_path, **QUICK) as gateway:
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("DEXTER", "SENTRY"))},
            "DEXTER_DATA_DIR": str(tmp_path),
            "DEXTER_URL": gateway.url,
            "DEXTER_TOKEN": gateway.token,
            "COLUMNS": "200",
        }

        def typed(*words: str) -> subprocess.CompletedProcess[str]:
            command = [sys.executable, "-m", "dexter.cli", "subscriptions", *words]
            return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)

        added = typed("add", "Night", receiver.url, "--type", "issue.resolved", "--json")
        assert added.returncode == 0, added.stderr
        kept = json.loads(added.stdout)
        pinged = typed("test", "Night")
        assert (pinged.returncode, pinged.stdout) == (1, "The receiver answered 500: no disk\n")
        happen(gateway, range(9_330_001, 9_330_004))
        eventually(lambda: shown(gateway, kept)["dead"] == 3)
        listed = typed("list")
        assert "failing" in listed.stdout, listed.stderr
        dead = typed("dead", "Night")
        assert dead.stdout.count("The receiver answered 500: no disk Given up after 3 attempts.") == 3, dead.stderr
        receiver.answer = lambda _: Answer(200)
        one = json.loads(typed("dead", "Night", "--json").stdout)[0]["id"]
        assert typed("retry", "Night", one).stdout == "1 to be sent again.\n"
        eventually(lambda: shown(gateway, kept)["delivered"] == 1)
        assert typed("retry", "Night").stdout == "2 to be sent again.\n"
        told = eventually(lambda: (now := shown(gateway, kept))["delivered"] == 3 and now)
        assert (told["health"], told["dead"]) == ("ok", 0)
        assert typed("test", kept["id"]).returncode == 0
        assert typed("test", "Nobody").returncode == 2
        assert "paused" in typed("pause", "Night").stdout
        happen(gateway, range(9_330_011, 9_330_012))
        assert typed("resume", "Night").returncode == 0
        eventually(lambda: 9_330_011 in issues(receiver))
        assert typed("remove", "Night", "--yes").returncode == 0
        assert json.loads(typed("list", "--json").stdout) == []
        assert kept["secret"] not in gateway.log.read_text()


def test_a_redirect_is_not_followed_and_metadata_is_not_reached(
    sandbox: Sandbox, receiver: Receiver, tmp_path: Path
) -> None:
    """Whoever can name a receiver must not make Dexter ask where only Dexter can ask."""
    receiver.answer = lambda came: Answer(302, {"Location": f"http://127.0.0.1:{receiver.port}/inside"})
    with telling_gateway(sandbox, tmp_path, **QUICK) as gateway:
        kept = subscribed(gateway, receiver.url)
        happen(gateway, range(9_340_001, 9_340_002))
        eventually(lambda: shown(gateway, kept)["dead"] == 1)
        assert "not followed" in shown(gateway, kept)["last_error"]
        assert {each.path for each in receiver.came} == {"/hook"}
        for inside in ("http://169.254.169.254/latest/meta-data/", "http://[::ffff:a9fe:a9fe]/", "http://10.0.0.1/"):
            assert gateway.v1("PATCH", f"{AT}/{kept['id']}", body={"url": inside}).status == 422


def test_a_gateway_that_others_reach_knocks_at_no_door_of_its_own_host(
    sandbox: Sandbox, receiver: Receiver, tmp_path: Path
) -> None:
    """A name is no way around it: what it leads to counts, when it is connected to."""
    with telling_gateway(sandbox, tmp_path, DEXTER_HOST="0.0.0.0", **QUICK) as gateway:
        kept = subscribed(gateway, f"http://localhost:{receiver.port}/hook")
        pinged = gateway.v1("POST", f"{AT}/{kept['id']}/test").json()
        assert (pinged["status"], "is this host itself" in pinged["error"]) == (None, True)
        happen(gateway, range(9_350_001, 9_350_002))
        dead = eventually(lambda: gateway.v1("GET", f"{AT}/{kept['id']}/deliveries", state="dead").json()["data"])
    assert "is this host itself" in dead[0]["last_error"]
    assert receiver.came == []


@contextmanager
def documented_receiver(secret: str, folder: Path) -> Iterator[tuple[str, Path]]:
    """Run the receiver that the documentation shows, word for word."""
    [program] = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    path, log, port = folder / "receiver.py", folder / "receiver.log", free_port()
    path.write_text(program)
    with log.open("wb") as out:
        command = (sys.executable, str(path), str(port))
        process = subprocess.Popen(command, env={**os.environ, "DEXTER_SECRET": secret}, stdout=out, stderr=out)
    try:
        yield f"http://127.0.0.1:{port}/", log
    finally:
        process.kill()
        process.wait()


def test_the_receiver_of_the_documentation_takes_what_is_genuine_once_and_nothing_else(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    """People copy it."""
    with telling_gateway(sandbox, tmp_path, **PATIENT) as gateway:
        kept = subscribed(gateway, "http://127.0.0.1:9/")
        with documented_receiver(kept["secret"], tmp_path) as (url, log):
            gateway.v1("PATCH", f"{AT}/{kept['id']}", body={"url": url})
            eventually(lambda: gateway.v1("POST", f"{AT}/{kept['id']}/test").json()["status"] == 204)
            happen(gateway, range(9_360_001, 9_360_004))
            eventually(lambda: log.read_text().count("issue.resolved") == 3)
            # Nobody else is believed: another secret, an old time, another body, no signature.
            renewed = gateway.v1("POST", f"{AT}/{kept['id']}/secret").json()["secret"]
            assert renewed != kept["secret"]
            assert gateway.v1("POST", f"{AT}/{kept['id']}/test").json()["status"] == 401
            happen(gateway, range(9_360_011, 9_360_012))
            eventually(lambda: "401" in (shown(gateway, kept)["last_error"] or ""))
            assert forged(url, kept["secret"], at=time.time() - 3600) == 401
            assert forged(url, kept["secret"], tampered=True) == 401
            assert forged(url, "another") == 401
            assert forged(url, kept["secret"]) == 204
            assert forged(url, kept["secret"]) == 204
            assert log.read_text().count("forged.once") == 1
            assert log.read_text().count("issue.resolved") == 3


def forged(url: str, secret: str, *, at: float | None = None, tampered: bool = False) -> int:
    """Send what Dexter did not, and give the receiver's status."""
    from dexter.policy.outgoing_seal import sealed

    body = json.dumps({"kind": "event", "offset": 1, "event": {"type": "forged.once", "issue": None}}).encode()
    now = time.time() if at is None else at
    headers = dict(sealed(body, delivery="d" * 32, event="forged.once", now=now, secret=secret))
    return request("POST", url, body=body + b" " * tampered, headers=headers).status
