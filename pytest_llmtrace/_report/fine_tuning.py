"""Conversations as training examples in OpenAI's chat format: `messages`, `tools`, `parallel_tool_calls`.

The form is that of a line of a supervised fine-tuning file (platform.openai.com, "FineTuneChatRequestInput").
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pytest_llmtrace._model.conversations import Conversation, Turn, conversations
from pytest_llmtrace._model.messages import tool_requests
from pytest_llmtrace._model.trace import LLMCall, Trace
from pytest_llmtrace._report.plain import plain

Reason = str

UNTRAINABLE: Final = "no conversation (embeddings, images, ...)"
FAILED: Final = "the call failed or was cut short"
REFUSED: Final = "the model refused"
PARTS: Final = "content that golden traces hold as digests, or that cannot be trained on (images, audio, files)"
EMPTY: Final = "the answer is empty"
_CONVERSING: Final = frozenset(
    {
        "chat",
        "responses",
        "messages",
        "converse",
        "interactions",
        "generate_content",
        "cohere_chat",
        "cohere_v1_chat",
        "ollama_chat",
    }
)
"""Operations whose history and answer are a chat."""
_ROLES: Final = {"developer": "system"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A line of the file."""

    data: Mapping[str, Any]
    left_out: int = 0
    """Tools that the provider executes, which the format has no place for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped:
    """A call that is no example, and why."""

    reason: Reason


def examples(trace: Trace, *, per_turn: bool = False) -> Iterator[Example | Skipped]:
    """An example per conversation, its whole history; with `per_turn` one per call.

    A conversation whose history was rewritten on the way (summarised, begun afresh) has one per stretch: what an
    earlier stretch said is in no later one. A call that cannot be an example is skipped, and the one before it counts.
    """
    for conversation in conversations(trace.calls):
        usable = []
        for turn in conversation.turns:
            reason = _unusable(turn.call)
            if reason is None:
                usable.append(turn)
            else:
                yield Skipped(reason=reason)
        yield from (_example(turn.call) for turn in (usable if per_turn else _ends(conversation, usable)))


def _ends(conversation: Conversation, usable: Sequence[Turn]) -> list[Turn]:
    """The turns whose history no usable turn carries on as it was."""
    by_number = {turn.number: turn for turn in conversation.turns}
    carried: set[int] = set()
    for turn in usable:
        step: Turn | None = turn
        while step is not None and step.follows is not None and step.rewritten is None and step.follows not in carried:
            carried.add(step.follows)
            step = by_number.get(step.follows)
    return [turn for turn in usable if turn.number not in carried]


def _unusable(call: LLMCall) -> Reason | None:
    if call.operation not in _CONVERSING:
        return UNTRAINABLE
    if call.status != "ok" or call.output is None:
        return FAILED
    if call.output["refusal"]:
        return REFUSED
    if not call.output["content"] and not call.output["tool_calls"]:
        return EMPTY
    if any(not _is_text_or_link(message) for message in (*call.messages, call.output)):
        return PARTS
    return None


def _is_text_or_link(message: Mapping[str, Any]) -> bool:
    content = message.get("content")
    if not isinstance(content, (list, tuple)):
        return content is None or isinstance(content, str)
    user = message.get("role") == "user"
    return all(
        isinstance(part, Mapping)
        and (isinstance(part.get("text"), str) or (user and part.get("type") == "image" and "url" in part))
        for part in content
    )


def _example(call: LLMCall) -> Example:
    assert call.output is not None  # noqa: S101  # of a usable call
    tools = [tool for tool in call.tools if "name" in tool and tool.get("type", "function") == "function"]
    data: dict[str, Any] = {"messages": _Messages().made([*call.messages, call.output])}
    if tools:
        data["tools"] = [{"type": "function", "function": _function(tool)} for tool in tools]
        if isinstance(call.params.get("parallel_tool_calls"), bool):
            data["parallel_tool_calls"] = call.params["parallel_tool_calls"]
    return Example(data=plain(data), left_out=len(call.tools) - len(tools))


def _function(tool: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in tool.items() if key != "type"}


class _Messages:
    """Messages in the format's own form; tool calls without an id (Gemini, Ollama) get one, and so do their results."""

    def __init__(self) -> None:
        self._given = 0
        self._waiting: list[tuple[str, str]] = []
        """Names and ids of tool calls that got an id here, and have no result so far."""

    def made(self, messages: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        return [self._message(message) for message in messages]

    def _message(self, message: Mapping[str, Any]) -> dict[str, Any]:
        role = _ROLES.get(str(message.get("role")), str(message.get("role")))
        made: dict[str, Any] = {"role": role, "content": _content(message.get("content"))}
        if role == "tool":
            return {**made, "tool_call_id": message.get("tool_call_id") or self._answered(message.get("name"))}
        if message.get("name"):
            made["name"] = message["name"]
        if calls := tool_requests(message):
            made["tool_calls"] = [self._call(item, function) for item, function in calls]
        return made

    def _call(self, item: Mapping[str, Any], function: Mapping[str, Any]) -> dict[str, Any]:
        name = str(function.get("name") or "")
        given = item.get("id")
        if not given:
            self._given += 1
            given = f"call_{self._given}"
            self._waiting.append((name, given))
        return {
            "id": given,
            "type": "function",
            "function": {"name": name, "arguments": str(function.get("arguments") or "{}")},
        }

    def _answered(self, name: str | None) -> str:
        """The id of the first waiting call of that name; of the first of all where the result names none."""
        found = next((one for one in self._waiting if name in (None, "", one[0])), None)
        if found is None:
            return "call_0"
        self._waiting.remove(found)
        return found[1]


def _content(content: Any) -> Any:
    if not isinstance(content, (list, tuple)):
        return content
    return [
        {"type": "text", "text": part["text"]}
        if isinstance(part.get("text"), str)
        else {"type": "image_url", "image_url": {"url": part["url"]}}
        for part in content
    ]
