from __future__ import annotations

import datetime as dt
import enum
import json
import math
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_llmtrace._model.messages import message
from pytest_llmtrace._report.plain import plain

BUILTIN = {type(None), bool, int, float, str, list, dict}


class Colour(enum.StrEnum):
    RED = "red"


class Level(enum.IntEnum):
    HIGH = 3


class Broken:
    def __str__(self) -> str:
        raise RuntimeError


def only_builtin(value: Any) -> bool:
    """Whether xdist's serialiser takes the value."""
    if isinstance(value, dict):
        return type(value) is dict and all(type(key) is str and only_builtin(item) for key, item in value.items())
    if isinstance(value, list):
        return type(value) is list and all(only_builtin(item) for item in value)
    return type(value) in BUILTIN


def test_plain_values_stay():
    """JSON data comes back equal."""
    data = {"a": [1, 2.5, "x", None, True, {"b": []}]}

    assert plain(data) == data


def test_odd_values_become_their_text():
    """Dates, bytes, sets, enums, odd keys, subclasses and what cannot even be printed all become JSON data."""
    odd = {
        "date": dt.date(2026, 1, 3),
        "bytes": b"ab\xff",
        "set": {3, 1, 2},
        "tuple": (1, 2),
        "str": Colour.RED,
        "int": Level.HIGH,
        "nan": math.nan,
        "infinite": -math.inf,
        "surrogate": "a\udc80",
        "broken": Broken(),
        "message": message({"role": "user", "content": "hi"}),
        7: "number key",
        None: "no key",
    }

    made = plain(odd)

    assert made == {
        "date": "2026-01-03",
        "bytes": "ab\\xff",
        "set": [1, 2, 3],
        "tuple": [1, 2],
        "str": "red",
        "int": 3,
        "nan": "nan",
        "infinite": "-inf",
        "surrogate": "a\\udc80",
        "broken": "<Broken>",
        "message": {"role": "user", "content": "hi"},
        "7": "number key",
        "None": "no key",
    }
    assert only_builtin(made)


def test_cycles_end():
    """A value that contains itself ends where it begins again, and very deep data ends somewhere."""
    cycle: list[Any] = [1]
    cycle.append(cycle)
    deep: list[Any] = []
    for _ in range(5000):
        deep = [deep]

    assert plain(cycle) == [1, "…"]
    assert json.dumps(plain(deep)).endswith("]" * 100)


def test_enormous_integers():
    """An integer that Python would refuse to print becomes hexadecimal text."""
    assert plain(1 << 20000).startswith("0x1000")
    assert json.loads(json.dumps(plain(10**300))) == 10**300


@settings(deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.dates(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.integers(), inner),
    )
)
def test_everything_survives_json(value):
    """Whatever the value, the result is built of exact builtin types and goes through strict JSON unchanged."""
    made = plain(value)

    assert only_builtin(made)
    assert json.loads(json.dumps(made, allow_nan=False)) == made
