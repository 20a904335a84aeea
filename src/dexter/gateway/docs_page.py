"""`/docs`: the API's documentation as one page of plain HTML, so that it needs no script and nothing from elsewhere."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_STYLE = """
:root { color-scheme: light dark; --line: color-mix(in srgb, currentColor 18%, transparent); }
body { font: 14px/20px system-ui, sans-serif; max-width: 60em; margin: 0 auto; padding: 2em 1em 6em; }
h1 { font-size: 22px; line-height: 28px; } h2 { font-size: 16px; margin-top: 2.5em; text-transform: capitalize; }
details { border: 1px solid var(--line); border-radius: 6px; margin: 8px 0; }
summary { padding: 8px 12px; cursor: pointer; } details > div { padding: 0 12px 12px; }
code, pre { font: 12.5px/18px ui-monospace, monospace; } pre { overflow-x: auto; padding: 8px;
  border: 1px solid var(--line); border-radius: 6px; }
.verb { display: inline-block; min-width: 5em; font-weight: 600; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: 4px 8px 4px 0;
  border-bottom: 1px solid var(--line); }
"""


def docs_page(document: Mapping[str, Any]) -> bytes:
    """Give the page for an OpenAPI document."""
    sections = "".join(_section(tag, rows) for tag, rows in _by_tag(document).items())
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Dexter's API</title><link rel="icon" href="/favicon.svg"><style>{_STYLE}</style></head><body>
<h1>Dexter's API</h1>
<p>{escape(document["info"]["description"])} The same as a document for machines:
<a href="/openapi.json">openapi.json</a>.</p>
<p>Send Dexter's access token as <code>X-Dexter-Token</code> to use Dexter's own rights at Sentry, or your Sentry token
as <code>Authorization: Bearer</code> to use yours. Failures are <code>application/problem+json</code> and say who can
do what about them.</p>
<h2>Sentry's API</h2>
<p>Every address of Sentry's, from <code>/api/0/</code> on, answers as Sentry does: change one base URL, and the clients
you have are cached, coalesced and counted.</p>
{sections}</body></html>""".encode()


def _by_tag(document: Mapping[str, Any]) -> dict[str, list[tuple[str, str, Mapping[str, Any]]]]:
    tags: dict[str, list[tuple[str, str, Mapping[str, Any]]]] = {}
    for path, item in document["paths"].items():
        for method, operation in item.items():
            tags.setdefault(operation.get("tags", ["other"])[0], []).append((method.upper(), path, operation))
    return tags


def _section(tag: str, rows: list[tuple[str, str, Mapping[str, Any]]]) -> str:
    return f"<h2>{escape(tag)}</h2>" + "".join(_operation(*row) for row in rows)


def _operation(method: str, path: str, operation: Mapping[str, Any]) -> str:
    described = escape(operation.get("description") or operation.get("summary", ""))
    return (
        f'<details id="{escape(operation["operationId"])}"><summary><span class="verb">{method}</span> '
        f"<code>{escape(path)}</code></summary><div><p>{described}</p>{_parameters(operation)}{_body(operation)}"
        f"<p>Answers {_answers(operation)}</p><pre>{escape(_example(method, path, operation))}</pre></div></details>"
    )


def _parameters(operation: Mapping[str, Any]) -> str:
    rows = "".join(
        f"<tr><td><code>{escape(each['name'])}</code></td><td>{each['in']}</td><td>{escape(_form(each['schema']))}</td></tr>"
        for each in operation.get("parameters", ())
    )
    return f"<table><tr><th>Parameter</th><th>In</th><th>Form</th></tr>{rows}</table>" if rows else ""


def _body(operation: Mapping[str, Any]) -> str:
    content = operation.get("requestBody", {}).get("content", {}).get("application/json")
    return "" if content is None else f"<p>Takes JSON: <code>{escape(_form(content['schema']))}</code></p>"


def _answers(operation: Mapping[str, Any]) -> str:
    told = []
    for status, response in operation["responses"].items():
        for media_type, content in response.get("content", {"nothing": {}}).items():
            form = _form(content.get("schema", {})) if content else ""
            told.append(f"<code>{escape(status)}</code> {escape(media_type)} <code>{escape(form)}</code>")
    return "; ".join(told)


def _form(schema: Mapping[str, Any]) -> str:
    if "$ref" in schema:
        return str(schema["$ref"]).rsplit("/", 1)[-1]
    if "anyOf" in schema:
        return " or ".join(_form(each) for each in schema["anyOf"])
    if "enum" in schema:
        return " | ".join(str(choice) for choice in schema["enum"]) + _default(schema)
    if schema.get("type") == "array":
        return f"any number of: {_form(schema.get('items', {}))}"
    if schema.get("type") == "object":
        return "{" + ", ".join(schema.get("properties", {})) + "}"
    span = f" {schema['minimum']}..{schema['maximum']}" if "minimum" in schema and "maximum" in schema else ""
    return f"{schema.get('type', 'any')}{span}{_default(schema)}"


def _default(schema: Mapping[str, Any]) -> str:
    return f", by default {schema['default']}" if schema.get("default") is not None else ""


def _example(method: str, path: str, operation: Mapping[str, Any]) -> str:
    verb = "" if method == "GET" else f" -X {method}"
    body = " -H 'Content-Type: application/json' -d '{...}'" if "requestBody" in operation else ""
    return f'curl{verb} -H "X-Dexter-Token: $DEXTER_ACCESS_TOKEN"{body} \\\n  http://127.0.0.1:8000{path}'
