"""The rooms keep their floors."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent


def test_rooms_import_only_lower_floors() -> None:
    """An upward import makes two rooms one; import-linter reads the contracts in pyproject.toml."""
    linter = Path(sys.executable).with_name("lint-imports")
    result = subprocess.run([linter], cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr


def test_only_settings_reads_the_environment() -> None:
    """A setting read elsewhere would escape validation, documentation and tests."""
    readers = [
        str(path.relative_to(ROOT))
        for path in (ROOT / "src" / "dexter").rglob("*.py")
        if path.name != "settings.py" and any(word in path.read_text() for word in ("os.environ", "os.getenv"))
    ]
    assert readers == []


def test_policy_touches_neither_clock_network_nor_chance() -> None:
    """A decision that reads the clock cannot be tested as a table."""
    forbidden = (
        "import time",
        "import asyncio",
        "import random",
        "import aiohttp",
        "async def",
        "datetime.now",
        "import logging",
    )
    guilty = [
        f"{path.name}: {word}"
        for path in (ROOT / "src" / "dexter" / "policy").rglob("*.py")
        for word in forbidden
        if word in path.read_text()
    ]
    assert guilty == []
