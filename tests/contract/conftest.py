"""One gateway for every case, and the record of what the cases prove."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio

pytest.register_assert_rewrite("tests.contract.exchange")

from tests.contract.gateway_under_test import GatewayUnderTest, started, stopped  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

PROVEN = Path(__file__).parents[2] / "src" / "dexter" / "catalog" / "proven.json"
OUTCOMES = pytest.StashKey[dict[str, list[bool]]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--record-proven",
        action="store_true",
        help="write which operations the contract tests prove to the catalog, for `dexter catalog coverage`",
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "proves: holds only when the operation of its case is proven")
    config.stash[OUTCOMES] = {}


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
    """Note how each test went that proves an operation: `proves` marks the case and its twins."""
    result = yield
    report = result.get_result()
    marker = item.get_closest_marker("proves")
    if marker is not None and report.when == "call":
        key = item.callspec.params["operation"].key  # type: ignore[attr-defined]
        item.config.stash[OUTCOMES].setdefault(key, []).append(report.passed)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the operations whose case passed and whose twins failed as they must, when asked to."""
    if session.config.getoption("--record-proven", default=False):
        outcomes = session.config.stash[OUTCOMES]
        proven = sorted(key for key, passed in outcomes.items() if len(passed) == 3 and all(passed))
        PROVEN.write_text("[\n" + ",\n".join(json.dumps(key) for key in proven) + "\n]\n")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def gateway(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[GatewayUnderTest]:
    running = await started(tmp_path_factory.mktemp("contract"))
    yield running
    await stopped(running)
