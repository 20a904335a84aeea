"""Which events become one issue, and which do not."""

from __future__ import annotations

from typing import Any

import pytest

from dexter.sandbox.ingest.grouping import parameterized
from dexter.sandbox.ingest.normalize import normalize


def group(**event: Any) -> str:
    return normalize(event, received=1_790_000_000.0).hash


def raised(kind: str = "ValueError", value: str = "bad", *names: str, **more: Any) -> dict[str, Any]:
    frames = [
        {"function": name.strip("*"), "module": "lib" if name.startswith("*") else "app", "in_app": name[0] != "*"}
        for name in names
    ]
    return {"exception": {"values": [{"type": kind, "value": value, "stacktrace": {"frames": frames}, **more}]}}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (raised("E", "order 1", "a", "b"), raised("E", "order 2", "a", "b")),
        (raised("E", "v", "a", "*lib1"), raised("E", "v", "a", "*lib2")),
        (raised("E", "v", "a", "a", "a"), raised("E", "v", "a")),
        (raised("E", "order 17 of ada@example.com"), raised("E", "order 18 of bob@example.com")),
        ({"message": "took 12 ms"}, {"message": "took 3 ms"}),
        (
            {"logentry": {"message": "hello %s", "params": ["a"]}},
            {"logentry": {"message": "hello %s", "params": ["b"]}},
        ),
        ({**raised("A", "v", "a"), "fingerprint": ["mine"]}, {**raised("B", "w", "b"), "fingerprint": ["mine"]}),
        ({**raised("E", "v", "a"), "fingerprint": ["{{ default }}"]}, raised("E", "v", "a")),
        (
            raised("SIGSEGV", "v", "crash", mechanism={"type": "signal", "synthetic": True}),
            raised("SIGABRT", "v", "crash", mechanism={"type": "signal", "synthetic": True}),
        ),
    ],
)
def test_the_same_fault_is_one_issue(one: dict[str, Any], other: dict[str, Any]) -> None:
    """Whoever triages must see a fault once, however its words vary."""
    assert group(**one) == group(**other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (raised("A", "v", "a"), raised("B", "v", "a")),
        (raised("E", "v", "a"), raised("E", "v", "b")),
        (raised("E", "v", "*lib1"), raised("E", "v", "*lib2")),
        (raised("E", "cannot open"), raised("E", "cannot close")),
        ({"message": "hello"}, {"message": "goodbye"}),
        (
            {**raised("E", "v", "a"), "fingerprint": ["{{ default }}", "eu"]},
            {**raised("E", "v", "a"), "fingerprint": ["{{ default }}", "us"]},
        ),
        (
            {**raised("E", "v", "a"), "fingerprint": ["{{ default }}", "eu"]},
            {**raised("E", "v", "b"), "fingerprint": ["{{ default }}", "eu"]},
        ),
        (
            {"message": "x", "transaction": "/a", "fingerprint": ["{{ transaction }}"]},
            {"message": "x", "transaction": "/b", "fingerprint": ["{{ transaction }}"]},
        ),
    ],
)
def test_another_fault_is_another_issue(one: dict[str, Any], other: dict[str, Any]) -> None:
    """Two faults under one title would hide the second behind the first."""
    assert group(**one) != group(**other)


def test_a_hashed_bundle_name_does_not_split_an_issue() -> None:
    """Every deploy of a web application renames its files."""

    def thrown(filename: str) -> dict[str, Any]:
        frame = {"function": "go", "filename": filename, "in_app": True}
        return {"exception": [{"type": "E", "value": "v", "stacktrace": {"frames": [frame]}}]}

    assert group(**thrown("/static/main.3f9a1c2b.js")) == group(**thrown("/static/main.77aa01fe.js"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("user 42 not found", "user <int> not found"),
        ("10.0.0.1 refused", "<ip> refused"),
        ("at 2026-01-02T03:04:05Z", "at <date>"),
        ("id 550e8400-e29b-41d4-a716-446655440000", "id <uuid>"),
        ("mail to ada@example.com", "mail to <email>"),
        ("GET https://a.example/b?c=1 failed", "GET <url> failed"),
        ("at 0xdeadbeef", "at <hex>"),
        ("plain words", "plain words"),
    ],
)
def test_what_varies_is_taken_out(text: str, expected: str) -> None:
    """Messages without a stack trace are grouped by their words, not their numbers."""
    assert parameterized(text) == expected
