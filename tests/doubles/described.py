"""Messages of the feed against `docs/asyncapi.yaml`: whatever a test hears must be of the form that is described."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator

DOCUMENT = Path(__file__).parents[2] / "docs" / "asyncapi.yaml"


@cache
def document() -> dict[str, Any]:
    """Give the whole document."""
    found: dict[str, Any] = yaml.safe_load(DOCUMENT.read_text())
    return found


@cache
def validator(message: str) -> Draft202012Validator:
    """Give what knows the form of one kind of message."""
    schema = {**document()["components"]["messages"][message]["payload"], "components": document()["components"]}
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def as_described(message: dict[str, Any]) -> dict[str, Any]:
    """Give a message that the gateway sent, if it is of the described form; those of old sockets have none."""
    if "kind" in message:
        validator(message["kind"]).validate(message)
    return message
