"""When an agent's context is rewritten: which messages were replaced, and by what.

LangGraph says so with `RemoveMessage` in what a node gives back, as LangChain's `SummarizationMiddleware` does; a hook
that trims gives `llm_input_messages`, and `trim_messages` in a chain takes a list of messages and gives a shorter one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from pytest_llmtrace._capture.from_langchain.events import note
from pytest_llmtrace._capture.from_langchain.messages import message_data
from pytest_llmtrace._capture.from_langchain.runs import Run
from pytest_llmtrace._capture.manual.copies import copied


def look_for_replacement(run: Run, outputs: Any) -> None:
    """Enter an event where the run of a chain replaced or removed messages."""
    known = run.recorder.framework.rewrites
    for before, after, sign in _rewritten(run.inputs, outputs):
        if any(sign is one for one in known):
            continue  # a run inside of this one gave the same back
        kept = [one for one in before if _among(one, after)]
        replaced = [one for one in before if not _among(one, after)]
        by = [one for one in after if not _among(one, before)]
        if not replaced:
            continue
        known.append(sign)
        name = "context_summarized" if by else "context_trimmed"
        data = {"replaced": len(replaced), "kept": len(kept), "messages": [_shown(one) for one in replaced]}
        note(run.recorder, name, data | ({"by": [_shown(one) for one in by]} if by else {}), run.labels)


def _rewritten(inputs: Any, outputs: Any) -> Iterator[tuple[Sequence[Any], Sequence[Any], object]]:
    """Lists of messages before and after, and the object that says so."""
    if _are_messages(inputs) and _are_messages(outputs):
        if any(_among(one, inputs) for one in outputs):
            yield inputs, outputs, outputs
        return
    for update in outputs if isinstance(outputs, list | tuple) else [outputs]:
        held = getattr(update, "update", None)
        changes = held if isinstance(held, Mapping) else update
        for name, value in changes.items() if isinstance(changes, Mapping) else ():
            if name == "llm_input_messages" and _are_messages(value):
                yield _state(inputs, "messages"), value, value
            elif isinstance(value, list) and any(_removes(one) for one in value):
                before = _state(inputs, str(name))
                yield before, _after_removal(before, value), next(one for one in value if _removes(one))


def _after_removal(before: Sequence[Any], update: Sequence[Any]) -> Sequence[Any]:
    given = [one for one in update if not _removes(one)]
    ids = {getattr(one, "id", None) for one in update if _removes(one)}
    if _ALL in ids:
        return given
    left = [one for one in before if getattr(one, "id", None) not in ids]
    return [*left, *(one for one in given if not _among(one, left))]


def _state(inputs: Any, name: str) -> Sequence[Any]:
    found = inputs.get(name) if isinstance(inputs, Mapping) else getattr(inputs, name, None)
    return found if isinstance(found, list | tuple) else ()


def _among(message: Any, messages: Sequence[Any]) -> bool:
    """Whether a message stands in a list: itself, or one with its id."""
    own = getattr(message, "id", None)
    return any(one is message or (own is not None and getattr(one, "id", None) == own) for one in messages)


def _are_messages(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(_is_message(one) for one in value)


def _is_message(value: Any) -> bool:
    return isinstance(getattr(value, "type", None), str) and hasattr(value, "content")


def _removes(value: Any) -> bool:
    return getattr(value, "type", None) == "remove"


def _shown(message: Any) -> str:
    """A message in a line: its role, and how it begins."""
    data: Any = copied(message_data(message))
    if not isinstance(data, dict):
        return str(data)[:_LONGEST]
    role = _ROLES.get(str(data.get("type")), str(data.get("type") or data.get("role")))
    content = data.get("content")
    if isinstance(content, list):
        content = " ".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
    words = " ".join(str(content or "").split())
    called = ", ".join(str(one["name"]) for one in data.get("tool_calls") or ())
    said = words if len(words) <= _LONGEST else f"{words[: _LONGEST - 1]}…"
    return f"{role}: {' '.join(part for part in (said, called and f'[{called}]') if part)}"


_ALL: Final = "__remove_all__"
"""LangGraph's id for all messages there are."""
_LONGEST: Final = 80
_ROLES: Final = {"human": "user", "ai": "assistant", "AIMessageChunk": "assistant"}
