"""The examination of a Sentry and a credential; the sandbox plays every Sentry."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from tests.doubles.sandbox_transport import OWNER, SandboxTransport
from tests.doubles.sentry_double import FakeClock, SentryDouble, ok
from typer.testing import CliRunner

from dexter.cli import app
from dexter.errors import Unreachable
from dexter.features.doctor import Finding, State, examine, has_problem, refused_for_lack_of_scopes
from dexter.features.limitations import limitations
from dexter.policy.capabilities import Address, Capabilities, Kind
from dexter.policy.capabilities import State as AddressState
from dexter.policy.retry import RetryRule
from dexter.sandbox.auth import store_token
from dexter.stores.memory import MemoryStore
from dexter.upstream.options import StackOptions
from dexter.upstream.probe import Asker
from dexter.upstream.stack import build_stack
from dexter.wire import Credential, Identity

if TYPE_CHECKING:
    from dexter.upstream.transport import Transport

ALL_SCOPES = ("event:admin", "org:read", "project:read", "member:read", "team:read", "project:releases")


async def found(
    sentry: Transport, token: str | None = OWNER, organization: str | None = "acme"
) -> dict[str, list[Finding]]:
    clock = FakeClock()
    # Nobody moves the clock while a retry waits.
    stack = build_stack(sentry, MemoryStore(), clock, StackOptions(retry=RetryRule(attempts=1)))
    credential = Credential(f"Bearer {token}" if token else None)
    findings = await examine(stack, Asker(Identity("me", "service"), credential, organization), clock)
    await stack.aclose()
    told: dict[str, list[Finding]] = {}
    for finding in findings:
        told.setdefault(finding.check, []).append(finding)
    return told


SERVERS = [
    ("saas", "saas", "(organization)"),
    ("selfhosted-26", "26.8.0", "(organization)"),
    ("sentry-9.1", "9.1.2", "(orgless)"),
    ("partial", "partial", "(mixed)"),
]


@pytest.mark.parametrize(("profile", "server", "dialect"), SERVERS)
async def test_kind_version_and_dialect_are_told(profile: str, server: str, dialect: str) -> None:
    """What a server can do follows from what it is."""
    sentry = SandboxTransport(profile)
    key = sentry.db.one("SELECT public_key, project_id FROM project_keys LIMIT 1")
    await sentry.request(
        "POST", f"/api/{key['project_id']}/store/", f"sentry_key={key['public_key']}", b'{"message":"it fell"}'
    )
    told = await found(sentry)
    assert server in told["server"][0].said
    assert dialect in told["dialect"][0].said
    assert [finding.state for finding in told["credential"]] == [State.OK]
    assert not has_problem(tuple(each for findings in told.values() for each in findings))
    await sentry.aclose()


async def test_missing_scopes_are_told_by_what_they_forbid() -> None:
    """A token of sentry-cli's kind reads no issues; nobody should find that out one refusal at a time."""
    sentry = SandboxTransport()
    store_token(sentry.db, "sntryu_few", name="few", scopes=("org:read", "project:read"), user_id=None)
    told = await found(sentry, "sntryu_few")
    said = " ".join(finding.said for finding in told["scopes"])
    assert "issues.update, issues.patch" in said
    assert "organizations.list" not in said
    assert all(finding.state is State.WARNING and finding.remedy for finding in told["scopes"])
    await sentry.aclose()


def test_scopes_are_compared_with_the_catalogs() -> None:
    """Any one of an operation's scopes is enough."""
    assert refused_for_lack_of_scopes(ALL_SCOPES) == ()
    assert "issues.list" in dict(refused_for_lack_of_scopes(("org:ci",)))


@pytest.mark.parametrize(
    ("token", "organization", "check"),
    [("sntryu_wrong", "acme", "credential"), (OWNER, "umbrella", "organization")],
)
async def test_a_wrong_token_and_a_wrong_organization_are_problems(token: str, organization: str, check: str) -> None:
    """Nothing will work with either."""
    sentry = SandboxTransport()
    (finding,) = (await found(sentry, token, organization))[check]
    assert finding.state is State.PROBLEM
    assert finding.remedy
    await sentry.aclose()


@pytest.mark.parametrize(
    ("reply", "check"),
    [(Unreachable("Sentry could not be connected to."), "reach"), (ok(b"{}", status=404), "reach")],
)
async def test_a_server_that_is_not_there_is_a_problem(reply: object, check: str) -> None:
    """The address is the first thing that is wrong."""
    sentry = SentryDouble()
    sentry.will(reply)  # type: ignore[arg-type]
    (finding,) = (await found(sentry))[check]
    assert finding.state is State.PROBLEM


@pytest.mark.parametrize(
    ("date", "state"),
    [
        ("Tue, 14 Nov 2023 22:13:25 GMT", State.OK),
        ("Tue, 14 Nov 2023 22:03:20 GMT", State.WARNING),
        ("yesterday", State.WARNING),
    ],
)
async def test_clocks_that_are_apart_are_told(date: str, state: State) -> None:
    """The wait for a rate limit is a difference of two clocks."""
    sentry = SentryDouble()
    headers = (("Content-Type", "application/json"), ("Date", date))
    sentry.will(ok(b'{"version":"0","auth":{"scopes":[]}}', headers=headers))
    (finding,) = (await found(sentry))["clock"]
    assert finding.state is state


LIMITED = [
    ({Address.ORGANIZATION_ISSUES: "missing", Address.PROJECT_ISSUES: "available"}, "by project only", True),
    ({Address.ORGANIZATION_ISSUE: "missing", Address.ISSUE: "available"}, "by number alone", True),
    ({Address.ISSUE: "retiring", Address.ORGANIZATION_ISSUE: "available"}, "410 now and then", True),
    ({Address.WORKFLOWS: "missing", Address.RULES: "available"}, "no workflows", False),
    ({Address.WORKFLOWS: "available", Address.RULES: "retiring"}, "rules of old", False),
    ({Address.ORGANIZATION_ISSUES: "missing", Address.PROJECT_ISSUES: "missing"}, "lists no issues", False),
]


@pytest.mark.parametrize(("addresses", "words", "works"), LIMITED)
def test_each_lack_is_told_with_what_to_do(addresses: dict[Address, str], words: str, works: bool) -> None:
    """Whether Dexter makes up for it decides whether anybody must act."""
    states = {address: AddressState(state) for address, state in addresses.items()}
    told = limitations(Capabilities(Kind.SELF_HOSTED, addresses=states, probed_at=0.0))
    matching = [each for each in told if words in each.what]
    assert [each.works for each in matching] == [works]


def test_nothing_is_told_before_a_sentry_was_asked() -> None:
    """What is not known is no lack."""
    assert limitations(Capabilities()) == ()


def test_without_a_sentry_doctor_says_what_to_set() -> None:
    """The exit status of a wrong setting is that of every other command."""
    result = CliRunner(env={"SENTRY_BASE_URL": ""}).invoke(app, ["doctor"])
    assert result.exit_code != 0


def test_doctor_prints_json_and_exits_with_1_for_a_problem() -> None:
    """Scripts read both."""
    result = CliRunner(env={"SENTRY_BASE_URL": "http://127.0.0.1:9"}).invoke(app, ["doctor", "--json"])
    assert result.exit_code == 1
    document = json.loads(result.stdout)
    assert (document["well"], document["findings"][0]["check"]) == (False, "reach")


def test_doctor_prints_a_table() -> None:
    """People read this."""
    result = CliRunner(env={"SENTRY_BASE_URL": "http://127.0.0.1:9"}).invoke(app, ["doctor"])
    assert result.exit_code == 1
    assert "problem" in result.stdout
