"""Labels of metrics, whatever callers send: bounded sets of words that name nobody."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families
from tests.doubles.sentry_double import FakeClock, SentryDouble, ok
from tests.gateway.conftest import ACCESS_TOKEN, BASE, SERVICE_TOKEN, Visitor

from dexter.app import Application, create_app
from dexter.catalog.table import operations
from dexter.gateway.endpoint_templates import endpoint_templates
from dexter.settings import read_settings

if TYPE_CHECKING:
    from pathlib import Path

ENDPOINTS = {"*", *endpoint_templates().values(), *(operation.path for operation in operations())}
METHODS = {"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "other"}
CALLERS_TOKEN = "sntryu_" + "c0ffee" * 10

SEGMENT = st.text(st.characters(codec="ascii", exclude_characters="/?#%\\ ", exclude_categories=["Cc"]), max_size=12)
STARTS = ("/api/0/organizations/", "/api/0/issues/", "/api/0/projects/", "/api/v1/issues/", "/api/v1/", "/api/")


def app_in(folder: Path) -> Application:
    """Give a gateway whose Sentry answers everything."""
    sentry = SentryDouble()
    sentry.will(ok(b'{"id":"1"}'))
    environment = {
        "DEXTER_DATA_DIR": str(folder),
        "DEXTER_ACCESS_TOKEN": ACCESS_TOKEN,
        "SENTRY_BASE_URL": BASE,
        "SENTRY_API_TOKEN": SERVICE_TOKEN,
        "SENTRY_ORG": "acme",
    }
    return create_app(read_settings(environment), transport=sentry, clock=FakeClock())


def labels(text: str) -> dict[str, set[str]]:
    """Give every label's values."""
    found: dict[str, set[str]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            for name, value in sample.labels.items():
                found.setdefault(name, set()).add(value)
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the gateways of this module keep their state."""
    return tmp_path_factory.mktemp("labels")


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    requests=st.lists(
        st.tuples(
            st.sampled_from(["GET", "HEAD", "PUT", "DELETE", "TRACE", "XYZZY"]),
            st.sampled_from(STARTS),
            st.lists(SEGMENT | st.just(CALLERS_TOKEN), max_size=4),
            st.sampled_from([ACCESS_TOKEN, CALLERS_TOKEN, "", "wrong token"]),
        ),
        max_size=5,
    )
)
async def test_no_request_makes_a_label_of_its_own(
    folder: Path, requests: list[tuple[str, str, list[str], str]]
) -> None:
    """A label per id fills the memory of whoever scrapes, and tells who looked at what."""
    app = app_in(folder)
    visitor = Visitor(app, {})
    for method, start, segments, token in requests:
        await visitor.send(method, start + "/".join(segments), headers={"authorization": f"Bearer {token}"})
    text = (await visitor.get("/metrics")).body.decode()
    await app.aclose()
    found = labels(text)
    assert found.get("endpoint", set()) <= ENDPOINTS
    assert found.get("method", set()) <= METHODS
    assert {operation.partition(" ")[2] or "*" for operation in found.get("operation", set())} <= ENDPOINTS
    assert all(re.fullmatch(r"\d{3}|none", status) for status in found.get("status", set()))
    assert found.get("identity_kind", set()) <= {"service", "token", "anonymous"}
    assert CALLERS_TOKEN not in text
    assert ACCESS_TOKEN not in text


def test_every_template_is_known() -> None:
    """The property above would hold of nothing if the set of templates were empty or held everything."""
    assert len(ENDPOINTS) > 150
    assert "/api/v1/issues/{id}" in ENDPOINTS
