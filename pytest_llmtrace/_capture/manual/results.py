"""What a function gave as the answer of a model: a text, a message, a response of any SDK, or the chunks of a stream.

Responses are read with the eyes that read HTTP bodies, told apart by their shape alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from pytest_llmtrace._capture.dialects import DIALECTS
from pytest_llmtrace._capture.dialects.anthropic_blocks import assistant_message
from pytest_llmtrace._capture.dialects.dialect import Answer
from pytest_llmtrace._capture.dialects.failures import stated_error
from pytest_llmtrace._capture.dialects.lenient import first, listed, mapping, mappings, text
from pytest_llmtrace._capture.manual.messages import assistant_fields
from pytest_llmtrace._capture.manual.usage import read_usage
from pytest_llmtrace._model.canonical import canonical_json


def read_result(data: Any) -> Answer:
    """An answer from plain data. What has no known shape is the text of its JSON."""
    if isinstance(data, dict):
        return _with_usage(_read(data), data)
    if isinstance(data, list):
        return _read_list(data)
    if data is None:
        return Answer()
    return _said(data if isinstance(data, str) else canonical_json(data))


def read_chunks(chunks: Sequence[Any]) -> Answer:
    """An answer from what a stream gave, as plain data: texts, or the events or chunks of an SDK."""
    events = mappings(list(chunks))
    dialect = next((dialect for event in events if (dialect := _dialect_of_event(event)) is not None), None)
    if dialect is not None:
        made: Answer = dialect.stream(events, done=True)
        if made.output is not None or made.error is not None:
            return made
    usage = next((found for event in reversed(events) if (found := _stated_usage(event)) is not None), None)
    answers = [read_result(chunk) for chunk in chunks if chunk is not None]
    if len(answers) == 1:
        return replace(answers[0], usage=usage or answers[0].usage)
    said = [_text_of(answer) for chunk, answer in zip(_present(chunks), answers, strict=True) if _speaks(chunk)]
    reason = next((answer.finish_reason for answer in reversed(answers) if answer.finish_reason), None)
    model = next((answer.model for answer in answers if answer.model), None)
    return replace(_said("".join(said)) if answers else Answer(), usage=usage, finish_reason=reason, model=model)


def _read(data: dict[str, Any]) -> Answer:
    for fits, operation in _RESPONSES:
        if fits(data):
            made = _DIALECTS[operation].answer(data)
            if made.output is not None or made.error is not None:
                return made
    if isinstance(data.get("content"), list) and ("stop_reason" in data or data.get("type") == "message"):
        return _DIALECTS["messages"].answer(data)
    if "role" in data or "tool_calls" in data or data.get("type") in ("ai", "AIMessageChunk"):
        return _message(data)
    for name in _TEXTS:
        if isinstance(data.get(name), str):
            return replace(_said(data[name]), model=text(data.get("model")) or None)
    if isinstance(data.get("error"), dict):
        return Answer(error=stated_error(data))
    said = {name: value for name, value in data.items() if name not in _USAGES}
    return _said(canonical_json(said)) if said else Answer()


def _read_list(data: list[Any]) -> Answer:
    """A tuple of an answer and what was used, the messages of a whole run, vectors, or any other list."""
    used = next((found for one in data[1:] if (found := read_usage(one)) is not None), None)
    if used is not None and len(data) == 2:
        return replace(read_result(data[0]), usage=used)
    spoken = [one for one in mappings(data) if one.get("role") in ("assistant", "ai") or one.get("type") == "ai"]
    if spoken and len(mappings(data)) == len(data):
        return _with_usage(_message(spoken[-1]), spoken[-1])
    if data and all(isinstance(one, list) and one and isinstance(one[0], int | float) for one in data):
        return _DIALECTS["embeddings"].answer({"embeddings": data})
    if data and all(isinstance(one, float) for one in data):
        return _DIALECTS["embeddings"].answer({"embedding": data})
    return _said(canonical_json(data))


def _message(data: dict[str, Any]) -> Answer:
    blocks = mappings(data.get("content"))
    anthropic = any(block.get("type") == "tool_use" for block in blocks)
    fields = assistant_message(blocks) if anthropic else assistant_fields({**data, "type": None})
    about = mapping(data.get("response_metadata"))
    return Answer(
        output={**fields, "role": "assistant"},
        finish_reason=text(first(about, "finish_reason", "stop_reason", "done_reason")) or None,
        model=text(first(about, "model_name", "model")) or None,
    )


def _with_usage(answer: Answer, data: Mapping[str, Any]) -> Answer:
    return answer if answer.usage is not None else replace(answer, usage=_stated_usage(data))


def _stated_usage(data: Mapping[str, Any]) -> Any:
    """What was used, where it stands beside the answer: under one of its names, or at the top as Ollama has it."""
    for name in _USAGES:
        found = read_usage(data.get(name))
        if found is not None and found.total_tokens:
            return found
    about = mapping(data.get("response_metadata"))
    return read_usage(data) or (_stated_usage(about) if about else None)


def _said(said: str) -> Answer:
    return Answer(output={"role": "assistant", "content": said})


def _text_of(answer: Answer) -> str:
    """The text of an answer whose fields are not in order yet."""
    said = mapping(answer.output).get("content")
    return said if isinstance(said, str) else "".join(text(part.get("text")) for part in mappings(said))


def _present(chunks: Sequence[Any]) -> list[Any]:
    return [chunk for chunk in chunks if chunk is not None]


def _speaks(chunk: Any) -> bool:
    """Whether a chunk says anything; one that only counts tokens does not."""
    return not isinstance(chunk, dict) or read_usage(chunk) is None or any(name in chunk for name in _TEXTS)


def _dialect_of_event(event: Mapping[str, Any]) -> Any:
    kind = text(event.get("type"))
    for fits, operation in _EVENTS:
        if fits(event, kind):
            return _DIALECTS[operation]
    return None


def _has_choice(data: Mapping[str, Any], *names: str) -> bool:
    return any(name in choice for choice in mappings(data.get("choices")) for name in names)


_DIALECTS: Final = {dialect.operation: dialect for dialect in DIALECTS}
_RESPONSES: Final[Sequence[tuple[Callable[[dict[str, Any]], bool], str]]] = (
    (lambda data: _has_choice(data, "message"), "chat"),
    (lambda data: _has_choice(data, "text"), "completions"),
    (lambda data: isinstance(data.get("candidates"), list), "generate_content"),
    (lambda data: isinstance(mapping(data.get("output")).get("message"), dict), "converse"),
    (lambda data: any("type" in item for item in mappings(data.get("output"))), "responses"),
    (lambda data: isinstance(mapping(data.get("message")).get("content"), list), "cohere_chat"),
    (lambda data: isinstance(data.get("message"), dict), "ollama_chat"),
    (lambda data: isinstance(data.get("response"), str) and "done" in data, "ollama_chat"),
    (lambda data: any("embedding" in one for one in mappings(data.get("data"))), "embeddings"),
    (lambda data: bool(listed(data.get("embeddings")) or listed(data.get("embedding"))), "embeddings"),
)
"""Who reads a response of this shape, the first that fits."""
_EVENTS: Final[Sequence[tuple[Callable[[Mapping[str, Any], str], bool], str]]] = (
    (lambda event, _: _has_choice(event, "delta"), "chat"),
    (lambda event, _: _has_choice(event, "text"), "completions"),
    (lambda _, kind: kind.startswith("response."), "responses"),
    (lambda event, kind: kind in ("message_start", "content_block_start") or "content_block" in event, "messages"),
    (lambda event, kind: kind == "content_block_delta" and "delta" in event, "messages"),
    (lambda event, _: "contentBlockDelta" in event or "messageStart" in event, "converse"),
    (lambda event, _: isinstance(event.get("candidates"), list), "generate_content"),
    (lambda _, kind: kind in ("content-start", "content-delta", "message-start"), "cohere_chat"),
    (lambda event, _: isinstance(event.get("message"), dict) and "done" in event, "ollama_chat"),
    (lambda event, _: isinstance(event.get("response"), str) and "done" in event, "ollama_chat"),
)
"""Who reads a stream with such an event in it."""
_TEXTS: Final = ("content", "text", "output_text", "output", "answer", "response", "completion", "result", "delta")
"""Where an application's own results have their text."""
_USAGES: Final = ("usage", "usage_metadata", "usageMetadata", "token_usage", "tokens")
