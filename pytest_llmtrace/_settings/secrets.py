"""The settings about secrets in what is recorded."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest

from pytest_llmtrace.errors import SettingsError

ALLOW = "llm_secrets_allow"


@dataclass(frozen=True, slots=True, kw_only=True)
class Secrets:
    """What counts as a secret in this project."""

    allowed: tuple[re.Pattern[str], ...] = ()
    """What looks like one and is none: searched for in what was found."""


def declare_secrets(parser: pytest.Parser) -> None:
    """Declare the ini values."""
    parser.addini(
        ALLOW,
        "Regular expressions: what has the form of a key, or stands in its place, and is none. One a line.",
        type="linelist",
        default=[],
    )


def read_secrets(config: pytest.Config) -> Secrets:
    """Read them. Raises: SettingsError with the value."""
    return Secrets(allowed=tuple(_pattern(text) for text in config.getini(ALLOW)))


def _pattern(text: str) -> re.Pattern[str]:
    try:
        pattern = re.compile(text)
    except re.error as error:
        raise SettingsError(f"{ALLOW} = {text}: it is no regular expression ({error})") from None
    if pattern.search("") is not None:
        raise SettingsError(f"{ALLOW} = {text}: it fits everything, so that no secret would be removed any more")
    return pattern
