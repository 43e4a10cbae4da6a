"""Token counts in whatever form an application has them: as an SDK gave them, or as it wrote them down itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pytest_llmtrace._capture.dialects import DIALECTS
from pytest_llmtrace._capture.dialects.lenient import count, first, mapping
from pytest_llmtrace._capture.dialects.tokens import anthropic_usage, openai_usage
from pytest_llmtrace._model.usage import Usage


def read_usage(raw: object) -> Usage | None:
    """Token counts from plain data; `None` where it names none.

    Understood are the forms of OpenAI (chat and responses), Anthropic, Ollama, Gemini, Bedrock, Cohere and LangChain,
    and our own.
    """
    fields = mapping(raw)
    if not any(isinstance(fields.get(name), int | float | dict) for name in _COUNTS):
        return None
    return _read(fields) or Usage()


def _read(fields: Mapping[str, Any]) -> Usage | None:
    if fields.keys() & _OURS:
        return Usage.from_data({name: count(fields.get(name)) for name in (*_OURS, "input_tokens", "output_tokens")})
    if "input_token_details" in fields or "output_token_details" in fields:
        return _langchain(fields)
    for operation, names in _FORMS.items():
        if fields.keys() & names:
            return _DIALECTS[operation].answer({**fields, "usage": fields, "usageMetadata": fields}).usage
    if fields.keys() & _ANTHROPIC:
        return anthropic_usage(fields)
    return openai_usage(fields)


def _langchain(fields: Mapping[str, Any]) -> Usage:
    """LangChain's `usage_metadata`, whose input is the whole input."""
    before, after = mapping(fields.get("input_token_details")), mapping(fields.get("output_token_details"))
    return Usage(
        input_tokens=count(fields.get("input_tokens")),
        output_tokens=count(fields.get("output_tokens")),
        cache_read_tokens=count(before.get("cache_read")),
        cache_write_tokens=count(first(before, "cache_creation")),
        reasoning_tokens=count(after.get("reasoning")),
    )


_DIALECTS: Final = {dialect.operation: dialect for dialect in DIALECTS}
_OURS: Final = frozenset({"cache_read_tokens", "cache_write_tokens", "reasoning_tokens"})
_ANTHROPIC: Final = frozenset({"cache_read_input_tokens", "cache_creation_input_tokens"})
_FORMS: Final[Mapping[str, frozenset[str]]] = {
    "ollama_chat": frozenset({"prompt_eval_count", "eval_count"}),
    "generate_content": frozenset(
        {"promptTokenCount", "candidatesTokenCount", "prompt_token_count", "candidates_token_count"}
    ),
    "converse": frozenset({"inputTokens", "outputTokens"}),
    "cohere_chat": frozenset({"tokens", "billed_units"}),
}
"""The dialects whose counts have names of their own."""
_COUNTS: Final = (
    _OURS
    | _ANTHROPIC
    | frozenset().union(*_FORMS.values())
    | {"input_tokens", "output_tokens", "prompt_tokens", "completion_tokens", "total_tokens"}
)
