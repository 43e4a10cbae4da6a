"""Which requests are calls of a model, and of which dialect."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import pytest

from pytest_llmtrace._capture.dialects import DIALECTS, find_dialect
from pytest_llmtrace._capture.dialects.late import LateDialect
from pytest_llmtrace._capture.dialects.parsing import parse_request
from pytest_llmtrace._model.messages import MessageTable
from tests.unit.capture.dialects.dialect_wire import ask, request

CHAT_BODY = {"model": "m", "messages": []}
CLAUDE_BODY = {"anthropic_version": "bedrock-2023-05-31", "max_tokens": 1, "messages": []}
NOVA_BODY = {"messages": [{"role": "user", "content": [{"text": "hi"}]}]}


@pytest.mark.parametrize(
    ("url", "body", "operation"),
    [
        ("https://api.openai.com/v1/chat/completions", CHAT_BODY, "chat"),
        ("http://127.0.0.1:5000/any/prefix/v1/chat/completions", CHAT_BODY, "chat"),
        ("http://localhost:5000/chat/completions/", CHAT_BODY, "chat"),
        ("https://x.openai.azure.com/openai/deployments/d/chat/completions?api-version=1", CHAT_BODY, "chat"),
        ("https://openrouter.ai/api/v1/chat/completions", CHAT_BODY, "chat"),
        ("https://w.cloud.databricks.com/serving-endpoints/e/invocations", CHAT_BODY, "chat"),
        ("https://bedrock-runtime.us-east-1.amazonaws.com/model/openai.gpt-oss/invoke", CHAT_BODY, "chat"),
        ("https://api.openai.com/v1/completions", {"model": "m", "prompt": "a"}, "completions"),
        ("https://api.mistral.ai/v1/fim/completions", {"model": "m", "prompt": "a"}, "completions"),
        ("https://api.openai.com/v1/responses", {"model": "m", "input": "a"}, "responses"),
        ("https://api.openai.com/v1/responses", {"prompt": {"id": "p"}}, "responses"),
        ("https://api.openai.com/v1/responses/compact", {"model": "m", "input": []}, "responses"),
        ("https://api.openai.com/v1/embeddings", {"model": "m", "input": "a"}, "embeddings"),
        ("https://api.cohere.com/v2/embed", {"model": "m", "texts": ["a"]}, "embeddings"),
        ("http://localhost:11434/api/embed", {"model": "m", "input": "a"}, "embeddings"),
        ("https://x/v1beta/models/e:batchEmbedContents", {"requests": []}, "embeddings"),
        ("https://api.openai.com/v1/moderations", {"input": "a"}, "moderations"),
        ("https://api.anthropic.com/v1/messages", CHAT_BODY, "messages"),
        ("https://x.services.ai.azure.com/anthropic/v1/messages", CHAT_BODY, "messages"),
        (
            "https://us-east5-aiplatform.googleapis.com/v1/publishers/anthropic/models/c:streamRawPredict",
            CLAUDE_BODY,
            "messages",
        ),
        ("https://bedrock-runtime.us-east-1.amazonaws.com/model/c/invoke", CLAUDE_BODY, "messages"),
        ("https://bedrock-runtime.us-east-1.amazonaws.com/model/n/invoke", NOVA_BODY, "converse"),
        ("https://bedrock-runtime.us-east-1.amazonaws.com/model/n/converse-stream", NOVA_BODY, "converse"),
        ("https://x/v1beta/models/g:generateContent", {"contents": []}, "generate_content"),
        ("https://x/v1beta/models/g:streamGenerateContent?alt=sse", {"contents": []}, "generate_content"),
        ("https://api.cohere.com/v2/chat", CHAT_BODY, "cohere_chat"),
        ("http://localhost:11434/api/chat", CHAT_BODY, "ollama_chat"),
        ("http://localhost:11434/api/generate", {"model": "m", "prompt": "a"}, "ollama_generate"),
    ],
)
def test_a_call_is_recognised_by_path_and_body_on_any_host(url: str, body: dict[str, Any], operation: str) -> None:
    """The end of the path and the fields of the body say which API a request speaks."""
    dialect = find_dialect("POST", url, body)

    assert dialect is not None
    assert dialect.operation == operation
    asked = [one.itself if isinstance(one, LateDialect) else one for one in DIALECTS]  # whatever is in the path
    assert next(one for one in asked if one.recognises(urlsplit(url).path.rstrip("/"), body)).operation == operation


@pytest.mark.parametrize(
    ("method", "url", "body"),
    [
        ("GET", "https://api.openai.com/v1/chat/completions", None),
        ("GET", "https://api.openai.com/v1/responses/resp_1", None),
        ("DELETE", "https://api.openai.com/v1/responses", {"input": "a"}),
        ("POST", "https://api.openai.com/v1/chat/completions", None),
        ("POST", "https://api.openai.com/v1/chat/completions", ["messages"]),
        ("POST", "https://api.openai.com/v1/chat/completions", {"messages": "hi"}),
        ("POST", "https://api.openai.com/v1/files", {"purpose": "batch"}),
        ("POST", "https://api.openai.com/v1/threads/t/messages", {"role": "user", "content": "hi"}),
        ("POST", "https://api.openai.com/v1/responses/input_tokens", {"input": "a"}),
        ("POST", "https://api.openai.com/v1/realtime/client_secrets", {"session": {}}),
        ("POST", "https://api.openai.com/v1/images/variations", {"image": "a cat"}),
        ("POST", "https://example.com/rerank", {"query": "a"}),
        ("POST", "https://api.anthropic.com/v1/messages/count_tokens", CHAT_BODY),
        ("POST", "https://api.anthropic.com/v1/messages/batches", {"requests": []}),
        ("POST", "https://x/v1beta/models/g:countTokens", {"contents": []}),
        ("POST", "https://example.com/api/chat", {"messages": []}),
        ("POST", "http://[::1", {"messages": []}),
    ],
)
def test_other_requests_are_no_calls(method: str, url: str, body: object) -> None:
    """Files, batches, token counts, an application's own endpoints and broken addresses are plain HTTP."""
    assert find_dialect(method, url, body) is None


def test_no_two_dialects_share_an_operation() -> None:
    """The operation of a call leads back to the dialect that reads its answer."""
    operations = [dialect.operation for dialect in DIALECTS]

    assert [one.itself.operation if isinstance(one, LateDialect) else one.operation for one in DIALECTS] == operations
    assert len(set(operations)) == len(operations)


def test_a_malformed_request_is_no_call() -> None:
    """A body that is no JSON, or nested beyond reading, is left to plain HTTP."""
    url = "http://127.0.0.1:9/v1/chat/completions"
    deep = b'{"messages": [{"role": "user", "content": ' + b"[" * 2500 + b"]" * 2500 + b"}]}"

    assert parse_request(request(url, b"{"), MessageTable()) is None
    assert parse_request(request(url, deep), MessageTable()) is None


def test_a_body_that_is_parsed_already_is_not_parsed_again() -> None:
    """A caller that has the JSON hands it over."""
    body = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}

    call = parse_request(request("http://127.0.0.1:9/v1/chat/completions", b""), MessageTable(), body=body)

    assert call is not None
    assert [dict(message) for message in call.messages] == [{"role": "user", "content": "hi"}]


@pytest.mark.parametrize(
    ("url", "body", "name"),
    [
        ("https://api.openai.com/v1/chat/completions", CHAT_BODY, "openai/m"),
        ("https://api.groq.com/openai/v1/chat/completions", CHAT_BODY, "groq/m"),
        ("http://127.0.0.1:9/v1/chat/completions", CHAT_BODY, "openai/m"),
        ("http://127.0.0.1:9/v1/messages", CHAT_BODY, "anthropic/m"),
        ("http://127.0.0.1:9/api/chat", CHAT_BODY, "ollama/m"),
        ("http://127.0.0.1:9/api/embed", {"model": "m", "input": "a"}, "ollama/m"),
        ("http://127.0.0.1:9/v2/embed", {"model": "m", "texts": ["a"]}, "cohere/m"),
        ("https://x.openai.azure.com/openai/deployments/my%20gpt/chat/completions", {"messages": []}, "azure/my gpt"),
        ("https://bedrock-runtime.us-east-1.amazonaws.com/model/a.b%3A0/converse", NOVA_BODY, "bedrock/a.b:0"),
        ("https://bedrock-runtime.us-east-1.amazonaws.com/model/a.c%3A0/invoke", CLAUDE_BODY, "bedrock/a.c:0"),
        (
            "https://us-east5-aiplatform.googleapis.com/v1/publishers/anthropic/models/claude@1:rawPredict",
            CLAUDE_BODY,
            "vertex_ai/claude@1",
        ),
        (
            "https://aiplatform.googleapis.com/v1/publishers/google/models/g:generateContent",
            {"contents": []},
            "vertex_ai/g",
        ),
        ("http://gateway:9/openai/deployments/d/chat/completions", {"messages": []}, "azure/d"),
        ("http://gateway:9/model/a.c%3A0/invoke", CLAUDE_BODY, "bedrock/a.c:0"),
        (
            "http://gateway:9/v1/projects/p/locations/l/publishers/google/models/g:generateContent",
            {"contents": []},
            "vertex_ai/g",
        ),
        ("http://gateway:9/models/claude@1:streamRawPredict", CLAUDE_BODY, "vertex_ai/claude@1"),
    ],
)
def test_provider_and_model_come_from_host_body_and_path(url: str, body: dict[str, Any], name: str) -> None:
    """The host names the provider, else the path or the dialect; the model may stand in the path alone."""
    call = ask(url, body)

    assert call.name == name
    assert call.status == "open"
