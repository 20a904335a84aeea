"""Every setting of Dexter, as one frozen value; the only module that reads the environment.

`TABLE` is the reference: key, permitted form, default, help, older spellings. `read_settings` turns an environment
into `Settings` or raises `SettingsError`, which names the key, the value (never a secret's) and the permitted form.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit, urlunsplit

from dexter.database.address import FILE, Address, read_address, sqlite_file
from dexter.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@dataclass(frozen=True, slots=True)
class Form:
    """How a setting's text is read: `text` says the permitted form, `parse` raises ValueError for any other."""

    text: str
    parse: Callable[[str], Any]


@dataclass(frozen=True, slots=True)
class Setting:
    """One row of the table. `attribute` is its field in `Settings`."""

    key: str
    attribute: str
    form: Form
    default: str
    help: str
    secret: bool = False
    older: tuple[str, ...] = ()


_UNITS_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_UNITS_BYTES = {"KB": 1024, "MB": 1024**2, "GB": 1024**3}


def duration_s(text: str) -> float:
    """Give the seconds of a duration such as `500ms`, `30s`, `5m`, `12h`, `7d`, or `0`."""
    if text == "0":
        return 0.0
    match = re.fullmatch(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)", text)
    if match is None:
        raise ValueError(text)
    return float(match[1]) * _UNITS_S[match[2]]


def size_bytes(text: str) -> int:
    """Give the bytes of a size such as `512KB`, `64MB` or `1GB`."""
    match = re.fullmatch(r"(\d+)(KB|MB|GB)", text)
    if match is None:
        raise ValueError(text)
    return int(match[1]) * _UNITS_BYTES[match[2]]


def _positive(parse: Callable[[str], float]) -> Callable[[str], float]:
    def parsed(text: str) -> float:
        value = parse(text)
        if value <= 0:
            raise ValueError(text)
        return value

    return parsed


def _port(text: str) -> int:
    if not re.fullmatch(r"\d{1,5}", text) or int(text) > 65535:
        raise ValueError(text)
    return int(text)


def _count(text: str) -> int:
    if not re.fullmatch(r"[1-9]\d{0,4}", text) or int(text) > 10_000:
        raise ValueError(text)
    return int(text)


def _matching(pattern: str) -> Callable[[str], str]:
    def parsed(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise ValueError(text)
        return text

    return parsed


def _origin(text: str) -> str:
    """Give the URL without a trailing slash or the `/api/0` that older setups wrote; never with credentials."""
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ValueError(text)
    if "@" in parts.netloc or parts.port == 0:
        raise ValueError(text)
    path = re.sub(r"(/api(/0)?)?/*$", "", parts.path)
    return urlunsplit((parts.scheme, parts.netloc, path, "", ""))


def _shared(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("redis", "rediss", "valkey", "valkeys", "unix") or not (parts.hostname or parts.path):
        raise ValueError(text)
    # Valkey speaks Redis's protocol; the client knows it by that name.
    return re.sub(r"^valkey", "redis", text)


def _flag(text: str) -> bool:
    return {"on": True, "true": True, "1": True, "yes": True, "off": False, "false": False, "0": False, "no": False}[
        text.lower()
    ]


def _collector(text: str) -> str:
    """Give a collector's URL as it stands, without credentials, which belong into headers."""
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc or parts.fragment:
        raise ValueError(text)
    return text.rstrip("/")


def _pairs(text: str) -> tuple[tuple[str, str], ...]:
    """Give the pairs of `name=value,name=value`, percent-decoded, as OpenTelemetry writes them."""
    pairs = [part.partition("=") for part in text.split(",") if part.strip()]
    if not all(equals and name.strip() for name, equals, _ in pairs):
        raise ValueError(text)
    return tuple((unquote(name.strip()), unquote(value.strip())) for name, _, value in pairs)


def _share(text: str) -> float:
    share = float(text)
    if not 0 <= share <= 1:
        raise ValueError(text)
    return share


def _secrets(text: str) -> tuple[str, ...]:
    secrets = tuple(part.strip() for part in text.split(",") if part.strip())
    if not all(re.fullmatch(r"[\x21-\x7e]{32,}", secret) for secret in secrets):
        raise ValueError(text)
    return secrets


def _host_list(text: str) -> tuple[str, ...]:
    names = tuple(part.strip().lower() for part in text.split(",") if part.strip())
    if not all(re.fullmatch(r"[a-z0-9._\-]+|\[[0-9a-f:]+\]", name) for name in names):
        raise ValueError(text)
    return names


def _optional(form: Form) -> Form:
    return Form(form.text, lambda text: form.parse(text) if text else None)


HOST = Form("a host name or an IP address", _matching(r"[A-Za-z0-9._:\-]+"))
PORT = Form("a number from 0 to 65535", _port)
DIRECTORY = Form("a path to a directory", lambda text: Path(text).expanduser())
URL = Form("a URL such as https://sentry.example.com, without user, query or fragment", _origin)
SLUG = Form("a slug or an id: letters, digits, `-` and `_`", _matching(r"[A-Za-z0-9_\-]+"))
TOKEN = Form("visible ASCII characters without spaces", _matching(r"[\x21-\x7e]+"))
DURATION = Form("a number and a unit: 500ms, 30s, 5m, 12h, 7d", _positive(duration_s))
AGE = Form("a number and a unit: 30s, 5m, 1h; or 0 to store nothing", duration_s)
KEEPING = Form("a number and a unit: 12h, 30d; or 0 to keep them for ever", duration_s)
SIZE = Form("a number and a unit: 512KB, 64MB, 1GB", lambda text: int(_positive(size_bytes)(text)))
SIZE_OR_NONE = Form("a number and a unit: 64MB, 1GB; or 0", lambda text: 0 if text == "0" else size_bytes(text))
FLAG = Form("on or off", _flag)
HOSTS = Form("host names separated by commas", _host_list)
LOG_LEVEL = Form("one of debug, info, warning, error", lambda text: _matching("debug|info|warning|error")(text.lower()))
SECRET = Form("32 visible ASCII characters or more", _matching(r"[\x21-\x7e]{32,}"))
SECRETS = Form("32 visible ASCII characters or more each, separated by commas", _secrets)
SHARED = Form("a URL such as redis://host:6379/0, rediss:// with TLS, or unix:///path", _shared)
ANY = Form("any text", str)
DATABASE = Form(
    "postgresql://user:password@host:5432/name, or sqlite:////path/to/file with its whole path",
    lambda text: read_address(text) and text,
)
COLLECTOR = Form("a URL such as http://localhost:4318", _collector)
PAIRS = Form("name=value pairs separated by commas", _pairs)
_SAMPLERS = "always_on, always_off, traceidratio, or one of these after parentbased_"
SAMPLER = Form(_SAMPLERS, _matching(r"(parentbased_)?(always_on|always_off|traceidratio)"))

TABLE: tuple[Setting, ...] = (
    Setting("DEXTER_HOST", "host", HOST, "127.0.0.1", "The address the gateway listens on."),
    Setting("DEXTER_PORT", "port", PORT, "8000", "The gateway's port; 0 takes any that is free."),
    Setting(
        "DEXTER_DATA_DIR",
        "data_dir",
        DIRECTORY,
        "~/.local/share/dexter",
        "Where all state lives; nothing else is kept.",
    ),
    Setting(
        "DEXTER_ACCESS_TOKEN",
        "access_token",
        _optional(TOKEN),
        "",
        "Fixes the token that people sign in with. Unset, one is derived from a key file in the data directory.",
        secret=True,
    ),
    Setting(
        "DEXTER_SECRET_KEY",
        "secret_key",
        _optional(SECRET),
        "",
        "What Dexter's token, sessions and cache keys are derived from, the same on every host that shares a Redis. "
        "Unset, each data directory has a key of its own.",
        secret=True,
    ),
    Setting(
        "DEXTER_ALLOWED_HOSTS",
        "allowed_hosts",
        HOSTS,
        "",
        "Names, besides this machine's own, under which the gateway may be called; guards against DNS rebinding.",
    ),
    Setting(
        "DEXTER_PUBLIC_URL",
        "public_url",
        _optional(URL),
        "",
        "The address people reach Dexter by, when a proxy with TLS stands in front of it.",
    ),
    Setting("DEXTER_SANDBOX_PORT", "sandbox_port", PORT, "9000", "The port of the sandbox that `dexter up` starts."),
    Setting("DEXTER_SESSION_TTL", "session_ttl_s", DURATION, "7d", "How long a browser stays signed in at most."),
    Setting(
        "DEXTER_SESSION_IDLE",
        "session_idle_s",
        DURATION,
        "3d",
        "How long a browser stays signed in without being used.",
    ),
    Setting(
        "DEXTER_SECRET_KEYS",
        "secret_keys",
        SECRETS,
        "",
        "What people's own Sentry tokens and subscriptions' secrets are encrypted with, the newest first, the same on "
        "every host that shares a database. Unset, the data directory has a file of keys, which `dexter keys rotate` "
        "turns.",
        secret=True,
    ),
    Setting(
        "DEXTER_LOG_LEVEL", "log_level", LOG_LEVEL, "info", "The least serious log line written.", older=("LOG_LEVEL",)
    ),
    Setting(
        "DEXTER_SERVE_SECRETS",
        "serve_secrets",
        FLAG,
        "off",
        "Lets operations that reveal a secret (DSN keys, hook secrets, tokens) through Dexter's own credential.",
    ),
    Setting(
        "DEXTER_CACHE_SIZE", "cache_bytes", SIZE, "64MB", "The most memory that stored answers may take, a process."
    ),
    Setting(
        "DEXTER_DISK_CACHE_SIZE",
        "disk_cache_bytes",
        SIZE_OR_NONE,
        "512MB",
        "The most disk space that stored answers may take; they outlive a restart there. Not used with Redis.",
    ),
    Setting("DEXTER_FRESH_ISSUES", "fresh_issues_s", AGE, "5m", "How long issues and lists of them count as fresh."),
    Setting("DEXTER_FRESH_EVENTS", "fresh_events_s", AGE, "1m", "How long events count as fresh."),
    Setting("DEXTER_FRESH_STATS", "fresh_stats_s", AGE, "10m", "How long counts over time count as fresh."),
    Setting("DEXTER_FRESH_OTHER", "fresh_other_s", AGE, "1m", "How long every other stored answer counts as fresh."),
    Setting("DEXTER_REQUEST_DEADLINE", "request_deadline_s", DURATION, "30s", "The most time one request may take."),
    Setting(
        "DEXTER_ATTEMPT_TIMEOUT", "attempt_timeout_s", DURATION, "10s", "The most time one attempt at Sentry may take."
    ),
    Setting(
        "DEXTER_ATTEMPTS",
        "attempts",
        Form("a number from 1 to 10000", _count),
        "3",
        "How often a read is sent to Sentry at most, when it fails in a way that may pass. Writes are sent once.",
    ),
    Setting(
        "DEXTER_ASK_AHEAD",
        "ask_ahead",
        Form("a number from 0 to 1", _share),
        "0.25",
        "How many reads may be asked ahead for each by a person: what people opened of the last issues, of those on the"
        " list they see. 0 for none.",
    ),
    Setting(
        "DEXTER_BREAKER_THRESHOLD",
        "breaker_threshold",
        Form("a number from 1 to 10000", _count),
        "5",
        "After how many failures in a row, at all workers of a host, a part of Sentry is left alone for a while.",
    ),
    Setting(
        "DEXTER_BREAKER_RECOVERY",
        "breaker_recovery_s",
        DURATION,
        "60s",
        "After what time Dexter tries whether a part of Sentry that was left alone is back.",
    ),
    Setting(
        "DEXTER_CONNECTIONS",
        "connections",
        Form("a number from 1 to 10000", _count),
        "100",
        "How many connections to Sentry may be open at once.",
    ),
    Setting(
        "SENTRY_BASE_URL",
        "sentry_base_url",
        _optional(URL),
        "",
        "The Sentry that the gateway stands in front of: https://us.sentry.io, https://de.sentry.io or your own.",
    ),
    Setting(
        "SENTRY_API_TOKEN",
        "sentry_api_token",
        _optional(TOKEN),
        "",
        "Dexter's own credential at Sentry, for the workbench and service mode.",
        secret=True,
        older=("SENTRY_TOKEN",),
    ),
    Setting(
        "SENTRY_ORG",
        "sentry_org",
        _optional(SLUG),
        "",
        "The organization that /api/v1 speaks of unless a request names another.",
        older=("SENTRY_ORGANIZATION_SLUG", "ORGANIZATION_SLUG"),
    ),
    Setting(
        "SENTRY_PROJECT",
        "sentry_project",
        _optional(SLUG),
        "",
        "The project the workbench opens with.",
        older=("PROJECT_SLUG", "SENTRY_PROJECT_SLUG"),
    ),
    Setting(
        "SENTRY_WEB_URL",
        "sentry_web_url",
        _optional(URL),
        "",
        "Sentry's address for people, where it differs from SENTRY_BASE_URL.",
    ),
    Setting(
        "SENTRY_WEBHOOK_SECRET",
        "sentry_webhook_secret",
        _optional(TOKEN),
        "",
        "The client secret that Sentry's webhooks are signed with.",
        secret=True,
    ),
    Setting(
        "SENTRY_SERVICE_HOOK_SECRET",
        "sentry_service_hook_secret",
        _optional(TOKEN),
        "",
        "The secret of a project's service hook; without it none are taken.",
        secret=True,
    ),
    Setting(
        "DEXTER_UNSIGNED_WEBHOOKS",
        "unsigned_webhooks",
        FLAG,
        "off",
        "Takes the posts of Sentry's old WebHooks plugin, which nothing signs, at /webhooks/sentry/legacy: each only "
        "has Dexter look at the issue that it names.",
    ),
    Setting(
        "DEXTER_LISTENERS",
        "listeners",
        Form("a number from 1 to 10000", _count),
        "10000",
        "How many sockets and streams of the feed a process holds open; one more is answered 503. Each takes a file "
        "descriptor, so that it is fewer where the system permits fewer.",
    ),
    Setting(
        "DEXTER_LISTENERS_EACH",
        "listeners_each",
        Form("a number from 1 to 10000", _count),
        "500",
        "How many of them one person, session or token may hold in a process; one more is answered 429.",
    ),
    Setting(
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        "otlp_endpoint",
        _optional(COLLECTOR),
        "",
        "The OpenTelemetry collector that spans are sent to, under /v1/traces. Unset, no spans are made.",
    ),
    Setting(
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
        "otlp_traces_endpoint",
        _optional(COLLECTOR),
        "",
        "The collector's whole address for spans, where it is not the usual one.",
    ),
    Setting(
        "OTEL_EXPORTER_OTLP_HEADERS",
        "otlp_headers",
        PAIRS,
        "",
        "What the collector wants to see in every request.",
        secret=True,
    ),
    Setting(
        "OTEL_EXPORTER_OTLP_PROTOCOL",
        "otlp_protocol",
        Form("http/protobuf", _matching("http/protobuf")),
        "http/protobuf",
        "How spans are sent.",
    ),
    Setting("OTEL_SERVICE_NAME", "otel_service_name", ANY, "dexter", "The name that spans are sent under."),
    Setting("OTEL_RESOURCE_ATTRIBUTES", "otel_attributes", PAIRS, "", "What all spans say besides."),
    Setting("OTEL_TRACES_SAMPLER", "otel_sampler", SAMPLER, "parentbased_always_on", "Which traces are recorded."),
    Setting(
        "OTEL_TRACES_SAMPLER_ARG",
        "otel_sampled_share",
        Form("a number from 0 to 1", _share),
        "1",
        "The share of traces that traceidratio records.",
    ),
    Setting("OTEL_SDK_DISABLED", "otel_disabled", FLAG, "off", "Makes no spans, whatever else is set."),
    Setting(
        "DEXTER_DATABASE_URL",
        "database_url",
        _optional(DATABASE),
        "",
        "Where people, labels, notes, jobs and the audit log are kept; unset, a SQLite file in the data directory. "
        "Several hosts share a PostgreSQL.",
        secret=True,
        older=("DATABASE_URL",),
    ),
    Setting(
        "DEXTER_KEEP_SNAPSHOTS",
        "keep_snapshots_s",
        KEEPING,
        "30d",
        "How long snapshots of issues stay in Dexter's database.",
    ),
    Setting("DEXTER_KEEP_AUDIT", "keep_audit_s", KEEPING, "365d", "How long the audit log goes back."),
    Setting("DEXTER_KEEP_JOBS", "keep_jobs_s", KEEPING, "90d", "How long finished bulk jobs and their items stay."),
    Setting("DEXTER_KEEP_SEARCHES", "keep_searches_s", KEEPING, "90d", "How long people's recent searches stay."),
    Setting(
        "DEXTER_KEEP_DELIVERIES",
        "keep_deliveries_s",
        KEEPING,
        "7d",
        "How long it is shown what was forwarded to a subscription.",
    ),
    Setting(
        "DEXTER_OUTGOING_ATTEMPTS",
        "outgoing_attempts",
        Form("a number from 1 to 10000", _count),
        "8",
        "How often an event is sent to a subscription's receiver at most before it is given up.",
    ),
    Setting(
        "DEXTER_OUTGOING_RETRY",
        "outgoing_retry_s",
        DURATION,
        "5s",
        "How long after a first failure an event is sent again; each pause after that is three times as long.",
    ),
    Setting(
        "DEXTER_OUTGOING_TIMEOUT",
        "outgoing_timeout_s",
        DURATION,
        "10s",
        "The most time one attempt at a receiver may take.",
    ),
    Setting(
        "DEXTER_OUTGOING_PRIVATE",
        "outgoing_private",
        FLAG,
        "off",
        "Lets subscriptions send to private networks and to this host. Clouds' metadata addresses stay out of reach.",
    ),
    Setting(
        "DEXTER_IDEMPOTENCY_TTL",
        "idempotency_ttl_s",
        DURATION,
        "24h",
        "How long a request with an Idempotency-Key is answered again with the answer it got.",
    ),
    Setting(
        "DEXTER_REDIS_URL",
        "redis_url",
        _optional(SHARED),
        "",
        "The Redis or Valkey that Dexter's processes on all hosts share; unset, those of one host share its disk.",
        secret=True,
        older=("REDIS_URL",),
    ),
)

REMOVED: Mapping[str, str] = {
    "USE_MOCK_DATA": "Dexter never invents data; run `dexter up` for a Sentry of your own to try things on",
    "CORS_ORIGINS": "no other origin may read the gateway; serve the workbench from the gateway itself",
    "VITE_API_BASE_URL": "the workbench is served by the gateway and speaks to it only",
    "VITE_SENTRY_WEB_URL": "set SENTRY_WEB_URL",
    "OLLAMA_BASE_URL": "this version explains nothing with a language model",
    "OLLAMA_MODEL": "this version explains nothing with a language model",
    "OLLAMA_TIMEOUT": "this version explains nothing with a language model",
}
"""Settings of older Dexters that are gone, with what took their place."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What the whole process runs on. Secrets do not show themselves."""

    host: str
    port: int
    data_dir: Path
    access_token: str | None = field(repr=False)
    secret_key: str | None = field(repr=False)
    allowed_hosts: tuple[str, ...]
    public_url: str | None
    sandbox_port: int
    session_ttl_s: float
    session_idle_s: float
    secret_keys: tuple[str, ...] = field(repr=False)
    log_level: str
    serve_secrets: bool
    cache_bytes: int
    disk_cache_bytes: int
    fresh_issues_s: float
    fresh_events_s: float
    fresh_stats_s: float
    fresh_other_s: float
    request_deadline_s: float
    attempt_timeout_s: float
    attempts: int
    ask_ahead: float
    breaker_threshold: int
    breaker_recovery_s: float
    connections: int
    sentry_base_url: str | None
    sentry_api_token: str | None = field(repr=False)
    sentry_org: str | None
    sentry_project: str | None
    sentry_web_url: str | None
    sentry_webhook_secret: str | None = field(repr=False)
    sentry_service_hook_secret: str | None = field(repr=False)
    unsigned_webhooks: bool
    listeners: int
    listeners_each: int
    otlp_endpoint: str | None
    otlp_traces_endpoint: str | None
    otlp_headers: tuple[tuple[str, str], ...] = field(repr=False)
    otlp_protocol: str
    otel_service_name: str
    otel_attributes: tuple[tuple[str, str], ...]
    otel_sampler: str
    otel_sampled_share: float
    otel_disabled: bool
    database_url: str | None = field(repr=False)
    redis_url: str | None = field(repr=False)
    keep_snapshots_s: float
    keep_audit_s: float
    keep_jobs_s: float
    keep_searches_s: float
    keep_deliveries_s: float
    outgoing_attempts: int
    outgoing_retry_s: float
    outgoing_timeout_s: float
    outgoing_private: bool
    idempotency_ttl_s: float
    warnings: tuple[str, ...] = ()
    """What whoever runs Dexter should know: older spellings and removed settings."""

    @property
    def database(self) -> Address:
        """Where Dexter's own database is."""
        return read_address(self.database_url) if self.database_url else sqlite_file(self.data_dir.absolute() / FILE)

    @property
    def web_url(self) -> str | None:
        """Sentry's address for people."""
        return self.sentry_web_url or self.sentry_base_url

    @property
    def spans_address(self) -> str | None:
        """Where spans are sent, or None where none are made."""
        if self.otel_disabled:
            return None
        usual = f"{self.otlp_endpoint}/v1/traces" if self.otlp_endpoint else None
        return self.otlp_traces_endpoint or usual


def own_environment() -> dict[str, str]:
    """Give this process's environment, for the children that are started with it."""
    return dict(os.environ)


def read_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Give the settings that an environment states (this process's own by default).

    Raises SettingsError at the first value that is not of its permitted form.
    """
    environment = os.environ if environment is None else environment
    warnings: list[str] = []
    values = {setting.attribute: _value(setting, environment, warnings) for setting in TABLE}
    warnings += [f"{key} is no longer read: {why}." for key, why in REMOVED.items() if environment.get(key)]
    return Settings(**values, warnings=tuple(warnings))


def _value(setting: Setting, environment: Mapping[str, str], warnings: list[str]) -> Any:
    key, text = _stated(setting, environment, warnings)
    if text is None:
        return setting.form.parse(setting.default)
    try:
        return setting.form.parse(text)
    except (ValueError, KeyError) as error:
        shown = "its value" if setting.secret else f"{text!r}"
        raise SettingsError(f"{key}: {shown} is not permitted; it must be {setting.form.text}.") from error


def _stated(setting: Setting, environment: Mapping[str, str], warnings: list[str]) -> tuple[str, str | None]:
    """Give the key that was used and its text; the newest spelling wins, an empty text counts as unset."""
    for key in (setting.key, *setting.older):
        text = environment.get(key, "").strip()
        if text:
            if key != setting.key:
                warnings.append(f"{key} is an older spelling: use {setting.key}.")
            return key, text
    return setting.key, None


def shown(setting: Setting, settings: Settings, environment: Mapping[str, str] | None = None) -> str:
    """Give a setting's present value as text for people, masked where it is a secret."""
    environment = os.environ if environment is None else environment
    _, text = _stated(setting, environment, [])
    if setting.secret:
        return "(set)" if getattr(settings, setting.attribute) else "(unset)"
    return text or setting.default or "(unset)"


def reference() -> str:
    """Give the reference page of all settings, as Markdown."""
    lines = [
        "# Settings",
        "",
        "Generated by `dexter settings --markdown`. Dexter reads them from the environment once, at its start. A",
        "value that is not of its permitted form ends the start with a sentence that says so.",
        "",
        "| Setting | Permitted form | Default | What it does |",
        "|---|---|---|---|",
    ]
    lines += [_row(setting) for setting in TABLE]
    lines += ["", "## No longer read", "", "| Setting | Instead |", "|---|---|"]
    lines += [f"| `{key}` | {why} |" for key, why in REMOVED.items()]
    return "\n".join(lines) + "\n"


def _row(setting: Setting) -> str:
    default = f"`{setting.default}`" if setting.default else "unset"
    notes = [setting.help]
    if setting.secret:
        notes.append("Secret: never shown.")
    if setting.older:
        notes.append("Older spelling: " + ", ".join(f"`{key}`" for key in setting.older) + ".")
    return f"| `{setting.key}` | {setting.form.text} | {default} | {' '.join(notes)} |"
