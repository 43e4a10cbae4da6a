"""Embeddings, moderations and legacy completions."""

from __future__ import annotations

import base64
import struct
from typing import Any

import pytest

from pytest_llmtrace._capture.dialects.parsing import parse_response
from pytest_llmtrace._model.http import HttpResponse
from pytest_llmtrace._model.messages import MessageTable
from pytest_llmtrace._model.usage import Usage
from tests.unit.capture.dialects.dialect_wire import answered, ask, said, sent, sse

EMBEDDINGS = "http://127.0.0.1:9/v1/embeddings"
COMPLETIONS = "http://127.0.0.1:9/v1/completions"
MODERATIONS = "http://127.0.0.1:9/v1/moderations"


@pytest.mark.parametrize(
    ("value", "texts"),
    [
        ("a", ["a"]),
        (["a", "b"], ["a", "b"]),
        ([1, 2], ["[1,2]"]),
        ([[1, 2], [3]], ["[1,2]", "[3]"]),
        ([{"text": "a"}, {"image": "data:image/png;base64,AAEC"}], None),
    ],
)
def test_each_input_is_a_message(value: Any, texts: list[str] | None) -> None:
    """Texts, arrays of tokens and objects are told apart; binary data becomes its digest."""
    messages = sent(EMBEDDINGS, {"model": "m", "input": value})

    if texts is not None:
        assert messages == [{"role": "user", "content": text} for text in texts]
    else:
        assert messages == [
            {"role": "user", "content": "a"},
            {
                "role": "user",
                "content": [
                    {
                        "type": "image",
                        "media_type": "image/png",
                        "digest": "a75c0b0d97360c1ba783496eb6a0395a",
                        "bytes": 3,
                    }
                ],
            },
        ]


def test_an_answer_counts_vectors_and_their_length() -> None:
    """Vectors come as numbers or as 32-bit floats in base64."""
    packed = base64.b64encode(struct.pack("<5f", *range(5))).decode()
    usage = {"prompt_tokens": 4, "total_tokens": 4}
    body = {"model": "m", "input": ["a", "b"], "dimensions": 5, "encoding_format": "base64"}

    call = answered(EMBEDDINGS, body, {"model": "m-x", "data": [{"embedding": packed}] * 2, "usage": usage})
    single = answered(EMBEDDINGS, body, {"data": [{"embedding": [0.1, 0.2, 0.3]}], "usage": usage})

    assert call.operation == "embeddings"
    assert call.params == {"dimensions": 5, "encoding_format": "base64"}
    assert said(call.output) == {"role": "assistant", "content": "[2 embeddings, 5 dimensions]"}
    assert said(single.output) == {"role": "assistant", "content": "[1 embedding, 3 dimensions]"}
    assert (call.usage, call.response_model, call.status) == (Usage(input_tokens=4), "m-x", "ok")


@pytest.mark.parametrize(
    ("url", "body", "data", "expected", "tokens"),
    [
        (
            "http://x/v2/embed",
            {"model": "e", "texts": ["a", "b"], "input_type": "search_query"},
            {"embeddings": {"float": [[1, 2], [3, 4]]}, "meta": {"billed_units": {"input_tokens": 3}}},
            ("cohere/e", ["a", "b"], "[2 embeddings, 2 dimensions]"),
            3,
        ),
        (
            "http://x/api/embed",
            {"model": "e", "input": ["a"]},
            {"model": "e", "embeddings": [[1, 2, 3]], "prompt_eval_count": 2},
            ("ollama/e", ["a"], "[1 embedding, 3 dimensions]"),
            2,
        ),
        (
            "http://x/v1beta/models/e:embedContent",
            {"model": "models/e", "content": {"parts": [{"text": "a"}]}},
            {"embedding": {"values": [1, 2, 3]}},
            ("gemini/e", ["a"], "[1 embedding, 3 dimensions]"),
            None,
        ),
        (
            "http://x/v1beta/models/e:batchEmbedContents",
            {"requests": [{"model": "models/e", "content": {"parts": [{"text": "a"}]}}]},
            {"embeddings": [{"values": [1, 2]}]},
            ("gemini/e", ["a"], "[1 embedding, 2 dimensions]"),
            None,
        ),
        (
            "http://x/v1/models/text-embedding-5:predict",
            {"instances": [{"content": "a"}]},
            {"predictions": [{"embeddings": {"values": [1, 2], "statistics": {"token_count": 1}}}]},
            ("vertex_ai/text-embedding-5", ["a"], "[1 embedding, 2 dimensions]"),
            1,
        ),
        (
            "http://x/model/amazon.titan-embed-text-v2%3A0/invoke",
            {"inputText": "a"},
            {"embedding": [1, 2], "inputTextTokenCount": 1},
            ("bedrock/amazon.titan-embed-text-v2:0", ["a"], "[1 embedding, 2 dimensions]"),
            1,
        ),
    ],
)
def test_other_embedding_apis(
    url: str, body: dict[str, Any], data: dict[str, Any], expected: tuple[str, list[str], str], tokens: int | None
) -> None:
    """Cohere, Ollama, Gemini, Vertex AI and Bedrock give the same kind of call."""
    call = answered(url, body, data)

    assert call.output is not None
    assert (call.name, [message.text for message in call.messages], call.output.text) == expected
    assert call.usage == (None if tokens is None else Usage(input_tokens=tokens))


def test_a_moderation_says_what_was_flagged_and_is_free() -> None:
    """The categories are listed in order; there is nothing to pay for."""
    results = [
        {"flagged": True, "categories": {"violence": True, "harassment": True, "hate": False}},
        {"flagged": False},
    ]

    call = answered(MODERATIONS, {"model": "omni", "input": ["a", "b"]}, {"model": "omni-x", "results": results})

    assert [message.text for message in call.messages] == ["a", "b"]
    assert said(call.output) == {"role": "assistant", "content": "flagged: harassment, violence; not flagged"}
    assert (call.operation, call.usage, call.status) == ("moderations", Usage(), "ok")


def test_a_legacy_completion() -> None:
    """A prompt is a user message, the text of the choice the output."""
    data = {
        "model": "m-x",
        "choices": [{"index": 0, "text": " world", "finish_reason": "length"}],
        "usage": {"prompt_tokens": 2, "completion_tokens": 1},
    }

    call = answered(COMPLETIONS, {"model": "m", "prompt": "hello", "max_tokens": 1}, data)

    assert call.operation == "completions"
    assert call.params == {"max_tokens": 1}
    assert [dict(message) for message in call.messages] == [{"role": "user", "content": "hello"}]
    assert said(call.output) == {"role": "assistant", "content": " world"}
    assert (call.finish_reason, call.usage) == ("length", Usage(input_tokens=2, output_tokens=1))


def test_a_legacy_completion_as_a_stream() -> None:
    """Its chunks carry text."""
    stream = sse(
        {"choices": [{"index": 0, "text": " wor", "finish_reason": None}]},
        {"choices": [{"index": 0, "text": "ld", "finish_reason": "stop"}]},
        done=True,
    )

    call = answered(COMPLETIONS, {"model": "m", "prompt": ["hello"], "stream": True}, stream)

    assert said(call.output) == {"role": "assistant", "content": " world"}
    assert (call.status, call.finish_reason) == ("ok", "stop")


def test_a_deployment_in_the_path_is_the_model() -> None:
    """Azure names it there."""
    url = "https://x.openai.azure.com/openai/deployments/ada/embeddings?api-version=1"

    assert ask(url, {"input": "a"}).name == "azure/ada"


@pytest.mark.parametrize(
    ("path", "body", "reply", "expected"),
    [
        (
            "/hf-inference/models/BAAI/bge-small/pipeline/feature-extraction",
            {"inputs": ["a", "b"]},
            [[0.1, 0.2], [0.3, 0.4]],
            ("BAAI/bge-small", ["a", "b"], "[2 embeddings, 2 dimensions]", None),
        ),
        ("/embed", {"inputs": "a"}, [0.1, 0.2, 0.3], ("", ["a"], "[1 embedding, 3 dimensions]", None)),
        (
            "/model/amazon.nova-2-multimodal-embeddings-v1%3A0/invoke",
            {
                "taskType": "SINGLE_EMBEDDING",
                "singleEmbeddingParams": {"text": {"value": "a"}, "embeddingDimension": 2},
            },
            {"embeddings": [{"embeddingType": "TEXT", "embedding": [0.1, 0.2]}]},
            ("amazon.nova-2-multimodal-embeddings-v1:0", ["a"], "[1 embedding, 2 dimensions]", None),
        ),
        (
            "/v1/contextualizedembeddings",
            {"model": "voyage-context-3", "inputs": [["a", "b"]]},
            {"data": [{"data": [{"embedding": [1, 2]}, {"embedding": [3, 4]}]}], "usage": {"total_tokens": 5}},
            ("voyage-context-3", ['["a","b"]'], "[2 embeddings, 2 dimensions]", 5),
        ),
        (
            "/v1/multimodalembeddings",
            {"model": "voyage-multimodal-3", "inputs": [{"content": [{"type": "text", "text": "a"}]}]},
            {"data": [{"embedding": [1, 2]}], "usage": {"total_tokens": 3}},
            ("voyage-multimodal-3", ["a"], "[1 embedding, 2 dimensions]", 3),
        ),
    ],
)
def test_each_form_of_request_and_answer_is_read(path: str, body: Any, reply: Any, expected: tuple[Any, ...]) -> None:
    """Hugging Face, Nova and Voyage have bodies of their own."""
    call = answered(f"http://h{path}", body, reply)

    sent_tokens = call.usage.input_tokens if call.usage else None
    output = call.output.text if call.output else None
    assert (call.model, [one.text for one in call.messages], output, sent_tokens) == expected
    assert call.status == "ok"


def test_bedrock_counts_tokens_in_a_header() -> None:
    """Embedding models on Bedrock say nothing of tokens in the body."""
    call = ask("http://h/model/cohere.embed-v4/invoke", {"texts": ["a"]})
    reply = HttpResponse(
        status=200, headers=(("x-amzn-bedrock-input-token-count", "7"),), body=b'{"embeddings": {"float": [[1, 2]]}}'
    )

    assert parse_response(call, reply, MessageTable()).usage == Usage(input_tokens=7)


def test_a_moderation_without_a_verdict_is_read_from_its_categories() -> None:
    """Mistral says which categories it found, and no more."""
    call = answered(MODERATIONS, {"input": "a"}, {"results": [{"categories": {"pii": True, "law": False}}]})

    assert said(call.output) == {"role": "assistant", "content": "flagged: pii"}
