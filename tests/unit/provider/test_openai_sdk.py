"""The provider as the OpenAI SDK sees it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import openai
import pytest

from tests.provider import Provider

OpenAITo = Callable[[Provider], openai.OpenAI]
Serve = Callable[..., Provider]

ASK = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello there"}]

WEATHER = {
    "tool_calls": [{"weather": {"city": "Paris"}}, {"weather": {"city": "Rome"}}],
    "usage": {
        "input_tokens": 100,
        "output_tokens": 20,
        "cache_read_tokens": 64,
        "reasoning_tokens": 7,
    },
}


def test_chat_echoes(provider: Provider, openai_to: OpenAITo) -> None:
    """Without a script the answer repeats the user, and tokens are words."""
    answer = openai_to(provider).chat.completions.create(model="gpt-4o-mini", messages=ASK)
    assert answer.choices[0].message.content == "You said: Hello there"
    assert answer.choices[0].finish_reason == "stop"
    assert answer.model == "gpt-4o-mini"
    assert answer.usage is not None
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens, answer.usage.total_tokens) == (4, 4, 8)


def test_chat_requests_tools(serve: Serve, openai_to: OpenAITo) -> None:
    """Scripted tool calls arrive with ids of their own, and scripted usage with its details."""
    answer = openai_to(serve([WEATHER])).chat.completions.create(model="gpt-4o-mini", messages=ASK)
    calls = answer.choices[0].message.tool_calls
    assert calls is not None
    assert [(call.function.name, call.function.arguments) for call in calls] == [
        ("weather", '{"city": "Paris"}'),
        ("weather", '{"city": "Rome"}'),
    ]
    assert len({call.id for call in calls}) == 2
    assert answer.choices[0].finish_reason == "tool_calls"
    assert answer.choices[0].message.content is None
    assert answer.usage is not None
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (100, 20)
    assert answer.usage.prompt_tokens_details.cached_tokens == 64
    assert answer.usage.completion_tokens_details.reasoning_tokens == 7


def test_chat_streams(provider: Provider, openai_to: OpenAITo) -> None:
    """A stream delivers the text word by word, and its usage last where the request asks for it."""
    with openai_to(provider).chat.completions.create(
        model="gpt-4o-mini", messages=ASK, stream=True, stream_options={"include_usage": True}
    ) as stream:
        chunks = list(stream)
    deltas = [chunk.choices[0].delta.content for chunk in chunks if chunk.choices]
    assert deltas == ["", "You", " said:", " Hello", " there", None]
    assert [chunk.usage.total_tokens for chunk in chunks if chunk.usage] == [8]
    assert chunks[-1].choices == []
    assert chunks[-2].choices[0].finish_reason == "stop"


def test_chat_streams_without_usage(serve: Serve, openai_to: OpenAITo) -> None:
    """A provider that keeps its usage to itself sends none, even when asked."""
    provider = serve([{"text": "Hi.", "usage": False}])
    with openai_to(provider).chat.completions.create(
        model="gpt-4o-mini", messages=ASK, stream=True, stream_options={"include_usage": True}
    ) as stream:
        assert [chunk.usage for chunk in stream] == [None, None, None]


def test_chat_streams_tools(serve: Serve, openai_to: OpenAITo) -> None:
    """Tool calls stream in fragments that add up to their arguments."""
    with openai_to(serve([WEATHER])).chat.completions.stream(model="gpt-4o-mini", messages=ASK) as stream:
        answer = stream.get_final_completion()
    calls = answer.choices[0].message.tool_calls
    assert calls is not None
    assert [call.function.arguments for call in calls] == ['{"city": "Paris"}', '{"city": "Rome"}']
    assert all(call.id.startswith("call_") for call in calls)


def test_chat_answers_json(provider: Provider, openai_to: OpenAITo) -> None:
    """The echo is JSON where the request asks for JSON."""
    answer = openai_to(provider).chat.completions.create(
        model="gpt-4o-mini", messages=ASK, response_format={"type": "json_object"}
    )
    assert answer.choices[0].message.content == '{"you_said": "Hello there"}'


@pytest.mark.asyncio
async def test_chat_serves_concurrent_requests(provider: Provider) -> None:
    """Twenty requests at a time each get their own answer."""
    async with openai.AsyncOpenAI(base_url=provider.openai_url, api_key="sk-test", max_retries=0) as client:
        answers = await asyncio.gather(
            *(
                client.chat.completions.create(model="m", messages=[{"role": "user", "content": str(number)}])
                for number in range(20)
            )
        )
    assert [answer.choices[0].message.content for answer in answers] == [f"You said: {n}" for n in range(20)]
    assert len({answer.id for answer in answers}) == 20
    assert provider.count == 20


@pytest.mark.asyncio
async def test_chat_streams_to_async_clients(provider: Provider) -> None:
    """An async client reads the same stream."""
    async with openai.AsyncOpenAI(base_url=provider.openai_url, api_key="sk-test", max_retries=0) as client:
        stream = await client.chat.completions.create(model="m", messages=ASK, stream=True)
        pieces = [chunk.choices[0].delta.content or "" async for chunk in stream]
    assert "".join(pieces) == "You said: Hello there"


def test_responses_echo(provider: Provider, openai_to: OpenAITo) -> None:
    """The responses API echoes the input, and counts the instructions."""
    answer = openai_to(provider).responses.create(model="gpt-4o-mini", instructions="Be brief.", input="Hello there")
    assert answer.output_text == "You said: Hello there"
    assert answer.status == "completed"
    assert answer.usage is not None
    assert (answer.usage.input_tokens, answer.usage.output_tokens) == (4, 4)


def test_responses_request_tools(serve: Serve, openai_to: OpenAITo) -> None:
    """Tool calls are items of the output, and their results are recognised in the next input."""
    client = openai_to(serve([{"tool_results": "18 degrees", "text": "Mild."}, WEATHER]))
    first = client.responses.create(model="gpt-4o-mini", input="Weather?")
    calls = [item for item in first.output if item.type == "function_call"]
    assert [(call.name, call.arguments) for call in calls] == [
        ("weather", '{"city": "Paris"}'),
        ("weather", '{"city": "Rome"}'),
    ]
    assert first.usage is not None
    assert first.usage.input_tokens_details.cached_tokens == 64
    assert first.usage.output_tokens_details.reasoning_tokens == 7
    results = [{"type": "function_call_output", "call_id": call.call_id, "output": "18 degrees"} for call in calls]
    asked = [{"role": "user", "content": "Weather?"}, *(call.to_dict() for call in calls), *results]
    assert client.responses.create(model="gpt-4o-mini", input=asked).output_text == "Mild."


def test_responses_stream(serve: Serve, openai_to: OpenAITo) -> None:
    """A stream of the responses API has the real event names, in order, numbered."""
    provider = serve([{"text": "Hi.", "tool_calls": [{"weather": {"city": "Rome"}}]}])
    with openai_to(provider).responses.create(model="gpt-4o-mini", input="Hello", stream=True) as stream:
        events = list(stream)
    assert [event.type for event in events] == [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.content_part.added",
        "response.output_text.delta",
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.output_item.added",
        "response.function_call_arguments.delta",
        "response.function_call_arguments.delta",
        "response.function_call_arguments.done",
        "response.output_item.done",
        "response.completed",
    ]
    assert [event.sequence_number for event in events] == list(range(14))
    assert [item.type for item in events[-1].response.output] == ["message", "function_call"]


@pytest.mark.asyncio
async def test_responses_stream_cut_by_length(serve: Serve) -> None:
    """An answer that ran out of tokens ends with the event for incomplete responses."""
    provider = serve([{"text": "Once upon", "finish": "length"}])
    async with openai.AsyncOpenAI(base_url=provider.openai_url, api_key="sk-test", max_retries=0) as client:
        stream = await client.responses.create(model="gpt-4o-mini", input="A story", stream=True)
        last = [event async for event in stream][-1]
    assert last.type == "response.incomplete"
    assert last.response.incomplete_details is not None
    assert last.response.incomplete_details.reason == "max_output_tokens"


def test_embeddings(provider: Provider, openai_to: OpenAITo) -> None:
    """Each text gets a vector of the asked length, the same for the same words, whatever the encoding."""
    client = openai_to(provider)
    texts = ["Late parcel", "a late parcel", "Sunny day"]
    encoded = client.embeddings.create(model="text-embedding-3-small", input=texts, dimensions=64)
    plain = client.embeddings.create(
        model="text-embedding-3-small", input=texts, dimensions=64, encoding_format="float"
    )
    vectors = [item.embedding for item in plain.data]
    assert [len(vector) for vector in vectors] == [64, 64, 64]
    assert vectors[0] == pytest.approx(encoded.data[0].embedding, abs=1e-6)
    near, far = (sum(a * b for a, b in zip(vectors[0], other, strict=True)) for other in vectors[1:])
    assert near > far
    assert plain.usage.prompt_tokens == 7


def test_without_the_prefix(provider: Provider) -> None:
    """The APIs are served without ``/v1`` too."""
    with openai.OpenAI(base_url=provider.url, api_key="sk-test", max_retries=0) as client:
        answer = client.chat.completions.create(model="m", messages=ASK)
    assert answer.choices[0].message.content == "You said: Hello there"
    assert provider.requests[0].path == "/chat/completions"
