"""Who and what the seeded organization is made of."""

from __future__ import annotations

from dataclasses import dataclass

PEOPLE = (
    ("mira.kovac", "Mira Kovač", "manager"),
    ("jonas.lind", "Jonas Lind", "admin"),
    ("priya.nair", "Priya Nair", "admin"),
    ("tomas.rivera", "Tomás Rivera", "member"),
    ("hana.sato", "Hana Sato", "member"),
    ("emeka.obi", "Emeka Obi", "member"),
    ("lotte.devries", "Lotte de Vries", "member"),
    ("ravi.menon", "Ravi Menon", "member"),
    ("chloe.martin", "Chloé Martin", "member"),
    ("sam.whitfield", "Sam Whitfield", "member"),
    ("ines.duarte", "Inês Duarte", "member"),
)
"""Username, name and role of everybody beside the owner."""

TEAMS = (
    ("backend", "Backend"),
    ("frontend", "Frontend"),
    ("mobile", "Mobile"),
    ("payments", "Payments"),
    ("platform", "Platform"),
)


@dataclass(frozen=True, slots=True)
class Project:
    """A project and how its events look. `weight` is its share of all issues."""

    slug: str
    name: str
    platform: str
    language: str
    event_platform: str
    sdk: str
    sdk_version: str
    package: str
    teams: tuple[str, ...]
    weight: int
    root: str
    """The folder of in-app files."""
    module: str
    """The prefix of in-app modules, empty where the platform has none."""
    cadence_days: float
    """A release every so many days."""


PROJECTS = (
    Project("shop-api", "Shop API", "python-django", "python", "python", "sentry.python.django", "2.38.0", "shop-api",
            ("backend", "payments"), 26, "shop", "shop", 2.5),
    Project("shop-web", "Shop Web", "javascript-react", "javascript", "javascript", "sentry.javascript.react",
            "10.12.0", "shop-web", ("frontend",), 26, "./src", "", 2.0),
    Project("checkout", "Checkout", "node-express", "node", "node", "sentry.javascript.node", "10.12.0", "checkout",
            ("payments", "backend"), 14, "src", "", 3.5),
    Project("shop-android", "Shop for Android", "android", "kotlin", "java", "sentry.java.android", "8.22.0",
            "com.acme.shop", ("mobile",), 13, "", "com.acme.shop", 7.0),
    Project("billing", "Billing", "java-spring-boot", "java", "java", "sentry.java.spring-boot", "8.22.0", "billing",
            ("payments",), 9, "", "com.acme.billing", 5.0),
    Project("edge-gateway", "Edge Gateway", "go", "go", "go", "sentry.go", "0.35.1", "edge-gateway", ("platform",), 6,
            "internal", "acme.example/edge/internal", 6.0),
    Project("backoffice", "Back Office", "ruby-rails", "ruby", "ruby", "sentry.ruby.rails", "5.27.0", "backoffice",
            ("backend", "frontend"), 6, "app/services", "", 9.0),
)  # fmt: skip

NOUNS = (
    "order", "basket", "invoice", "payment", "refund", "shipment", "coupon", "customer", "account", "catalogue",
    "price", "product", "review", "subscription", "notification", "session", "filter", "report", "statement",
    "wishlist", "voucher", "warehouse", "claim", "ledger", "parcel",
)  # fmt: skip
VERBS = (
    "create", "load", "update", "apply", "validate", "sync", "submit", "render", "merge", "archive", "restore",
    "publish",
)  # fmt: skip
HOSTS = (
    "api.parcelforge.example",
    "tax.northwind.example",
    "pay.lumen.example",
    "geo.tiler.example",
    "mail.pigeon.example",
)
SERVERS = ("web-7f9c-1", "web-7f9c-2", "web-7f9c-3", "worker-5d21-1", "worker-5d21-2")
REGIONS = ("eu-central", "eu-west", "us-east", "ap-south")
PLANS = ("free", "starter", "business", "enterprise")
FIRST_NAMES = (
    "Ada", "Bruno", "Clara", "Dmitri", "Elena", "Farid", "Greta", "Hugo", "Ingrid", "Jamal", "Kaya", "Liam", "Maya",
    "Nils", "Olga", "Pablo", "Quinn", "Rosa", "Sven", "Tala", "Umar", "Vera", "Wanda", "Xenia", "Yusuf", "Zora",
)  # fmt: skip
PLACES = (
    ("DE", "Berlin"),
    ("FR", "Lyon"),
    ("US", "Austin"),
    ("IN", "Pune"),
    ("BR", "Recife"),
    ("JP", "Osaka"),
    ("ES", "Vigo"),
)
_WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
_MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)"
AGENTS = (
    f"{_WINDOWS} Chrome/142.0.0.0 Safari/537.36",
    f"{_MAC} AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36",
    f"{_MAC} AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5"
    " Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile"
    " Safari/537.36",
    "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0",
    f"{_WINDOWS} Chrome/141.0.0.0 Safari/537.36 Edg/141.0.0.0",
)
PHONES = (
    ("Pixel 9", "Google", "15"),
    ("SM-S921B", "samsung", "14"),
    ("Redmi Note 13", "Xiaomi", "14"),
    ("moto g84", "motorola", "13"),
)
COMMENTS = (
    "I can reproduce this on staging with an empty basket.",
    "Looks like the same cause as last month's incident; the retry hides it most of the time.",
    "Only customers in one region are affected, so I would not wake anyone up for it.",
    "The partner confirmed an outage on their side between 14:00 and 15:30.",
    "Started with the release from this morning. Rolling back is an option if it keeps climbing.",
    "I have a fix in review; it needs a migration, so it goes out with the next release.",
    "This is noise: the caller already handles it. Suggest archiving until it escalates.",
    "Added a guard, but we still do not know who sends us the malformed payload.",
)
COMMITS = (
    "Guard against missing $noun details", "Retry $noun calls with jitter", "Move $noun rules out of the view",
    "Cache $noun lookups for a minute", "Drop the old $noun import", "Tighten $noun validation",
    "Log the $noun reference", "Upgrade dependencies", "Make $noun totals exact", "Fix flaky $noun test",
)  # fmt: skip

_MONEY = ("payment", "refund", "invoice", "ledger", "voucher", "coupon", "price")


def ownership_rules(project: Project) -> str:
    """Give a project's ownership rules: all of it is its first team's, what is about money the payments team's."""
    lines = ["# The last rule that fits counts.", f"path:** #{project.teams[0]}"]
    if "payments" in project.teams[1:]:
        lines += [f"path:**/{noun}/** #payments" for noun in _MONEY]
    lines.append("tags.region:ap-south hana.sato@acme.example")
    return "\n".join(lines)
