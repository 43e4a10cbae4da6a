"""Who started whom: from the names that entries give."""

from __future__ import annotations

import pytest

from pytest_llmtrace._model.trace import Entry, Event, ToolCall
from pytest_llmtrace._report.spans.agents import NO_AGENT, starters


def by(agent: str | None, session: str | None = None, parent: str | None = None) -> Entry:
    return ToolCall(name="t", agent=agent, session=session, parent=parent)


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ([by(None), by(None, "s")], {}),
        ([by("a"), by("b", parent="a")], {("a", None): NO_AGENT, ("b", None): ("a", None)}),
        (
            [by("a", "1"), by("a", "2", parent="1"), by("a", "2")],
            {("a", "1"): NO_AGENT, ("a", "2"): ("a", "1")},
        ),
        ([by("b", "2", "1"), by("x", "1")], {("b", "2"): ("x", "1"), ("x", "1"): NO_AGENT}),
        ([by("a", parent="nobody")], {("a", None): NO_AGENT}),
        ([by("a", parent="a")], {("a", None): NO_AGENT}),
        ([by("a", parent="b"), by("b", parent="a")], {("a", None): ("b", None), ("b", None): NO_AGENT}),
        ([Event(name="e", agent="a")], {}),
    ],
)
def test_starters(entries: list[Entry], expected: dict[object, object]) -> None:
    """A session or else an agent of that name; nobody where there is none, or the names go in a circle."""
    assert starters(entries) == expected
