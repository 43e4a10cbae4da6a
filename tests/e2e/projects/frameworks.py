"""A project that calls LLMs through routers and agent frameworks. Copied into a test folder and run there."""

import asyncio
import os
from typing import TypedDict

import agents
import dspy
import litellm
import pytest
from agents.models.openai_chatcompletions import OpenAIChatCompletionsModel
from agents.models.openai_responses import OpenAIResponsesModel
from agents.tracing.processors import BackendSpanExporter, BatchTraceProcessor
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from langgraph.graph import END, START, StateGraph
from langgraph.prebuilt import ToolNode
from openai import AsyncOpenAI
from pydantic_ai import Agent
from pydantic_ai.models.anthropic import AnthropicModel
from pydantic_ai.models.fallback import FallbackModel
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.anthropic import AnthropicProvider
from pydantic_ai.providers.openai import OpenAIProvider

URL = os.environ["PROVIDER_URL"]
V1 = f"{URL}/v1"
KEY = "sk-e2e-0123456789"
MINI = {"model": "openai/gpt-4o-mini", "api_base": V1, "api_key": KEY, "max_retries": 0}
WEATHER = "use the weather tool"


def ask(text):
    return [{"role": "user", "content": text}]


def said(answer):
    return answer.choices[0].message.content


def shown(llm_trace):
    """Model, statuses of the tries, and what failed before, of each call."""
    return sorted(
        (
            call.model,
            [one.status for one in call.attempts],
            call.fallback_from and (call.fallback_from.model, call.fallback_from.error),
        )
        for call in llm_trace.calls
    )


# litellm


def router(**options):
    def deployment(name, model, base=V1):
        parameters = {"model": model, "api_base": base, "api_key": KEY, "max_retries": 0}
        return {"model_name": name, "litellm_params": parameters}

    models = [
        deployment("small", "openai/gpt-4o-mini"),
        deployment("big", "openai/gpt-4o"),
        deployment("claude", "anthropic/claude-sonnet-4-5", URL),
        deployment("vectors", "openai/text-embedding-3-small"),
    ]
    return litellm.Router(model_list=models, **options)


@pytest.mark.sdk("litellm", "sync")
def test_router_retries(llm_trace):
    assert said(router(num_retries=2).completion(model="small", messages=ask("busy at first"))) == "at last"
    assert shown(llm_trace) == [("gpt-4o-mini", [429, 200], None)]
    assert [one.cost for one in llm_trace.calls[0].attempts] == [0.0, llm_trace.cost]


@pytest.mark.asyncio
@pytest.mark.sdk("litellm", "async")
async def test_router_retries_async(llm_trace):
    assert said(await router(num_retries=2).acompletion(model="small", messages=ask("busy for now"))) == "at last"
    assert shown(llm_trace) == [("gpt-4o-mini", [429, 200], None)]


@pytest.mark.asyncio
@pytest.mark.sdk("litellm", "async")
async def test_router_retries_embeddings(llm_trace):
    await router(num_retries=2).aembedding(model="vectors", input=["busy vectors"])
    assert shown(llm_trace) == [("text-embedding-3-small", [429, 200], None)]


@pytest.mark.sdk("litellm", "sync")
def test_router_falls_back(llm_trace):
    made = router(num_retries=0, fallbacks=[{"small": ["claude"]}])
    messages = [{"role": "system", "content": "Be kind."}, *ask("mini is down")]
    assert said(made.completion(model="small", messages=messages)) == "You said: mini is down"
    assert shown(llm_trace) == [
        ("claude-sonnet-4-5", [200], ("openai/gpt-4o-mini", "RateLimitError")),
        ("gpt-4o-mini", [429], None),
    ]
    assert len(llm_trace.conversations) == 1


@pytest.mark.asyncio
@pytest.mark.sdk("litellm", "gather", "async")
async def test_router_falls_back_side_by_side(llm_trace):
    made = router(num_retries=1, fallbacks=[{"small": ["big"]}])
    texts = [f"mini is down {number}" for number in range(4)]
    answers = await asyncio.gather(*(made.acompletion(model="small", messages=ask(text)) for text in texts))
    assert [said(answer) for answer in answers] == [f"You said: {text}" for text in texts]
    assert [len(one.turns) for one in llm_trace.conversations] == [2, 2, 2, 2]
    assert shown(llm_trace) == [
        *[("gpt-4o", [200], ("openai/gpt-4o-mini", "RateLimitError"))] * 4,
        *[("gpt-4o-mini", [429, 429], None)] * 4,
    ]


@pytest.mark.asyncio
@pytest.mark.sdk("litellm", "async streamed")
async def test_router_falls_back_streamed(llm_trace):
    made = router(num_retries=0, fallbacks=[{"small": ["big"]}])
    stream = await made.acompletion(model="small", messages=ask("mini is down, stream"), stream=True)
    text = "".join([chunk.choices[0].delta.content or "" async for chunk in stream if chunk.choices])
    assert text == "You said: mini is down, stream"
    assert [call.status for call in llm_trace.calls] == ["error", "ok"]


@pytest.mark.sdk("litellm", "sync")
def test_num_retries(llm_trace):
    answer = litellm.completion(messages=ask("busy once more"), num_retries=1, **MINI)
    assert said(answer) == "at last"
    assert shown(llm_trace) == [("gpt-4o-mini", [429, 200], None)]


@pytest.mark.sdk("litellm", "sync", "errors")
def test_fallbacks_of_one_call(llm_trace):
    instead = {"model": "openai/gpt-4o", "api_base": V1}
    first = {**MINI, "model": "anthropic/claude-sonnet-4-5", "api_base": URL}
    answer = litellm.completion(messages=ask("claude is down"), fallbacks=[instead], **first)
    assert said(answer) == "You said: claude is down"
    assert shown(llm_trace) == [
        ("claude-sonnet-4-5", [500], None),
        ("gpt-4o", [200], ("anthropic/claude-sonnet-4-5", "InternalServerError")),
    ]


@pytest.mark.sdk("litellm", "threads")
def test_batch_completion(llm_trace):
    answers = litellm.batch_completion(messages=[ask("x"), ask("y"), ask("x")], **MINI)
    assert [said(answer) for answer in answers] == ["You said: x", "You said: y", "You said: x"]
    assert len(llm_trace.calls) == 3


@pytest.mark.asyncio
@pytest.mark.sdk("litellm", "async")
async def test_the_native_client_is_off(llm_trace):
    litellm.rust(True)
    try:
        answer = await litellm.anthropic_messages(
            model="anthropic/claude-sonnet-4-5", api_base=URL, api_key=KEY, max_tokens=50, messages=ask("in Python")
        )
    finally:
        litellm.rust(None)
    assert answer["content"][0]["text"] == "You said: in Python"
    assert [len(call.attempts) for call in llm_trace.calls] == [1]


# pydantic-ai


def openai_model(name="gpt-4o-mini"):
    client = AsyncOpenAI(base_url=V1, api_key=KEY, max_retries=0)
    return OpenAIChatModel(name, provider=OpenAIProvider(openai_client=client))


def claude():
    return AnthropicModel("claude-sonnet-4-5", provider=AnthropicProvider(api_key=KEY, base_url=URL))


def weather_agent(model):
    agent = Agent(model, instructions="Be kind.")

    @agent.tool_plain
    def weather(city: str) -> str:
        """Weather in a city."""
        return f"sunny in {city}"

    return agent


@pytest.mark.sdk("pydantic-ai", "sync", "tools")
@pytest.mark.parametrize("model", [openai_model, claude], ids=["openai", "anthropic"])
def test_pydantic_ai(llm_trace, model):
    assert weather_agent(model()).run_sync(WEATHER).output == "It is sunny."
    assert [(one.name, one.arguments, one.result) for one in llm_trace.tools] == [
        ("weather", {"city": "Paris"}, "sunny in Paris")
    ]
    assert len(llm_trace.conversations) == 1


@pytest.mark.asyncio
@pytest.mark.sdk("pydantic-ai", "async", "gather")
async def test_pydantic_ai_async():
    agent = Agent(openai_model())
    results = await asyncio.gather(*(agent.run(f"question {number}") for number in range(3)))
    assert [result.output for result in results] == [f"You said: question {number}" for number in range(3)]


@pytest.mark.asyncio
@pytest.mark.sdk("pydantic-ai", "async streamed", "tools")
@pytest.mark.parametrize("model", [openai_model, claude], ids=["openai", "anthropic"])
async def test_pydantic_ai_stream(llm_trace, model):
    async with weather_agent(model()).run_stream(WEATHER) as result:
        assert "".join([text async for text in result.stream_text(delta=True)]) == "It is sunny."
    assert [call.streamed for call in llm_trace.calls] == [True, True]
    assert llm_trace.tool_names == ["weather"]


@pytest.mark.asyncio
@pytest.mark.sdk("pydantic-ai", "errors")
async def test_pydantic_ai_falls_back(llm_trace):
    result = await Agent(FallbackModel(openai_model(), openai_model("gpt-4o"))).run("mini is down")
    assert result.output == "You said: mini is down"
    assert [call.fallback_from is not None for call in llm_trace.calls] == [False, True]


# OpenAI Agents: its own traces go to the provider, which is no model


@pytest.fixture(autouse=True, scope="module")
def reports():
    exporter = BackendSpanExporter(api_key=KEY, endpoint=f"{V1}/traces/ingest", max_retries=0)
    agents.set_trace_processors([BatchTraceProcessor(exporter)])
    yield
    agents.set_trace_processors([])


@agents.function_tool
def weather(city: str) -> str:
    """Weather in a city."""
    return f"sunny in {city}"


def agent(kind=OpenAIResponsesModel, name="lead", **options):
    client = AsyncOpenAI(base_url=V1, api_key=KEY, max_retries=0)
    model = kind(model="gpt-4o-mini", openai_client=client)
    return agents.Agent(name=name, instructions="Be kind.", model=model, **options)


@pytest.mark.sdk("openai-agents", "sync", "tools")
@pytest.mark.parametrize("kind", [OpenAIResponsesModel, OpenAIChatCompletionsModel], ids=["responses", "chat"])
def test_agents(llm_trace, kind):
    result = agents.Runner.run_sync(agent(kind, tools=[weather]), WEATHER)
    assert result.final_output == "It is sunny."
    assert [(one.name, one.arguments, one.result) for one in llm_trace.tools] == [
        ("weather", {"city": "Paris"}, "sunny in Paris")
    ]
    agents.flush_traces()
    assert len(llm_trace.calls) == 2
    assert len(llm_trace.conversations) == 1


@pytest.mark.asyncio
@pytest.mark.sdk("openai-agents", "async", "tools")
async def test_agents_hand_off(llm_trace):
    lead = agent(handoffs=[agent(name="helper")])
    result = await agents.Runner.run(lead, "hand me over")
    assert (result.final_output, result.last_agent.name) == ("The helper says hello.", "helper")
    assert llm_trace.tool_names == ["transfer_to_helper"]


@pytest.mark.asyncio
@pytest.mark.sdk("openai-agents", "async streamed")
async def test_agents_streamed(llm_trace):
    result = agents.Runner.run_streamed(agent(), "tell me")
    events = [event.type async for event in result.stream_events()]
    assert result.final_output == "You said: tell me"
    assert "raw_response_event" in events
    assert [call.streamed for call in llm_trace.calls] == [True]


# DSPy


@pytest.fixture(scope="module")
def lm():
    """A model of DSPy, which remembers what it was told, on the disk by default."""
    return dspy.LM("openai/gpt-4o-mini", api_base=V1, api_key=KEY, engine="litellm", num_retries=0)


@pytest.mark.sdk("dspy", "sync")
def test_dspy(llm_trace, lm):
    with dspy.context(lm=lm):
        for _ in range(2):  # the second answer is remembered
            assert dspy.Predict("question -> answer")(question="in fields").answer == "Paris"
    (call,) = llm_trace.calls
    assert [message["role"] for message in call.messages] == ["system", "user"]


@pytest.mark.asyncio
@pytest.mark.sdk("dspy", "async")
async def test_dspy_async(lm):
    with dspy.context(lm=lm):
        assert (await dspy.Predict("question -> answer").acall(question="in fields")).answer == "Paris"


# LangChain and LangGraph


def chat(name="gpt-4o-mini"):
    return ChatOpenAI(model=name, base_url=V1, api_key=KEY, max_retries=0)


@tool("weather")
def lc_weather(city: str) -> str:
    """Weather in a city."""
    return f"sunny in {city}"


@pytest.mark.sdk("langchain-openai", "sync", "streamed")
def test_langchain(llm_trace):
    assert chat().invoke("one").content == "You said: one"
    assert "".join(chunk.content for chunk in chat().stream("two")) == "You said: two"
    assert [call.streamed for call in llm_trace.calls] == [False, True]


@pytest.mark.sdk("langchain-openai", "threads")
def test_langchain_batch():
    answers = chat().batch([f"batch {number}" for number in range(6)])
    assert [answer.content for answer in answers] == [f"You said: batch {number}" for number in range(6)]


@pytest.mark.asyncio
@pytest.mark.sdk("langchain-openai", "async", "async streamed")
async def test_langchain_async():
    assert (await chat().ainvoke("three")).content == "You said: three"
    assert "".join([chunk.content async for chunk in chat().astream("four")]) == "You said: four"
    answers = await chat().abatch(["five", "six"])
    assert [answer.content for answer in answers] == ["You said: five", "You said: six"]


@pytest.mark.sdk("langchain-openai", "errors")
def test_langchain_falls_back(llm_trace):
    assert chat().with_fallbacks([chat("gpt-4o")]).invoke("mini is down").content == "You said: mini is down"
    assert [call.fallback_from is not None for call in llm_trace.calls] == [False, True]


class State(TypedDict):
    messages: list


def graph():
    model = chat().bind_tools([lc_weather])

    def think(state):
        return {"messages": [*state["messages"], model.invoke(state["messages"])]}

    def act(state):
        return {"messages": [*state["messages"], *ToolNode([lc_weather]).invoke(state["messages"])]}

    made = StateGraph(State)
    made.add_node("think", think)
    made.add_node("act", act)
    made.add_edge(START, "think")
    made.add_conditional_edges("think", lambda state: "act" if state["messages"][-1].tool_calls else END)
    made.add_edge("act", "think")
    return made.compile()


@pytest.mark.sdk("langgraph", "sync", "tools")
def test_langgraph(llm_trace):
    state = graph().invoke({"messages": [("user", WEATHER)]})
    assert state["messages"][-1].content == "It is sunny."
    assert llm_trace.tool_names == ["weather"]
    assert len(llm_trace.conversations) == 1


@pytest.mark.asyncio
@pytest.mark.sdk("langgraph", "async", "async streamed", "tools")
async def test_langgraph_async(llm_trace):
    final = [state async for state in graph().astream({"messages": [("user", WEATHER)]}, stream_mode="values")][-1]
    assert final["messages"][-1].content == "It is sunny."
    assert llm_trace.tool_names == ["weather"]
