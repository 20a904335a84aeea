"""Recorded envelopes go out as new ones."""

import json
from random import Random

from dexter.demo import browser


def test_a_renewed_envelope_carries_a_new_id_and_time_everywhere() -> None:
    """Sentry drops an event whose id it has seen, and a breadcrumb from the year of recording would puzzle a reader."""
    for recorded in browser.recordings():
        renewed = browser.renewed(recorded, event_id="f" * 32, now=2_000_000_000.0, chance=Random(1))
        header, _, payload = renewed.decode().split("\n")[:3]
        event = json.loads(payload)
        assert json.loads(header)["event_id"] == event["event_id"] == "f" * 32
        assert event["timestamp"] == 2_000_000_000.0
        assert all(1_999_999_000 < crumb["timestamp"] <= 2_000_000_000 for crumb in event["breadcrumbs"])


def test_there_are_recordings_with_in_app_source_lines() -> None:
    """The issue page shows source; a recording without it would show a newcomer an empty frame."""
    events = [json.loads(envelope.decode().split("\n")[2]) for envelope in browser.recordings()]
    assert len(events) >= 5
    for event in events:
        frames = [frame for value in event["exception"]["values"] for frame in value["stacktrace"]["frames"]]
        assert any(frame["in_app"] and frame["context_line"].strip() for frame in frames)
