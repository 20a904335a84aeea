"""Which events a listener hears."""

from __future__ import annotations

import pytest

from dexter.policy.feed_channels import channels_of, is_channel, read_filter
from dexter.realtime.events import ActorRef, FeedEvent, IssueRef

GRACE = ActorRef("user", "9", "Grace Hopper")


def event(type_: str, project: str | None = "shop", issue: str | None = "7") -> FeedEvent:
    ref = None if issue is None else IssueRef(issue, f"SHOP-{issue}", "Timeout in checkout")
    return FeedEvent(type=type_, at="", organization="acme", source="webhook", project=project, issue=ref, actor=GRACE)


@pytest.mark.parametrize(
    ("happened", "channels"),
    [
        (event("issue.resolved"), {"issues", "project:shop", "issue:7"}),
        (event("alert.triggered", issue=None), {"alerts", "project:shop"}),
        (event("job.progress", None, None), {"jobs"}),
        (event("gateway.breaker", None, None), {"gateway"}),
        (event("presence", "shop"), {"presence", "issue:7"}),
    ],
)
def test_an_event_goes_to_the_channels_of_what_it_is_about(happened: FeedEvent, channels: set[str]) -> None:
    assert channels_of(happened) == channels
    assert all(map(is_channel, channels))


@pytest.mark.parametrize("name", ["", "issue:", "issue:x", "project:a/b", "everything", "issues ", "issue:7\n"])
def test_there_are_no_other_channels(name: str) -> None:
    assert not is_channel(name)


@pytest.mark.parametrize(
    ("text", "passes"),
    [
        ("", True),
        ("type:issue", True),
        ("type:issue.resolved", True),
        ("type:issue.res", False),
        ("!type:issue", False),
        ("project:shop issue:SHOP-7", True),
        ("issue:8", False),
        ("timeout", True),
        ('"in checkout"', True),
        ("!timeout", False),
        ("source:poll", False),
        ("source:poll,webhook", True),
        ("type:issue.created,issue.resolved", True),
        ("!type:issue.created,issue.resolved", False),
        ("actor:grace", True),
        ("actor:9", True),
        ('actor:"grace hopper"', True),
        ("actor:grace,ada", False),
        ('title:"IN CHECK"', True),
        ("title:type:issue", False),
        ("actor:ada", False),
    ],
)
def test_a_filter_asks_for_all_of_its_terms(text: str, passes: bool) -> None:
    assert read_filter(text).passes(event("issue.resolved")) is passes


@pytest.mark.parametrize(("text", "said"), [("colour:red", "colour"), ('"open', "quotation"), ("x" * 501, "500")])
def test_a_filter_that_is_none_says_why(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        read_filter(text)
