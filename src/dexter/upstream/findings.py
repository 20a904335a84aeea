"""What is found out about one Sentry, in cells that processes share: what it can do, and what it switched off."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from hashlib import blake2b
from typing import TYPE_CHECKING

import msgspec

from dexter.policy.capabilities import Address, Capabilities, Kind, State
from dexter.stores.cells import Cell

if TYPE_CHECKING:
    from collections.abc import Callable

    from dexter.stores.cells import Cells

CAPABILITIES = "capabilities"
PROBE = "probe"
SWITCHED_OFF = "switched-off"

LEASE_S = 3.0
"""How long a probe is believed to go on without a sign of life."""
MOST_FRUITLESS = 16


class WrittenCapabilities(msgspec.Struct, frozen=True, omit_defaults=True):
    """Capabilities as the cell holds them."""

    kind: Kind = Kind.UNKNOWN
    version: str | None = None
    organization: str | None = None
    addresses: dict[Address, State] = {}
    probed_at: float | None = None


class Probe(msgspec.Struct, frozen=True, omit_defaults=True):
    """Who is asking, until when that is believed, and with whose rights nothing was learned until when."""

    holder: str = ""
    until: float = 0.0
    fruitless: dict[str, float] = {}


@dataclass(frozen=True, slots=True)
class SwitchedOff:
    """Addresses in a brownout, each with the epoch second until which it is believed."""

    until: dict[Address, float] = field(default_factory=dict)


class Findings:
    """What any process of the host found out last."""

    def __init__(self, cells: Cells, now: Callable[[], float]) -> None:
        self._now = now
        self._capabilities = Cell(cells, CAPABILITIES, _written, _capabilities)
        self._probe: Cell[Probe] = Cell(cells, PROBE, msgspec.json.encode, _probe)
        self._switched_off = Cell(cells, SWITCHED_OFF, lambda value: msgspec.json.encode(value.until), _switched_off)

    @property
    def capabilities(self) -> Capabilities:
        """Give what this Sentry can do, as far as it was ever found out."""
        return self._capabilities.value()

    def are_younger_than(self, seconds: float) -> bool:
        """Whether the capabilities were found out within the last seconds."""
        probed_at = self.capabilities.probed_at
        return probed_at is not None and 0 <= self._now() - probed_at < seconds

    def found(self, capabilities: Capabilities) -> None:
        """Let everybody know what was found out."""
        self._capabilities.change(lambda _: capabilities)

    def may_probe(self, holder: str) -> bool:
        """Take, or keep, the right to ask; False while another has it."""
        now = self._now()

        def decide(probe: Probe) -> Probe:
            if probe.holder not in ("", holder) and 0 < probe.until - now <= LEASE_S:
                return probe
            return msgspec.structs.replace(probe, holder=holder, until=now + LEASE_S)

        return self._probe.change(decide)[1].holder == holder

    def end_probe(self, holder: str) -> None:
        """Give the right to ask back."""
        self._probe.change(
            lambda probe: msgspec.structs.replace(probe, holder="", until=0.0) if probe.holder == holder else probe
        )

    def learned_nothing(self, identity: str, for_s: float) -> None:
        """Note that asking with somebody's rights is in vain for a while."""
        until = self._now() + for_s

        def decide(probe: Probe) -> Probe:
            latest = sorted((probe.fruitless | {_name(identity): until}).items(), key=lambda pair: -pair[1])
            return msgspec.structs.replace(probe, fruitless=dict(latest[:MOST_FRUITLESS]))

        self._probe.change(decide)

    def is_in_vain(self, identity: str, for_s: float) -> bool:
        """Whether asking with somebody's rights was in vain lately."""
        return 0 < self._probe.value().fruitless.get(_name(identity), 0.0) - self._now() <= for_s

    def switched_off(self, address: Address, for_s: float) -> None:
        """Note that an address is in a brownout."""
        until = self._now() + for_s
        self._switched_off.change(lambda known: replace(known, until=known.until | {address: until}))

    def is_switched_off(self, address: Address, for_s: float) -> bool:
        """Whether an address was in a brownout within the last seconds."""
        return 0 < self._switched_off.value().until.get(address, 0.0) - self._now() <= for_s


def _name(identity: str) -> str:
    return blake2b(identity.encode(), digest_size=12).hexdigest()


def _written(known: Capabilities) -> bytes:
    return msgspec.json.encode(
        WrittenCapabilities(known.kind, known.version, known.organization, dict(known.addresses), known.probed_at)
    )


def _capabilities(written: bytes) -> Capabilities:
    try:
        read = msgspec.json.decode(written, type=WrittenCapabilities)
    except ValueError:
        return Capabilities()
    return Capabilities(read.kind, read.version, read.organization, read.addresses, read.probed_at)


def _probe(written: bytes) -> Probe:
    try:
        return msgspec.json.decode(written, type=Probe)
    except ValueError:
        return Probe()


def _switched_off(written: bytes) -> SwitchedOff:
    try:
        return SwitchedOff(msgspec.json.decode(written, type=dict[Address, float]))
    except ValueError:
        return SwitchedOff()
