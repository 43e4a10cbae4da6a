"""Where spans are sent: a URL, by a setting of ours or by OpenTelemetry's own variables. Keys are in neither."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Final
from urllib.parse import urlsplit

from pytest_llmtrace.errors import SettingsError

BY_ENVIRONMENT: Final = "env"
"""The word for: wherever OpenTelemetry's own variables say."""
HEADERS: Final = "OTEL_EXPORTER_OTLP_HEADERS"
TRACES_HEADERS: Final = "OTEL_EXPORTER_OTLP_TRACES_HEADERS"
_PATH: Final = "/v1/traces"
_DEFAULT: Final = "http://localhost:4318"
"""https://opentelemetry.io/docs/specs/otel/protocol/exporter/"""
_EXAMPLES: Final = "http://localhost:4318, https://host/path, `env` for OTEL_EXPORTER_OTLP_ENDPOINT, or `off`"
_INSTALL: Final = "pip install 'pytest-llmtrace[otel]'"
_NEEDED: Final = "opentelemetry-exporter-otlp-proto-http"


def endpoint(text: str, source: str, environment: Mapping[str, str]) -> str:
    """The URL that spans are posted to: as with OpenTelemetry's own variable, `/v1/traces` below the one named.

    Args:
        text: what a setting says.
        source: the setting, for errors.
        environment: OpenTelemetry's variables.

    Raises:
        SettingsError: nothing can be sent there; what was written is not repeated, since it may hold a key.
    """
    if text == BY_ENVIRONMENT:
        protocol = environment.get("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL") or environment.get(
            "OTEL_EXPORTER_OTLP_PROTOCOL"
        )
        if protocol == "grpc":
            raise SettingsError(
                f"{source}=env: OTEL_EXPORTER_OTLP_PROTOCOL=grpc, and spans are sent over HTTP; name the port of your "
                "collector that speaks it, such as http://localhost:4318"
            )
        exact = environment.get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "").strip()
        base = environment.get("OTEL_EXPORTER_OTLP_ENDPOINT", "").strip() or _DEFAULT
        url, source = (exact, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") if exact else (_with_path(base), f"{source}=env")
    else:
        url = _with_path(text)
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise SettingsError(f"{source}: its host or port cannot be read; name {_EXAMPLES}") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        raise SettingsError(f"{source}: spans are sent over HTTP; name {_EXAMPLES}")
    if parts.username or parts.password:
        raise SettingsError(f"{source}: a URL with a key in it would be shown to others; set {HEADERS} to send the key")
    return url


def shown(url: str) -> str:
    """What people are told of a URL: no options, which may hold a key."""
    return urlsplit(url)._replace(query="", fragment="").geturl()


def check_installed(source: str) -> None:
    """Raises: SettingsError with the command that installs what is missing."""
    try:
        version(_NEEDED)  # which imports nothing of it
    except PackageNotFoundError:
        raise SettingsError(
            f"{source}: sending spans needs {_NEEDED}: {_INSTALL}; without it, --llm-report=spans.otlp.jsonl writes "
            "them to a file"
        ) from None


def _with_path(base: str) -> str:
    path, mark, query = base.partition("?")
    return base if path.endswith(_PATH) else f"{path.rstrip('/')}{_PATH}{mark}{query}"
