"""Every caller gets a stored answer in the encoding that it likes best, and each is made once."""

from __future__ import annotations

import asyncio
import gzip
import os
from hashlib import blake2b
from typing import TYPE_CHECKING

import brotli
import msgspec
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st
from tests.doubles.sentry_double import JSON, SentryDouble, ok

from dexter.gateway import representations
from dexter.gateway.packing import LONGEST_TAIL, opened, packed
from dexter.gateway.representations import Representations, Source
from dexter.policy.encoding import Coding

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.gateway.conftest import Visitor

pytestmark = pytest.mark.breadth

ISSUES = "/api/0/organizations/acme/issues/"
STREAM = "/api/v1/issues"
# Still worth packing anew once it is packed.
LIST = msgspec.json.encode([{"id": blake2b(b"%d" % number).hexdigest(), "title": "TypeError"} for number in range(100)])
IN_GZIP = (*JSON, ("Content-Encoding", "gzip"), ("Vary", "Cookie"))
BROWSER = "gzip, deflate, br, zstd"

UNPACK: dict[str, Callable[[bytes], bytes]] = {
    "zstd": lambda body: zstandard.ZstdDecompressor().decompressobj().decompress(body),
    "br": brotli.decompress,
    "gzip": gzip.decompress,
    "identity": bytes,
}

ACCEPTED = {
    "": "identity",
    "gzip": "gzip",
    "x-gzip": "gzip",
    "br": "br",
    "zstd": "zstd",
    BROWSER: "zstd",
    "gzip, deflate, br": "br",
    "GZIP;Q=1": "gzip",
    "zstd;q=0.1, gzip;q=0.9": "gzip",
    "zstd;q=0, br;q=0, gzip;q=0": "identity",
    "identity, gzip;q=0.5": "identity",
    "identity;q=0.5, gzip;q=0.5": "gzip",
    "*": "gzip",
    "*;q=0": "identity",
    "identity;q=0": "identity",
    "identity;q=0, *": "gzip",
    "gzip;q=0, *": "identity",
    "deflate, compress": "identity",
    "gzip;q=nonsense": "identity",
}


@pytest.mark.parametrize("accepted", ACCEPTED, ids=lambda text: text or "nothing said")
@pytest.mark.parametrize("target", [ISSUES, STREAM])
@pytest.mark.parametrize("is_packed", [False, True], ids=["plain at Sentry", "gzip at Sentry"])
async def test_each_caller_gets_what_it_likes_best(
    accepted: str, target: str, is_packed: bool, operator: Visitor, sentry: SentryDouble
) -> None:
    """A wrong guess here is a page full of bytes that nobody can read."""
    sentry.will(ok(gzip.compress(LIST), headers=IN_GZIP) if is_packed else ok(LIST, headers=JSON))
    for _ in range(2):
        said = await operator.get(target, {"accept-encoding": accepted})
    coding = ACCEPTED[accepted]
    assert said.headers.get("content-encoding", "identity") == coding
    assert "accept-encoding" in said.headers["vary"].lower()
    body = UNPACK[coding](said.body)
    assert (body if target == ISSUES else body.removeprefix(b'{"data":')[: len(LIST)]) == LIST
    assert len(said.body) == int(said.headers["content-length"])
    assert len(sentry.calls) == 1


async def test_what_varied_before_varies_still(owner: Visitor, sentry: SentryDouble) -> None:
    """A cache that stands between must not lose what Sentry told it."""
    sentry.will(ok(gzip.compress(LIST), headers=IN_GZIP))
    assert (await owner.get(ISSUES)).headers["vary"] == "Cookie, Accept-Encoding"


@pytest.mark.parametrize("target", [ISSUES, STREAM])
async def test_small_answers_go_as_they_are(target: str, operator: Visitor, sentry: SentryDouble) -> None:
    """They fit into one packet, and unpacking costs the client more than it saves."""
    sentry.will(ok(b"[1]"))
    for _ in range(2):
        said = await operator.get(target, {"accept-encoding": BROWSER})
    assert "content-encoding" not in said.headers
    refused = await operator.get(target, {"accept-encoding": "identity;q=0, gzip"})
    assert refused.headers["content-encoding"] == "gzip"


async def test_straight_from_sentry_it_goes_as_it_came(owner: Visitor, sentry: SentryDouble) -> None:
    """Nobody may wait for a packing that may be the only one of its kind."""
    came = gzip.compress(LIST)
    sentry.will(ok(came, headers=IN_GZIP))
    first = await owner.get(ISSUES, {"accept-encoding": BROWSER})
    assert (first.headers["content-encoding"], first.body) == ("gzip", came)
    assert (await owner.get(ISSUES, {"accept-encoding": BROWSER})).headers["content-encoding"] == "zstd"


@pytest.mark.parametrize("target", [ISSUES, STREAM])
@pytest.mark.parametrize("given_in", UNPACK)
@pytest.mark.parametrize("asked_in", UNPACK)
async def test_a_tag_holds_for_every_encoding(
    given_in: str, asked_in: str, target: str, operator: Visitor, sentry: SentryDouble
) -> None:
    """Who has an answer has it, whatever it was packed in when it came; and each encoding's strong tag is its own."""
    sentry.will(ok(gzip.compress(LIST), headers=IN_GZIP))
    await operator.get(target)
    tag = (await operator.get(target, {"accept-encoding": given_in})).headers["etag"]
    other = (await operator.get(target, {"accept-encoding": asked_in})).headers["etag"]
    assert tag.startswith("W/") or (tag == other) == (given_in == asked_in)
    again = await operator.get(target, {"accept-encoding": asked_in, "if-none-match": tag})
    assert (again.status, again.body, again.headers["etag"]) == (304, b"", tag)
    assert "accept-encoding" in again.headers["vary"].lower()
    assert "content-encoding" not in again.headers
    assert "content-length" not in again.headers


@pytest.mark.parametrize("said", ['"abc"', '"abc-gzip"', 'W/"abc"'])
async def test_sentrys_own_tag_serves_every_encoding(said: str, owner: Visitor, sentry: SentryDouble) -> None:
    """It is about what Sentry sent; what was packed here is told apart and recognized."""
    sentry.will(ok(gzip.compress(LIST), headers=(*IN_GZIP, ("ETag", said))))
    await owner.get(ISSUES)
    tags = {(await owner.get(ISSUES, {"accept-encoding": coding})).headers["etag"] for coding in UNPACK}
    assert len(tags) == (1 if said.startswith("W/") else len(UNPACK))
    for tag in (said, *tags):
        assert (await owner.get(ISSUES, {"accept-encoding": "br", "if-none-match": tag})).status == 304
    assert (await owner.get(ISSUES, {"if-none-match": '"other"'})).status == 200


@pytest.mark.parametrize("change", ["content", "page", "nothing"])
async def test_the_tag_of_a_page_changes_with_what_it_says(
    change: str, operator: Visitor, sentry: SentryDouble
) -> None:
    """Its age is no news, another list is; and so is a next page where there was none."""
    link = ("Link", '<https://sentry.example/x>; rel="next"; results="true"; cursor="0:25:0"')
    others = {"content": ok(b"[2]"), "page": ok(b"[1]", headers=(*JSON, link)), "nothing": ok(b"[1]")}
    sentry.will(ok(b"[1]"), others[change])
    tag = (await operator.get(STREAM)).headers["etag"]
    again = await operator.get(f"{STREAM}?fresh=1", {"if-none-match": tag})
    assert again.status == (304 if change == "nothing" else 200)


@pytest.mark.parametrize("accepted", [BROWSER, "br", "gzip", ""], ids=lambda text: text or "nothing said")
async def test_what_is_made_for_one_request_is_packed_too(
    accepted: str, operator: Visitor, sentry: SentryDouble
) -> None:
    """An issue with its events, tags and activity is the largest answer there is."""
    sentry.will(ok(msgspec.json.encode({"id": "1", "title": "x" * 5000, "activity": []})))
    coding = ACCEPTED[accepted]
    said = await operator.get("/api/v1/issues/1/context", {"accept-encoding": accepted})
    assert said.headers.get("content-encoding", "identity") == coding
    assert said.headers["vary"] == "Accept-Encoding"
    assert len(said.body) == int(said.headers["content-length"])
    assert msgspec.json.decode(UNPACK[coding](said.body))["title"] == "x" * 5000


async def test_addresses_are_packed_as_each_host_sees_them(operator: Visitor, sentry: SentryDouble) -> None:
    """One stored answer becomes several where it names the gateway's own address."""
    filler = '","x":"'.join(["y" * 400] * 4)
    sentry.will(ok(f'{{"regionUrl":"https://sentry.example","x":"{filler}"}}'.encode()))
    for host in ("localhost:8000", "127.0.0.1:8000", "localhost:8000"):
        headers = {"accept-encoding": "br", "host": host}
        for _ in range(2):
            said = await operator.get("/api/0/organizations/acme/", headers)
        assert f'"regionUrl":"http://{host}"'.encode() in brotli.decompress(said.body)


@given(beginning=st.binary(min_size=1, max_size=400), tail=st.binary(max_size=400), coding=st.sampled_from(Coding))
def test_a_body_packed_in_two_pieces_is_one(beginning: bytes, tail: bytes, coding: Coding) -> None:
    """What varies is put behind what does not; each reader must see one body."""
    begun = opened(beginning, coding)
    for end in (tail, b"", tail + b"x"):
        assert UNPACK[coding](begun.packed + begun.close(end)) == beginning + end


@pytest.mark.parametrize("coding", Coding)
def test_large_bodies_are_packed_whole_and_in_pieces(coding: Coding) -> None:
    """Blocks of each format have a largest size, which a body may exceed many times and an end may reach."""
    beginning, tail = os.urandom(400_000) + b"a" * 400_000, os.urandom(LONGEST_TAIL)
    begun = opened(beginning, coding)
    assert UNPACK[coding](begun.packed + begun.close(tail)) == beginning + tail
    assert UNPACK[coding](packed(beginning, coding)) == beginning


async def test_each_is_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Packing costs ten times what giving does."""
    made: list[Coding] = []

    def counted(plain: bytes, coding: Coding) -> bytes:
        made.append(coding)
        return packed(plain, coding)

    monkeypatch.setattr(representations, "packed", counted)
    kept, large = Representations(), Source(object(), b"[" + b"1," * 300_000 + b"1]")
    sources = [Source(object(), LIST), large]
    for source in sources:
        crowd = await asyncio.gather(*(kept.whole(source, coding) for coding in Coding for _ in range(20)))
        assert {
            UNPACK[coding](body) for coding, body in zip((c for c in Coding for _ in range(20)), crowd, strict=True)
        } == {source.body}
    assert sorted(made) == sorted([Coding.ZSTD, Coding.BROTLI, Coding.GZIP] * 2)


async def test_an_equal_owner_is_another_one() -> None:
    """What was packed for one stored answer must never stand for another."""
    kept = Representations()
    first, second = Source(bytearray(b"x"), LIST), Source(bytearray(b"x"), LIST.replace(b"TypeError", b"Other"))
    await kept.whole(first, Coding.GZIP)
    assert gzip.decompress(await kept.whole(second, Coding.GZIP)) == second.body


async def test_what_is_kept_is_bounded() -> None:
    """Packed bodies are a convenience; memory is not endless."""
    kept = Representations(room_bytes=3 * len(LIST))
    owners = [object() for _ in range(10)]
    first = await kept.whole(Source(owners[0], LIST), Coding.GZIP)
    for owner in owners[1:]:
        await kept.whole(Source(owner, LIST), Coding.GZIP)
    again = await kept.whole(Source(owners[0], LIST), Coding.GZIP)
    assert again == first
    assert again is not first
