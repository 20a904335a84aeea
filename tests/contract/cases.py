"""From an operation to a case: a request with everything the operation takes, and the reply it promises."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from tests.contract.recording_sentry import Headers, Reply, Request
from tests.contract.sample import value

from dexter.catalog.template import placeholders

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dexter.catalog.operation import Body, Operation, Parameter

OWN_HOST = "localhost:8000"
OWN_BASE = f"http://{OWN_HOST}"
BOUNDARY = "a-boundary-of-the-case"

IN_PATHS = {
    "organization_id_or_slug": "acme",
    "project_id_or_slug": "shop",
    "issue_id": "1042",
    "version": "shop@1.0+b 2",
}
"""Path parameters whose values mean something to the gateway, or whose form has tripped proxies before."""

NOT_FOR_SENTRY: Headers = (
    ("Host", OWN_HOST),
    ("Cookie", "sentrysid=of-another-site"),
    ("Connection", "keep-alive, X-Hop"),
    ("X-Hop", "for the next hop only"),
    ("Keep-Alive", "timeout=5"),
    ("TE", "trailers"),
    ("Referer", "http://localhost:8000/issues"),
    ("X-Dexter-Trace", "1"),
    ("X-Forwarded-For", "203.0.113.9"),
    ("Accept-Encoding", "gzip, br"),
)
NOT_FOR_THE_CLIENT: Headers = (
    ("Server", "nginx"),
    ("Connection", "keep-alive, X-Upstream-Hop"),
    ("X-Upstream-Hop", "for the gateway only"),
    ("Keep-Alive", "timeout=5"),
    ("Strict-Transport-Security", "max-age=31536000"),
    ("Access-Control-Allow-Origin", "*"),
    ("Set-Cookie", "sc=of-sentrys-origin"),
)


def request_for(operation: Operation, token: str) -> Request:
    """Give a request with every parameter of the operation, and its body where it takes one."""
    media_type, body = _request_body(operation.request)
    headers: Headers = (
        *NOT_FOR_SENTRY,
        ("Authorization", f"Bearer {token}"),
        ("Accept", "application/json"),
        ("User-Agent", "sentry-cli/3.0.0"),
        ("Sentry-Trace", "0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-1"),
        ("X-Sentry-Client", "a client"),
    )
    if body or operation.method in ("POST", "PUT", "PATCH"):
        headers = (*headers, ("Content-Length", str(len(body))))
    if body:
        headers = (*headers, ("Content-Type", media_type))
    query = _query(operation)
    return Request(operation.method, f"{_path(operation)}?{query}" if query else _path(operation), headers, body)


def replies_for(operation: Operation, sentry_base: str) -> Iterator[Reply]:
    """Give the reply of each success that the operation promises, as Sentry would send it."""
    for status, body in operation.responses.items():
        if status < 300:
            yield _reply(operation, status, body, sentry_base)


def _reply(operation: Operation, status: int, promised: Body | None, sentry_base: str) -> Reply:
    headers: Headers = (
        *NOT_FOR_THE_CLIENT,
        ("X-Sentry-Rate-Limit-Limit", "40"),
        ("X-Sentry-Rate-Limit-Remaining", "39"),
        ("Allow", "GET, HEAD, OPTIONS"),
        ("Vary", "Accept-Language, Cookie"),
    )
    if operation.method == "GET":
        headers = (*headers, ("X-Hits", "7"), ("Link", _link(f"{sentry_base}{_path(operation)}")))
    # An answer to GET has a body although the document may forget to say so.
    wants_body = promised is not None or (operation.method == "GET" and status == 200)
    if not wants_body:
        return Reply(status, headers if status == 204 else (*headers, ("Content-Length", "0")))
    body = body_of(promised, _address_names(operation), sentry_base)
    return Reply(status, (*headers, ("Content-Type", "application/json"), ("Content-Length", str(len(body)))), body)


def _link(address: str) -> str:
    pages = (("previous", "false", "0:0:1"), ("next", "true", "0:100:0"))
    return ", ".join(
        f'<{address}?&cursor={cursor}>; rel="{rel}"; results="{results}"; cursor="{cursor}"'
        for rel, results, cursor in pages
    )


def body_of(promised: Body | None, addresses: frozenset[str], sentry_base: str) -> bytes:
    """Give the JSON of what an operation promises, its API addresses on Sentry."""
    schema = promised.schema if promised is not None and promised.schema is not None else {}
    return json.dumps(_with_addresses(value(schema), addresses, sentry_base), ensure_ascii=False).encode()


def _address_names(operation: Operation) -> frozenset[str]:
    """Give the members that hold an address of Sentry's API, to which a client would go next."""
    leads_on = operation.path.endswith(("/chunk-upload/", "/users/me/regions/", "/region/"))
    return frozenset({"regionUrl", "url"}) if leads_on else frozenset({"regionUrl"})


def _with_addresses(made: Any, names: frozenset[str], sentry_base: str) -> Any:
    if isinstance(made, list):
        return [_with_addresses(inner, names, sentry_base) for inner in made]
    if not isinstance(made, dict):
        return made
    return {
        name: sentry_base if name in names and inner is not None else _with_addresses(inner, names, sentry_base)
        for name, inner in made.items()
    }


def _path(operation: Operation) -> str:
    shapes = {parameter.name: parameter for parameter in operation.parameters if parameter.where == "path"}
    path = operation.path
    for name in placeholders(operation.path):
        text = IN_PATHS.get(name) or _path_value(shapes[name])
        # Clients leave these characters as they are, and so must everybody on the way.
        path = path.replace(f"{{{name}}}", quote(text, safe="@:+,"))
    return path


def _path_value(parameter: Parameter) -> str:
    return str(value(parameter.schema, parameter.name)).replace("/", "-")


def _query(operation: Operation) -> str:
    pairs: list[tuple[str, str]] = []
    for parameter in operation.parameters:
        if parameter.where == "query":
            made = value(parameter.schema, parameter.name)
            # A repeated name is given twice, since proxies have been known to keep the last one only.
            values = [*made, "another"] if isinstance(made, list) else [made]
            pairs += [(parameter.name, _query_text(inner)) for inner in values]
    return urlencode(pairs, safe=":,")


def _query_text(made: Any) -> str:
    return made if isinstance(made, str) else json.dumps(made)


def _request_body(wanted: Body | None) -> tuple[str, bytes]:
    if wanted is None:
        return "", b""
    made = value(wanted.schema or {})
    if wanted.media_type == "multipart/form-data":
        return f"multipart/form-data; boundary={BOUNDARY}", _multipart(made)
    return wanted.media_type, json.dumps(made, ensure_ascii=False, separators=(", ", " : ")).encode()


def _multipart(fields: dict[str, Any]) -> bytes:
    """Give a form whose file holds every byte there is, line ends and all."""
    parts = []
    for name, inner in fields.items():
        content = bytes(range(256)) if name.startswith("file") else str(inner).encode()
        head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"; filename="{name}.bin"\r\n\r\n'
        parts.append(head.encode() + content + b"\r\n")
    return b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()
