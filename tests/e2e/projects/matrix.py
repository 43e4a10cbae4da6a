"""A project that calls LLMs in every way the plugin promises to capture. Copied into a test folder and run there."""

import asyncio
import os
import threading
import unittest
from concurrent.futures import ThreadPoolExecutor

import anthropic
import litellm
import openai
import pytest

URL = os.environ["PROVIDER_URL"]
V1 = f"{URL}/v1"
HELLO = [{"role": "user", "content": "hello"}]
TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "weather",
            "description": "Weather in a city.",
            "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
        },
    }
]
OPENAI = {"model": "gpt-4o-mini", "api_base": V1, "api_key": "sk-e2e-0123456789"}
CLAUDE = {"model": "anthropic/claude-sonnet-4-5", "api_base": URL, "api_key": "sk-e2e-0123456789", "max_tokens": 50}


def ask(text):
    return [{"role": "user", "content": text}]


def client():
    return openai.OpenAI(base_url=V1, api_key="sk-e2e-0123456789", max_retries=2)


def aclient():
    return openai.AsyncOpenAI(base_url=V1, api_key="sk-e2e-0123456789")


# litellm


@pytest.mark.sdk("litellm", "sync")
def test_completion(llm_trace):
    answer = litellm.completion(messages=ask("one"), **OPENAI)
    assert answer.choices[0].message.content == "You said: one"
    assert llm_trace.output == "You said: one"


@pytest.mark.sdk("litellm", "streamed")
def test_completion_stream():
    chunks = litellm.completion(messages=ask("two"), stream=True, stream_options={"include_usage": True}, **OPENAI)
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == "You said: two"


@pytest.mark.sdk("litellm", "async")
@pytest.mark.asyncio
async def test_acompletion():
    answer = await litellm.acompletion(messages=ask("three"), **OPENAI)
    assert answer.choices[0].message.content == "You said: three"


@pytest.mark.sdk("litellm", "async streamed")
@pytest.mark.asyncio
async def test_acompletion_stream():
    stream = await litellm.acompletion(messages=ask("four"), stream=True, **OPENAI)
    text = "".join([chunk.choices[0].delta.content or "" async for chunk in stream if chunk.choices])
    assert text == "You said: four"


@pytest.mark.anyio
async def test_anyio_acompletion(anyio_backend):
    answer = await litellm.acompletion(messages=ask("five"), **OPENAI)
    assert answer.choices[0].message.content == "You said: five"


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["trio"])
async def test_trio(anyio_backend):
    async with aclient() as made:
        answer = await made.chat.completions.create(model="gpt-4o-mini", messages=ask("trio"))
    assert answer.choices[0].message.content == "You said: trio"


def test_fallbacks(llm_trace):
    messages = ask("fail the first model")
    litellm.completion(messages=messages, fallbacks=["openai/gpt-4o"], max_retries=0, **OPENAI)
    assert [(call.model, call.status) for call in llm_trace.calls] == [("gpt-4o-mini", "error"), ("gpt-4o", "ok")]


def test_asyncio_run_in_a_sync_test():
    async def main():
        return await asyncio.gather(*(litellm.acompletion(messages=ask(f"run {n}"), **OPENAI) for n in range(5)))

    assert [a.choices[0].message.content for a in asyncio.run(main())] == [f"You said: run {n}" for n in range(5)]


@pytest.mark.sdk("litellm", "gather")
@pytest.mark.asyncio
async def test_gather():
    answers = await asyncio.gather(*(litellm.acompletion(messages=ask(f"gather {n}"), **OPENAI) for n in range(20)))
    assert [a.choices[0].message.content for a in answers] == [f"You said: gather {n}" for n in range(20)]


class TestIsolated(unittest.IsolatedAsyncioTestCase):
    async def test_isolated_asyncio(self):
        answer = await litellm.acompletion(messages=ask("isolated"), **OPENAI)
        assert answer.choices[0].message.content == "You said: isolated"


@pytest.mark.sdk("litellm", "tools")
def test_tools(llm_trace):
    messages = ask("use the weather tool")
    answer = litellm.completion(messages=messages, tools=TOOLS, **OPENAI).choices[0].message
    (call,) = answer.tool_calls
    messages += [answer.model_dump(), {"role": "tool", "tool_call_id": call.id, "content": "sunny"}]
    final = litellm.completion(messages=messages, tools=TOOLS, **OPENAI)
    assert final.choices[0].message.content == "It is sunny."
    assert llm_trace.tool_names == ["weather"]
    assert llm_trace.tools[0].arguments == {"city": "Paris"}
    assert llm_trace.tools[0].result == "sunny"
    assert len(llm_trace.conversations) == 1


def test_embedding():
    answer = litellm.embedding(
        input=["a b", "c"], model="text-embedding-3-small", api_base=V1, api_key="sk-e2e-0123456789"
    )
    assert len(answer.data) == 2


@pytest.mark.asyncio
async def test_aembedding():
    answer = await litellm.aembedding(
        input=["d"], model="text-embedding-3-small", api_base=V1, api_key="sk-e2e-0123456789"
    )
    assert len(answer.data) == 1


def test_responses():
    assert (
        "".join(
            part.text
            for item in litellm.responses(input="six", **OPENAI).output
            for part in getattr(item, "content", [])
        )
        == "You said: six"
    )


@pytest.mark.asyncio
async def test_aresponses():
    answer = await litellm.aresponses(input="seven", **OPENAI)
    assert answer.status == "completed"


def test_to_anthropic():
    assert litellm.completion(messages=ask("eight"), **CLAUDE).choices[0].message.content == "You said: eight"


def test_to_anthropic_stream():
    chunks = litellm.completion(messages=ask("nine"), stream=True, **CLAUDE)
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == "You said: nine"


def test_retries(llm_trace):
    answer = litellm.completion(messages=ask("fail once"), num_retries=2, **OPENAI)
    assert answer.choices[0].message.content == "recovered"
    (call,) = llm_trace.calls
    assert [attempt.status for attempt in call.attempts] == [500, 200]


def test_mock_response():
    litellm.completion(messages=ask("mocked"), mock_response="I am a mock", **OPENAI)


@pytest.mark.asyncio
async def test_async_mock_response():
    await litellm.acompletion(messages=ask("mocked later"), mock_response="I am a mock too", **OPENAI)


def test_cache_hit():
    litellm.cache = litellm.Cache()
    try:
        for _ in range(2):
            litellm.completion(messages=ask("cached"), caching=True, **OPENAI)
    finally:
        litellm.cache = None


@pytest.mark.sdk("litellm", "threads")
def test_threads():
    def call(n):
        return litellm.completion(messages=ask(f"thread {n}"), **OPENAI).choices[0].message.content

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(call, range(16))) == [f"You said: thread {n}" for n in range(16)]


@pytest.mark.sdk("litellm", "errors")
def test_error():
    with pytest.raises(litellm.BadRequestError):
        litellm.completion(messages=ask("fail always"), **OPENAI)


# OpenAI SDK


def test_openai():
    assert client().chat.completions.create(model="gpt-4o-mini", messages=ask("ten")).usage.prompt_tokens > 0


def test_the_same_question_by_litellm_and_by_the_sdk(llm_trace):
    litellm.completion(messages=ask("twice"), **OPENAI)
    client().chat.completions.create(model="gpt-4o-mini", messages=ask("twice"))
    assert [len(call.attempts) for call in llm_trace.calls] == [1, 1]


def test_openai_stream():
    stream = client().chat.completions.create(model="gpt-4o-mini", messages=ask("eleven"), stream=True)
    assert "".join(c.choices[0].delta.content or "" for c in stream if c.choices) == "You said: eleven"


@pytest.mark.asyncio
async def test_openai_async():
    answer = await aclient().chat.completions.create(model="gpt-4o-mini", messages=ask("twelve"))
    assert answer.choices[0].message.content == "You said: twelve"


def test_openai_responses_stream():
    events = list(client().responses.create(model="gpt-4o-mini", input="thirteen", stream=True))
    assert events[-1].response.output_text == "You said: thirteen"


def test_openai_embeddings():
    assert client().embeddings.create(model="text-embedding-3-small", input=["x", "y"]).data[1].index == 1


def test_openai_retries(llm_trace):
    answer = client().chat.completions.create(model="gpt-4o-mini", messages=ask("fail once more"))
    assert answer.choices[0].message.content == "recovered"
    (call,) = llm_trace.calls
    assert [attempt.status for attempt in call.attempts] == [500, 200]


def test_openai_repeats_the_same_question(llm_trace):
    texts = [
        client().chat.completions.create(model="gpt-4o-mini", messages=ask("count")).choices[0].message.content
        for _ in range(3)
    ]
    assert texts == ["first", "second", "third"]
    assert len(llm_trace.calls) == 3


def test_refused_connection(llm_trace):
    made = openai.OpenAI(base_url="http://127.0.0.1:9/v1", api_key="sk-e2e-0123456789", max_retries=1)
    with pytest.raises(openai.APIConnectionError):
        made.chat.completions.create(model="gpt-4o-mini", messages=ask("nobody there"))
    assert [call.status for call in llm_trace.calls] == ["error"]


def test_client_timeout(llm_trace):
    with pytest.raises(openai.APITimeoutError):
        client().with_options(timeout=0.2, max_retries=0).chat.completions.create(
            model="gpt-4o-mini", messages=ask("take your time")
        )
    assert [call.status for call in llm_trace.calls] == ["error"]


@pytest.mark.asyncio
async def test_cancelled_call(llm_trace):
    asking = asyncio.create_task(aclient().chat.completions.create(model="gpt-4o-mini", messages=ask("take your time")))
    while not llm_trace.calls:  # noqa: ASYNC110  # it is sent when it is in the trace, and no event says so
        await asyncio.sleep(0.001)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert [call.status for call in llm_trace.calls] == ["cancelled"]


def test_refused_connection_by_requests():
    requests = pytest.importorskip("requests")
    with pytest.raises(requests.exceptions.ConnectionError):
        requests.post("http://127.0.0.1:9/v1/chat/completions", json={"model": "m", "messages": HELLO}, timeout=5)


def test_abandoned_stream():
    stream = client().chat.completions.create(model="gpt-4o-mini", messages=ask("long story"), stream=True)
    next(iter(stream))
    stream.close()


# Anthropic SDK


def test_anthropic():
    made = anthropic.Anthropic(base_url=URL, api_key="sk-e2e-0123456789")
    answer = made.messages.create(model="claude-sonnet-4-5", max_tokens=50, messages=ask("fourteen"))
    assert answer.content[0].text == "You said: fourteen"


@pytest.mark.asyncio
async def test_anthropic_async_stream():
    made = anthropic.AsyncAnthropic(base_url=URL, api_key="sk-e2e-0123456789")
    async with made.messages.stream(model="claude-sonnet-4-5", max_tokens=50, messages=ask("fifteen")) as stream:
        assert "".join([text async for text in stream.text_stream]) == "You said: fifteen"


# By hand


def test_requests_in_threads():
    requests = pytest.importorskip("requests")

    def call(n):
        body = {"model": "gpt-4o-mini", "messages": ask(f"request {n}")}
        return requests.post(f"{V1}/chat/completions", json=body, timeout=10).json()["choices"][0]["message"]["content"]

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(call, range(24))) == [f"You said: request {n}" for n in range(24)]


# Fixtures of wider scope


@pytest.fixture(scope="session")
def greeting():
    return client().chat.completions.create(model="gpt-4o-mini", messages=ask("greet")).choices[0].message.content


def test_uses_a_session_fixture(greeting):
    assert greeting == "You said: greet"


def test_uses_the_session_fixture_too(greeting):
    assert client().chat.completions.create(model="gpt-4o-mini", messages=ask(greeting)).choices


@pytest.mark.parametrize("name", ["a/b", "a:b", "A:B", "../../up", "CON"])
def test_parameters(name):
    assert client().chat.completions.create(model="gpt-4o-mini", messages=ask(name)).choices


def test_no_llm():
    assert threading.active_count() > 0
