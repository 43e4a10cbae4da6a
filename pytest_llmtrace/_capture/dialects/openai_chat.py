"""OpenAI chat completions, and everyone who speaks them: Azure, Groq, Mistral, DeepSeek, OpenRouter, vLLM, ..."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final
from urllib.parse import unquote

from pytest_llmtrace._capture.dialects.chat_messages import ChatChoice, chat_message, chat_messages, text_message
from pytest_llmtrace._capture.dialects.dialect import Answer, Question
from pytest_llmtrace._capture.dialects.failures import stated_error
from pytest_llmtrace._capture.dialects.interning import Interner
from pytest_llmtrace._capture.dialects.late import is_openai_chat
from pytest_llmtrace._capture.dialects.lenient import count, first, listed, mapping, mappings, text
from pytest_llmtrace._capture.dialects.media import plain
from pytest_llmtrace._capture.dialects.tokens import openai_usage
from pytest_llmtrace._capture.dialects.tooling import tool_schemas
from pytest_llmtrace._model.messages import message
from pytest_llmtrace._model.trace import CallError
from pytest_llmtrace._model.usage import Usage


class OpenAIChat:
    """https://platform.openai.com/docs/api-reference/chat."""

    operation = "chat"
    provider = "openai"

    def recognises(self, path: str, body: Mapping[str, Any]) -> bool:
        return is_openai_chat(path, body)

    def question(self, path: str, body: Mapping[str, Any], interner: Interner) -> Question:
        offered = body.get("tools") or body.get("functions")
        return Question(
            model=text(first(body, "model", "model_id", "agent_id")) or model_in_path(path),
            messages=interner.messages(self.operation, body["messages"], chat_messages),
            params={name: value for name, value in body.items() if name not in _NOT_PARAMS and value is not None},
            tools=interner.tools(offered, tool_schemas),
            streamed=body.get("stream") is True or path.endswith(_STREAMED),
        )

    def answer(self, data: Mapping[str, Any]) -> Answer:
        choices = sorted(mappings(data.get("choices")), key=lambda choice: count(choice.get("index")))
        answers = [{"role": "assistant", **_said(choice)} for choice in choices]
        said = [text_message(one) or chat_message(one) for one in answers]
        usage = data.get("usage")
        return Answer(
            output=_with_sources(with_alternatives(said), [data]),
            finish_reason=finish_reason(choices[0]) if choices else None,
            usage=openai_usage(usage),
            model=text(data.get("model")) or None,
            error=stated_error(data) or choice_error(choices),
            cost=stated_cost(usage),
        )

    def stream(self, events: Sequence[Mapping[str, Any]], *, done: bool) -> Answer:
        choices: dict[int, ChatChoice] = {}
        usage: Usage | None = None
        cost: float | None = None
        model = ""
        error: CallError | None = None
        for event in events:
            model = model or text(event.get("model"))
            error = error or stated_error(event) or choice_error(mappings(event.get("choices")))
            stated = event.get("usage") or mapping(event.get("x_groq")).get("usage")
            usage = openai_usage(stated) or usage
            cost = cost if (said := stated_cost(stated)) is None else said
            for raw in mappings(event.get("choices")):
                choice = choices.setdefault(count(raw.get("index")), ChatChoice())
                choice.add(mapping(raw.get("delta")) or mapping(raw.get("message")))
                choice.finish_reason = finish_reason(raw) or choice.finish_reason
        ordered = [choices[index] for index in sorted(choices)]
        ended = bool(ordered) and all(choice.finish_reason for choice in ordered)
        return Answer(
            output=_with_sources(with_alternatives([choice.message() for choice in ordered]), events),
            finish_reason=ordered[0].finish_reason if ordered else None,
            usage=usage,
            model=model or None,
            error=error,
            complete=done or ended,
            cost=cost,
        )


def _said(choice: Mapping[str, Any]) -> dict[str, Any]:
    """The message of a choice; Mistral gives several where it ran tools of its own, the answer last."""
    several = mappings(choice.get("messages"))
    if isinstance(choice.get("message"), dict) or not several:
        return mapping(choice.get("message"))
    return {**several[-1], "steps": several[:-1]}


def _with_sources(output: Mapping[str, Any] | None, events: Iterable[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """The output with what the provider searched for it, which Perplexity, xAI and Z.ai put beside the choices."""
    found = {name: event[name] for event in events for name in _SOURCES if event.get(name)}
    if output is None or not found:
        return output
    return {**output, "annotations": [*listed(output.get("annotations")), plain(found)]}


def finish_reason(choice: Mapping[str, Any]) -> str | None:
    """Why the model stopped; `None` while it goes on."""
    return text(choice.get("finish_reason")) or None


def choice_error(choices: Iterable[Mapping[str, Any]]) -> CallError | None:
    """The error that OpenRouter puts into a choice of an answer that broke off."""
    return next((error for choice in choices if (error := stated_error(choice))), None)


def with_alternatives(said: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """The first of several choices, the others beside it."""
    if not said:
        return None
    others = [dict(message(one)) for one in said[1:]]
    return {**said[0], "alternatives": others} if others else said[0]


def stated_cost(usage: object) -> float | None:
    """What OpenRouter says that it charged, in US dollars; a caller's own key is charged upstream on top."""
    fields = mapping(usage)
    cost = _amount(fields.get("cost"))
    if cost is None or fields.get("is_byok") is not True:
        return cost
    return cost + (_amount(mapping(fields.get("cost_details")).get("upstream_inference_cost")) or 0.0)


def _amount(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if 0 <= value < _MOST_USD else None


def model_in_path(path: str) -> str:
    """The deployment that Azure and others name in the path instead of the body."""
    found = _DEPLOYMENT.search(path)
    return unquote(found.group(1) or found.group(2)) if found else ""


_DEPLOYMENT: Final = re.compile(r"/(?:deployments|engines|(?:serving-)?endpoints|model)/([^/]+)/|/models/([^/:]+):")
_MOST_USD: Final = 1e9
_STREAMED: Final = ("-response-stream", "streamRawPredict", "chat_stream")
_SOURCES: Final = ("citations", "search_results", "web_search")
_NOT_PARAMS: Final = frozenset(
    {"model", "model_id", "messages", "tools", "functions", "stream", "stream_options", "api_key", "cache_control"}
)
