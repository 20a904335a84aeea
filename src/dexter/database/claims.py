"""What is said of an Idempotency-Key: who claims it for what, and how that stands. Imports nothing heavy."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Standing(StrEnum):
    """What is known of a key."""

    NEW = "new"
    """Nobody used it: it is the asker's now."""
    DONE = "done"
    """It was done; the answer is there, unless it may not be kept."""
    RUNNING = "running"
    """It is being done, perhaps by another process."""
    UNKNOWN = "unknown"
    """It was begun, and whoever did it died, or did not hear what came of it."""
    OTHER = "other"
    """It was used for something else."""


@dataclass(frozen=True, slots=True)
class Kept:
    """The answer that a request got. `body` is None where it may not be kept, or is too large to be."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes | None


@dataclass(frozen=True, slots=True)
class Claim:
    """Who asks for what under which key."""

    identity: str
    key: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Found:
    """How a claim stands, with the answer where there is one."""

    standing: Standing
    answer: Kept | None = None
