"""The settings about secrets in what is recorded."""

from __future__ import annotations

import importlib.util
import re
from typing import TYPE_CHECKING

import pytest

from pytest_llmtrace._model.frozen import frozen
from pytest_llmtrace._settings.ini_values import ALLOW, DETECTOR, DETECTORS
from pytest_llmtrace.errors import SettingsError

if TYPE_CHECKING:  # which costs every run of pytest 30 ms
    from pytest_llmtrace._model.verdict import Mode


@frozen
class Secrets:
    """What counts as a secret in this project."""

    allowed: tuple[re.Pattern[str], ...] = ()
    """What looks like one and is none: searched for in what was found."""
    detector: str | None = None
    """What is asked besides, while recording."""


def read_secrets(config: pytest.Config, mode: Mode | None) -> Secrets:
    """Read them. Raises: SettingsError with the value, or where a recording needs what is not installed."""
    allowed = tuple(_pattern(text) for text in config.getini(ALLOW))
    return Secrets(allowed=allowed, detector=_detector(str(config.getini(DETECTOR)).strip(), mode))


def _detector(name: str, mode: Mode | None) -> str | None:
    if name and name not in DETECTORS:
        raise SettingsError(f"{DETECTOR} = {name}: it is not known; choose {', '.join(DETECTORS)}, or leave it out")
    if name and mode == "record" and importlib.util.find_spec("detect_secrets") is None:
        raise SettingsError(
            f"{DETECTOR} = {name}: it is not installed; install it with `pip install 'pytest-llmtrace[secrets]'`"
        )
    return name or None


def _pattern(text: str) -> re.Pattern[str]:
    try:
        pattern = re.compile(text)
    except re.error as error:
        raise SettingsError(f"{ALLOW} = {text}: it is no regular expression ({error})") from None
    if pattern.search("") is not None:
        raise SettingsError(f"{ALLOW} = {text}: it fits everything, so that no secret would be removed any more")
    return pattern
