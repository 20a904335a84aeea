"""The brief's own design in small: FastAPI, a client, a TTL cache of text, `json.loads` out of it, a dict returned.

Run as `python -m bench.naive PORT UPSTREAM`. It stands for what a first version looks like, and is measured beside.
The brief keeps its cache in Redis; this one keeps it in a dict, which is kinder to it.
"""

from __future__ import annotations

import json
import sys
import time

import aiohttp
import uvicorn
from fastapi import FastAPI, Request

TTL_S = 300.0


def naive_app(upstream: str) -> FastAPI:
    """Give the app."""
    app = FastAPI()
    cache: dict[str, tuple[float, str]] = {}

    @app.get("/api/0/organizations/{org}/issues/")
    async def issues(org: str, request: Request):  # type: ignore[no-untyped-def]  # as the brief writes its functions
        key = f"issues:{org}:{request.url.query}"
        kept = cache.get(key)
        if kept is not None and kept[0] > time.time():
            return json.loads(kept[1])
        headers = {"Authorization": request.headers["authorization"]}
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"{upstream}/api/0/organizations/{org}/issues/?{request.url.query}", headers=headers) as reply,
        ):
            data = await reply.json()
        cache[key] = (time.time() + TTL_S, json.dumps(data))
        return data

    return app


if __name__ == "__main__":
    uvicorn.run(naive_app(sys.argv[2]), host="127.0.0.1", port=int(sys.argv[1]), log_level="warning", access_log=False)
