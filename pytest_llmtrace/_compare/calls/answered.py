"""Which tool call a tool message answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from pytest_llmtrace._model.messages import Message

_FARTHEST: Final = 8
"""How many assistant messages back a tool message is looked up for the call it answers."""


class Answered(NamedTuple):
    """Which tool call a tool message answers."""

    back: int
    """How many assistant messages with tool calls lie between."""
    place: int
    """Its position among the tool calls of its message."""
    call: dict[str, Any]
    """The tool call as captured."""


def answered(messages: Sequence[Message], position: int) -> Answered | None:
    """The tool call that the message at a position is the result of; `None` where no call before it has that id.

    Ids are compared inside one history only: two runs never share them.
    """
    wanted = messages[position]["tool_call_id"]
    passed = 0
    for before in range(position - 1, -1, -1) if wanted is not None else ():
        calls = messages[before]["tool_calls"]
        if not isinstance(calls, list):
            continue
        for place, item in enumerate(calls):
            if isinstance(item, dict) and item.get("id") == wanted:
                return Answered(passed, place, item)
        passed += 1
        if passed == _FARTHEST:
            break
    return None
