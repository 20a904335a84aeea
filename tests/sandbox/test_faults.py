"""Faults are decided, not rolled: the same plan and the same calls give the same misfortunes."""

from __future__ import annotations

import pytest

from dexter.sandbox.faults import ACTS, FINE, FaultPlan, Verdict, concerns, judge, parse_plan, shown

ISSUES = "GET /api/0/organizations/{organization_id_or_slug}/issues/"
EVENTS = "GET /api/0/organizations/{organization_id_or_slug}/events/"


def test_an_empty_plan_harms_nothing() -> None:
    """A sandbox without faults must be boring."""
    assert {judge(FaultPlan(), ISSUES, number) for number in range(200)} == {FINE}


@pytest.mark.parametrize("act", [act for act in ACTS if act != "fail"])
def test_a_share_of_one_happens_to_every_call(act: str) -> None:
    """A test that wants one fault must get it on the first call."""
    plan = parse_plan({act: True})
    assert [judge(plan, ISSUES, number).act for number in range(20)] == [act] * 20


def test_the_same_seed_repeats_the_same_misfortunes() -> None:
    """A bug found under faults must be found again by the next run."""
    plan = FaultPlan(failure_rate=0.3, latency_ms=50, latency_share=0.5, seed=7)
    first = [judge(plan, ISSUES, number) for number in range(100)]
    assert first == [judge(plan, ISSUES, number) for number in range(100)]
    assert first != [judge(parse_plan(shown(plan) | {"seed": 8}), ISSUES, number) for number in range(100)]


def test_a_share_is_met_over_many_calls() -> None:
    """A failure rate of 30 % that fails 3 % of calls would prove nothing."""
    plan = FaultPlan(failure_rate=0.3)
    failed = sum(judge(plan, ISSUES, number).act == "fail" for number in range(2000))
    assert 500 < failed < 700


def test_latency_waits_without_failing() -> None:
    """Slowness and failure are separate wishes."""
    assert judge(FaultPlan(latency_ms=300), ISSUES, 1) == Verdict(wait_s=0.3)


@pytest.mark.parametrize(
    ("patterns", "operation", "expected"),
    [
        ((), ISSUES, True),
        ((ISSUES,), ISSUES, True),
        ((ISSUES,), EVENTS, False),
        (("GET *",), EVENTS, True),
        (("PUT *",), EVENTS, False),
        (("GET /api/0/organizations/*/issues/",), ISSUES, True),
    ],
)
def test_a_plan_can_name_its_operations(patterns: tuple[str, ...], operation: str, expected: bool) -> None:
    """One broken endpoint among healthy ones is the case worth testing."""
    assert concerns(FaultPlan(operations=patterns), operation) is expected


def test_ingestion_suffers_only_when_asked() -> None:
    """A failing API must not lose the events that the test just sent."""
    assert judge(FaultPlan(failure_rate=1), "POST /api/1/envelope/", 0, ingesting=True) == FINE
    assert judge(FaultPlan(failure_rate=1, ingestion=True), "POST /api/1/envelope/", 0, ingesting=True).act == "fail"


def test_a_plan_reads_back_as_it_was_set() -> None:
    """What GET shows must be what PUT takes."""
    plan = FaultPlan(latency_ms=10, html=0.5, operations=("GET *",), seed=3)
    assert parse_plan(shown(plan)) == plan


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ({"speed": 1}, "speed"),
        ({"html": 2}, "html"),
        ({"html": "yes"}, "html"),
        ({"latency_ms": -1}, "latency_ms"),
        ({"failure_status": 200}, "failure_status"),
        ({"operations": "GET *"}, "operations"),
        ({"ingestion": 1}, "ingestion"),
        ({"seed": "x"}, "seed"),
        ({"redirect_to": 4}, "redirect_to"),
    ],
)
def test_a_wrong_field_is_named(body: dict[str, object], complaint: str) -> None:
    """A misspelt fault that silently does nothing makes a test that cannot fail."""
    with pytest.raises(ValueError, match=f"^{complaint}:"):
        parse_plan(body)
