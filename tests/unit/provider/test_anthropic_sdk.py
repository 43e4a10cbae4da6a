"""The provider as the Anthropic SDK sees it."""

from __future__ import annotations

from collections.abc import Callable

import anthropic
import pytest

from tests.provider import Provider

AnthropicTo = Callable[[Provider], anthropic.Anthropic]
Serve = Callable[..., Provider]

ASK = [{"role": "user", "content": "Hello there"}]

REFUND = {
    "text": "One moment.",
    "tool_calls": [{"refund": {"order_id": "123"}}],
    "usage": {"input_tokens": 100, "output_tokens": 20, "cache_read_tokens": 64, "cache_write_tokens": 6},
}


def test_messages_echo(provider: Provider, anthropic_to: AnthropicTo) -> None:
    """Without a script the answer repeats the user, and the system prompt counts as input."""
    answer = anthropic_to(provider).messages.create(
        model="claude-haiku-4-5", max_tokens=100, system="Be brief.", messages=ASK
    )
    assert [block.text for block in answer.content] == ["You said: Hello there"]
    assert answer.stop_reason == "end_turn"
    assert (answer.usage.input_tokens, answer.usage.output_tokens) == (4, 4)


def test_messages_request_tools(serve: Serve, anthropic_to: AnthropicTo) -> None:
    """Tool use follows the text, the input is counted without its cached parts, and results are recognised."""
    client = anthropic_to(serve([{"tool_results": True, "text": "Done."}, REFUND]))
    answer = client.messages.create(model="claude-haiku-4-5", max_tokens=100, messages=ASK)
    text, tool = answer.content
    assert (text.type, text.text) == ("text", "One moment.")
    assert (tool.type, tool.name, tool.input) == ("tool_use", "refund", {"order_id": "123"})
    assert tool.id.startswith("toolu_")
    assert answer.stop_reason == "tool_use"
    usage = answer.usage
    assert (usage.input_tokens, usage.cache_read_input_tokens, usage.cache_creation_input_tokens) == (30, 64, 6)
    asked = [
        *ASK,
        {"role": "assistant", "content": [block.to_dict() for block in answer.content]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": tool.id, "content": "ok"}]},
    ]
    final = client.messages.create(model="claude-haiku-4-5", max_tokens=100, messages=asked)
    assert [block.text for block in final.content] == ["Done."]


def test_messages_stream(serve: Serve, anthropic_to: AnthropicTo) -> None:
    """A stream adds up to the same message, with the usage in its first and last events."""
    with anthropic_to(serve([REFUND])).messages.stream(
        model="claude-haiku-4-5", max_tokens=100, messages=ASK
    ) as stream:
        names = [event.type for event in stream]
        answer = stream.get_final_message()
    assert names[0] == "message_start"
    assert names[-2:] == ["message_delta", "message_stop"]
    assert answer.content[1].input == {"order_id": "123"}
    assert (answer.usage.cache_read_input_tokens, answer.usage.output_tokens) == (64, 20)


@pytest.mark.asyncio
async def test_messages_stream_to_async_clients(provider: Provider) -> None:
    """An async client reads the same stream."""
    async with (
        anthropic.AsyncAnthropic(base_url=provider.url, api_key="sk-test", max_retries=0) as client,
        client.messages.stream(model="claude-haiku-4-5", max_tokens=100, messages=ASK) as stream,
    ):
        pieces = [text async for text in stream.text_stream]
    assert pieces == ["You", " said:", " Hello", " there"]


def test_messages_error(serve: Serve, anthropic_to: AnthropicTo) -> None:
    """An error has Anthropic's shape on Anthropic's path."""
    client = anthropic_to(serve([{"status": 429, "text": "Slow down."}]))
    with pytest.raises(anthropic.RateLimitError) as caught:
        client.messages.create(model="claude-haiku-4-5", max_tokens=100, messages=ASK)
    assert caught.value.body == {
        "type": "error",
        "error": {"type": "rate_limit_error", "message": "Slow down."},
    }
