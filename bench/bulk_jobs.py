"""Bulk jobs of a running gateway, as measurements and live tests drive them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bench.stand import Gateway, Sandbox

Job = dict[str, Any]

LIST = "GET /api/0/organizations/{organization_id_or_slug}/issues/"
UPDATE = "PUT /api/0/organizations/{organization_id_or_slug}/issues/"
ENDED = ("done", "cancelled", "failed")
PATIENCE_S = 120.0


def asked(gateway: Gateway, selection: dict[str, Any], *operations: dict[str, Any], **more: Any) -> Job:
    """Ask for a job and give it."""
    reply = gateway.v1("POST", "/bulk", body={"selection": selection, "operations": list(operations), **more})
    assert reply.status == 202, reply.body
    job: Job = reply.json()
    return job


def read(gateway: Gateway, job: Job) -> Job:
    """Give a job as it is now."""
    reply = gateway.v1("GET", f"/bulk/{job['id']}")
    assert reply.status == 200, reply.body
    now: Job = reply.json()
    return now


def until(gateway: Gateway, job: Job, *states: str, every_s: float = 0.05) -> Job:
    """Give a job once it is in one of the states."""
    limit = time.monotonic() + PATIENCE_S
    while True:
        now = read(gateway, job)
        if now["state"] in states:
            return now
        assert now["state"] not in ENDED, now
        assert time.monotonic() < limit, now
        time.sleep(every_s)


def told(gateway: Gateway, job: Job, verb: str, body: Any = None) -> Job:
    """Tell a job how to go on, and give it."""
    reply = gateway.v1("POST", f"/bulk/{job['id']}/{verb}", body=body)
    assert reply.status == 202, reply.body
    now: Job = reply.json()
    return now


def applied(gateway: Gateway, job: Job) -> Job:
    """Apply a job as soon as it is previewed, and give it."""
    previewed = until(gateway, job, "previewed")
    return told(gateway, job, "apply", {"confirmation": previewed["preview"]["confirmation"]})


def items(gateway: Gateway, job: Job, **query: Any) -> list[Job]:
    """Give every item of a job."""
    found: list[Job] = []
    cursor: dict[str, str] = {}
    while True:
        page = gateway.v1("GET", f"/bulk/{job['id']}/items", limit=500, **query, **cursor).json()
        found += page["data"]
        if page["pagination"]["next"] is None:
            return found
        cursor = page["pagination"]["next"]


def standing(sandbox: Sandbox, query: str = "") -> dict[str, Job]:
    """Give all issues of the sandbox as they are, by number."""
    found: dict[str, Job] = {}
    cursor = ""
    while True:
        reply = sandbox.api("GET", f"/api/0/organizations/acme/issues/?query={query}&sort=new&limit=100{cursor}")
        page = reply.json()
        found.update({issue["id"]: issue for issue in page})
        link = reply.headers["link"].split(", ")[-1]
        if 'results="true"' not in link:
            return found
        cursor = "&cursor=" + link.partition('cursor="')[2].rstrip('"')
