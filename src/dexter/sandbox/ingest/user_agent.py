"""Which browser, system and device a user agent names; only the common ones."""

from __future__ import annotations

import re
from typing import Any

# The first that matches wins: browsers pretend to be their ancestors, so the special ones stand first.
_BROWSERS = (
    ("Edge", r"Edg(?:e|A|iOS)?/([\d.]+)"),
    ("Opera", r"OPR/([\d.]+)"),
    ("Samsung Internet", r"SamsungBrowser/([\d.]+)"),
    ("Firefox iOS", r"FxiOS/([\d.]+)"),
    ("Firefox", r"Firefox/([\d.]+)"),
    ("Chrome Mobile iOS", r"CriOS/([\d.]+)"),
    ("HeadlessChrome", r"HeadlessChrome/([\d.]+)"),
    ("Chrome Mobile", r"Chrome/([\d.]+) Mobile"),
    ("Chrome", r"Chrome/([\d.]+)"),
    ("Mobile Safari", r"Version/([\d.]+) Mobile/\S+ Safari/"),
    ("Safari", r"Version/([\d.]+) Safari/"),
    ("okhttp", r"okhttp/([\d.]+)"),
    ("Python Requests", r"python-requests/([\d.]+)"),
    ("curl", r"curl/([\d.]+)"),
)
_SYSTEMS = (
    ("Windows", r"Windows NT ([\d.]+)"),
    ("iOS", r"(?:iPhone|CPU) OS ([\d_]+)"),
    ("Android", r"Android ([\d.]+)"),
    ("Mac OS X", r"Mac OS X ([\d_.]+)"),
    ("Chrome OS", r"CrOS \S+ ([\d.]+)"),
    ("Linux", r"Linux()"),
)
_WINDOWS = {"10.0": "10", "6.3": "8.1", "6.2": "8", "6.1": "7"}
_DEVICES = (("iPhone", r"iPhone"), ("iPad", r"iPad"), ("Mac", r"Macintosh"))


def contexts_of(agent: str | None) -> dict[str, dict[str, Any]]:
    """Give the `browser`, `os` and `device` contexts of a user agent, those that it names."""
    if not agent:
        return {}
    found: dict[str, dict[str, Any]] = {}
    if browser := _first(_BROWSERS, agent):
        found["browser"] = {"name": browser[0], "version": browser[1]}
    if system := _first(_SYSTEMS, agent):
        name, version = system
        version = _WINDOWS.get(version, version) if name == "Windows" else version.replace("_", ".")
        found["os"] = {"name": name, "version": version} if version else {"name": name}
    if device := next((name for name, pattern in _DEVICES if re.search(pattern, agent)), None):
        found["device"] = {"family": device, "model": device, "brand": "Apple"}
    elif model := re.search(r"Android [\d.]+; ([^;)]+?)(?: Build/[^;)]*)?[;)]", agent):
        found["device"] = {"family": model[1], "model": model[1]}
    return found


def _first(table: tuple[tuple[str, str], ...], agent: str) -> tuple[str, str] | None:
    for name, pattern in table:
        if match := re.search(pattern, agent):
            return name, match[1]
    return None
