"""Parsed data without the values of secret fields."""

from __future__ import annotations

from typing import Any

from pytest_llmtrace._model.key_shapes import PLACEHOLDER
from pytest_llmtrace._model.secrecy.places import names_a_secret


def redact_data(data: Any) -> Any:
    """JSON-like data with the values of secret fields replaced, at any depth."""
    if isinstance(data, dict):
        return {
            name: PLACEHOLDER if isinstance(value, str) and value and names_a_secret(str(name)) else redact_data(value)
            for name, value in data.items()
        }
    if isinstance(data, list):
        return [redact_data(item) for item in data]
    return data
