"""Reranking, as its providers send it."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_llmtrace._model.usage import Usage
from tests.unit.capture.dialects.dialect_wire import answered, said

ARN = "arn:aws:bedrock:us-west-2::foundation-model/cohere.rerank-v3-5:0"
BEDROCK_SOURCE = {
    "type": "INLINE",
    "inlineDocumentSource": {"type": "TEXT", "textDocument": {"text": "Ducks swim."}},
}


@pytest.mark.parametrize(
    ("url", "body", "reply", "model", "usage"),
    [
        (
            "https://api.cohere.com/v2/rerank",
            {"model": "rerank-v3.5", "query": "Do ducks swim?", "documents": ["Ducks swim."], "top_n": 1},
            {
                "results": [{"index": 0, "relevance_score": 0.98765}],
                "meta": {"tokens": {"input_tokens": 9}, "billed_units": {"search_units": 1}},
            },
            "rerank-v3.5",
            Usage(input_tokens=9),
        ),
        (
            "https://api.jina.ai/v1/rerank",
            {"model": "jina-reranker-v2", "query": "Do ducks swim?", "documents": [{"text": "Ducks swim."}]},
            {"model": "jina-reranker-v2", "results": [{"index": 0, "relevance_score": 0.98765}]},
            "jina-reranker-v2",
            None,
        ),
        (
            "https://api.voyageai.com/v1/rerank",
            {"model": "rerank-2.5", "query": "Do ducks swim?", "documents": ["Ducks swim."]},
            {"data": [{"index": 0, "relevance_score": 0.98765}], "usage": {"total_tokens": 12}},
            "rerank-2.5",
            Usage(input_tokens=12),
        ),
        (
            "https://bedrock-agent-runtime.us-west-2.amazonaws.com/rerank",
            {
                "queries": [{"type": "TEXT", "textQuery": {"text": "Do ducks swim?"}}],
                "sources": [BEDROCK_SOURCE],
                "rerankingConfiguration": {
                    "type": "BEDROCK_RERANKING_MODEL",
                    "bedrockRerankingConfiguration": {"modelConfiguration": {"modelArn": ARN}},
                },
            },
            {"results": [{"index": 0, "relevanceScore": 0.98765}]},
            "cohere.rerank-v3-5:0",
            None,
        ),
        (
            "http://localhost:8080/rerank",
            {"query": "Do ducks swim?", "texts": ["Ducks swim."]},
            [{"index": 0, "score": 0.98765}],
            "",
            None,
        ),
    ],
)
def test_each_provider_is_read_alike(url: str, body: Any, reply: Any, model: str, usage: Usage | None) -> None:
    """Query and documents are messages, the order is the answer."""
    call = answered(url, body, reply)

    assert [message.text for message in call.messages] == ["Do ducks swim?", "Ducks swim."]
    assert said(call.output) == {"role": "assistant", "content": "0 (0.9877)"}
    assert (call.operation, call.model, call.usage, call.status) == ("rerank", model, usage, "ok")


@pytest.mark.parametrize("score", [None, True, "high", 10**400, float("nan")])
def test_a_score_that_means_nothing_is_left_out(score: Any) -> None:
    """The order still counts."""
    call = answered(
        "https://api.cohere.com/v2/rerank", {"query": "q", "documents": []}, {"results": [{"score": score}]}
    )

    assert said(call.output) == {"role": "assistant", "content": "0"}


def test_an_error_is_an_error() -> None:
    """Stated in the body of a refused request."""
    call = answered("https://api.cohere.com/v2/rerank", {"query": "q", "documents": []}, {"error": {"message": "no"}})

    assert call.error is not None
    assert call.error.message == "no"
