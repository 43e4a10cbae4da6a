"""Dialects: the request and response bodies of provider APIs, read as calls of the trace (`parsing`).

To add one: write a module with a class that follows `Dialect`, enter it in `DIALECTS`, add a test.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from pytest_llmtrace._capture.dialects.late import LateDialect, is_openai_chat

if TYPE_CHECKING:
    from pytest_llmtrace._capture.dialects.dialect import Dialect

DIALECTS: Final[tuple[Dialect, ...]] = (
    LateDialect("anthropic.AnthropicMessages", "messages", "/messages", "awPredict", "/invoke"),
    LateDialect("bedrock.BedrockConverse", "converse", "/model/"),
    LateDialect("openai_chat.OpenAIChat", "chat", known_by=is_openai_chat),  # nearly every suite has some
    LateDialect("openai_responses.OpenAIResponses", "responses", "/responses"),
    LateDialect("gemini.Gemini", "generate_content", "enerateContent"),
    LateDialect("interactions.Interactions", "interactions", "/interactions"),
    LateDialect("cohere.CohereChat", "cohere_chat", "/v2/chat"),
    LateDialect("ollama.OllamaChat", "ollama_chat", "/api/chat"),
    LateDialect("ollama.OllamaGenerate", "ollama_generate", "/api/generate"),
    LateDialect("embeddings.Embeddings", "embeddings"),
    LateDialect("openai_completions.OpenAICompletions", "completions", "/completions"),
    LateDialect("moderations.Moderations", "moderations", "/moderations"),
    LateDialect("rerank.Rerank", "rerank", "rank"),
    LateDialect("cohere_v1.CohereChatV1", "cohere_v1_chat", "/v1/chat", "/invoke"),
    LateDialect("images.Images", "images", "/images/"),
    LateDialect("text_generation.TextGeneration", "generate"),
)
"""In the order in which they are asked."""


def find_dialect(method: str, url: str, body: object) -> Dialect | None:
    """The dialect of a request, `None` where it is no call of a model.

    Recognised by the shape of its path and of its parsed JSON body, on any host and under any prefix. The cost does
    not depend on the size of the body.
    """
    if method.upper() != "POST" or not isinstance(body, dict):
        return None
    path = path_of(url)
    for dialect in _at(path):
        if dialect.recognises(path, body):
            return dialect
    return None


@functools.lru_cache(maxsize=256)
def _at(path: str) -> tuple[Dialect, ...]:
    """The dialects that may be spoken at a path, in their order: known without the body of a request."""
    return tuple([dialect for dialect in DIALECTS if not isinstance(dialect, LateDialect) or dialect.may_be_at(path)])


@functools.lru_cache(maxsize=256)
def path_of(url: str) -> str:
    """The path of an address, as dialects are told it."""
    try:
        return urlsplit(url).path.rstrip("/")
    except ValueError:
        return ""
