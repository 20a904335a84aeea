"""The triage trace is what its description says, and the same for the same seed."""

from collections import Counter
from itertools import pairwise

import pytest
from bench.triage_trace import (
    ISSUES,
    LENGTH_S,
    MEMBERS,
    PEOPLE,
    POLL_EVERY_S,
    POLL_MAX_AGE_S,
    VIEWS,
    Kind,
    Request,
    repeated_share,
    triage_trace,
    zipf_weights,
)


@pytest.fixture(scope="module")
def trace() -> list[Request]:
    return triage_trace()


def test_the_same_seed_gives_the_same_trace(trace: list[Request]) -> None:
    """Two runs can be compared only when they were asked the same."""
    assert triage_trace() == trace
    assert triage_trace(seed=43) != trace


def test_it_is_in_order_and_within_its_half_hour(trace: list[Request]) -> None:
    """A replay walks through it once."""
    moments = [request.at_s for request in trace]
    assert moments == sorted(moments)
    assert moments[0] >= 0
    assert LENGTH_S - POLL_EVERY_S < moments[-1] < LENGTH_S


@pytest.mark.parametrize("seed", [1, 42, 99])
def test_three_in_a_hundred_requests_are_writes(seed: int) -> None:
    """The share of writes decides how long anything may be kept."""
    kinds = Counter(request.kind for request in triage_trace(seed))
    assert kinds.total() == pytest.approx(9300, rel=0.1)
    assert kinds[Kind.WRITE] / kinds.total() == pytest.approx(0.03, abs=0.005)


def test_an_opened_issue_is_three_reads(trace: list[Request]) -> None:
    """The page needs the issue, its latest event and its counts."""
    kinds = Counter(request.kind for request in trace)
    assert kinds[Kind.DETAIL] == kinds[Kind.EVENT] == kinds[Kind.STATS] > 1000


def test_everybody_takes_part_until_the_end(trace: list[Request]) -> None:
    """Nobody leaves, so that the load at the end is the load of the middle."""
    assert {request.person for request in trace} == set(range(PEOPLE))
    last = {request.person: request.at_s for request in trace}
    assert min(last.values()) > LENGTH_S - 4 * POLL_EVERY_S


def test_tabs_poll_what_they_show_every_thirty_seconds(trace: list[Request]) -> None:
    """Polls are the workbench's: same address as the list, a bounded age, and no two closer than the interval."""
    for person in range(PEOPLE):
        tab = [request for request in trace if request.person == person and request.kind in (Kind.LIST, Kind.POLL)]
        assert tab[0].kind is Kind.LIST
        for before, request in pairwise(tab):
            if request.kind is Kind.POLL:
                assert request.target == before.target
                assert request.at_s - before.at_s == pytest.approx(POLL_EVERY_S)
                assert request.max_age_s == POLL_MAX_AGE_S
            else:
                assert request.max_age_s is None


def test_many_look_at_the_same_few_issues(trace: list[Request]) -> None:
    """Zipf: the first rank is seen about twice as often as the second, and the tail is long."""
    seen = Counter(request.target for request in trace if request.kind is Kind.DETAIL)
    total = seen.total()
    weights = zipf_weights(ISSUES)
    assert seen[0] / total == pytest.approx(weights[0], rel=0.25)
    assert sum(seen[rank] for rank in range(10)) / total == pytest.approx(weights[9], rel=0.15)
    assert len(seen) > ISSUES / 2
    assert max(seen) < ISSUES


def test_every_view_is_looked_at(trace: list[Request]) -> None:
    """The rarest view keeps the cache honest."""
    seen = Counter(request.target for request in trace if request.kind is Kind.LIST)
    assert set(seen) == set(range(len(VIEWS)))
    assert seen.most_common(1)[0][0] == 0


def test_every_write_changes_what_the_one_before_it_set(trace: list[Request]) -> None:
    """Otherwise nobody could see from an answer whether it is older than the write."""
    present: dict[tuple[int, str], int] = {}
    fields: Counter[str] = Counter()
    for request in trace:
        assert (request.change is not None) == (request.kind is Kind.WRITE)
        if request.change is not None:
            key = request.target, request.change.field
            assert present.get(key) != request.change.choice
            assert 0 <= request.change.choice < MEMBERS
            present[key] = request.change.choice
            fields[request.change.field] += 1
    assert fields["assignee"] > fields["priority"] > 0
    assert fields["status"] > 0


def test_a_cold_cache_can_answer_what_was_asked_before(trace: list[Request]) -> None:
    """A list and its poll are one question; an issue's three reads are three."""
    kinds = (Kind.LIST, Kind.POLL, Kind.DETAIL, Kind.STATS, Kind.WRITE)
    assert repeated_share([Request(0.0, 0, kind, 7) for kind in kinds]) == 1 / 4
    assert 0.9 < repeated_share(trace) < 1
