"""The layout of JSON in files that people review."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from pytest_llmtrace._store.json_text import LINE_EACH, WIDTH, json_text

TEXTS = st.text(alphabet='ab "\\\n{[äß\t', max_size=60)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=5)
        | st.dictionaries(st.sampled_from(["a", "tools", "sse", "long name"]) | TEXTS, inner, max_size=5)
    ),
    max_leaves=20,
)


def expected(value: Any, indent: int = 0, key: str | None = None) -> str:
    """By the definition: on one line where that fits; numbers always are, and the events of a stream on one each."""
    line = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, (dict, list)) or not value:
        return line
    events = isinstance(value, list) and key in LINE_EACH
    if len(line) <= WIDTH - indent:
        return line
    if isinstance(value, list) and not events and all(isinstance(one, (int, float)) for one in value):
        return line
    if isinstance(value, dict):
        members = [f"{json.dumps(k, ensure_ascii=False)}: {expected(v, indent + 1, k)}" for k, v in value.items()]
    else:
        members = [json.dumps(v, ensure_ascii=False) if events else expected(v, indent + 1) for v in value]
    end = "\n" + " " * indent
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    return f"{opening}{end} {f',{end} '.join(members)}{end}{closing}"


@settings(max_examples=200)
@given(value=VALUES)
@example(value={"a": {"b": [{"c": "x" * 97}, {}, []]}, "n": [1.5] * 40, "sse": [{"data": "x" * 99}, {"data": [1]}]})
@example(value=[{"a": "x" * 88}, [True] * 30, [None, 1], [], {}])
def test_what_fits_is_on_one_line(value: Any) -> None:
    """Each object and list by itself, and the second time as well, when its texts are known."""
    assert json_text(value) == json_text(value) == expected(value)
