"""The option of spans that are sent: where they go, and whether what was said is in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import pytest

from pytest_llmtrace._model.frozen import frozen
from pytest_llmtrace._settings.early import OTLP
from pytest_llmtrace.errors import SettingsError

OFF: Final = "off"
CONTENT: Final = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"
"""The variable by which instrumentations of OpenTelemetry are told whether to keep what was said."""
_CONTENT: Final = {
    "true": True,
    "false": False,
    "no_content": False,
    "span_only": True,
    "event_only": False,
    "span_and_event": True,
}
"""What OpenTelemetry's package opentelemetry-util-genai takes, and what its instrumentations took before."""
_ON_OFF: Final = {"on": True, "off": False}


@frozen
class Otlp:
    """What becomes of the spans of this run."""

    url: str | None = None
    """What they are posted to; `None`: they are not sent."""
    content: bool = False
    """Whether what was said is in them."""


def read_otlp(config: pytest.Config, env: Mapping[str, str]) -> Otlp:
    """Where spans are sent. The flag beats the environment, which beats the ini value.

    Raises:
        SettingsError: nothing can be sent there, or what it takes is not installed.
    """
    content = str(config.getini("llm_otlp_content") or "").strip()
    if content and content not in _ON_OFF:
        raise SettingsError(f"llm_otlp_content = {content!r}: choose on or off")
    found = (
        (config.option.llmtrace_otlp, "--llm-otlp"),
        (env.get(OTLP) or None, OTLP),
        (str(config.getini("llm_otlp") or "") or None, "llm_otlp"),
    )
    value, source = next(((text.strip(), source) for text, source in found if text is not None), (OFF, ""))
    if value == OFF and not _are_written(config.option.llmtrace_report):
        return Otlp()
    by_variable = _content(env)
    wanted = by_variable if by_variable is not None else _ON_OFF.get(content, False)
    if value == OFF:
        return Otlp(content=wanted)
    from pytest_llmtrace._otlp.address import check_installed, endpoint  # noqa: PLC0415  # where it is asked for

    url = endpoint(value, source, env)
    check_installed(source)
    return Otlp(url=url, content=wanted)


def _are_written(reports: Sequence[str]) -> bool:
    """Whether a report file has spans."""
    if not reports:
        return False
    from pytest_llmtrace._report.files.endings import needs_spans  # noqa: PLC0415  # only where a report is asked for

    return any(needs_spans(Path(file)) for file in reports)


def _content(env: Mapping[str, str]) -> bool | None:
    """What the standard's variable says; `None` where it is not set."""
    value = env.get(CONTENT, "").strip()
    if not value:
        return None
    if value.lower() not in _CONTENT:
        raise SettingsError(f"{CONTENT}={value!r}: choose one of {', '.join(name.upper() for name in _CONTENT)}")
    return _CONTENT[value.lower()]
