"""The servers that are compared, on one core: nginx and the naive design; and the Sentry behind all of them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

from bench.load import LOAD_CORE, SERVER_CORE, pinned
from bench.stand import ORGANIZATION, free_port, running_sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Peer:
    """A running server."""

    url: str
    pid: int


LIST = f"/api/0/organizations/{ORGANIZATION}/issues/?limit=25"

_NGINX = """
{user}
worker_processes 1;
daemon off;
pid {home}/nginx.pid;
error_log {home}/error.log warn;
events {{ worker_connections 4096; }}
http {{
  access_log off;
  sendfile on;
  tcp_nopush on;
  keepalive_timeout 60;
  keepalive_requests 100000000;
  client_body_temp_path {home}/body;
  proxy_temp_path {home}/proxy;
  fastcgi_temp_path {home}/fastcgi;
  uwsgi_temp_path {home}/uwsgi;
  scgi_temp_path {home}/scgi;
  proxy_cache_path {home}/cache levels=1:2 keys_zone=bench:10m inactive=1h max_size=512m;
  open_file_cache max=1000 inactive=1h;
  upstream sentry {{ server {upstream}; keepalive 64; }}
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass http://sentry;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Accept-Encoding $http_accept_encoding;
      proxy_cache bench;
      proxy_cache_key "$http_authorization $http_accept_encoding $request_uri";
      proxy_cache_valid 200 1h;
      proxy_ignore_headers Cache-Control Vary;
      proxy_cache_bypass $http_x_no_cache;
      proxy_no_cache $http_x_no_cache;
    }}
  }}
}}
"""


def issue_list() -> tuple[bytes, str]:
    """Give the sandbox's list of 25 issues and its `Link`: the body that everything is measured with."""
    with running_sandbox(issues=120) as sandbox:
        reply = sandbox.api("GET", LIST)
        return reply.body, reply.headers["link"].replace(sandbox.url, "http://upstream.invalid")


@contextmanager
def running_upstream(home: Path, body: bytes, link: str) -> Iterator[Peer]:
    """Run the fixed Sentry, on the core of the load."""
    port, file = free_port(), home / "issues.json"
    file.write_bytes(body)
    command = [sys.executable, "-m", "bench.fixed_upstream", str(port), str(file), link]
    with _running([*pinned(LOAD_CORE), *command], f"http://127.0.0.1:{port}", "/api/0/") as peer:
        yield peer


@contextmanager
def running_nginx(home: Path, upstream: str) -> Iterator[Peer]:
    """Run nginx with `proxy_cache` before the upstream, on the core of the servers."""
    port, folder = free_port(), home / "nginx"
    folder.mkdir()
    config = folder / "nginx.conf"
    # As root it would give its workers to another user, who may not enter the folder.
    user = "user root;" if os.getuid() == 0 else ""
    config.write_text(_NGINX.format(home=folder, port=port, upstream=upstream.removeprefix("http://"), user=user))
    program = shutil.which("nginx") or "/usr/sbin/nginx"
    command = [*pinned(SERVER_CORE), program, "-c", str(config), "-p", str(folder), "-e", str(folder / "error.log")]
    with _running(command, f"http://127.0.0.1:{port}", "/api/0/") as peer:
        yield peer


@contextmanager
def running_naive(upstream: str) -> Iterator[Peer]:
    """Run the naive design, on the core of the servers."""
    port = free_port()
    command = [*pinned(SERVER_CORE), sys.executable, "-m", "bench.naive", str(port), upstream]
    with _running(command, f"http://127.0.0.1:{port}", "/docs") as peer:
        yield peer


@contextmanager
def _running(command: list[str], url: str, probe: str) -> Iterator[Peer]:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        limit = time.monotonic() + 30
        while not _answers(url + probe):
            if process.poll() is not None or time.monotonic() > limit:
                raise RuntimeError(f"{' '.join(command)} did not come up")
            time.sleep(0.05)
        yield Peer(url, process.pid)
    finally:
        process.terminate()
        process.wait(10)


def _answers(probe: str) -> bool:
    try:
        with urlopen(probe, timeout=2):
            return True
    except HTTPError:
        return True
    except (URLError, OSError):
        return False
