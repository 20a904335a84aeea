"""Settings: what an environment may say, what it becomes, and how a mistake is told."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest

from dexter.errors import SettingsError
from dexter.settings import PAIRS, TABLE, Settings, duration_s, read_settings, reference, shown, size_bytes

ROOT = Path(__file__).parent.parent


def test_an_empty_environment_gives_the_documented_defaults() -> None:
    """A newcomer sets nothing and gets a gateway on loopback."""
    settings = read_settings({})
    assert (settings.host, settings.port, settings.sandbox_port) == ("127.0.0.1", 8000, 9000)
    assert settings.data_dir == Path("~/.local/share/dexter").expanduser()
    assert settings.sentry_base_url is None
    assert (settings.request_deadline_s, settings.attempt_timeout_s) == (30.0, 10.0)
    assert settings.warnings == ()


@pytest.mark.parametrize(
    ("text", "seconds"), [("500ms", 0.5), ("30s", 30), ("5m", 300), ("12h", 43_200), ("7d", 604_800), ("0", 0)]
)
def test_a_duration_names_its_unit(text: str, seconds: float) -> None:
    """A bare number would be read as seconds by one person and as milliseconds by another."""
    assert duration_s(text) == seconds


@pytest.mark.parametrize("text", ["5", "m", "5 m", "-5m", "5w", "", "1e3s", "nan"])
def test_anything_else_is_no_duration(text: str) -> None:
    """A misread duration would show only under load."""
    with pytest.raises(ValueError, match=f"^{re.escape(text)}$"):
        duration_s(text)


@pytest.mark.parametrize(("text", "size"), [("512KB", 524_288), ("64MB", 67_108_864), ("1GB", 1_073_741_824)])
def test_a_size_names_its_unit(text: str, size: int) -> None:
    """Bytes counted by hand are miscounted."""
    assert size_bytes(text) == size


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("DEXTER_PORT", "abc"),
        ("DEXTER_PORT", "65536"),
        ("DEXTER_PORT", "-1"),
        ("DEXTER_HOST", "http://x"),
        ("DEXTER_CACHE_SIZE", "64"),
        ("DEXTER_CACHE_SIZE", "0MB"),
        ("DEXTER_REQUEST_DEADLINE", "30"),
        ("DEXTER_LOG_LEVEL", "loud"),
        ("DEXTER_DISK_CACHE_SIZE", "much"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "localhost:4318"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://user:word@localhost:4318"),
        ("OTEL_RESOURCE_ATTRIBUTES", "team"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
        ("OTEL_TRACES_SAMPLER", "sometimes"),
        ("OTEL_TRACES_SAMPLER_ARG", "2"),
        ("DEXTER_SERVE_SECRETS", "maybe"),
        ("DEXTER_ALLOWED_HOSTS", "a b"),
        ("DEXTER_CONNECTIONS", "0"),
        ("SENTRY_ORG", "my org"),
        ("SENTRY_BASE_URL", "sentry.io"),
        ("SENTRY_BASE_URL", "ftp://sentry.io"),
        ("SENTRY_BASE_URL", "https://user:pw@sentry.io"),
        ("SENTRY_BASE_URL", "https://sentry.io/?a=b"),
        ("SENTRY_BASE_URL", "https://sentry.io:port"),
    ],
)
def test_a_bad_value_ends_the_start_and_names_key_value_and_form(key: str, value: str) -> None:
    """Whoever made the mistake must see which one it was."""
    with pytest.raises(SettingsError) as caught:
        read_settings({key: value})
    form = next(setting.form.text for setting in TABLE if setting.key == key)
    assert key in caught.value.message
    assert repr(value) in caught.value.message
    assert form in caught.value.message


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("SENTRY_API_TOKEN", "sntryu_with a space"),
        ("DEXTER_SECRET_KEY", "too-short-a-key"),
        ("DEXTER_REDIS_URL", "user:word@redis:6379"),
    ],
)
def test_a_bad_secret_is_never_shown(key: str, value: str) -> None:
    """Errors end up in logs and tickets."""
    with pytest.raises(SettingsError) as caught:
        read_settings({key: value})
    assert key in caught.value.message
    assert value not in str(caught.value)


@pytest.mark.parametrize(
    ("older", "attribute", "value"),
    [
        ("SENTRY_TOKEN", "sentry_api_token", "abc"),
        ("ORGANIZATION_SLUG", "sentry_org", "acme"),
        ("SENTRY_ORGANIZATION_SLUG", "sentry_org", "acme"),
        ("LOG_LEVEL", "log_level", "debug"),
        ("REDIS_URL", "redis_url", "redis://localhost"),
    ],
)
def test_an_older_spelling_works_with_a_warning(older: str, attribute: str, value: str) -> None:
    """Users of earlier Dexters keep their environment and learn what to change."""
    settings = read_settings({older: value})
    assert getattr(settings, attribute) == value
    assert any(older in warning for warning in settings.warnings)


def test_the_newest_spelling_wins() -> None:
    """Somebody who sets both means the one they were told to use."""
    settings = read_settings({"SENTRY_API_TOKEN": "new", "SENTRY_TOKEN": "old"})
    assert settings.sentry_api_token == "new"
    assert settings.warnings == ()


@pytest.mark.parametrize(
    "text", ["https://sentry.io", "https://sentry.io/", "https://sentry.io/api/0", "https://sentry.io/api/0/"]
)
def test_a_base_url_may_end_in_the_api_that_older_setups_wrote(text: str) -> None:
    """Otherwise every call of theirs would go to /api/0/api/0."""
    assert read_settings({"SENTRY_BASE_URL": text}).sentry_base_url == "https://sentry.io"


def test_a_base_url_keeps_the_path_it_is_served_under() -> None:
    """Some self-hosted Sentrys live below a path."""
    assert read_settings({"SENTRY_BASE_URL": "https://x.example/sentry/"}).sentry_base_url == "https://x.example/sentry"


def test_a_removed_setting_says_what_took_its_place() -> None:
    """Silence would leave its user believing that it still works."""
    (warning,) = read_settings({"USE_MOCK_DATA": "true"}).warnings
    assert "USE_MOCK_DATA" in warning
    assert "dexter up" in warning


@pytest.mark.parametrize(
    ("text", "engine"),
    [
        ("postgres://dexter:s3cret@db.example/dexter", "postgresql"),
        ("postgresql://dexter:s3cret@db.example:5433/dexter?sslmode=require", "postgresql"),
        ("sqlite:////var/lib/dexter/dexter.sqlite3", "sqlite"),
    ],
)
def test_a_database_is_named_in_the_usual_spellings(text: str, engine: str) -> None:
    """Hosting platforms hand out one spelling or another; whoever pastes it must not have to know ours."""
    settings = read_settings({"DEXTER_DATABASE_URL": text})
    assert settings.database.engine == engine
    assert "s3cret" not in f"{settings} {settings.database} {settings.database.shown}"


@pytest.mark.parametrize("text", ["mysql://u:s3cret@h/db", "postgresql://h", "sqlite:///here.sqlite3", "dexter.db"])
def test_another_database_is_refused_without_its_password(text: str) -> None:
    """The start ends with the key and the permitted form; the password must not reach a log with it."""
    with pytest.raises(SettingsError) as told:
        read_settings({"DEXTER_DATABASE_URL": text})
    assert "DEXTER_DATABASE_URL" in told.value.message
    assert "postgresql://" in told.value.message
    assert "s3cret" not in told.value.message


def test_the_database_lies_in_the_data_directory_unless_another_is_named(tmp_path: Path) -> None:
    """Nothing is kept anywhere else."""
    settings = read_settings({"DEXTER_DATA_DIR": str(tmp_path)})
    assert settings.database.path == tmp_path / "dexter.sqlite3"


@pytest.mark.parametrize(
    ("environment", "address"),
    [
        ({}, None),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:4318/"}, "http://localhost:4318/v1/traces"),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://localhost:4318/mine"}, "http://localhost:4318/mine"),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:4318", "OTEL_SDK_DISABLED": "true"}, None),
    ],
)
def test_spans_go_where_the_standard_settings_say(environment: dict[str, str], address: str | None) -> None:
    """Whoever runs a collector sets the same names everywhere."""
    assert read_settings(environment).spans_address == address


def test_pairs_are_percent_decoded() -> None:
    """The standard writes what a comma would end in that way."""
    settings = read_settings({"OTEL_EXPORTER_OTLP_HEADERS": "authorization=Basic%20abc%3D,x=1"})
    assert settings.otlp_headers == (("authorization", "Basic abc="), ("x", "1"))


def test_secrets_do_not_show_themselves() -> None:
    """A settings value ends up in a debugger or a traceback sooner or later."""
    secret = "very-secret-value-of-more-than-32-characters"
    secrets = [setting for setting in TABLE if setting.secret]
    stated = {
        "DEXTER_REDIS_URL": f"redis://:{secret}@redis:6379",
        "DEXTER_DATABASE_URL": f"postgresql://dexter:{secret}@db/dexter",
    }
    environment = {setting.key: f"name={secret}" if setting.form is PAIRS else secret for setting in secrets} | stated
    settings = read_settings(environment)
    assert secret not in repr(settings)
    assert all(secret not in shown(setting, settings, environment) for setting in TABLE)


def test_every_setting_has_a_field_a_help_and_a_form_and_every_field_a_setting() -> None:
    """A setting without help is a guess, a field without a setting cannot be set."""
    fields = {each.name for each in dataclasses.fields(Settings)} - {"warnings"}
    assert {setting.attribute for setting in TABLE} == fields
    assert all(setting.help.endswith(".") and setting.form.text for setting in TABLE)


def test_the_reference_page_is_the_generated_one() -> None:
    """Documentation of settings is only true while it is made from them: `dexter settings --markdown`."""
    assert (ROOT / "docs" / "settings.md").read_text() == reference()
