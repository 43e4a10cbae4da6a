"""Both sides of a finding as texts to be laid side by side."""

from __future__ import annotations

import pytest

from pytest_llmtrace._report.html.shown_values import side_texts

CALL = {"function": {"name": "refund", "arguments": '{"order_id": "123"}'}}
LONG = {f"key{number}": number for number in range(12)}
LAID_OUT = "{\n" + ",\n".join(f'  "{key}": {LONG[key]}' for key in sorted(LONG)) + "\n}"


@pytest.mark.parametrize(
    ("golden", "observed", "shown"),
    [
        ("a\nb", "a\nc", ("a\nb", "a\nc")),
        (None, "b", (None, "b")),
        ("a", None, ("a", None)),
        (None, None, (None, None)),
        (7, "7", ("7", '"7"')),
        (CALL, None, ('refund(order_id="123")', None)),
        ({"a": 1}, {"a": 2}, ('{"a": 1}', '{"a": 2}')),
        (LONG, LONG | {"key0": 9}, (LAID_OUT, LAID_OUT.replace('"key0": 0', '"key0": 9'))),
        (str(LONG).replace("'", '"'), {}, (LAID_OUT, "{}")),
        (None, LONG, (None, LAID_OUT)),
    ],
)
def test_sides(golden, observed, shown):
    """Texts as they are, tool calls as code, data (JSON in a string too) a line per value; equal texts told apart."""
    assert side_texts({"golden": golden, "observed": observed}) == shown


def test_a_whole_call_is_shown_as_what_was_said():
    """A call that was added or is missing: a line per speaker."""
    call = {"model": "openai/m1", "user": "Next 3", "tool_calls": ["f(x=1)", "g()"], "again": True}
    assert side_texts({"kind": "call_missing", "golden": call, "observed": None}) == (
        "model: openai/m1\nuser: Next 3\nassistant: f(x=1), g()",
        None,
    )
    assert side_texts({"kind": "call_added", "golden": None, "observed": 3}) == (None, "3")
