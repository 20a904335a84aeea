"""The data files that lie beside the code."""

from __future__ import annotations

from importlib import resources
from typing import Any

import msgspec
import yaml

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The C loader where PyYAML was built with it: ten times as fast, and it runs at every start."""


def read_json(name: str) -> Any:
    """Give the value of a JSON file of the catalog."""
    return msgspec.json.decode(read_bytes(name))


def read_yaml(name: str) -> Any:
    """Give the value of a YAML file of the catalog."""
    return parse_yaml(read_bytes(name))


def read_bytes(name: str) -> bytes:
    """Give the bytes of a file of the catalog."""
    return (resources.files("dexter.catalog") / name).read_bytes()


def parse_yaml(text: bytes | str) -> Any:
    """Give the value of a YAML document made of plain values."""
    return yaml.load(text, Loader=_Loader)  # noqa: S506  both loaders are safe ones
