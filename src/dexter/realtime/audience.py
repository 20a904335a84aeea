"""Who listens: those who asked for the same and may have the same are one class, which is asked about once an event."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dexter.policy.feed_channels import EVERYTHING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dexter.policy.feed_channels import Filter
    from dexter.realtime.hub import Frame, Gap, Position


@dataclass(frozen=True, slots=True)
class Interest:
    """What somebody asked for, and what they may have."""

    channels: frozenset[str] = frozenset()
    wanted: Filter = EVERYTHING
    projects: frozenset[str] | None = None
    """The projects that they may know of; None for all."""

    def covers(self, frame: Frame) -> bool:
        """Whether an event is asked for, and may be had."""
        return (
            not self.channels.isdisjoint(frame.channels)
            and self.allows(frame)
            and (not self.wanted.terms or self.wanted.passes(frame.event))
        )

    def allows(self, frame: Frame) -> bool:
        """Whether an event may be had."""
        return self.projects is None or (frame.event.project is not None and frame.event.project in self.projects)


@dataclass(slots=True, eq=False)
class Listener:
    """Who listens, to what. `give` gets every wanted frame, and every gap, at once; it must not wait."""

    give: Callable[[Frame | Gap], None]
    interest: Interest = field(default_factory=Interest)
    """Changed by the hub only, as long as the listener is with it."""
    heard: Position | None = None
    """What the listener has had already, perhaps from a process that is ahead of this one."""

    def wants(self, frame: Frame) -> bool:
        """Whether the listener has asked for an event, may have it, and has not had it."""
        return self.interest.covers(frame) and not self.has_heard(frame)

    def has_heard(self, frame: Frame) -> bool:
        """Whether the listener has had an event already."""
        return self.heard is not None and self.heard.epoch == frame.epoch and frame.offset <= self.heard.offset


@dataclass(slots=True, eq=False)
class _Class:
    """Listeners of one interest, in the order in which they came."""

    interest: Interest
    listeners: dict[Listener, None] = field(default_factory=dict)


class Audience:
    """All who listen. An event costs what those who hear it cost, however many listen to something else."""

    def __init__(self) -> None:
        self._class_of: dict[Listener, _Class] = {}
        self._classes: dict[Interest, _Class] = {}
        self._by_channel: dict[str, dict[_Class, None]] = {}

    def __len__(self) -> int:
        return len(self._class_of)

    def __iter__(self) -> Iterator[Listener]:
        """Give all who listen at this moment."""
        return iter(tuple(self._class_of))

    def add(self, listener: Listener) -> None:
        """Let somebody listen."""
        if listener not in self._class_of:
            self._put(listener)

    def remove(self, listener: Listener) -> None:
        """Let somebody go."""
        left = self._class_of.pop(listener, None)
        if left is None:
            return
        del left.listeners[listener]
        if not left.listeners:
            del self._classes[left.interest]
            for channel in left.interest.channels:
                there = self._by_channel[channel]
                del there[left]
                if not there:
                    del self._by_channel[channel]

    def change(self, listener: Listener, interest: Interest) -> None:
        """Let somebody listen to something else from now on."""
        is_here = listener in self._class_of
        self.remove(listener)
        listener.interest = interest
        if is_here:
            self._put(listener)

    def clear(self) -> None:
        """Let everybody go."""
        self._class_of.clear()
        self._classes.clear()
        self._by_channel.clear()

    def of(self, frame: Frame) -> list[Listener]:
        """Give those who hear an event."""
        asked = {each: None for channel in frame.channels for each in self._by_channel.get(channel, ())}
        return [
            listener
            for each in asked
            if each.interest.covers(frame)
            for listener in each.listeners
            if listener.heard is None or not listener.has_heard(frame)
        ]

    def _put(self, listener: Listener) -> None:
        interest = listener.interest
        found = self._classes.get(interest)
        if found is None:
            found = self._classes[interest] = _Class(interest)
            for channel in interest.channels:
                self._by_channel.setdefault(channel, {})[found] = None
        else:
            # One interest for all of them, not an equal one for each: a socket's share of memory counts.
            listener.interest = found.interest
        found.listeners[listener] = None
        self._class_of[listener] = found
