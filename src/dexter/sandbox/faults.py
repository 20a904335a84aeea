"""What goes wrong, when asked to: pure decisions from a plan, a call's number and a seed.

`PUT /_sandbox/faults` sets a plan; every call then gets a verdict. The same plan and the same order of
calls give the same verdicts, so that a test which found a bug finds it again.
"""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass, fields
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

Act = Literal["drop", "hang", "fail", "html", "html_404", "redirect", "truncate", "malformed_link"]

ACTS: tuple[Act, ...] = ("drop", "hang", "fail", "html", "html_404", "redirect", "truncate", "malformed_link")
"""Every way a call can go wrong, in the order in which they are drawn: at most one happens to a call."""

HTML_PAGE = b"<!DOCTYPE html><html><head><title>Sign in</title></head><body><h1>Please sign in</h1></body></html>\n"
HTML_404_BYTES = 70 * 1024
MALFORMED_LINK = '<not a url; rel=next results="perhaps", <>;;cursor'


@dataclass(frozen=True, slots=True)
class FaultPlan:
    """What shall go wrong. A share is between 0 and 1; `true` means always."""

    latency_ms: float = 0.0
    """Time added before the call is handled."""
    latency_share: float = 1.0
    """Share of calls that are slowed."""
    drop: float = 0.0
    """Share of calls whose connection breaks without an answer."""
    hang: float = 0.0
    """Share of calls that are never answered; they end when the client leaves."""
    failure_rate: float = 0.0
    """Share of calls answered with `failure_status`."""
    failure_status: int = 503
    """A status from 400 to 599; 429 comes with Sentry's rate-limit headers and body."""
    html: float = 0.0
    """Share of calls answered 200 with an HTML page, as a proxy's sign-in page is."""
    html_404: float = 0.0
    """Share of calls answered 404 with 70 KB of HTML."""
    redirect: float = 0.0
    """Share of calls answered 302."""
    redirect_to: str = ""
    """Where a redirect leads; empty leads back to the same address."""
    truncate: float = 0.0
    """Share of answers that lose the second half of their body."""
    malformed_link: float = 0.0
    """Share of answers whose Link header is nonsense."""
    operations: tuple[str, ...] = ()
    """Operation keys such as `GET /api/0/organizations/*/issues/`, `*` for anything; none means every operation."""
    ingestion: bool = False
    """Whether events on their way in suffer as well."""
    seed: int = 0
    """Another seed, another order of misfortunes."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What shall happen to one call: wait first, then at most one misfortune."""

    wait_s: float = 0.0
    act: Act | None = None


FINE = Verdict()

_SHARES = ("latency_share", "failure_rate", *(act for act in ACTS if act != "fail"))


def judge(plan: FaultPlan, operation: str, number: int, *, ingesting: bool = False) -> Verdict:
    """Give the verdict on the call that is the `number`th of its operation."""
    if (ingesting and not plan.ingestion) or not concerns(plan, operation):
        return FINE
    seed = hashlib.sha256(f"{plan.seed}\n{operation}\n{number}".encode()).digest()
    chance = random.Random(seed)  # noqa: S311 - repeatable on purpose
    wait_s = plan.latency_ms / 1000 if chance.random() < plan.latency_share else 0.0
    for act in ACTS:
        if chance.random() < (plan.failure_rate if act == "fail" else getattr(plan, act)):
            return Verdict(wait_s, act)
    return Verdict(wait_s)


def concerns(plan: FaultPlan, operation: str) -> bool:
    """Tell whether the plan names the operation."""
    return not plan.operations or any(fnmatchcase(operation, pattern) for pattern in plan.operations)


def parse_plan(body: Mapping[str, Any]) -> FaultPlan:
    """Give the plan a JSON body describes.

    Raises ValueError naming the field, the value and the permitted form.
    """
    known = {field.name for field in fields(FaultPlan)}
    unknown = sorted(set(body) - known)
    if unknown:
        permitted = sorted({*known, "rate_limit"})
        raise ValueError(f"{unknown[0]}: unknown; permitted are {', '.join(permitted)}")
    parsed: dict[str, Any] = {name: _PARSERS[name](name, value) for name, value in body.items()}
    return FaultPlan(**parsed)


def shown(plan: FaultPlan) -> dict[str, Any]:
    """Give the plan as the JSON body that would set it."""
    body: dict[str, Any] = {field.name: getattr(plan, field.name) for field in fields(FaultPlan)}
    return body | {"operations": list(plan.operations)}


def _share(name: str, value: Any) -> float:
    if isinstance(value, bool):
        return float(value)
    if isinstance(value, int | float) and 0 <= value <= 1:
        return float(value)
    raise ValueError(f"{name}: {value!r} is not a share; permitted are 0 to 1, true and false")


def _milliseconds(name: str, value: Any) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool) and value >= 0:
        return float(value)
    raise ValueError(f"{name}: {value!r} is not a time in milliseconds; permitted are numbers from 0")


def _failure_status(name: str, value: Any) -> int:
    if isinstance(value, int) and 400 <= value <= 599:
        return value
    raise ValueError(f"{name}: {value!r} is not an error status; permitted are 400 to 599")


def _text(name: str, value: Any) -> str:
    if isinstance(value, str):
        return value
    raise ValueError(f"{name}: {value!r} is not text")


def _texts(name: str, value: Any) -> tuple[str, ...]:
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return tuple(value)
    raise ValueError(f"{name}: {value!r} is not a list of operation keys")


def _flag(name: str, value: Any) -> bool:
    if isinstance(value, bool):
        return value
    raise ValueError(f"{name}: {value!r} is not true or false")


def _whole(name: str, value: Any) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise ValueError(f"{name}: {value!r} is not a whole number")


_PARSERS = {
    **dict.fromkeys(_SHARES, _share),
    "latency_ms": _milliseconds,
    "failure_status": _failure_status,
    "redirect_to": _text,
    "operations": _texts,
    "ingestion": _flag,
    "seed": _whole,
}
