"""Whether documents are what the JSON Schemas of the package say; see `pytest_llmtrace._commands.schema`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator

from pytest_llmtrace._commands.schema import schema_text

Properties = dict[str, Any]


@cache
def schema(name: str) -> dict[str, Any]:
    """The schema of `report`, `tape` or `golden-trace`."""
    made: dict[str, Any] = json.loads(schema_text(name))
    return made


@cache
def validator(name: str) -> Draft202012Validator:
    """What checks documents by it."""
    return Draft202012Validator(schema(name))


def problems(name: str, document: Any) -> list[str]:
    """What is wrong with a document; nothing where it is as described."""
    return [f"{error.json_path}: {error.message:.300}" for error in validator(name).iter_errors(document)]


def described(data: Any) -> Iterator[Properties]:
    """Each place of a schema that describes keys; conditions, which only ask for keys, are none."""
    if isinstance(data, list):
        for item in data:
            yield from described(item)
    elif isinstance(data, dict):
        properties = data.get("properties")
        if isinstance(properties, dict):
            yield properties
            yield from (place for value in properties.values() for place in described(value))
        for keyword, value in data.items():
            if keyword not in ("properties", "if", "then", "else"):
                yield from described(value)
