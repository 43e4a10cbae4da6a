"""Small traces: conversations written down turn by turn, with new tool-call ids every time."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pytest_llmtrace._model.messages import Message, message
from pytest_llmtrace._model.trace import AnyEntry, LLMCall, Trace

MODEL = {"provider": "openai", "model": "gpt-4o-mini"}
_ids = itertools.count(1)


def system(text: str) -> Message:
    """A system message."""
    return message({"role": "system", "content": text})


def user(text: Any) -> Message:
    """A user message."""
    return message({"role": "user", "content": text})


def says(text: Any, **fields: Any) -> Message:
    """An answer with text."""
    return message({"role": "assistant", "content": text, **fields})


def asks(*calls: tuple[str, Mapping[str, Any] | str], text: str | None = None) -> Message:
    """An answer that asks for tools: names and arguments. The ids are new every time."""
    made = [
        {
            "id": f"raw_{next(_ids)}",
            "type": "function",
            "function": {"name": name, "arguments": given if isinstance(given, str) else json.dumps(given)},
        }
        for name, given in calls
    ]
    return message({"role": "assistant", "content": text, "tool_calls": made})


def result(text: Any, *, of: int = 0) -> Message:
    """A result of one of the tool calls of the last answer; `chat` puts the id in."""
    content = text if isinstance(text, str) else json.dumps(text)
    return message({"role": "tool", "content": content, "tool_call_id": f"of {of}"})


def tool(name: str, **parameters: str) -> dict[str, Any]:
    """A tool that is offered: its name, and its parameters with their types."""
    properties = {parameter: {"type": kind} for parameter, kind in parameters.items()}
    return {"name": name, "description": f"The tool {name}.", "parameters": {"properties": properties}}


Turn = tuple[Sequence[Message], Message | None] | tuple[Sequence[Message], Message | None, Mapping[str, Any]]
"""The messages that a turn adds, the answer, and fields of the call that are this turn's own."""


def linked(history: Iterable[Message]) -> tuple[Message, ...]:
    """A history whose results carry the ids of the tool calls of the answer before them."""
    asked: list[Any] = []
    made = []
    for one in history:
        asked = one["tool_calls"] or asked
        wanted = one["tool_call_id"]
        answers = isinstance(wanted, str) and wanted.startswith("of ")
        made.append(message({**one, "tool_call_id": asked[int(wanted[3:])]["id"]}) if answers else one)
    return tuple(made)


def chat(*turns: Turn, **fields: Any) -> list[LLMCall]:
    """The calls of one conversation in which each turn repeats the whole history so far."""
    calls = []
    history: tuple[Message, ...] = ()
    for added, output, *own in turns:
        history = linked((*history, *added))
        calls.append(LLMCall(**{**MODEL, **fields, **(own[0] if own else {}), "messages": history, "output": output}))
        if output is not None:
            history = (*history, output)
    return calls


def call(*messages: Message, out: Message | None = None, **fields: Any) -> LLMCall:
    """One call that is no conversation."""
    return LLMCall(**{**MODEL, **fields, "messages": linked(messages), "output": out})


def missed(*messages: Message, **fields: Any) -> LLMCall:
    """A request that replay had no answer for."""
    return call(*messages, status="missed", **fields)


def trace(*entries: AnyEntry | Iterable[AnyEntry]) -> Trace:
    """A trace of entries, and of lists of them."""
    made: list[AnyEntry] = []
    for one in entries:
        made.extend(one if isinstance(one, (list, tuple)) else [one])  # type: ignore[arg-type, list-item]
    return Trace(owner="tests/test_shop.py::test_refund", entries=tuple(made))


def refund_turns(**changes: Any) -> list[Turn]:
    """A support conversation of three turns: look an order up, refund it, say so.

    Args:
        changes: Other values for `prompt`, `question`, `order`, `status`, `amount`, `answer`, `thanks`, `farewell`.
    """
    values = {
        "prompt": "You are a refund agent.",
        "question": "Refund order 123",
        "order": "123",
        "status": {"status": "delivered", "total": 20},
        "amount": 20,
        "answer": "Your refund is on its way.",
        "thanks": "Thanks!",
        "farewell": "You are welcome.",
        **changes,
    }
    return [
        ([system(values["prompt"]), user(values["question"])], asks(("lookup_order", {"order_id": values["order"]}))),
        ([result(values["status"])], asks(("refund", {"order_id": "123", "amount": values["amount"]}))),
        ([result("ok")], says(values["answer"])),
        ([user(values["thanks"])], says(values["farewell"])),
    ]


def refund(**changes: Any) -> list[LLMCall]:
    """The calls of `refund_turns`; other keywords are fields of every call."""
    names = ("prompt", "question", "order", "status", "amount", "answer", "thanks", "farewell")
    turns = refund_turns(**{name: changes.pop(name) for name in names if name in changes})
    return chat(*turns, **changes)
