"""What goes wrong with webhooks on their way, when asked to: pure decisions from a plan and a delivery's number."""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class WebhookFaults:
    """What shall go wrong. A share is between 0 and 1; `true` means always."""

    twice: float = 0.0
    """Share of deliveries that are sent a second time, with the same Request-ID."""
    out_of_order: float = 0.0
    """Share that is held back until the one after it has gone."""
    dropped: float = 0.0
    """Share that is never sent."""
    delayed: float = 0.0
    """Share that is sent `delay_ms` late, with the time at which it should have gone."""
    delay_ms: float = 500.0
    wrongly_signed: float = 0.0
    """Share that is signed with another secret."""
    seed: int = 0


_SHARES = ("twice", "out_of_order", "dropped", "delayed", "wrongly_signed")


@dataclass(frozen=True, slots=True)
class Fate:
    """What happens to one delivery."""

    copies: int = 1
    is_held_back: bool = False
    delay_s: float = 0.0
    is_wrongly_signed: bool = False


def fate(plan: WebhookFaults, number: int) -> Fate:
    """Give what happens to a delivery; the same plan and number give the same."""
    drawn = {name: _draw(plan.seed, name, number) < getattr(plan, name) for name in _SHARES}
    return Fate(
        copies=0 if drawn["dropped"] else 2 if drawn["twice"] else 1,
        is_held_back=drawn["out_of_order"],
        delay_s=plan.delay_ms / 1000 if drawn["delayed"] else 0.0,
        is_wrongly_signed=drawn["wrongly_signed"],
    )


def _draw(seed: int, name: str, number: int) -> float:
    digest = hashlib.blake2b(f"{seed}/{name}/{number}".encode(), digest_size=8).digest()
    return random.Random(int.from_bytes(digest)).random()  # noqa: S311 - chance, not a secret


def parse_faults(body: Mapping[str, Any]) -> WebhookFaults:
    """Give the plan of a JSON body. Raises ValueError, naming the field, for what is none."""
    known = {field.name for field in fields(WebhookFaults)}
    for name, value in body.items():
        if name not in known:
            raise ValueError(f"{name}: unknown; permitted are {', '.join(sorted(known))}")
        if (name not in _SHARES and isinstance(value, bool)) or not isinstance(value, int | float) or value < 0:
            raise ValueError(f"{name}: {value!r} is no number from 0")
        if name in _SHARES and value > 1:
            raise ValueError(f"{name}: {value!r} is not a share; permitted are 0 to 1, true and false")
    given: dict[str, Any] = {name: int(value) if name == "seed" else float(value) for name, value in body.items()}
    return WebhookFaults(**given)


def shown_faults(plan: WebhookFaults) -> dict[str, Any]:
    """Give the plan as the JSON body that would set it."""
    return {field.name: getattr(plan, field.name) for field in fields(WebhookFaults)}
