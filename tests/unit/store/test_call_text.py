"""Tool calls on one line."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmtrace._store.call_text import call_text, read_call
from tests.unit.store import PROPERTY
from tests.unit.store.traces import data


@pytest.mark.parametrize(
    ("name", "arguments", "text"),
    [
        ("lookup_order", {"order_id": "123", "limit": 2}, 'lookup_order(order_id="123", limit=2)'),
        ("stop", {}, "stop()"),
        ("functions.find:1", {"a": {"b": [1, None]}}, 'functions.find:1(a={"b": [1, null]})'),
        ("find", {"order-id": "1"}, 'find({"order-id": "1"})'),
        ("find", [1, 2], "find([1, 2])"),
        ("find", None, "find(null)"),
        ("find", "a=1", 'find("a=1")'),
        ("find", {"q": 'say "hi), x='}, 'find(q="say \\"hi), x=")'),
        ("two words", {}, None),
        ("f(", {}, None),
        ("", {}, None),
        ("find", {"q": "two\nlines"}, None),
        ("find", {"q": "x" * 200}, None),
        ("find", {"q": float("inf")}, None),
    ],
)
def test_one_line(name: str, arguments: Any, text: str | None) -> None:
    """A call reads like code where it fits on a line and reads back the same."""
    assert call_text(name, arguments) == text
    if text is not None:
        assert read_call(text) == (name, arguments)


@PROPERTY
@given(st.sampled_from(["f", "a.b-c", "x y"]), st.dictionaries(st.sampled_from(["a", "b_1", "c-d", ""]), data) | data)
def test_every_line_reads_back(name: str, arguments: Any) -> None:
    """Whatever is put on a line is read back the same, with the order of its keys."""
    text = call_text(name, arguments)
    if text is not None:
        found = read_call(text)
        assert repr(found) == repr((name, arguments))


@pytest.mark.parametrize(
    "text",
    ["find", "find(", "(a=1)", "find(a=1", "find(a=)", "find(a=1,b=2)", "find(a=1, a=2)", "find(a=1, 2)", "f(1 2)"],
)
def test_what_is_no_call(text: str) -> None:
    """Anything else is refused in words."""
    with pytest.raises(ValueError, match=r"is not a tool call|cannot be read"):
        read_call(text)
