"""Which recorder is in use: one for the whole process, since one test runs at a time.

A context variable would not do: threads do not inherit it, and neither does `unittest.IsolatedAsyncioTestCase`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_llmtrace._capture.recorder import Recorder

_stack: list[Recorder] = []


def current() -> Recorder | None:
    """The recorder of the owner that runs now, or `None`."""
    return _stack[-1] if _stack else None


def push(recorder: Recorder) -> None:
    """Make a recorder the current one; a fixture's is pushed over its test's."""
    _stack.append(recorder)


def pop(recorder: Recorder) -> None:
    """Remove a recorder, wherever it stands."""
    if recorder in _stack:
        _stack.remove(recorder)
