from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from dexter.catalog.openapi import document
from dexter.catalog.table import committed, operations, published
from dexter.cli_catalog import catalog

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.breadth

RUN = CliRunner()


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    """A document that says what the committed table says of the published operations."""
    text = document(published(), committed().schemas)
    for item in text["paths"].values():
        for facts in item.values():
            facts["security"] = [{"token": scopes} for way in facts["security"] for scopes in way.values()]
    path = tmp_path / "spec.json"
    path.write_text(json.dumps(text))
    return path


def test_the_same_document_exits_with_0(spec: Path) -> None:
    """A nightly job needs nothing but the status."""
    result = RUN.invoke(catalog, ["diff", str(spec)])
    assert (result.exit_code, result.output) == (0, "no drift: the table has all of it, and nothing else\n")


def test_drift_exits_with_1_and_names_it(spec: Path) -> None:
    """The lines are what a person reads first, the JSON is what a job keeps."""
    text = json.loads(spec.read_text())
    gone = text["paths"].pop("/api/0/organizations/")
    text["paths"]["/api/0/organisations/"] = gone
    spec.write_text(json.dumps(text))
    result = RUN.invoke(catalog, ["diff", str(spec)])
    assert result.exit_code == 1
    assert result.output.splitlines() == [
        "+ GET /api/0/organisations/",
        "- GET /api/0/organizations/",
        "1 added, 1 removed, 0 changed",
    ]
    kept = json.loads(RUN.invoke(catalog, ["diff", str(spec), "--json"]).output)
    assert kept == {
        "drifted": True,
        "added": ["GET /api/0/organisations/"],
        "removed": ["GET /api/0/organizations/"],
        "changed": {},
    }


@pytest.mark.parametrize(
    "text", ["", "no json", "[]", '{"paths": {}}', '{"paths": {"/a/": {"get": {"parameters": [1]}}}}']
)
def test_an_unreadable_document_exits_with_2(tmp_path: Path, text: str) -> None:
    """A download that failed is no drift, and must not be taken for one."""
    path = tmp_path / "broken.json"
    path.write_text(text)
    for command in ("diff", "import"):
        result = RUN.invoke(catalog, [command, str(path)])
        assert result.exit_code == 2
        assert "cannot be read" in result.output
    assert RUN.invoke(catalog, ["diff", str(tmp_path / "missing.json")]).exit_code == 2


def test_import_writes_the_table(spec: Path, tmp_path: Path) -> None:
    """Importing what the table already says gives the table again."""
    out = tmp_path / "out"
    result = RUN.invoke(catalog, ["import", str(spec), "--out", str(out)])
    assert result.exit_code == 0, result.output
    written = json.loads((out / "operations.json").read_text())
    assert {(row["method"], row["path"], row.get("since")) for row in written} == {
        (row["method"], row["path"], row.get("since")) for row in committed().operations
    }
    assert json.loads((out / "schemas.json").read_text())


def test_coverage_counts_the_published_operations() -> None:
    """223 is the denominator: the operations of Sentry's published document."""
    found = json.loads(RUN.invoke(catalog, ["coverage", "--json"]).output)
    assert (found["total"]["exist"], found["total"]["routed"]) == (223, 223)
    assert found["total"]["typed_python"] + len(found["untyped"]) == 223
    assert sum(count["exist"] for count in found["tags"].values()) == 223
    text = RUN.invoke(catalog, ["coverage"]).output
    assert "commitfiles" in text
    assert "total" in text


def test_models_are_up_to_date() -> None:
    """Types that were not generated again after an import would describe yesterday's API."""
    result = RUN.invoke(catalog, ["models", "--check"])
    assert (result.exit_code, result.output) == (0, "up to date\n")


def test_openapi_prints_the_whole_table() -> None:
    """Generators of clients read it, among them the one that types the workbench."""
    text = json.loads(RUN.invoke(catalog, ["openapi"]).output)
    assert text["openapi"].startswith("3.0")
    assert sum(len(item) for item in text["paths"].values()) == len(operations())


def test_the_command_line_starts_at_once() -> None:
    """`dexter --help` must not read the operation table or load a generator."""
    code = (
        "import sys, dexter.cli_catalog\n"
        "slow = ('dexter.catalog', 'yaml', 'datamodel', 'rich.table')\n"
        "print([name for name in sys.modules if name.startswith(slow)])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
