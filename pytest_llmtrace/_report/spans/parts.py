"""Messages in the form of OpenTelemetry's GenAI conventions: a role and parts.

The schemas are `gen-ai-input-messages.json`, `gen-ai-output-messages.json` and `gen-ai-system-instructions.json` of
https://github.com/open-telemetry/semantic-conventions-genai.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import takewhile
from typing import Any, Final

from pytest_llmtrace._model.canonical import parse_json

Message = Mapping[str, Any]

_MEDIA: Final = frozenset({"image", "audio", "video", "file", "document"})
_REASONS: Final = {
    "complete": "stop",
    "completed": "stop",
    "end_turn": "stop",
    "eos_token": "stop",
    "stop_sequence": "stop",
    "tool_calls": "tool_call",
    "tool_use": "tool_call",
    "function_call": "tool_call",
    "max_tokens": "length",
    "max_output_tokens": "length",
    "safety": "content_filter",
}
"""The schema's word for what providers call otherwise, by theirs in lower case."""


def system_instructions(messages: Sequence[Message]) -> list[dict[str, Any]]:
    """The parts of the system messages that a history begins with."""
    return [part for message in takewhile(_is_system, messages) for part in _parts(message)]


def input_messages(messages: Sequence[Message], *, without_system: bool) -> list[dict[str, Any]]:
    """A history; without the system messages that it begins with where those stand elsewhere."""
    skipped = sum(1 for _ in takewhile(_is_system, messages)) if without_system else 0
    return [_message(message) for message in messages[skipped:]]


def output_messages(output: Message, finish_reason: str | None) -> list[dict[str, Any]]:
    """An answer: the one choice that is recorded. Without a reason it ended as answers do."""
    reason = (finish_reason or "stop").lower()
    known = _REASONS.get(reason, reason)
    if known == "stop" and output.get("tool_calls"):
        known = "tool_call"  # Gemini and OpenAI's responses have no word of their own for it
    return [{**_message(output), "finish_reason": known}]


def _is_system(message: Message) -> bool:
    return message.get("role") in {"system", "developer"}


def _message(message: Message) -> dict[str, Any]:
    made = {"role": message.get("role") or "user", "parts": list(_parts(message))}
    return {**made, "name": message["name"]} if message.get("name") else made


def _parts(message: Message) -> Iterator[dict[str, Any]]:
    if reasoning := message.get("reasoning"):
        yield {"type": "reasoning", "content": reasoning if isinstance(reasoning, str) else _joined(reasoning)}
    if message.get("role") == "tool":
        yield {"type": "tool_call_response", "id": message.get("tool_call_id"), "response": message.get("content")}
        return
    yield from _content(message.get("content"))
    if message.get("refusal"):
        yield {"type": "refusal", "content": message["refusal"]}
    calls = message.get("tool_calls") or ()
    yield from (_request(item) for item in (calls if isinstance(calls, (list, tuple)) else [calls]))


def _content(content: Any) -> Iterator[dict[str, Any]]:
    if isinstance(content, str):
        yield {"type": "text", "content": content}
    elif isinstance(content, (list, tuple)):
        yield from (_part(part) for part in content)


def _part(part: Any) -> dict[str, Any]:
    """One part; of a kind without a name in the schema as it is, which the schema allows."""
    if not isinstance(part, Mapping):
        return {"type": "text", "content": str(part)}
    kind = str(part.get("type") or "part")
    if kind == "text" and isinstance(part.get("text"), str):
        return {"type": "text", "content": part["text"]}
    if kind in _MEDIA and isinstance(part.get("url"), str):
        modality = "document" if kind in {"file", "document"} else kind
        return {"type": "uri", "modality": modality, "uri": part["url"]}
    return {**part, "type": kind}


def _request(item: Any) -> dict[str, Any]:
    function = item.get("function") if isinstance(item, Mapping) else None
    if not isinstance(function, Mapping):
        return {"type": "tool_call", "name": "", "arguments": item}
    text = function.get("arguments")
    parsed = parse_json(text) if isinstance(text, str) else text
    return {
        "type": "tool_call",
        "id": item.get("id"),
        "name": str(function.get("name") or ""),
        "arguments": text if parsed is None else parsed,
    }


def _joined(reasoning: Any) -> str:
    """Reasoning that a provider gave in blocks, as one text."""
    if isinstance(reasoning, Mapping):
        return str(next((reasoning[key] for key in ("text", "thinking", "summary") if reasoning.get(key)), ""))
    return (
        "".join(map(_joined, reasoning))
        if isinstance(reasoning, Iterable) and not isinstance(reasoning, str)
        else (str(reasoning))
    )
