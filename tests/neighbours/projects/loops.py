"""Asynchronous tests, run by three plugins in two kinds of event loop, side by side."""

import anyio
import openai
import pytest
import trio
from asking import URL


@pytest.fixture
async def asked():
    return await ask("in a fixture")


async def ask(text):
    async with openai.AsyncOpenAI(base_url=URL, api_key="sk-neighbour-0123456789", max_retries=0) as client:
        said = [{"role": "user", "content": text}]
        answer = await client.chat.completions.create(model="gpt-4o-mini", messages=said)
        stream = await client.chat.completions.create(model="gpt-4o-mini", messages=said, stream=True)
        pieces = [one.choices[0].delta.content or "" async for one in stream if one.choices]
        assert "".join(pieces) == answer.choices[0].message.content
        return answer.choices[0].message.content


async def both(nursery, spawn):
    heard = []

    async def ask_one(text):
        heard.append(await ask(text))

    async with nursery as tasks:
        for text in ("one", "two"):
            spawn(tasks)(ask_one, text)
    assert sorted(heard) == ["You said: one", "You said: two"]


@pytest.mark.asyncio
async def test_asyncio(llm_trace):
    await both(anyio.create_task_group(), lambda tasks: tasks.start_soon)
    assert len(llm_trace.calls) == 4


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
async def test_anyio(asked, llm_trace):
    await both(anyio.create_task_group(), lambda tasks: tasks.start_soon)
    assert asked == "You said: in a fixture"
    assert len(llm_trace.calls) == 6


@pytest.mark.trio
async def test_trio(llm_trace):
    await both(trio.open_nursery(), lambda tasks: tasks.start_soon)
    assert len(llm_trace.calls) == 4


@pytest.mark.trio
async def test_trio_is_cancelled():
    with trio.move_on_after(0.5) as scope:
        await ask("stalls")
    assert scope.cancelled_caught
