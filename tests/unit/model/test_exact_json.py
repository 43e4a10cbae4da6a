"""JSON that survives being read and written again."""

from __future__ import annotations

import math
from typing import Any

import pytest

from pytest_llmtrace._model.exact_json import loads_exactly, spell_json


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"b": 1, "a": [1.0, true, null]}', {"b": 1, "a": [1.0, True, None]}),
        ('"x"', "x"),
        ("-0.0", -0.0),
        (" [] ", []),
        ("[] \n", []),
    ],
)
def test_what_is_read(text: str, value: Any) -> None:
    """Plain JSON is read with its types and its order."""
    assert repr(loads_exactly(text)) == repr(value)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "nope",
        '{"a": 1, "a": 1}',
        '[{"x": {"a": 1, "a": 2}}]',
        "NaN",
        "[-Infinity]",
        "[] x",
        "{}{}",
        "9" * 5000,
        "[" * 100_000,
    ],
)
def test_what_is_refused(text: str) -> None:
    """What would not be the same when written again is an error."""
    with pytest.raises(ValueError, match=r"."):
        loads_exactly(text)


def test_spelling() -> None:
    """JSON is written with spaces, letters as they are, keys in their order."""
    assert spell_json({"b": [1, "ä"], "a": None}) == '{"b": [1, "ä"], "a": null}'


def test_what_cannot_be_spelled() -> None:
    """Numbers that JSON does not have, and data too deep for it, are errors."""
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    for value in (math.inf, math.nan, deep):
        with pytest.raises(ValueError, match=r"."):
            spell_json(value)
    while deep:  # taken apart in a loop: letting go of it at once would recurse
        deep = deep[0]
