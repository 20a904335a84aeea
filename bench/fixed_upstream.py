"""A Sentry that always says the same, as fast as can be: what stands behind every server that is compared.

Run as `python -m bench.fixed_upstream PORT BODY_FILE LINK`. It gives the body packed to whoever takes gzip, under an
ETag; `/api/0/` says who the caller is.
"""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import sys
from pathlib import Path
from typing import cast

import uvloop

WHOAMI = b'{"version":"0","auth":{"scopes":["event:read"]},"user":{"id":"1","username":"bench"}}'


class FixedAnswer(asyncio.Protocol):
    """One connection. Requests are short here, so that one never comes in two pieces."""

    packed: bytes
    plain: bytes

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way back."""
        self.transport = cast("asyncio.WriteTransport", transport)

    def data_received(self, data: bytes) -> None:
        """Answer."""
        if data.startswith(b"GET /api/0/ HTTP"):
            self.transport.write(answer(WHOAMI, ""))
        else:
            head = data.lower()
            self.transport.write(self.packed if b"gzip" in head else self.plain)


def answer(body: bytes, more: str) -> bytes:
    """Give a whole response."""
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n%b\r\n%b" % (
        len(body),
        more.encode(),
        body,
    )


async def serve(port: int) -> None:
    """Serve until ended."""
    server = await asyncio.get_running_loop().create_server(FixedAnswer, "127.0.0.1", port, backlog=2048)
    await server.serve_forever()


def main() -> None:
    """Read the body and serve it."""
    port, body, link = int(sys.argv[1]), Path(sys.argv[2]).read_bytes(), sys.argv[3]
    packed = gzip.compress(body, 6, mtime=0)
    common = f"Link: {link}\r\nX-Hits: 25\r\nVary: Accept-Encoding\r\nCache-Control: max-age=300\r\n"
    tag = hashlib.sha256(body).hexdigest()[:16]
    FixedAnswer.plain = answer(body, f'{common}ETag: "{tag}"\r\n')
    FixedAnswer.packed = answer(packed, f'{common}ETag: "{tag}-gz"\r\nContent-Encoding: gzip\r\n')
    uvloop.run(serve(port))


if __name__ == "__main__":
    main()
