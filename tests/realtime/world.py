"""A sandbox and a feed in one process, on one clock: webhooks wait until a test lets them go."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.doubles.sandbox_transport import OWNER, SandboxTransport
from tests.doubles.sentry_double import ONE_ATTEMPT, SERVICE, FakeClock

from dexter.features.sentry import Sentry
from dexter.realtime.audience import Listener
from dexter.realtime.events import ActorRef, FeedEvent, unpacked
from dexter.realtime.feed import Feed, FeedParts
from dexter.realtime.gateway_news import GatewayNews
from dexter.sandbox.app import build_app
from dexter.sandbox.options import SandboxOptions
from dexter.sandbox.webhooks import webhooks
from dexter.stores.feed_sqlite import FEED_FILE, SqliteFeedLog
from dexter.stores.memory import MemoryStore
from dexter.stores.webhook_inbox import INBOX_FILE, Received, WebhookInbox
from dexter.upstream.stack import Stack, build_stack
from dexter.wire import Answer, Call, Credential, Priority

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from dexter.observe.records import Record

ISSUES = "/api/0/organizations/acme/issues/"
WATCHED = ("status", "assignee", "priority", "count", "comments")


@dataclass
class World:
    """Everything from Sentry to the log. `restart` ends the process and begins another one over the same files."""

    folder: Path
    profile: str | None = None
    index_lag_s: float = 0.0
    clock: FakeClock = field(default_factory=FakeClock)
    sent: list[Received] = field(default_factory=list)
    """The webhooks that are under way."""
    records: list[Record] = field(default_factory=list)
    is_listening: bool = True
    jobs: dict[str, dict[str, Any]] = field(default_factory=dict)
    """The bulk jobs that there are."""

    def __post_init__(self) -> None:
        self.sentry = SandboxTransport()
        self.sentry.sandbox.db.close()
        options = SandboxOptions(
            owner_token=OWNER, profile=self.profile, index_lag_s=self.index_lag_s,
            webhook_url="http://dexter/", webhook_secret="secret",
        )  # fmt: skip
        self.sentry.app = build_app(options, clock=self.clock.now)
        self.sentry.sandbox = self.sentry.app.state.sandbox
        self.told = webhooks(self.sentry.sandbox)
        self.told._post, self.told._now = self._post, self.clock.now
        self.key = self.sentry.db.value("SELECT public_key FROM project_keys WHERE project_id = 1")
        self.news = GatewayNews("acme", self.clock.now)
        self.feed = self._begin()

    async def _post(self, url: str, headers: Mapping[str, str], body: bytes) -> int:
        at = float(headers["Sentry-Hook-Timestamp"])
        self.sent.append(Received(headers["Request-ID"], at, headers["Sentry-Hook-Resource"], body))
        return 200

    def _begin(self) -> Feed:
        self.stack: Stack = build_stack(self.sentry, MemoryStore(), self.clock, ONE_ATTEMPT, witness=self._witness)
        parts = FeedParts(
            SqliteFeedLog(self.folder / FEED_FILE, self.clock.now),
            WebhookInbox(self.folder / INBOX_FILE, self.clock.now),
            MemoryStore(),
            self.dexter,
            self.clock.now,
            self._who,
            self.news,
            self._look,
            (self.records.append,),
        )
        feed = Feed("acme", parts)
        if self.is_listening:
            feed.hub._audience.add(Listener(lambda _: None))
        return feed

    async def _look(self, job_id: str) -> dict[str, Any] | None:
        return self.jobs.get(job_id)

    def _witness(self, call: Call, answer: Answer) -> None:
        self.feed.witness(call, answer)

    async def _who(self, person: str) -> ActorRef | None:
        return ActorRef("person", person, "Ada") if person == "ada" else None

    def dexter(self, person: str = "", *, priority: Priority = Priority.REALTIME) -> Sentry:
        """Give Dexter's way to Sentry."""
        return Sentry(
            send=self.stack, identity=SERVICE, credential=Credential(f"Bearer {OWNER}"), organization="acme",
            deadline=self.clock.monotonic() + 30, clock=self.clock.now, no_cache=True, priority=priority, person=person,
        )  # fmt: skip

    async def restart(self) -> None:
        """End the process, and begin another one."""
        await self._end()
        self.feed = self._begin()

    async def aclose(self) -> None:
        await self._end()
        await self.told.aclose()
        await self.sentry.aclose()

    async def _end(self) -> None:
        await self.feed.aclose()
        await self.stack.aclose()

    # ------------------------------------------------------------ what happens at Sentry

    async def at_sentry(self, method: str, path: str, body: Any = None, query: str = "", headers: Any = ()) -> Any:
        """Do something at Sentry itself, past Dexter."""
        content = b"" if body is None else json.dumps(body).encode()
        fields = [("Content-Type", "application/json"), ("Authorization", f"Bearer {OWNER}"), *headers]
        status, _, said = await self.sentry.request(method, path, query, content, fields)
        assert status < 300, said
        await settled()
        return json.loads(said) if said else None

    async def error(self, message: str, level: str = "error", at: float | None = None) -> None:
        """Let an application meet an error."""
        event = {"message": message, "level": level, "platform": "python", "timestamp": at or self.clock.now()}
        key = (("X-Sentry-Auth", f"Sentry sentry_key={self.key}, sentry_version=7"),)
        await self.at_sentry("POST", "/api/1/store/", event, headers=key)

    async def change(self, issue: str, **fields: Any) -> None:
        await self.at_sentry("PUT", f"{ISSUES}{issue}/", fields)

    async def truth(self) -> dict[str, dict[str, Any]]:
        """Give what Sentry has of every issue, in the feed's words."""
        rows = self.sentry.db.all(
            "SELECT * FROM issues WHERE status IN ('unresolved', 'resolved', 'ignored') ORDER BY id"
        )
        return {
            str(row["id"]): {
                "status": row["status"],
                "assignee": f"user:{row['assigned_user_id']}" if row["assigned_user_id"] else "",
                "priority": row["priority"],
                "count": row["times_seen"],
                "comments": row["num_comments"],
            }
            for row in rows
        }

    # ------------------------------------------------------------ what Dexter does

    async def deliver(self, received: Received) -> None:
        """Let a webhook arrive and be understood."""
        await self.feed.inbox.put(received)
        await self.understand()

    async def understand(self) -> None:
        while await self.feed.webhooks.understood():
            pass

    async def record_writes(self) -> None:
        """Let the feed hear of the changes that were made through Dexter."""
        while not self.feed._writes.empty():
            await self.feed._record(self.feed._writes.get_nowait())

    async def read(self) -> None:
        """Let what is wanted be read."""
        while self.feed.readings._wanted:
            await self.feed.readings.read_wanted()

    async def poll(self) -> None:
        """Let the poller have its turn."""
        await self.feed.poller.turn()
        await self.read()

    async def events(self) -> list[FeedEvent]:
        """Give everything that is in the log."""
        page = await self.feed._parts.log.after("acme", 0, 100_000)
        return [unpacked(record.body) for record in page.records]


async def settled() -> None:
    """Let what was begun in the loop go on until it waits for something else."""
    for _ in range(20):
        await asyncio.sleep(0)


def summed(
    start: dict[str, dict[str, Any]], events: list[FeedEvent], *, is_checked: bool = True
) -> dict[str, dict[str, Any]]:
    """Give what somebody knows who knew how it was and has heard these events.

    Each event must begin where the ones before it ended: one that is missing would show.
    """
    known = {issue: dict(facts) for issue, facts in start.items()}
    for event in events:
        if event.issue is None or not event.type.startswith("issue."):
            continue
        facts = known.setdefault(event.issue.id, {})
        if is_checked:
            was = {name: facts.get(name) for name in event.before if name in WATCHED}
            assert was == {name: event.before[name] for name in was}, (event, facts)
        if event.type in ("issue.deleted", "issue.merged"):
            del known[event.issue.id]
        else:
            facts.update({name: value for name, value in event.after.items() if name in WATCHED})
    return known
