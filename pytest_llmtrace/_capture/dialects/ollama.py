"""Ollama's own API: chat and generate, streamed as lines of JSON unless told otherwise."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from pytest_llmtrace._capture.dialects.chat_messages import chat_message
from pytest_llmtrace._capture.dialects.dialect import Answer, Question
from pytest_llmtrace._capture.dialects.failures import stated_error
from pytest_llmtrace._capture.dialects.interning import Interner
from pytest_llmtrace._capture.dialects.lenient import count, listed, mapping, text
from pytest_llmtrace._capture.dialects.media import binary
from pytest_llmtrace._capture.dialects.tokens import usage
from pytest_llmtrace._capture.dialects.tooling import tool_schemas


class OllamaChat:
    """https://github.com/ollama/ollama/blob/main/docs/api.md#generate-a-chat-completion."""

    operation = "ollama_chat"
    provider = "ollama"

    def recognises(self, path: str, body: Mapping[str, Any]) -> bool:
        return path.endswith("/api/chat") and isinstance(body.get("messages"), list) and "model" in body

    def question(self, path: str, body: Mapping[str, Any], interner: Interner) -> Question:  # noqa: ARG002
        return Question(
            model=text(body.get("model")),
            messages=interner.messages(self.operation, body["messages"], _messages),
            params={name: value for name, value in body.items() if name not in _NOT_PARAMS and value is not None},
            tools=interner.tools(body.get("tools"), tool_schemas),
            streamed=body.get("stream") is not False,
        )

    def answer(self, data: Mapping[str, Any]) -> Answer:
        return self.stream([data], done=data.get("done") is not False)  # the first line of a stream that broke off

    def stream(self, events: Sequence[Mapping[str, Any]], *, done: bool) -> Answer:
        said: list[str] = []
        thoughts: list[str] = []
        calls: list[Any] = []
        for event in events:
            message = mapping(event.get("message"))
            said.append(text(message.get("content")) or text(event.get("response")))
            thoughts.append(text(message.get("thinking")) or text(event.get("thinking")))
            calls.extend(listed(message.get("tool_calls")))
        last = events[-1] if events else {}
        fields = {"role": "assistant", "content": "".join(said), "thinking": "".join(thoughts), "tool_calls": calls}
        heard = any("message" in event or "response" in event for event in events)
        return Answer(
            output=_message(fields) if heard else None,
            finish_reason=text(last.get("done_reason")) or ("stop" if last.get("done") is True else None),
            usage=usage(input_tokens=count(last.get("prompt_eval_count")), output_tokens=count(last.get("eval_count"))),
            model=text(last.get("model")) or None,
            error=next((error for event in events if (error := stated_error(event))), None),
            complete=done or last.get("done") is True,
        )


class OllamaGenerate(OllamaChat):
    """https://github.com/ollama/ollama/blob/main/docs/api.md#generate-a-completion."""

    operation = "ollama_generate"

    def recognises(self, path: str, body: Mapping[str, Any]) -> bool:
        return path.endswith("/api/generate") and isinstance(body.get("prompt"), str) and "model" in body

    def question(self, path: str, body: Mapping[str, Any], interner: Interner) -> Question:  # noqa: ARG002
        system = [{"role": "system", "content": body["system"]}] if body.get("system") else []
        prompt = {"role": "user", "content": body["prompt"], "images": body.get("images")}
        return Question(
            model=text(body.get("model")),
            messages=interner.messages(self.operation, [*system, prompt], _messages),
            params={name: value for name, value in body.items() if name not in _NOT_PARAMS and value is not None},
            streamed=body.get("stream") is not False,
        )


def _messages(raw: object) -> Iterator[dict[str, Any]]:
    if isinstance(raw, dict):
        yield _message(raw)


def _message(raw: Mapping[str, Any]) -> dict[str, Any]:
    fields = chat_message({key: value for key, value in raw.items() if key not in ("images", "thinking", "tool_name")})
    fields["content"] = [*listed(fields["content"]), *(binary("image", text(one)) for one in listed(raw.get("images")))]
    fields["reasoning"] = text(raw.get("thinking")) or fields["reasoning"]
    fields["name"] = raw.get("tool_name") or fields["name"]
    return fields


_NOT_PARAMS: Final = frozenset({"model", "messages", "tools", "stream", "prompt", "system", "images"})
