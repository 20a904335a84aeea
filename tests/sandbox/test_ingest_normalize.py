"""From what SDKs send to what Sentry shows: titles, culprits, tags, contexts; rubbish becomes complaints."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dexter.sandbox.ingest.normalize import NormalizedEvent, normalize, read_json
from dexter.sandbox.ingest.timestamps import iso, parse_timestamp
from dexter.sandbox.ingest.user_agent import contexts_of

NOW = 1_790_000_000.0
CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"
)


def normal(**event: Any) -> NormalizedEvent:
    return normalize(event, received=NOW)


def frame(function: str, **more: Any) -> dict[str, Any]:
    return {"function": function, "module": "shop.cart", "filename": "shop/cart.py", "in_app": True, **more}


def error(kind: str | None = "ValueError", value: Any = "bad", *frames: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": kind, "value": value, "stacktrace": {"frames": list(frames)} if frames else None, **more}


@pytest.mark.parametrize(
    ("event", "title"),
    [
        ({"exception": {"values": [error("KeyError", "'x'")]}}, "KeyError: 'x'"),
        ({"exception": [error("Inner", "a"), error("Outer", "b")]}, "Outer: b"),
        ({"exception": error("Lone", "c")}, "Lone: c"),
        ({"exception": {"values": [error("Two", "first\nsecond")]}}, "Two: first"),
        ({"exception": {"values": [error("Empty", "")]}}, "Empty"),
        ({"exception": {"values": [error("Long", "x" * 200)]}}, "Long: " + "x" * 97 + "..."),
        ({"exception": {"values": [error(None, "v", frame("pay"))]}}, "pay"),
        ({"exception": {"values": [error(None, "v")]}}, "<unknown>"),
        ({"exception": {"values": [error("Sig", "v", frame("crash"), mechanism={"synthetic": True})]}}, "crash"),
        ({"message": "hello\nworld"}, "hello"),
        ({"logentry": {"message": "took %s ms", "params": [7]}}, "took 7 ms"),
        ({"logentry": {"message": "took %d ms", "params": ["x"]}}, "took %d ms"),
        ({"message": {"formatted": "from an object"}}, "from an object"),
        ({}, "<unlabeled event>"),
    ],
)
def test_titles(event: dict[str, Any], title: str) -> None:
    """The title is what people read first, and what clients show."""
    assert normal(**event).title == title


@pytest.mark.parametrize(
    ("event", "culprit"),
    [
        ({"transaction": "/checkout"}, "/checkout"),
        (
            {"platform": "python", "exception": {"values": [error("E", "v", frame("old"), frame("pay"))]}},
            "shop.cart in pay",
        ),
        (
            {
                "platform": "python",
                "exception": {"values": [error("E", "v", frame("pay"), frame("lib", in_app=False))]},
            },
            "shop.cart in pay",
        ),
        (
            {"platform": "javascript", "exception": [error("E", "v", {"function": "go", "filename": "./a.js"})]},
            "go(a)",
        ),
        ({"platform": "native", "exception": [error("E", "v", frame("crash"))]}, "crash"),
        ({"request": {"url": "https://shop.example/a?b=1#c"}}, "https://shop.example/a"),
        ({}, ""),
    ],
)
def test_culprits(event: dict[str, Any], culprit: str) -> None:
    """Where it happened, in the habit of the platform."""
    assert normal(**event).culprit == culprit


@pytest.mark.parametrize(
    ("filename", "culprit"),
    [
        ("https://shop.example/bundle/basket.js", "go(bundle/basket)"),
        ("https://shop.example/static/main.3f9a1c2b.min.js?v=2", "go(static/main)"),
        ("webpack:///./src/app.tsx", "go(src/app)"),
        ("app:///index.js", "go(index)"),
        ("./src/cart.jsx", "go(src/cart)"),
        ("https://shop.example/checkout", "go(https://shop.example/checkout)"),
        ("cart.js", "go(cart.js)"),
    ],
)
def test_a_scripts_address_becomes_its_module(filename: str, culprit: str) -> None:
    """A host and a bundle's hash say nothing about where it broke."""
    event = normal(platform="javascript", exception=[error("E", "v", {"function": "go", "filename": filename})])
    assert event.culprit == culprit


def test_metadata_names_the_crash_frame() -> None:
    """The issue list shows file and function without loading an event."""
    event = normal(exception={"values": [error("E", "v", frame("pay"), frame("lib", in_app=False))]})
    assert event.metadata == {"type": "E", "value": "v", "filename": "shop/cart.py", "function": "pay"}


def test_tags_are_derived_from_the_event() -> None:
    """Distributions and search work on these, whether or not the SDK sent them as tags."""
    event = normal(
        environment="production",
        release="shop@1.0",
        dist="7",
        server_name="web-1",
        transaction="/pay",
        logger="shop",
        tags={"plan": "gold", "level": "ignored"},
        user={"id": 7, "email": "a@b.c"},
        request={"url": "https://shop.example/pay?x=1", "headers": {"user-agent": CHROME}},
        contexts={"runtime": {"name": "CPython", "version": "3.13"}},
        exception=[error("E", "v", mechanism={"type": "django", "handled": False})],
    )
    assert dict(event.tags) == {
        "browser": "Chrome 142.0.0.0",
        "browser.name": "Chrome",
        "dist": "7",
        "environment": "production",
        "handled": "no",
        "level": "error",
        "logger": "shop",
        "mechanism": "django",
        "os": "Windows 10",
        "os.name": "Windows",
        "plan": "gold",
        "release": "shop@1.0",
        "runtime": "CPython 3.13",
        "runtime.name": "CPython",
        "server_name": "web-1",
        "transaction": "/pay",
        "url": "https://shop.example/pay",
        "user": "id:7",
    }
    assert event.unhandled


@pytest.mark.parametrize(
    ("tags", "kept"),
    [
        ({"a": "b"}, {"a": "b"}),
        ([["a", "b"], ["c", 1], None], {"a": "b", "c": "1"}),
        ([{"key": "a", "value": True}], {"a": "true"}),
        ({"with space": "x"}, {"with-space": "x"}),
        ({"käse": "x"}, {}),
        ({"k" * 201: "x"}, {}),
        ({"a": "x" * 201}, {}),
        ({"a": "two\nlines"}, {}),
        ({"a": ""}, {}),
        ({"a": None}, {}),
        ({"a": {"b": 1}}, {}),
        ("nonsense", {}),
    ],
)
def test_tags_of_every_form(tags: Any, kept: dict[str, str]) -> None:
    """Pairs, objects, numbers: what can be a tag becomes one, the rest is left out."""
    assert {key: value for key, value in normal(tags=tags).tags.items() if key != "level"} == kept


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (NOW - 5, NOW - 5),
        (str(NOW - 5), NOW - 5),
        (iso(NOW - 5), NOW - 5),
        (iso(NOW - 5).replace("Z", ""), NOW - 5),
        (iso(NOW - 5).replace("Z", "+00:00"), NOW - 5),
        (iso(NOW - 5).replace("T", " "), NOW - 5),
        (iso(NOW - 5 + 7200).replace("Z", "+0200"), NOW - 5),
        (None, NOW),
    ],
)
def test_timestamps_of_every_form(value: Any, expected: float) -> None:
    """Every language writes moments in its own way."""
    event = normal(timestamp=value)
    assert (event.timestamp, event.data["errors"]) == (expected, [])


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (NOW + 3600, "future_timestamp"),
        (NOW - 40 * 86400, "past_timestamp"),
        ("yesterday", "invalid_data"),
        (True, "invalid_data"),
        (-1, "invalid_data"),
        (1e300, "invalid_data"),
        ("2026-13-45", "invalid_data"),
    ],
)
def test_impossible_timestamps_become_now(value: Any, kind: str) -> None:
    """A wrong clock must not file an event where nobody looks."""
    event = normal(timestamp=value)
    assert event.timestamp == NOW
    assert [item["type"] for item in event.data["errors"]] == [kind]


def test_iso_moments_keep_their_fraction() -> None:
    """Breadcrumbs a millisecond apart must stay in order."""
    assert parse_timestamp("2026-01-02T03:04:05.250Z") == parse_timestamp("2026-01-02T03:04:05Z") + 0.25


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("environment", "a/b"),
        ("environment", "x" * 65),
        ("release", "two\nlines"),
        ("release", "x" * 300),
        ("release", {"version": 1}),
        ("dist", "with space"),
        ("level", "catastrophic"),
        ("platform", "cobol"),
        ("exception", "boom"),
        ("exception", ["boom"]),
        ("breadcrumbs", 7),
        ("request", "GET /"),
        ("user", "ada"),
        ("contexts", []),
        ("extra", "text"),
        ("modules", ["a"]),
        ("fingerprint", {"a": 1}),
        ("sdk", "python"),
        ("threads", {"values": "none"}),
        ("server_name", ["a"]),
    ],
)
def test_a_value_of_a_wrong_form_is_a_complaint_and_not_a_loss(key: str, value: Any) -> None:
    """The error that someone needs to see must not vanish for a wrong field beside it."""
    event = normal(**{"message": "kept", key: value})
    assert event.title == "kept"
    names = [complaint["name"] for complaint in event.data["errors"]]
    assert names
    assert all(name.startswith(key) for name in names)


def test_long_things_are_cut() -> None:
    """One event must not fill the database."""
    frames = [frame(f"f{number}", vars={f"v{index}": "x" for index in range(90)}) for number in range(300)]
    crumbs = [{"message": f"m{number}"} for number in range(300)]
    event = normal(exception=[error("E", "v" * 20_000, *frames)], breadcrumbs=crumbs, extra={"x": "y" * 20_000})
    main = event.data["exception"]["values"][0]
    assert len(main["value"]) == 8192
    assert len(main["stacktrace"]["frames"]) == 100
    assert main["stacktrace"]["frames_omitted"] == [50, 250]
    assert [main["stacktrace"]["frames"][index]["function"] for index in (0, -1)] == ["f0", "f299"]
    assert len(main["stacktrace"]["frames"][0]["vars"]) == 50
    assert [event.data["breadcrumbs"]["values"][index]["message"] for index in (0, -1)] == ["m200", "m299"]
    assert len(event.data["extra"]["x"]) == 8192


def test_secrets_in_headers_are_masked() -> None:
    """SDKs that send them should not, and the sandbox does not keep them."""
    event = normal(request={"url": "/", "headers": {"Authorization": "Bearer abc", "accept": ["a", "b"]}})
    assert event.data["request"]["headers"] == [["Accept", "a, b"], ["Authorization", "[Filtered]"]]


@pytest.mark.parametrize(
    ("agent", "browser", "system"),
    [
        (CHROME, "Chrome", "Windows"),
        (CHROME + " Edg/142.0", "Edge", "Windows"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0", "Firefox", "Linux"),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) Version/18.5 Mobile/15E Safari/604",
            "Mobile Safari",
            "iOS",
        ),
        ("curl/8.5.0", "curl", None),
        ("", None, None),
    ],
)
def test_user_agents(agent: str, browser: str | None, system: str | None) -> None:
    """Browsers pretend to be each other."""
    found = contexts_of(agent)
    assert found.get("browser", {}).get("name") == browser
    assert found.get("os", {}).get("name") == system


def test_lone_surrogates_and_nan_pass() -> None:
    """Browsers cut strings in the middle of an emoji, and Python writes NaN."""
    body = read_json(b'{"message": "cut \\ud83d", "extra": {"ratio": NaN}, "big": 123456789012345678901234567890}')
    event = normalize(body, received=NOW)
    assert event.title.startswith("cut ")
    assert json.loads(msgspec.json.encode(event.data))["extra"] == {"ratio": None}


def test_depth_is_bounded() -> None:
    """A million brackets must not exhaust the stack."""
    with pytest.raises(ValueError, match=r"nest|recursion|Expecting"):
        read_json(b'{"extra":' + b"[" * 200_000)
    nested: Any = "end"
    for _ in range(300):
        nested = {"a": nested}
    assert msgspec.json.encode(normal(extra=nested).data)


FIELDS = (
    "values", "type", "value", "stacktrace", "frames", "function", "filename", "module", "lineno", "context_line",
    "pre_context", "vars", "mechanism", "handled", "headers", "url", "data", "cookies", "query_string", "id", "email",
    "ip_address", "name", "version", "message", "params", "formatted", "key", "level",
)  # fmt: skip
TOP = (
    "exception", "message", "logentry", "breadcrumbs", "request", "user", "contexts", "tags", "extra", "modules", "sdk",
    "level", "platform", "timestamp", "environment", "release", "dist", "fingerprint", "threads", "stacktrace",
    "transaction", "culprit", "logger", "server_name", "debug_meta", "event_id",
)  # fmt: skip
NAMES = st.sampled_from(FIELDS) | st.text(max_size=5)
RUBBISH = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(TOP), RUBBISH, max_size=6))
def test_any_object_becomes_an_event(event: dict[str, Any]) -> None:
    """Never a 500: whatever the types, an event comes out, and it can be stored."""
    made = normalize(event, received=NOW)
    assert made.title
    assert made.hash
    assert msgspec.json.decode(msgspec.json.encode(made.data))
