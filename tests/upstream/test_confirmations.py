"""A caller's own token gets stored data only while Sentry accepts it."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.doubles.sentry_double import JSON, ONE_ATTEMPT, SERVICE, TOKEN, FakeClock, Held, SentryDouble, call, ok

from dexter.errors import TimedOut, Unreachable
from dexter.observe.records import IdentityDropped, Record
from dexter.stores.memory import MemoryStore
from dexter.upstream.stack import Stack, build_stack
from dexter.upstream.upstream import Upstream
from dexter.wire import Answer, Call, Identity, Outcome

INDEX = "GET /api/0/"
LIST = "GET /api/0/organizations/acme/issues/"
ACCEPTED = ok(b'{"version":"0","auth":{"scopes":["event:read"]},"user":{"id":"1"}}')
NULL_AUTH = ok(b'{"version":"0","auth":null,"user":null}')
REFUSED = ok(b'{"detail":"Invalid token"}', status=401)


async def test_within_a_minute_of_its_acceptance_a_token_gets_stored_data_at_once(
    stack: Stack, sentry: SentryDouble, clock: FakeClock
) -> None:
    """The first call itself is the proof."""
    await stack(call(identity=TOKEN))
    clock.pass_s(59)
    assert (await stack(call(identity=TOKEN, clock=clock))).outcome is Outcome.HIT
    assert sentry.asked == [LIST]


async def test_after_a_minute_sentry_is_asked_about_the_token_first(
    stack: Stack, sentry: SentryDouble, clock: FakeClock
) -> None:
    """A revoked token reads on for a minute at most."""
    sentry.will(ok(), ACCEPTED)
    await stack(call(identity=TOKEN))
    clock.pass_s(60)
    assert (await stack(call(identity=TOKEN, clock=clock))).outcome is Outcome.HIT
    clock.pass_s(59)
    assert (await stack(call(identity=TOKEN, clock=clock))).outcome is Outcome.HIT
    assert sentry.asked == [LIST, INDEX]
    assert sentry.calls[1].credential == sentry.calls[0].credential


async def test_a_crowd_with_one_token_asks_about_it_once(stack: Stack, sentry: SentryDouble, clock: FakeClock) -> None:
    """A dashboard opens with twenty calls."""
    await stack(call(identity=TOKEN))
    clock.pass_s(61)
    held = Held(ACCEPTED)
    sentry.will(held)
    crowd = [asyncio.create_task(stack(call(identity=TOKEN, clock=clock))) for _ in range(20)]
    await held.asked.wait()
    crowd[0].cancel()
    await asyncio.sleep(0)
    held.let_go()
    ended = await asyncio.gather(*crowd, return_exceptions=True)
    assert [answer.outcome for answer in ended[1:] if isinstance(answer, Answer)] == [Outcome.HIT] * 19
    assert sentry.asked == [LIST, INDEX]


@pytest.mark.parametrize("index", [REFUSED, NULL_AUTH, ok(b"{}", status=403)])
async def test_a_token_that_sentry_no_longer_accepts_gets_sentrys_own_refusal(
    stack: Stack, sentry: SentryDouble, clock: FakeClock, store: MemoryStore, index: Answer
) -> None:
    """And nothing of what was stored for it remains."""
    await stack(call(identity=TOKEN))
    clock.pass_s(61)
    sentry.will(index, REFUSED)
    answer = await stack(call(identity=TOKEN, clock=clock))
    assert (answer.status, answer.body) == (401, REFUSED.body)
    assert len(store) == 0
    assert sentry.asked == [LIST, INDEX, LIST]


async def test_a_refused_probe_is_enough_to_drop_everything(
    stack: Stack, sentry: SentryDouble, clock: FakeClock, store: MemoryStore
) -> None:
    """Sentry said no once and then broke: the entries must not survive to a better day."""
    await stack(call(identity=TOKEN))
    clock.pass_s(61)
    sentry.will(REFUSED, ok(b"{}", status=503))
    assert (await stack(call(identity=TOKEN, clock=clock))).status == 503
    assert len(store) == 0


@pytest.mark.parametrize("trouble", [Unreachable("down"), TimedOut("slow")])
async def test_without_sentry_a_token_gets_nothing_stored(
    stack: Stack, sentry: SentryDouble, clock: FakeClock, trouble: Exception
) -> None:
    """Whether it still counts cannot be known, and an honest error is better than a leak."""
    await stack(call(identity=TOKEN))
    clock.pass_s(61)
    sentry.will(trouble)
    with pytest.raises(type(trouble)):
        await stack(call(identity=TOKEN, clock=clock))


async def test_without_sentry_the_services_own_entries_stand_in(
    stack: Stack, sentry: SentryDouble, clock: FakeClock
) -> None:
    """Dexter vouches for its own credential."""
    await stack(call(identity=SERVICE))
    clock.pass_s(3600)
    sentry.will(Unreachable("down"))
    assert (await stack(call(identity=SERVICE, clock=clock))).outcome is Outcome.FALLBACK


async def test_an_old_answer_does_not_stand_in_for_an_unconfirmed_token(
    stack: Stack, sentry: SentryDouble, clock: FakeClock
) -> None:
    """Also when the entry is too old to be given otherwise, so that no probe was sent."""
    await stack(call(identity=TOKEN))
    clock.pass_s(3600)
    sentry.will(ok(b"{}", status=503))
    assert (await stack(call(identity=TOKEN, clock=clock))).status == 503


async def test_an_old_answer_does_not_stand_in_for_a_token_even_just_after_its_proof(
    stack: Stack, sentry: SentryDouble, clock: FakeClock
) -> None:
    """Sentry broke a second ago; from then on nobody knows."""
    await stack(call(identity=TOKEN))
    clock.pass_s(3600)
    await stack(call("/api/0/organizations/acme/teams/", identity=TOKEN, clock=clock))
    sentry.will(Unreachable("down"))
    with pytest.raises(Unreachable):
        await stack(call(identity=TOKEN, clock=clock))


@pytest.mark.parametrize("index", [ok(b"{}", status=503), ok(b"{}", status=429), ok(b"[]"), ok(b"{}", status=302)])
async def test_when_sentry_does_not_say_the_call_itself_must_answer(
    stack: Stack, sentry: SentryDouble, clock: FakeClock, index: Answer
) -> None:
    """A rate limit on the probe is no reason to refuse, nor to trust."""
    await stack(call(identity=TOKEN))
    clock.pass_s(61)
    sentry.will(index, ok(b'{"id":"2"}'))
    answer = await stack(call(identity=TOKEN, clock=clock))
    assert (answer.outcome, answer.body) == (Outcome.MISS, b'{"id":"2"}')


async def test_rights_that_changed_over_a_restart_start_anew(
    stack: Stack, sentry: SentryDouble, clock: FakeClock, store: MemoryStore
) -> None:
    """What is kept outlives the process; the token was narrowed while none was there to see it."""
    wide, narrow = ok(b'{"auth":{"scopes":["a","b"]}}'), ok(b'{"auth":{"scopes":["a"]}}')
    sentry.will(ok(b"[1]"), wide, narrow, ok(b"[2]"))
    await stack(call(identity=TOKEN, clock=clock))
    clock.pass_s(61)
    assert (await stack(call(identity=TOKEN, clock=clock))).body == b"[1]"
    restarted = build_stack(sentry, store, clock, ONE_ATTEMPT)
    assert (await restarted(call(identity=TOKEN, clock=clock))).body == b"[2]"
    await restarted.aclose()


async def test_a_token_whose_rights_changed_starts_anew(stack: Stack, sentry: SentryDouble, clock: FakeClock) -> None:
    """What was stored with a scope it lost must not be given any more."""
    sentry.will(ok(), ACCEPTED, ok(b'{"auth":{"scopes":[]},"user":{"id":"1"}}'), ok(b"[]"))
    await stack(call(identity=TOKEN))
    clock.pass_s(61)
    await stack(call(identity=TOKEN, clock=clock))
    clock.pass_s(61)
    assert (await stack(call(identity=TOKEN, clock=clock))).body == b"[]"


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize("identity", [SERVICE, TOKEN])
async def test_a_refusal_drops_that_identitys_entries_and_no_others(
    stack: Stack, sentry: SentryDouble, records: list[Record], identity: Identity, status: int
) -> None:
    """One revoked token must not empty everybody's cache."""
    other = TOKEN if identity is SERVICE else SERVICE
    for each in (identity, other):
        await stack(call(identity=each))
    sentry.will(ok(b"{}", status=status), ok())
    await stack(call("/api/0/organizations/acme/teams/", identity=identity))
    assert (await stack(call(identity=other))).outcome is Outcome.HIT
    assert (await stack(call(identity=identity))).outcome is Outcome.MISS
    assert [(record.status, record.entries) for record in records if isinstance(record, IdentityDropped)] == [
        (status, 1)
    ]


async def test_an_older_success_does_not_outweigh_a_later_refusal(stack: Stack, sentry: SentryDouble) -> None:
    """Two calls cross: the one sent first lands last."""
    held = Held(ok())
    sentry.will(held, REFUSED)
    early = asyncio.create_task(stack(call(identity=TOKEN)))
    await held.asked.wait()
    await stack(call("/api/0/organizations/acme/teams/", identity=TOKEN))
    held.let_go()
    await early
    sentry.will(REFUSED)
    assert (await stack(call(identity=TOKEN))).status == 401


class RightsfulSentry:
    """A Sentry where each token has a secret of its own, and some are revoked."""

    upstream = Upstream("https://sentry.example")

    def __init__(self) -> None:
        self.revoked: set[str] = set()

    async def send(self, asked: Call) -> Answer:
        who = asked.credential.authorization or ""
        if who in self.revoked:
            return REFUSED
        if asked.path == "/api/0/":
            return ACCEPTED
        return Answer(200, JSON, b'{"only for":"%s"}' % who.encode())

    async def aclose(self) -> None:
        pass


IDENTITIES = [SERVICE, TOKEN, Identity("token-2", "token"), Identity("token-1", "service")]
paths = st.sampled_from(["/api/0/organizations/acme/issues/", "/api/0/organizations/acme/teams/"])
acts = st.lists(
    st.one_of(
        st.tuples(st.just("ask"), st.lists(st.tuples(st.integers(0, 3), paths), min_size=1, max_size=5)),
        st.tuples(st.just("revoke"), st.integers(1, 2)),
        st.tuples(st.just("pass"), st.sampled_from([1, 59, 61, 301, 3600])),
    ),
    max_size=12,
)


@settings(max_examples=150, deadline=None)
@given(acts)
async def test_nobody_ever_gets_what_another_identity_was_given(taken: list[tuple[str, object]]) -> None:
    """Warm or cold, coalesced or not; and a minute after its revocation a token gets nothing at all."""
    sentry, clock = RightsfulSentry(), FakeClock()
    stack = build_stack(sentry, MemoryStore(), clock, ONE_ATTEMPT)
    revoked_at: dict[int, float] = {}
    for act, what in taken:
        if act == "pass":
            assert isinstance(what, int)
            clock.pass_s(what)
        elif act == "revoke":
            assert isinstance(what, int)
            sentry.revoked.add(f"Bearer secret-of-{IDENTITIES[what].key}")
            revoked_at.setdefault(what, clock.monotonic())
        else:
            assert isinstance(what, list)
            await _ask_all(stack, clock, what, revoked_at)
    await stack.aclose()


async def _ask_all(stack: Stack, clock: FakeClock, asks: list[tuple[int, str]], revoked_at: dict[int, float]) -> None:
    calls = [call(path, identity=IDENTITIES[who], clock=clock) for who, path in asks]
    answers = await asyncio.gather(*map(stack, calls))
    for (who, _), answer in zip(asks, answers, strict=True):
        if answer.status == 200:
            assert answer.body == b'{"only for":"Bearer secret-of-%s"}' % IDENTITIES[who].key.encode()
            assert clock.monotonic() - revoked_at.get(who, clock.monotonic()) < 60
