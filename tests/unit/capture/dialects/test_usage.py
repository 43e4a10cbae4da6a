"""Token counts, said and estimated."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_llmtrace._capture.dialects.tokens import estimate_usage, openai_usage, text_tokens
from pytest_llmtrace._model.usage import Usage
from tests.unit.capture.dialects.dialect_wire import CHAT, answered, ask


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ({"prompt_tokens": 5, "completion_tokens": 2}, Usage(input_tokens=5, output_tokens=2)),
        (
            {"prompt_tokens": 5, "completion_tokens": 2, "prompt_cache_hit_tokens": 3},
            Usage(input_tokens=5, output_tokens=2, cache_read_tokens=3),
        ),
        (
            {"prompt_tokens": 5, "completion_tokens": 2, "cached_tokens": 3, "prompt_tokens_details": None},
            Usage(input_tokens=5, output_tokens=2, cache_read_tokens=3),
        ),
        (
            {"prompt_tokens": 5, "completion_tokens": 2, "prompt_tokens_details": {"cache_write_tokens": 4}},
            Usage(input_tokens=5, output_tokens=2, cache_write_tokens=4),
        ),
        (
            {
                "prompt_tokens": 5,
                "completion_tokens": 2,
                "total_tokens": 17,
                "completion_tokens_details": {"reasoning_tokens": 10},
            },
            Usage(input_tokens=5, output_tokens=12, reasoning_tokens=10),
        ),
        ({"prompt_tokens": 5.0, "completion_tokens": "2", "total_tokens": True}, Usage(input_tokens=5)),
        ({"prompt_tokens": 0, "completion_tokens": 0}, None),
        ({"prompt_tokens": -5}, None),
        (None, None),
        ([], None),
    ],
)
def test_usage_in_every_openai_like_form(raw: Any, expected: Usage | None) -> None:
    """DeepSeek, Moonshot, OpenRouter and xAI count in their own way; zeros and nonsense are unknown."""
    assert openai_usage(raw) == expected


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("", 0),
        ("Hello", 1),
        ("The capital of France is Paris.", 7),
        ('{"city": "Paris", "days": 12345}', 13),
        ("東京は日本の首都であり", 8),
        ("\n\n    return value", 3),
        ("Москва", 1),
        ("internationalisation", 3),
    ],
)
def test_tokens_are_counted_by_kind_of_text(text: str, tokens: int) -> None:
    """Words, numbers, signs, ideographs: close to what OpenAI's tokenizer counts."""
    assert text_tokens(text) == tokens


def test_an_estimate_says_that_it_is_one() -> None:
    """Messages, tools, images, reasoning and tool calls all count."""
    body = {
        "model": "m",
        "messages": [
            {
                "role": "user",
                "content": [{"type": "image_url", "image_url": {"url": "https://u"}}, {"type": "text", "text": "hi"}],
            }
        ],
        "tools": [{"type": "function", "function": {"name": "f", "parameters": {}}}],
    }
    message = {
        "content": "Hello",
        "reasoning": "hm",
        "tool_calls": [{"id": "c", "function": {"name": "f", "arguments": "{}"}}],
    }

    call = answered(CHAT, body, {"choices": [{"message": message, "finish_reason": "stop"}]})

    assert estimate_usage(call) == Usage(
        input_tokens=4 + 765 + 1 + 3 + 8, output_tokens=1 + 1 + 8 + 2, reasoning_tokens=1, estimated=True
    )


def test_an_estimate_needs_no_answer() -> None:
    """A call without output has input only; embeddings have no frame of a chat."""
    embedding = answered(
        "http://127.0.0.1:9/v1/embeddings", {"model": "m", "input": "hi"}, {"data": [{"embedding": [1.0]}]}
    )

    assert estimate_usage(ask(CHAT, {"model": "m", "messages": []})) == Usage(estimated=True)
    assert estimate_usage(embedding) == Usage(input_tokens=5, estimated=True)
