"""Forwards the feed's events to the HTTP endpoints of other systems: signed, tried again, never silently left out."""
