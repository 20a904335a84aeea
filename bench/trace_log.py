"""What was written when, and how old a value that somebody was given therefore is."""

from __future__ import annotations

from dataclasses import dataclass, field

Values = tuple[str, str | None, str | None]
"""An issue's status, priority and assignee, the fields that the trace writes."""


@dataclass(slots=True)
class Version:
    """An issue's values since a write; `returned_at` is None until the writer has its answer."""

    values: Values
    returned_at: float | None
    person: int | None = None
    """Who wrote it; None when nobody did, or nobody cares."""


@dataclass(slots=True)
class WriteLog:
    """The versions of every issue, in the order of their writes, of which there is one at a time for an issue."""

    versions: dict[str, list[Version]] = field(default_factory=dict)

    def begin(self, issue: str, values: Values) -> None:
        """Note what an issue is before anything is written."""
        self.versions[issue] = [Version(values, 0.0)]

    def sent(self, issue: str, values: Values, person: int | None = None) -> Version:
        """Note a write that is on its way; set `returned_at` when its answer is there."""
        version = Version(values, None, person)
        self.versions[issue].append(version)
        return version

    def refused(self, issue: str, version: Version) -> None:
        """Take a write out that Sentry did not accept."""
        self.versions[issue] = [kept for kept in self.versions[issue] if kept is not version]

    def present(self, issue: str) -> Values:
        """Give what an issue is after the last write."""
        return self.versions[issue][-1].values

    def hides_own(self, issue: str, values: Values, asked_at: float, person: int) -> bool:
        """Whether the values are from before a write of the reader's own that had returned when they asked."""
        versions = self.versions[issue]
        for number in range(len(versions) - 1, -1, -1):
            if versions[number].values == values:
                return any(
                    later.person == person and later.returned_at is not None and later.returned_at <= asked_at
                    for later in versions[number + 1 :]
                )
        return False

    def staleness_s(self, issue: str, values: Values, asked_at: float) -> float | None:
        """Give for how long the values had been overtaken by a returned write when somebody asked; 0 when they had not.

        None when the issue never had these values. Where it had them more than once, the latest time counts.
        """
        versions = self.versions[issue]
        for number in range(len(versions) - 1, -1, -1):
            if versions[number].values == values:
                overtaken = [later.returned_at for later in versions[number + 1 :] if later.returned_at is not None]
                return max(0.0, asked_at - min(overtaken)) if overtaken else 0.0
        return None
