"""Sentry's API addresses become the gateway's, and nothing else changes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dexter.gateway.forwarding import as_sent, max_age_s, max_stale_s, to_client, to_sentry, wants_no_cache
from dexter.gateway.rewrite import fields_of, own_body, own_headers

if TYPE_CHECKING:
    from dexter.wire import Headers

BASE, OWN = "https://sentry.io", "http://localhost:8000"
REGION = ("regionUrl",)


@pytest.mark.parametrize(
    ("sent", "got"),
    [
        ('{"links":{"regionUrl":"https://sentry.io"}}', '{"links":{"regionUrl":"http://localhost:8000"}}'),
        ('{"regionUrl" : "https://sentry.io/"}', '{"regionUrl" : "http://localhost:8000/"}'),
        ('[{"regionUrl":"https:\\/\\/sentry.io"}]', '[{"regionUrl":"http://localhost:8000"}]'),
        ('{"regionUrl":"https://us.sentry.io"}', '{"regionUrl":"https://us.sentry.io"}'),
        ('{"regionUrl":"https://sentry.io.evil.example"}', '{"regionUrl":"https://sentry.io.evil.example"}'),
        ('{"regionUrl":null}', '{"regionUrl":null}'),
        ('{"permalink":"https://sentry.io/1/"}', '{"permalink":"https://sentry.io/1/"}'),
        ('{"x":"\\"regionUrl\\":\\"https://sentry.io\\""}', '{"x":"\\"regionUrl\\":\\"https://sentry.io\\""}'),
        ('{"a":1.0, "b":12345678901234567890}', '{"a":1.0, "b":12345678901234567890}'),
    ],
)
def test_only_the_region_of_this_upstream_is_turned(sent: str, got: str) -> None:
    """Every other byte stays, also inside texts that look alike."""
    assert own_body(sent.encode(), REGION, BASE, OWN).decode() == got


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text()
    | st.sampled_from([f"{BASE}/x", '"regionUrl":"https://sentry.io"']),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text() | st.just("regionUrl"), inner, max_size=3),
    max_leaves=12,
)


@given(json_values, st.booleans(), st.booleans())
def test_patching_is_the_same_as_parsing(value: object, ascii_only: bool, spaced: bool) -> None:
    """The shortcut must never change what a parser would not."""
    separators = (", ", " : ") if spaced else (",", ":")
    text = json.dumps(value, ensure_ascii=ascii_only, separators=separators)
    patched = own_body(text.encode("utf-8", "surrogatepass"), REGION, BASE, OWN)
    assert json.loads(patched.decode("utf-8", "surrogatepass")) == _turned(value)


def _turned(value: object) -> object:
    match value:
        case dict():
            return {key: _region(item) if key == "regionUrl" else _turned(item) for key, item in value.items()}
        case list():
            return [_turned(item) for item in value]
        case _:
            return value


def _region(value: object) -> object:
    if isinstance(value, str) and (value == BASE or value.startswith((f"{BASE}/", f"{BASE}?", f"{BASE}#"))):
        return OWN + value[len(BASE) :]
    return _turned(value)


@pytest.mark.parametrize(
    ("template", "path", "fields"),
    [
        ("/api/0/organizations/{organization_id_or_slug}/", "", REGION),
        ("/api/0/organizations/{organization_id_or_slug}/chunk-upload/", "", ("url",)),
        ("*", "/api/0/users/me/regions/", ("url",)),
        ("/api/0/organizations/{organization_id_or_slug}/issues/", "", ()),
    ],
)
def test_only_endpoints_that_carry_addresses_are_looked_into(template: str, path: str, fields: tuple[str, ...]) -> None:
    """An issue list is large, and an event's `url` is a user's."""
    assert fields_of(template, path) == fields


def test_a_body_without_fields_is_the_same_object() -> None:
    """The hot path copies nothing."""
    body = b'{"regionUrl":"https://sentry.io"}'
    assert own_body(body, (), BASE, OWN) is body


@pytest.mark.parametrize(
    ("base", "location", "expected"),
    [
        (BASE, "https://sentry.io/api/0/x/", f"{OWN}/api/0/x/"),
        (BASE, "/api/0/x/", "/api/0/x/"),
        (BASE, "https://elsewhere.example/", "https://elsewhere.example/"),
        ("https://host/sentry", "https://host/sentry/api/0/x/", f"{OWN}/api/0/x/"),
        ("https://host/sentry", "/sentry/api/0/x/", "/api/0/x/"),
    ],
)
def test_a_redirect_leads_to_the_gateway(base: str, location: str, expected: str) -> None:
    """Also when Sentry lives below a path that the client does not know."""
    assert own_headers((("Location", location),), base, OWN) == (("Location", expected),)


def test_hop_by_hop_fields_end_at_each_hop() -> None:
    """Also those that `Connection` names."""
    headers: Headers = (
        ("Connection", "close, X-Mine"),
        ("X-Mine", "1"),
        ("TE", "trailers"),
        ("Upgrade", "h2c"),
        ("Proxy-Authorization", "Basic x"),
        ("X-Kept", "1"),
    )
    assert to_sentry(headers) == to_client(headers) == (("X-Kept", "1"),)


@pytest.mark.parametrize(
    "name", ["Cookie", "Origin", "Host", "Authorization", "X-Dexter-Token", "X-Forwarded-For", "Forwarded"]
)
def test_what_is_not_sentrys_does_not_reach_it(name: str) -> None:
    """The credential is added at the last step; the others are Dexter's or the browser's."""
    assert to_sentry(((name, "x"), (name.lower(), "x"))) == ()


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ((("Cache-Control", "no-cache"),), True),
        ((("cache-control", "max-age=0, private"),), True),
        ((("Pragma", "no-cache"),), True),
        ((("Cache-Control", "max-age=60"),), False),
        ((), False),
    ],
)
def test_a_reload_asks_sentry(headers: Headers, expected: bool) -> None:
    """In each way that clients say it."""
    assert wants_no_cache(headers) is expected


@pytest.mark.parametrize(
    ("stated", "age_s", "stale_s"),
    [
        ((), None, 0),
        (("max-age=20",), 20, 0),
        (("max-age=20, max-stale=60",), 20, 60),
        (("Max-Stale=60", "MAX-AGE=20"), 20, 60),
        (("max-stale=60, max-stale=5, max-age=9, max-age=3",), 3, 5),
        (("max-stale",), None, 0),
        (("max-stale=", "max-age=-1"), None, 0),
        (('max-stale="60"', "max-age=²"), None, 0),
    ],
)
def test_a_client_says_how_old_an_answer_may_be(stated: tuple[str, ...], age_s: float | None, stale_s: float) -> None:
    """What is not understood bounds nothing and allows nothing."""
    headers = tuple(("Cache-Control", each) for each in stated)
    assert (max_age_s(headers), max_stale_s(headers)) == (age_s, stale_s)


@given(st.binary(max_size=30))
def test_what_goes_out_is_printable_and_what_was_printable_stays(raw: bytes) -> None:
    """A request line holds no spaces, line breaks or bytes beyond ASCII, or it could become two."""
    sent = as_sent(raw)
    assert all(0x21 <= ord(letter) <= 0x7E for letter in sent)
    if all(0x21 <= byte <= 0x7E for byte in raw):
        assert sent == raw.decode()
