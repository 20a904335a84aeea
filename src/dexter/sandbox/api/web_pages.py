"""Where permalinks lead: the sandbox has no web pages of Sentry's, and says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import HTMLResponse

from dexter.sandbox.routing import serves

if TYPE_CHECKING:
    from starlette.responses import Response

    from dexter.sandbox.request import SandboxRequest

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Sentry in a box</title>
<style>:root { color-scheme: light dark } body { font: 16px/1.6 system-ui; max-width: 36rem; margin: 15vh auto }</style>
</head>
<body>
<h1>Sentry in a box</h1>
<p>A real Sentry would show its own page here. This is Dexter's sandbox: it speaks Sentry's API and takes in events,
but it has no web pages. Look at issues in Dexter's workbench instead.</p>
</body>
</html>
"""
_POLICY = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"}


@serves("GET", "/", public=True)
@serves("GET", "/organizations/{slug}/", public=True)
@serves("GET", "/organizations/{slug}/issues/{issue_id}/", public=True)
@serves("GET", "/organizations/{slug}/share/issue/{share_id}/", public=True)
@serves("GET", "/share/issue/{share_id}/", public=True)
@serves("GET", "/organizations/{slug}/issues/{issue_id}/events/{event_id}/", public=True)
async def web_page(request: SandboxRequest) -> Response:
    """Give the one page; nothing of the request is in it."""
    return HTMLResponse(_PAGE, headers=_POLICY)
