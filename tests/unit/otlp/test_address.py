"""Where spans go: what a setting and OpenTelemetry's own variables come to, and what is an error."""

from __future__ import annotations

import pytest

from pytest_llmtrace._otlp import address
from pytest_llmtrace._otlp.address import check_installed, endpoint, shown
from pytest_llmtrace.errors import SettingsError

BASE = "OTEL_EXPORTER_OTLP_ENDPOINT"
EXACT = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"


@pytest.mark.parametrize(
    ("text", "environment", "url"),
    [
        ("http://localhost:4318", {}, "http://localhost:4318/v1/traces"),
        ("http://localhost:4318/", {BASE: "http://other"}, "http://localhost:4318/v1/traces"),
        ("https://h/api/public/otel", {}, "https://h/api/public/otel/v1/traces"),
        ("http://h:6006/v1/traces", {}, "http://h:6006/v1/traces"),
        ("https://h/x?key=1", {}, "https://h/x/v1/traces?key=1"),
        ("env", {}, "http://localhost:4318/v1/traces"),
        ("env", {BASE: "http://h:1/a/"}, "http://h:1/a/v1/traces"),
        ("env", {BASE: "http://h:1", EXACT: "http://h:2/as/it/is"}, "http://h:2/as/it/is"),
    ],
)
def test_urls(text: str, environment: dict[str, str], url: str) -> None:
    """The path of traces is added, as it is to OpenTelemetry's base variable, and not to the one for traces alone."""
    assert endpoint(text, "--llm-otlp", environment) == url


@pytest.mark.parametrize(
    ("text", "environment", "message"),
    [
        ("localhost:4318", {}, "--llm-otlp: spans are sent over HTTP; name http://localhost:4318, https://host/path,"),
        ("grpc://geheim:4317", {}, "--llm-otlp: spans are sent over HTTP"),
        ("http://", {}, "--llm-otlp: spans are sent over HTTP"),
        ("http://h:geheim", {}, "--llm-otlp: its host or port cannot be read"),
        ("https://pk:geheim@h", {}, "a URL with a key in it would be shown to others; set OTEL_EXPORTER_OTLP_HEADERS"),
        ("env", {BASE: "geheim"}, "--llm-otlp=env: spans are sent over HTTP"),
        ("env", {EXACT: "ftp://geheim"}, f"{EXACT}: spans are sent over HTTP"),
        ("env", {"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, "=grpc, and spans are sent over HTTP; name the port"),
    ],
)
def test_what_cannot_be_used_is_not_repeated(text: str, environment: dict[str, str], message: str) -> None:
    """The error names the setting and what to write, and not what was written, which may be a key."""
    with pytest.raises(SettingsError) as raised:
        endpoint(text, "--llm-otlp", environment)
    assert message in str(raised.value)
    assert "geheim" not in str(raised.value)


def test_what_is_shown_has_no_options() -> None:
    """What stands after a question mark may be a key."""
    assert shown("https://h:1/v1/traces?key=1#x") == "https://h:1/v1/traces"


def test_what_is_missing_can_be_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the extra the error has the command, and the way to have spans without it."""
    check_installed("--llm-otlp")
    monkeypatch.setattr(address, "_NEEDED", "opentelemetry-exporter-of-nobody")
    with pytest.raises(SettingsError) as raised:
        check_installed("--llm-otlp")
    assert str(raised.value) == (
        "--llm-otlp: sending spans needs opentelemetry-exporter-of-nobody: pip install 'pytest-llmtrace[otel]'; "
        "without it, --llm-report=spans.otlp.jsonl writes them to a file"
    )
