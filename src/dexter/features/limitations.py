"""What will not work, or only in another way, in front of a Sentry: pure, from its capabilities to sentences."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dexter.policy.capabilities import Address, Capabilities, State
from dexter.policy.dialects import COUNTERPARTS

if TYPE_CHECKING:
    from collections.abc import Callable

PATHS: dict[Address, str] = {
    Address.ORGANIZATION_ISSUES: "/api/0/organizations/{organization_id_or_slug}/issues/",
    Address.ORGANIZATION_ISSUE: "/api/0/organizations/{organization_id_or_slug}/issues/{issue_id}/",
    Address.PROJECT_ISSUES: "/api/0/projects/{organization_id_or_slug}/{project_id_or_slug}/issues/",
    Address.ISSUE: "/api/0/issues/{issue_id}/",
    Address.ORGANIZATION_PROJECTS: "/api/0/organizations/{organization_id_or_slug}/projects/",
    Address.PROJECTS: "/api/0/projects/",
    Address.WORKFLOWS: "/api/0/organizations/{organization_id_or_slug}/workflows/",
    Address.RULES: "/api/0/projects/{organization_id_or_slug}/{project_id_or_slug}/rules/",
}


@dataclass(frozen=True, slots=True)
class Limitation:
    """Something that this Sentry does otherwise or not at all. `works`: Dexter makes up for it."""

    what: str
    remedy: str
    works: bool


Rule = tuple["Callable[[Capabilities], bool]", Limitation]

_RULES: tuple[Rule, ...] = (
    (
        lambda known: known.lacks(Address.ORGANIZATION_ISSUES) and known.has(Address.PROJECT_ISSUES),
        Limitation(
            "Issues are listed by project only: a list of the organization is made of its projects' lists, at most 40.",
            "Name the projects that you want, as project=ID; searches for newer states and priorities are refused.",
            works=True,
        ),
    ),
    (
        lambda known: known.lacks(Address.ORGANIZATION_ISSUE) and known.has(Address.ISSUE),
        Limitation(
            "Issues are known by number alone: archiving until they escalate, priorities and review are not there.",
            "Archive forever, for a duration or until a count is reached; or upgrade Sentry.",
            works=True,
        ),
    ),
    (
        lambda known: known.lacks(Address.ORGANIZATION_ISSUES) and known.lacks(Address.PROJECT_ISSUES),
        Limitation("This server lists no issues.", "Check SENTRY_BASE_URL: is this Sentry's API?", works=False),
    ),
    (
        lambda known: known.state(Address.ISSUE) is State.RETIRING,
        Limitation(
            "The address of issues by number is on its way out, and answers 410 now and then.",
            "Nothing to do: Dexter asks within the organization then. Update old clients when you can.",
            works=True,
        ),
    ),
    (
        lambda known: known.lacks(Address.ISSUE) and known.has(Address.ORGANIZATION_ISSUE),
        Limitation(
            "The address of issues by number is gone.",
            "Nothing to do: Dexter finds the organization for clients that still use it.",
            works=True,
        ),
    ),
    (
        lambda known: known.state(Address.PROJECTS) in (State.RETIRING, State.MISSING),
        Limitation(
            "The list of all projects is gone, or on its way out.",
            "Nothing to do: Dexter makes it of the organizations' lists.",
            works=True,
        ),
    ),
    (
        lambda known: known.lacks(Address.WORKFLOWS) and known.has(Address.RULES),
        Limitation("Alerts are rules here; there are no workflows and monitors.", "Use alert rules.", works=False),
    ),
    (
        lambda known: known.state(Address.RULES) in (State.RETIRING, State.MISSING) and known.has(Address.WORKFLOWS),
        Limitation(
            "Alert rules of old are gone, or on their way out, and answer 410 now and then.",
            "Move what uses them to workflows and monitors.",
            works=False,
        ),
    ),
    (
        lambda known: any(known.state(address) is State.UNKNOWN for address in COUNTERPARTS),
        Limitation(
            "Not everything could be found out: the credential may see nothing, or there is no issue yet.",
            "Ask again later, or with a credential that may read the organization's projects and issues.",
            works=False,
        ),
    ),
)


def limitations(known: Capabilities) -> tuple[Limitation, ...]:
    """Give what is otherwise in front of this Sentry; none before it was asked."""
    return tuple(told for applies, told in _RULES if applies(known)) if known.probed_at is not None else ()
