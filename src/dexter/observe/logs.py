"""Records as log lines, and how lines look: events with fields, as JSON or for reading, never with a credential."""

from __future__ import annotations

import logging
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal, TextIO

import msgspec
import structlog

from dexter.observe.present import current_trace_id
from dexter.observe.records import (
    AnswerServed,
    AttemptFinished,
    BreakerChanged,
    CapabilitiesProbed,
    IdentityDropped,
    Record,
    RefreshFailed,
    TagsPurged,
)
from dexter.observe.redaction import Redaction
from dexter.observe.templates import Templates

if TYPE_CHECKING:
    from collections.abc import Iterable

LogFormat = Literal["json", "pretty"]

_QUIET = ("uvicorn.access", "aiohttp.access", "asyncio")
"""Loggers whose lines would repeat what records say, with addresses in them."""


def configure_logs(
    log_format: LogFormat, level: str = "INFO", *, secrets: Iterable[str] = (), stream: TextIO | None = None
) -> None:
    """Set up every log line of this process, structlog's and the standard library's alike.

    `secrets` are values known to be credentials; they are redacted wherever they stand, tracebacks included.
    """
    stream = stream or sys.stderr
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        _with_trace,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        # Before redaction, so that what a traceback quotes is cleaned too.
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                Redaction(secrets),
                _renderer(log_format, stream),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    global _direct  # noqa: PLW0603 (as all of logging's setup is the process's)
    _direct = RequestLines(stream, root, Redaction(secrets)) if log_format == "json" else None
    for name in ("uvicorn", "uvicorn.error", *_QUIET):
        logging.getLogger(name).handlers.clear()
        logging.getLogger(name).propagate = True
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


class RequestLines:
    """Writes the line that every request has: the same fields each time, so that the long way is not needed.

    Only what callers have a hand in is looked over for credentials; the rest are templates, numbers and words of ours.
    """

    def __init__(self, stream: TextIO, root: logging.Logger, redaction: Redaction) -> None:
        self._stream = stream
        self._root = root
        self._redaction = redaction

    def write(self, level: str, fields: dict[str, Any]) -> None:
        """Write one line, if its level is wanted."""
        if not self._root.isEnabledFor(logging.WARNING if level == "warning" else logging.INFO):
            return
        if "request_id" in fields:
            fields["request_id"] = self._redaction.text(fields["request_id"])
        trace_id = current_trace_id()
        if trace_id:
            fields["trace_id"] = self._redaction.text(trace_id)
        moment = datetime.now(UTC).isoformat().replace("+00:00", "Z")
        line = {"event": "request_served", "level": level, "logger": "dexter", "timestamp": moment, **fields}
        try:
            self._stream.write(msgspec.json.encode(line).decode() + "\n")
            self._stream.flush()
        except OSError:
            # As logging has it: a log that nobody takes any more must not fail what it tells of.
            return


_direct: RequestLines | None = None


def _with_trace(_logger: Any, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Add the trace that the line belongs to."""
    trace_id = current_trace_id()
    if trace_id:
        event.setdefault("trace_id", trace_id)
    return event


def _renderer(log_format: LogFormat, stream: TextIO) -> structlog.typing.Processor:
    if log_format == "json":
        return structlog.processors.JSONRenderer(ensure_ascii=False)
    return structlog.dev.ConsoleRenderer(colors=stream.isatty(), exception_formatter=structlog.dev.plain_traceback)


class LogRecords:
    """An observer that writes what people look for in a log: requests, and what went wrong with Sentry."""

    def __init__(self, templates: Templates | None = None) -> None:
        """Write; `templates` are the addresses of the names that records know endpoints by."""
        self._templates = Templates() if templates is None else templates
        self._log: Any = structlog.get_logger("dexter")

    def __call__(self, record: Record) -> None:
        """Write one record, if it is worth a line."""
        match record:
            case AnswerServed():
                self._served(record)
            case AttemptFinished(error=str() as error) if error != "CancelledError":
                self._log.warning(
                    "sentry_failed",
                    endpoint=record.endpoint,
                    method=record.method,
                    error=error,
                    duration_ms=_ms(record.duration_s),
                    request_id=record.request_id,
                )
            case IdentityDropped(endpoint=endpoint, identity_kind=kind, status=status, entries=entries):
                self._log.warning("identity_dropped", endpoint=endpoint, kind=kind, status=status, entries=entries)
            case CapabilitiesProbed(kind=kind, version=version, dialect=dialect):
                self._log.info("sentry_probed", kind=kind, version=version, dialect=dialect)
            case RefreshFailed(endpoint=endpoint, error=error):
                self._log.warning("refresh_failed", endpoint=endpoint, error=error)
            case BreakerChanged(call_class=call_class, state=state, last_failure=failure):
                write = self._log.info if state == "closed" else self._log.warning
                write("breaker_changed", call_class=call_class, state=state, last_failure=failure)
            case TagsPurged(endpoint=endpoint, entries=entries) if entries:
                self._log.debug("entries_purged", endpoint=endpoint, entries=entries)
            case _:
                pass

    def _served(self, record: AnswerServed) -> None:
        level = "warning" if record.status >= 500 else "info"
        fields: dict[str, Any] = {
            "face": record.face,
            "endpoint": self._templates[record.endpoint],
            "method": record.method,
            "status": record.status,
            "outcome": record.outcome.value if record.outcome else None,
            "identity_kind": record.identity_kind or None,
            "duration_ms": _ms(record.duration_s),
            # Answers that stood ready are many a second: one line for all of a kind.
            **({"request_id": record.request_id} if record.request_id else {"count": record.count}),
        }
        if _direct is not None:
            _direct.write(level, fields)
        else:
            getattr(self._log, level)("request_served", **fields)


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 1)
