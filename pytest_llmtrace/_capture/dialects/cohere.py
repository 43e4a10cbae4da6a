"""Cohere's chat, version 2; its messages are OpenAI's but for a plan beside the tool calls."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from pytest_llmtrace._capture.dialects.chat_messages import ChatChoice, chat_message
from pytest_llmtrace._capture.dialects.dialect import Answer, Question
from pytest_llmtrace._capture.dialects.failures import stated_error
from pytest_llmtrace._capture.dialects.interning import Interner
from pytest_llmtrace._capture.dialects.lenient import count, listed, mapping, text
from pytest_llmtrace._capture.dialects.media import plain
from pytest_llmtrace._capture.dialects.tokens import usage
from pytest_llmtrace._capture.dialects.tooling import tool_schemas
from pytest_llmtrace._model.trace import CallError
from pytest_llmtrace._model.usage import Usage


class CohereChat:
    """https://docs.cohere.com/reference/chat."""

    operation = "cohere_chat"
    provider = "cohere"

    def recognises(self, path: str, body: Mapping[str, Any]) -> bool:
        return _PATH.search(path) is not None and isinstance(body.get("messages"), list) and "model" in body

    def question(self, path: str, body: Mapping[str, Any], interner: Interner) -> Question:  # noqa: ARG002
        return Question(
            model=text(body.get("model")),
            messages=interner.messages(self.operation, body["messages"], _messages),
            params={
                name: plain(value) for name, value in body.items() if name not in _NOT_PARAMS and value is not None
            },
            tools=interner.tools(body.get("tools"), tool_schemas),
            streamed=body.get("stream") is True,
        )

    def answer(self, data: Mapping[str, Any]) -> Answer:
        message = mapping(data.get("message"))
        return Answer(
            output=_message({"role": "assistant", **message}) if message else None,
            finish_reason=text(data.get("finish_reason")) or None,
            usage=_usage(data.get("usage")),
            error=stated_error(data),
        )

    def stream(self, events: Sequence[Mapping[str, Any]], *, done: bool) -> Answer:
        choice = ChatChoice()
        plan: list[str] = []
        thoughts: list[str] = []
        citations: list[Any] = []
        reason = ""
        found: Usage | None = None
        error: CallError | None = None
        for event in events:
            error = error or stated_error(event)
            delta = mapping(event.get("delta"))
            said = mapping(delta.get("message"))
            content = mapping(said.get("content"))
            thoughts.append(text(content.get("thinking")))
            plan.append(text(said.get("tool_plan")))
            choice.add({"content": text(content.get("text"))})
            if call := mapping(said.get("tool_calls")):
                choice.add({"tool_calls": [{**call, "index": count(event.get("index"))}]})
            if citation := mapping(said.get("citations")):
                citations.append(citation)
            reason = text(delta.get("finish_reason")) or reason
            found = _usage(delta.get("usage")) or found
        output = choice.message()
        output["reasoning"] = "".join(thoughts) or "".join(plan) or None
        output["annotations"] = plain(citations)
        return Answer(
            output=output if events else None,
            finish_reason=reason or None,
            usage=found,
            error=error,
            complete=done or bool(reason),
        )


def _messages(raw: object) -> Iterator[dict[str, Any]]:
    if isinstance(raw, dict):
        yield _message(raw)


def _message(raw: Mapping[str, Any]) -> dict[str, Any]:
    fields = chat_message({key: value for key, value in raw.items() if key not in ("tool_plan", "citations")})
    fields["reasoning"] = fields["reasoning"] or text(raw.get("tool_plan")) or None
    fields["annotations"] = plain(listed(raw.get("citations"))) or fields["annotations"]
    return fields


def _usage(raw: object) -> Usage | None:
    """The tokens that went through the model; Cohere bills fewer, without its own prompt around the messages."""
    fields = mapping(raw)
    counted = mapping(fields.get("tokens")) or mapping(fields.get("billed_units"))
    return usage(
        input_tokens=count(counted.get("input_tokens")),
        output_tokens=count(counted.get("output_tokens")),
        cache_read=count(fields.get("cached_tokens")),
    )


_PATH: Final = re.compile(r"/v2/chat$")
_NOT_PARAMS: Final = frozenset({"model", "messages", "tools", "stream"})
