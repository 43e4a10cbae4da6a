"""The marks of a test that its plan depends on: found in one walk from the test up to the session."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import pytest

Marks = Mapping[str, Sequence[tuple[Any, pytest.Mark]]]
"""By name: what a mark stands on, and the mark; the nearest first, as `iter_markers_with_node` has them."""
Said = tuple[Any, tuple[Any, ...], Mapping[str, Any]]
"""What a mark stands on, and its arguments."""

TRACE: Final = "llm_trace"
BUDGET: Final = "llm_budget"
VCR: Final = "vcr"
MOCKLLM: Final = ("llm_record", "llm_replay")
_NAMES: Final = frozenset({TRACE, BUDGET, VCR, *MOCKLLM})


def marks_of(item: pytest.Item) -> Marks:
    """Those that the test has now, from wherever they came: fixtures, hooks and reruns may add some at any time."""
    found: dict[str, list[tuple[Any, pytest.Mark]]] = {}
    node: Any = item
    while node is not None:
        for mark in node.own_markers:
            if mark.name in _NAMES:
                found.setdefault(mark.name, []).append((node, mark))
        node = node.parent
    return found


def said_by(marks: Marks) -> list[Said]:
    """What marks say of how a test is traced, the nearest first. One without arguments says that it is, and no more."""
    return [(node, mark.args, mark.kwargs) for node, mark in marks.get(TRACE, ()) if mark.args or mark.kwargs]
