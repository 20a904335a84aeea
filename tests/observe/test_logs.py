"""What reaches the log, and what never does."""

from __future__ import annotations

import io
import json
import logging
from contextlib import contextmanager
from contextvars import copy_context
from typing import TYPE_CHECKING

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from dexter.observe.board import Board
from dexter.observe.logs import LogFormat, LogRecords, configure_logs
from dexter.observe.mishaps import Mishap, Mishaps
from dexter.observe.present import Present, begin
from dexter.observe.records import (
    AnswerServed,
    AttemptFinished,
    BreakerChanged,
    EntryStored,
    IdentityDropped,
    Record,
    RefreshFailed,
)
from dexter.observe.redaction import REDACTED, Redaction

if TYPE_CHECKING:
    from collections.abc import Iterator

KNOWN = "dexter-access-token-1"
USER_TOKEN = "sntryu_0123456789abcdef0123456789abcdef"
ORG_TOKEN = "sntrys_eyJpYXQiOjE3MDB9_c2VjcmV0/x+="
OLD_TOKEN = "0123456789abcdef" * 4
LIST = "GET /api/0/organizations/{organization_id_or_slug}/issues/"


@contextmanager
def set_up() -> Iterator[io.StringIO]:
    """Give a stream to log to; what is set up meanwhile is undone."""
    root = logging.getLogger()
    before = root.handlers[:], root.level
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("dexter.observe.logs._direct", None)
        yield io.StringIO()
    root.handlers[:], _ = before[0], root.setLevel(before[1])
    structlog.reset_defaults()


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    with set_up() as made:
        yield made


@pytest.mark.parametrize("log_format", ["json", "pretty"])
@pytest.mark.parametrize("secret", [KNOWN, USER_TOKEN, ORG_TOKEN, OLD_TOKEN])
def test_no_token_reaches_a_line_wherever_it_stands(stream: io.StringIO, log_format: LogFormat, secret: str) -> None:
    """A log is copied, mailed and kept for years."""
    configure_logs(log_format, "DEBUG", secrets=[KNOWN], stream=stream)
    log = structlog.get_logger("dexter.test")
    log.info("asked", authorization=f"Bearer {secret}", text=f"Authorization: Bearer {secret}")
    log.info(f"plain {secret} text", nested={"list": [secret, {"deep": secret}]}, raw=secret.encode())
    log.info("headers", headers=[("Authorization", secret), (b"cookie", secret.encode())])
    logging.getLogger("uvicorn.error").error("failed with %s", secret)
    try:
        raise ValueError(f"token={secret}")
    except ValueError:
        log.exception("broke")
        logging.getLogger("aiohttp.client").exception("foreign")
    assert stream.getvalue().count(REDACTED) >= 7
    assert secret not in stream.getvalue()


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("Bearer abc", f"Bearer {REDACTED}"),
        ("https://abcdef@sentry.io/1", f"https://{REDACTED}@sentry.io/1"),
        ("GET /?token=abc&x=1", f"GET /?token={REDACTED}&x=1"),
        ("{'Cookie': 'a=b; c=d'}", f"{{'Cookie': '{REDACTED}'}}"),
        ("the issue's title is fine", "the issue's title is fine"),
        ("0123456789abcdef0123456789abcdef", "0123456789abcdef0123456789abcdef"),
    ],
)
def test_credentials_are_known_by_their_shape(text: str, clean: str) -> None:
    """Event ids stay readable, since a log without them is of little use."""
    assert Redaction().text(text) == clean


@given(st.recursive(st.text() | st.just(USER_TOKEN) | st.integers(), st.lists, max_leaves=8))
def test_no_nesting_hides_a_token(value: object) -> None:
    """Whatever somebody passes to a log line."""
    assert USER_TOKEN not in str(Redaction()(None, "info", {"event": "e", "value": value}))


def test_lines_are_json_with_their_fields(stream: io.StringIO) -> None:
    """A log collector reads fields, not sentences."""
    configure_logs("json", stream=stream)
    LogRecords()(AnswerServed("/api/0", LIST, "GET", 200, 0.0123, "req-1"))
    line = json.loads(stream.getvalue())
    assert {key: line[key] for key in ("event", "level", "status", "duration_ms", "request_id", "endpoint")} == {
        "event": "request_served",
        "level": "info",
        "status": 200,
        "duration_ms": 12.3,
        "request_id": "req-1",
        "endpoint": LIST.removeprefix("GET "),
    }


def test_trouble_is_a_warning_and_daily_work_is_none(stream: io.StringIO) -> None:
    """Who sets the level to warning wants to see what somebody should look at."""
    configure_logs("json", "WARNING", stream=stream)
    observe = LogRecords()
    observe(AnswerServed("/api/0", LIST, "GET", 200, 0.01, "r"))
    observe(EntryStored(LIST, 1, False))
    observe(AttemptFinished(LIST, "GET", "r", 0.1, error="CancelledError"))
    observe(AnswerServed("/api/0", LIST, "GET", 502, 0.01, "r"))
    observe(AttemptFinished(LIST, "GET", "r", 0.1, error="Unreachable"))
    observe(IdentityDropped(LIST, "token", 401, 3))
    observe(RefreshFailed(LIST, "TimedOut"))
    events = [json.loads(line)["event"] for line in stream.getvalue().splitlines()]
    assert events == ["request_served", "sentry_failed", "identity_dropped", "refresh_failed"]


def of_a_request(trace_id: str, record: Record) -> None:
    """Write a record as it is written while a request of a trace is under way."""

    def write() -> None:
        begin(Present(trace_id=trace_id))
        LogRecords()(record)

    copy_context().run(write)


@given(st.text(max_size=40), st.text(max_size=40))
def test_no_line_and_no_kept_error_shows_a_token_that_a_caller_put_somewhere(before: str, after: str) -> None:
    """Request ids, error messages and trace ids are what callers have a hand in."""
    text = f"{before} {USER_TOKEN} {after}"
    for log_format in ("json", "pretty"):
        with set_up() as stream:
            configure_logs(log_format, stream=stream)  # type: ignore[arg-type]
            of_a_request(USER_TOKEN, AnswerServed("/api/0", LIST, "GET", 200, 0.01, text))
            of_a_request(USER_TOKEN, AttemptFinished(LIST, "GET", text, 0.1, error=text))
            assert USER_TOKEN not in stream.getvalue()
    mishaps = Mishaps(Board())
    mishaps.keep(Mishap(1.0, "browser", "workbench", error=text, request_id=text), USER_TOKEN)
    assert USER_TOKEN not in repr(mishaps.latest())


def test_a_line_says_which_trace_it_belongs_to(stream: io.StringIO) -> None:
    """A trace without its log lines shows where, and not why."""
    configure_logs("json", stream=stream)
    of_a_request("ab" * 16, AnswerServed("/api/0", LIST, "GET", 200, 0.01, "r", identity_kind="token"))
    line = json.loads(stream.getvalue())
    assert (line["trace_id"], line["identity_kind"]) == ("ab" * 16, "token")


@pytest.mark.parametrize(
    ("level", "status", "lines"), [("INFO", 200, 1), ("WARNING", 200, 0), ("WARNING", 502, 1), ("ERROR", 502, 0)]
)
def test_a_request_is_logged_from_its_level_on(stream: io.StringIO, level: str, status: int, lines: int) -> None:
    """Whoever asks for warnings only does not want every request."""
    configure_logs("json", level, stream=stream)
    LogRecords()(AnswerServed("/api/0", LIST, "GET", status, 0.01, "r"))
    assert len(stream.getvalue().splitlines()) == lines


def test_a_log_that_nobody_takes_fails_no_request() -> None:
    """The other end of a pipe may be gone."""

    class Gone(io.StringIO):
        def write(self, _text: str) -> int:
            raise BrokenPipeError

    with set_up():
        configure_logs("json", stream=Gone())
        LogRecords()(AnswerServed("/api/0", LIST, "GET", 200, 0.01, "r"))


@pytest.mark.parametrize(("state", "level"), [("open", "warning"), ("half_open", "warning"), ("closed", "info")])
def test_a_breaker_that_changes_is_worth_a_line(stream: io.StringIO, state: str, level: str) -> None:
    """Whoever reads the log of an outage sees when a part of Sentry was given up, and when it was back."""
    configure_logs("json", stream=stream)
    LogRecords()(BreakerChanged("read-issues", state, "TimedOut"))
    line = json.loads(stream.getvalue())
    assert (line["event"], line["level"], line["state"]) == ("breaker_changed", level, state)
