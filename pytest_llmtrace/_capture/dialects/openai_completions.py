"""OpenAI's legacy text completions, and Mistral's fill-in-the-middle."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from pytest_llmtrace._capture.dialects.dialect import Answer, Question
from pytest_llmtrace._capture.dialects.failures import stated_error
from pytest_llmtrace._capture.dialects.interning import Interner
from pytest_llmtrace._capture.dialects.lenient import count, mapping, mappings, text
from pytest_llmtrace._capture.dialects.openai_chat import finish_reason, model_in_path, stated_cost, with_alternatives
from pytest_llmtrace._capture.dialects.tokens import openai_usage
from pytest_llmtrace._model.canonical import canonical_json


class OpenAICompletions:
    """https://platform.openai.com/docs/api-reference/completions."""

    operation = "completions"
    provider = "openai"

    def recognises(self, path: str, body: Mapping[str, Any]) -> bool:
        return path.endswith("/completions") and isinstance(body.get("prompt"), str | list)

    def question(self, path: str, body: Mapping[str, Any], interner: Interner) -> Question:
        return Question(
            model=text(body.get("model")) or model_in_path(path),
            messages=interner.messages(self.operation, prompts(body["prompt"]), _message),
            params={name: value for name, value in body.items() if name not in _NOT_PARAMS and value is not None},
            streamed=body.get("stream") is True,
        )

    def answer(self, data: Mapping[str, Any]) -> Answer:
        choices = sorted(mappings(data.get("choices")), key=lambda choice: count(choice.get("index")))
        said = [{"role": "assistant", "content": _said(choice)} for choice in choices]
        return Answer(
            output=with_alternatives(said),
            finish_reason=finish_reason(choices[0]) if choices else None,
            usage=openai_usage(data.get("usage")),
            model=text(data.get("model")) or None,
            error=stated_error(data),
            cost=stated_cost(data.get("usage")),
        )

    def stream(self, events: Sequence[Mapping[str, Any]], *, done: bool) -> Answer:
        pieces: dict[int, list[str]] = {}
        reasons: dict[int, str] = {}
        for event in events:
            for choice in mappings(event.get("choices")):
                index = count(choice.get("index"))
                pieces.setdefault(index, []).append(_said(choice))
                if reason := finish_reason(choice):
                    reasons[index] = reason
        order = sorted(pieces)
        return Answer(
            output=with_alternatives([{"role": "assistant", "content": "".join(pieces[index])} for index in order]),
            finish_reason=reasons.get(order[0]) if order else None,
            usage=next((found for event in reversed(events) if (found := openai_usage(event.get("usage")))), None),
            model=next((text(event.get("model")) for event in events if event.get("model")), "") or None,
            error=next((error for event in events if (error := stated_error(event))), None),
            complete=done or (bool(order) and len(reasons) == len(order)),
        )


def prompts(value: object) -> list[object]:
    """The inputs of a request that takes one text, one array of tokens, or a list of either."""
    if isinstance(value, list) and not all(isinstance(one, int) for one in value):
        return value
    return [value]


def _message(prompt: object) -> Iterator[dict[str, Any]]:
    yield {"role": "user", "content": prompt if isinstance(prompt, str) else canonical_json(prompt)}


def _said(choice: Mapping[str, Any]) -> str:
    delta = mapping(choice.get("delta")) or mapping(choice.get("message"))
    return text(choice.get("text")) or text(delta.get("content"))


_NOT_PARAMS: Final = frozenset({"model", "prompt", "stream", "stream_options", "api_key"})
