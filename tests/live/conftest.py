"""Real processes for live tests: one sandbox and one gateway a test module."""

from collections.abc import Iterator

import pytest
from bench.stand import Gateway, Sandbox, running_gateway, running_sandbox


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder starts real processes."""
    for item in items:
        if "tests/live/" in str(item.path):
            item.add_marker(pytest.mark.live)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """A seeded sandbox."""
    with running_sandbox(issues=60) as running:
        yield running


@pytest.fixture(scope="module")
def gateway(sandbox: Sandbox) -> Iterator[Gateway]:
    """A gateway in front of it, which holds the sandbox's owner token."""
    with running_gateway(sandbox.url, sandbox.token) as running:
        yield running


@pytest.fixture(autouse=True)
def without_faults(sandbox: Sandbox) -> Iterator[None]:
    """A fault that one test injects ends with it."""
    yield
    if sandbox.process.poll() is None:
        sandbox.faults()
