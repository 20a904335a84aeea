"""Record what the real @sentry/browser sends from a small shop in a real Chromium."""

from __future__ import annotations

import http.server
import json
import shutil
import subprocess
import threading
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

from playwright.sync_api import sync_playwright

HERE = Path(__file__).parent
SHOP = HERE / "shop"
OUT = HERE.parent.parent / "src" / "dexter" / "demo" / "recorded"
ORIGIN = "https://shop.fernandclay.example"
SCENES = ("basket", "total", "voucher", "order", "recommendations", "search")
CONTEXT_LINES = 5
USER_AGENT = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36"
)


class ShopHandler(http.server.BaseHTTPRequestHandler):
    """Serves the shop, answers its calls with failures and keeps the envelopes it sends."""

    received: list[bytes] = []  # noqa: RUF012 (one recorder a process)

    def do_GET(self) -> None:
        """Serve pages and scripts; the recommendations answer an HTML error page."""
        path = urlparse(self.path).path
        if path.startswith("/recommendations/"):
            return self._reply(503, "text/html", b"<html><body>Service unavailable</body></html>")
        file = SHOP / "index.html" if path == "/" else HERE / "build" / Path(path).name
        kind = "text/html" if path == "/" else "text/javascript"
        return self._reply(200, kind, file.read_bytes()) if file.exists() else self._reply(404, "text/plain", b"")

    def do_POST(self) -> None:
        """Keep an envelope; decline a payment."""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if "/envelope/" not in self.path:
            return self._reply(402, "application/json", b'{"error": "do_not_honor"}')
        self.received.append(body)
        return self._reply(200, "application/json", b"{}")

    def log_message(self, *_: Any) -> None:
        """Stay quiet."""

    def _reply(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def bundle() -> dict[str, list[str]]:
    """Bundle the SDK beside the shop's own modules, which stay files of their own, and give their sources."""
    build = HERE / "build"
    shutil.rmtree(build, ignore_errors=True)
    build.mkdir()
    esbuild = HERE / "node_modules" / ".bin" / "esbuild"
    modules = [path for path in SHOP.glob("*.js") if path.name != "main.js"]
    for path in modules:
        shutil.copy(path, build / path.name)
    externals = [f"--external:./{path.name}" for path in modules]
    command = [esbuild, SHOP / "main.js", "--bundle", "--format=esm", f"--outfile={build / 'main.js'}", *externals]
    subprocess.run(command, check=True, cwd=HERE)  # noqa: S603 (fixed arguments)
    return {path.name: path.read_text().splitlines() for path in modules}


def with_source(event: dict[str, Any], sources: dict[str, list[str]]) -> dict[str, Any]:
    """Give the event with source lines beside the frames of the shop's own modules."""
    for value in event.get("exception", {}).get("values", []):
        for frame in value.get("stacktrace", {}).get("frames", []):
            lines = sources.get(Path(urlparse(frame.get("filename", "")).path).name)
            frame["in_app"] = lines is not None
            if lines and (number := frame.get("lineno")):
                frame["pre_context"] = lines[max(0, number - 1 - CONTEXT_LINES) : number - 1]
                frame["context_line"] = lines[number - 1]
                frame["post_context"] = lines[number : number + CONTEXT_LINES]
    return event


def envelope_of(raw: bytes, origin: str, sources: dict[str, list[str]]) -> bytes | None:
    """Give the recorded envelope of an event, on the shop's public address; None for other envelopes."""
    header, item, payload = raw.decode().replace(origin, ORIGIN).split("\n")[:3]
    if json.loads(item)["type"] != "event":
        return None
    event = with_source(json.loads(payload), sources)
    kept = {key: value for key, value in json.loads(header).items() if key in ("event_id", "sent_at", "sdk")}
    return "\n".join([json.dumps(kept), '{"type": "event"}', json.dumps(event, ensure_ascii=False)]).encode() + b"\n"


def record() -> None:
    """Play each scene once and write its envelope."""
    sources = bundle()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), ShopHandler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    origin = f"http://127.0.0.1:{server.server_port}"
    OUT.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        chromium = shutil.which("chromium") or shutil.which("google-chrome")
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for scene in SCENES:
            ShopHandler.received.clear()
            page = browser.new_page(user_agent=USER_AGENT)
            page.goto(f"{origin}/?scene={scene}#catalogue")
            page.click("#nav-basket")
            page.click("#add-to-basket")
            page.wait_for_timeout(1500)
            page.close()
            found = [kept for raw in ShopHandler.received if (kept := envelope_of(raw, origin, sources))]
            (OUT / f"{scene}.envelope").write_bytes(found[0])
    server.shutdown()


if __name__ == "__main__":
    record()
