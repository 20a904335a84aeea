"""The protocol page and its schemas say what the gateway says, and it says nothing else."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest
from tests.doubles.described import document

from dexter.gateway import events_socket, events_socket_client, events_socket_legacy, events_stream, tickets
from dexter.gateway.events_socket_messages import KINDS, Said
from dexter.policy.feed_channels import PLAIN, is_channel
from dexter.policy.issue_feed import Kind
from dexter.realtime import events, presence
from dexter.stores.feed_log import KEPT_RECORDS, KEPT_S

DOCS = Path(__file__).parents[1] / "docs"


def page() -> str:
    return (DOCS / "realtime.md").read_text()


def test_every_kind_of_message_is_described_and_no_other() -> None:
    """A client is written from the page; what the page does not know breaks it."""
    ops = set(msgspec.inspect.type_info(Said).fields[0].type.values)  # type: ignore[attr-defined]
    messages = document()["components"]["messages"]
    assert set(messages) == KINDS | ops
    said = {ref["$ref"].rpartition("/")[2] for ref in document()["operations"]["hear"]["messages"]}
    heard = {ref["$ref"].rpartition("/")[2] for ref in document()["operations"]["say"]["messages"]}
    assert (said, heard) == (KINDS, ops)
    assert set(re.findall(r"^\| `(\w+)` \|", page(), re.MULTILINE)) - {"kind"} == KINDS


def test_every_type_of_event_is_described_and_no_other() -> None:
    """Whoever filters by type must be able to look it up."""
    named = {value for name, value in vars(events).items() if name.isupper() and isinstance(value, str)}
    assert set(document()["components"]["schemas"]["EventType"]["enum"]) == {kind.value for kind in Kind} | named


def test_channels_are_described_as_they_are_read() -> None:
    """A pattern that is narrower than the reader makes generated clients refuse what works."""
    pattern = re.compile(document()["components"]["schemas"]["Channels"]["items"]["pattern"])
    tried = [*PLAIN, "project:shop", "project:", "issue:7", "issue:x", "weather", "issues ", "project:a b"]
    assert [bool(pattern.search(name)) for name in tried] == [is_channel(name) for name in tried]
    assert set(PLAIN) <= set(re.findall(r"`(\w+)`", page()))


def test_the_reasons_to_end_and_the_close_codes_are_those_of_the_code() -> None:
    """Clients decide by them whether to come back."""
    source = "".join(Path(module.__file__).read_text() for module in (events_socket, events_socket_client))
    reasons = set(re.findall(r'\.end\([\w]+, "(\w+)"', source)) | set(events_stream._BYE)
    assert reasons == set(document()["components"]["messages"]["bye"]["payload"]["properties"]["reason"]["enum"])
    assert all(f"`{reason}`" in page() for reason in reasons)
    codes = {
        value
        for module in (events_socket_client, events_socket_legacy)
        for name, value in vars(module).items()
        if name.isupper() and isinstance(value, int) and 1000 < value < 5000
    } - {events_socket_client.LONGEST_QUEUE}
    assert codes <= set(map(int, re.findall(r"\b([14]\d{3})\b", page())))


@pytest.mark.parametrize(
    ("said", "value"),
    [
        ("every {} seconds shows", events_stream.HEARTBEAT_S),
        ("after {} quiet seconds", events_socket.PING_S),
        ("for dead after {}", events_socket.DEAD_S),
        ("within {} seconds", tickets.LIVES_S),
        ("{} seconds after the last word", presence.COUNTS_S),
        ("at most {} in five seconds", events_socket_client.MOST_MESSAGES),
        ("keeps {:,} events", KEPT_RECORDS),
        ("{:,} events behind", events_socket_client.LONGEST_QUEUE),
    ],
)
def test_the_numbers_of_the_page_are_those_of_the_code(said: str, value: float) -> None:
    """Nobody can rely on a page whose numbers were true once."""
    assert said.format(round(value)) in " ".join(page().split())
    assert KEPT_S == 7 * 86_400
