"""Which Sentry the sandbox stands for, read from `profiles.yaml`: what it serves, and since when some of it goes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any, Literal, cast, get_args

from dexter.catalog.datafile import parse_yaml
from dexter.catalog.template import expand

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

DEFAULT = "default"

Brownouts = Literal["scheduled", "permanent", "off"]
"""When retiring operations answer 410: by their own schedule, always, or never."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """Some operations: of one method or (None) of all, at one address or (`below`) at it and everything under it."""

    method: str | None
    path: str
    below: bool = False

    def has(self, method: str, path: str) -> bool:
        """Tell whether a method on a path template is among them."""
        if self.method not in (None, method):
            return False
        return path.startswith(self.path) if self.below else path == self.path


@dataclass(frozen=True, slots=True)
class Schedule:
    """When an operation is switched off: for `length_s` in every `every_s`, counted in the epoch from `from_s`."""

    every_s: int
    length_s: int
    from_s: int = 0

    def is_off(self, now: float) -> bool:
        """Tell whether it is switched off at an epoch second."""
        return (now - self.from_s) % self.every_s < self.length_s


@dataclass(frozen=True, slots=True)
class Retiring:
    """Operations on their way out."""

    about: str
    operations: tuple[Pattern, ...]
    date: str
    replacement: str
    schedule: Schedule


@dataclass(frozen=True, slots=True)
class Profile:
    """One kind of Sentry."""

    name: str
    about: str
    version: str | None
    self_hosted: bool | Literal["on_premise"]
    limits: str | None
    index_lag_s: float
    only: tuple[Pattern, ...] | None
    lacks: tuple[Pattern, ...]
    missing: str | None
    omits: frozenset[str]
    refuses: frozenset[str]
    retiring: tuple[Retiring, ...]

    def serves(self, operation: str) -> bool:
        """Tell whether there is an operation such as `GET /api/0/...`; what the sandbox has of its own always is."""
        method, path = _parts(operation)
        if not path.startswith("/api/0/") and path != "/api/client-config/":
            return True
        if self.version is None and path == "/api/client-config/":
            return False
        if _among(self.lacks, method, path):
            return False
        return self.only is None or _among(self.only, method, path)

    def retires(self, operation: str) -> Retiring | None:
        """Give how an operation goes, or None for one that stays."""
        method, path = _parts(operation)
        return next((row for row in self.retiring if _among(row.operations, method, path)), None)


@cache
def profiles() -> Mapping[str, Profile]:
    """Give every profile by its name."""
    document = parse_yaml((resources.files("dexter.sandbox") / "profiles.yaml").read_bytes())
    prefixes = document["prefixes"]
    return {name: _profile(name, row, prefixes) for name, row in document["profiles"].items()}


def profile(name: str | None) -> Profile:
    """Give the profile of a name, the default for None. Raises ValueError naming the permitted ones."""
    found = profiles().get(name or DEFAULT)
    if found is None:
        raise ValueError(f"profile: {name!r} is none; permitted are {', '.join(profiles())}")
    return found


def brownouts(value: Any) -> Brownouts:
    """Give when retiring operations answer 410. Raises ValueError for a word that does not say it."""
    if value not in get_args(Brownouts):
        raise ValueError(f"brownout: {value!r} is none; permitted are {', '.join(get_args(Brownouts))}")
    return cast(Brownouts, value)


def is_browned_out(retiring: Retiring, when: Brownouts, now: float) -> bool:
    """Tell whether a retiring operation answers 410 at an epoch second."""
    return when == "permanent" or (when == "scheduled" and retiring.schedule.is_off(now))


def _profile(name: str, row: Mapping[str, Any], prefixes: Mapping[str, str]) -> Profile:
    return Profile(
        name=name,
        about=row["about"],
        version=row["version"],
        self_hosted=row.get("self_hosted", True),
        limits=row.get("limits"),
        index_lag_s=float(row.get("index_lag_s", 0)),
        only=_patterns(row["only"], prefixes) if "only" in row else None,
        lacks=_patterns(row.get("lacks", ()), prefixes),
        missing=row.get("missing"),
        omits=frozenset(row.get("omits", ())),
        refuses=frozenset(row.get("refuses", ())),
        retiring=tuple(_retiring(each, prefixes) for each in row.get("retiring", ())),
    )


def _retiring(row: Mapping[str, Any], prefixes: Mapping[str, str]) -> Retiring:
    return Retiring(
        about=row["about"],
        operations=_patterns(row["operations"], prefixes),
        date=row["date"],
        replacement=expand(row["replacement"], prefixes),
        schedule=Schedule(**row["brownout"]),
    )


def _patterns(texts: Iterable[str], prefixes: Mapping[str, str]) -> tuple[Pattern, ...]:
    return tuple(_pattern(expand(text, prefixes)) for text in texts)


def _pattern(text: str) -> Pattern:
    method, _, path = text.rpartition(" ")
    below = path.endswith("/**")
    return Pattern(method or None, path.removesuffix("**"), below)


def _parts(operation: str) -> tuple[str, str]:
    method, _, path = operation.partition(" ")
    # `groups` is Sentry's older word for issues at the same addresses.
    return method, path.replace("/groups/", "/issues/", 1)


def _among(patterns: tuple[Pattern, ...], method: str, path: str) -> bool:
    return any(pattern.has(method, path) for pattern in patterns)
