"""OpenAI's Responses API, and everyone who speaks it: Azure, DeepSeek, Bedrock, xAI, ..."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from pytest_llmtrace._capture.dialects.dialect import Answer, Question
from pytest_llmtrace._capture.dialects.failures import stated_error
from pytest_llmtrace._capture.dialects.interning import Interner
from pytest_llmtrace._capture.dialects.lenient import count, mapping, mappings, text
from pytest_llmtrace._capture.dialects.openai_chat import model_in_path, stated_cost
from pytest_llmtrace._capture.dialects.responses_items import assistant_message, grouped, item_messages
from pytest_llmtrace._capture.dialects.tokens import openai_usage
from pytest_llmtrace._capture.dialects.tooling import tool_schemas
from pytest_llmtrace._model.trace import CallError


class OpenAIResponses:
    """https://platform.openai.com/docs/api-reference/responses."""

    operation = "responses"
    provider = "openai"

    def recognises(self, path: str, body: Mapping[str, Any]) -> bool:
        return _PATH.search(path) is not None and not _ASKS.isdisjoint(body)

    def question(self, path: str, body: Mapping[str, Any], interner: Interner) -> Question:
        asked = body.get("input")
        items = [{"role": "user", "content": asked}] if isinstance(asked, str) else asked
        groups = interner.groups(items, grouped) if isinstance(items, list) else []
        if isinstance(body.get("instructions"), str):
            groups = [[{"role": "system", "content": body["instructions"]}], *groups]
        return Question(
            model=text(body.get("model")) or model_in_path(path),
            messages=interner.messages(self.operation, groups, item_messages),
            params={name: value for name, value in body.items() if name not in _NOT_PARAMS and value is not None},
            tools=interner.tools(body.get("tools"), tool_schemas),
            streamed=body.get("stream") is True,
        )

    def answer(self, data: Mapping[str, Any]) -> Answer:
        items = mappings(data.get("output"))
        status = text(data.get("status"))
        error = stated_error(data)
        if error is None and status == "failed":
            error = CallError(type="failed", message="")
        return Answer(
            output=assistant_message(items) if items else None,
            finish_reason=text(mapping(data.get("incomplete_details")).get("reason")) or status or None,
            usage=openai_usage(data.get("usage")),
            model=text(data.get("model")) or None,
            error=error,
            complete=status not in _UNFINISHED,
            cost=stated_cost(data.get("usage")),
        )

    def stream(self, events: Sequence[Mapping[str, Any]], *, done: bool) -> Answer:
        items = _Items()
        last: Mapping[str, Any] = {}
        ended = done
        error: CallError | None = None
        for event in events:
            kind = text(event.get("type"))
            if isinstance(event.get("response"), dict):
                last = event["response"]
                ended = ended or kind in _ENDS
            elif kind == "error" or event.get("error"):
                error = error or stated_error(event) or _error_event(event)
            else:
                items.add(kind, event)
        if not mappings(last.get("output")):
            last = {**last, "output": items.so_far()}
        made = self.answer(last)
        reason = made.finish_reason if ended else None
        return replace(made, finish_reason=reason, error=made.error or error, complete=ended and made.complete)


class _Items:
    """The items of a stream, put together from its events: what is left where the end never came."""

    def __init__(self) -> None:
        self._items: dict[int, dict[str, Any]] = {}
        self._pieces: dict[int, dict[str, list[str]]] = {}

    def add(self, kind: str, event: Mapping[str, Any]) -> None:
        index = count(event.get("output_index"))
        if kind == "response.output_item.added":
            self._items.setdefault(index, mapping(event.get("item")))
        elif kind == "response.output_item.done":
            self._items[index] = mapping(event.get("item"))
            self._pieces.pop(index, None)
        elif (target := _DELTAS.get(kind)) is not None:
            self._items.setdefault(index, {"type": target[0]})
            self._pieces.setdefault(index, {}).setdefault(target[1], []).append(text(event.get("delta")))

    def so_far(self) -> list[dict[str, Any]]:
        made = []
        for index in sorted(self._items):
            pieces = {name: "".join(parts) for name, parts in self._pieces.get(index, {}).items()}
            made.append(_unfinished(self._items[index], pieces))
        return made


def _unfinished(item: dict[str, Any], pieces: Mapping[str, str]) -> dict[str, Any]:
    item = {"role": "assistant", **item} if item.get("type") == "message" else dict(item)
    for name, said in pieces.items():
        if name in ("arguments", "input", "code"):
            item[name] = said
        elif name == "summary_text":
            item["summary"] = [{"type": name, "text": said}]
        else:
            key = "refusal" if name == "refusal" else "text"
            item["content"] = [*mappings(item.get("content")), {"type": name, key: said}]
    return item


def _error_event(event: Mapping[str, Any]) -> CallError:
    return CallError(type=text(event.get("code")) or "error", message=text(event.get("message")))


_PATH: Final = re.compile(r"/responses(?:/compact)?$")
_ASKS: Final = frozenset({"input", "instructions", "prompt", "previous_response_id", "conversation"})
_NOT_PARAMS: Final = frozenset({"model", "input", "instructions", "tools", "stream", "stream_options", "api_key"})
_ENDS: Final = frozenset({"response.completed", "response.incomplete", "response.failed", "response.cancelled"})
_UNFINISHED: Final = frozenset({"queued", "in_progress", "cancelled"})
"""Of an answer in the background: what was not fetched again when it was there is abandoned."""

_DELTAS: Final = {
    "response.output_text.delta": ("message", "output_text"),
    "response.refusal.delta": ("message", "refusal"),
    "response.reasoning_text.delta": ("reasoning", "reasoning_text"),
    "response.reasoning_summary_text.delta": ("reasoning", "summary_text"),
    "response.function_call_arguments.delta": ("function_call", "arguments"),
    "response.mcp_call_arguments.delta": ("mcp_call", "arguments"),
    "response.custom_tool_call_input.delta": ("custom_tool_call", "input"),
    "response.code_interpreter_call_code.delta": ("code_interpreter_call", "code"),
}
