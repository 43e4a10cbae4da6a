"""LangChain models as calls: with and without HTTP, each once."""

from __future__ import annotations

import asyncio

import pytest

import pytest_llmtrace as llmtrace
from pytest_llmtrace._model.usage import Usage

HTTP = Usage(input_tokens=3, output_tokens=2)


@pytest.fixture
def over_http(observed):
    """Makes a chat model that asks over HTTP, as a provider's package does."""
    from langchain_core.language_models.chat_models import BaseChatModel
    from langchain_core.messages import AIMessage, AIMessageChunk
    from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult

    class OverHttp(BaseChatModel):
        model: str = "gpt-4o-mini"

        @property
        def _llm_type(self) -> str:
            return "over-http"

        def _generate(self, messages, stop=None, run_manager=None, **kwargs):
            observed.chat(messages[-1].content, "hello")
            return ChatResult(generations=[ChatGeneration(message=AIMessage("hello"))])

        def _stream(self, messages, stop=None, run_manager=None, **kwargs):
            observed.chat(messages[-1].content, "hello")
            for word in ("hel", "lo"):
                yield ChatGenerationChunk(message=AIMessageChunk(word))

    return OverHttp


def test_a_call_without_http_is_traced_whole(observed, chat):
    """Messages, output, tool calls, usage, finish reason, parameters and tool schemas, from LangChain's own objects."""
    from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
    from langchain_core.tools import tool

    @tool
    def add(a: int) -> int:
        """Add."""
        return a

    requested = {"name": "add", "args": {"a": 1}, "id": "c1"}
    answer = AIMessage(
        "",
        tool_calls=[{"name": "add", "args": {"a": 2}, "id": "c2"}],
        usage_metadata={
            "input_tokens": 9, "output_tokens": 4, "total_tokens": 13,
            "input_token_details": {"cache_read": 5}, "output_token_details": {"reasoning": 1},
        },
        response_metadata={"finish_reason": "tool_calls", "model_name": "mine-2"},
    )  # fmt: skip
    history = [
        SystemMessage("Be brief."),
        HumanMessage([{"type": "text", "text": "Add."}]),
        AIMessage("", tool_calls=[requested]),
        ToolMessage("1", tool_call_id="c1"),
    ]
    chat(answer).bind_tools([add], tool_choice="any").invoke(history, stop=["END"])
    call = observed.call
    assert (call.name, call.operation, call.source, call.status) == ("Scripted", "chat", "local", "ok")
    assert call.messages == (
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Add."},
        {
            "role": "assistant",
            "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "add", "arguments": '{"a": 1}'}}],
        },
        {"role": "tool", "content": "1", "tool_call_id": "c1"},
    )
    assert call.output == {
        "role": "assistant",
        "tool_calls": [{"id": "c2", "type": "function", "function": {"name": "add", "arguments": '{"a": 2}'}}],
    }
    assert call.usage == Usage(input_tokens=9, output_tokens=4, cache_read_tokens=5, reasoning_tokens=1)
    assert (call.finish_reason, call.response_model) == ("tool_calls", "mine-2")
    assert call.params == {"stop": ["END"], "tool_choice": "any"}
    parameters = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}
    assert call.tools == ({"name": "add", "description": "Add.", "parameters": parameters},)


@pytest.mark.parametrize(
    "said",
    [
        {"token_usage": {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}},
        {"prompt_eval_count": 7, "eval_count": 3},
    ],
    ids=["openai", "ollama"],
)
def test_usage_is_found_where_models_say_it(observed, chat, said):
    """In the metadata of the answer, OpenAI-like or Ollama-like."""
    from langchain_core.messages import AIMessage

    chat(AIMessage("a", response_metadata=said)).invoke("q")
    assert observed.call.usage == Usage(input_tokens=7, output_tokens=3)


def test_usage_of_a_whole_result_is_found(observed):
    """Models may state it beside the answers."""
    from langchain_core.language_models.fake_chat_models import FakeListChatModel
    from langchain_core.messages import AIMessage
    from langchain_core.outputs import ChatGeneration, ChatResult

    class Beside(FakeListChatModel):
        def _generate(self, messages, stop=None, run_manager=None, **kwargs):
            used = {"prompt_tokens": 7, "completion_tokens": 3}
            return ChatResult(generations=[ChatGeneration(message=AIMessage("a"))], llm_output={"token_usage": used})

    Beside(responses=[]).invoke("q")
    assert observed.call.usage == Usage(input_tokens=7, output_tokens=3)


def test_http_inside_is_the_call(observed, over_http):
    """Tokens, cost, model and messages from HTTP; who asked, and how long it took, from LangChain."""
    over_http().invoke("hi", {"tags": ["subagent:research"], "metadata": {"session_id": "s1"}})
    call = observed.call
    assert (call.name, call.usage, call.source) == ("openai/gpt-4o-mini", HTTP, "live")
    assert call.cost == pytest.approx(3 * 0.15e-6 + 2 * 0.6e-6)
    assert (call.agent, call.session, call.params, len(call.attempts)) == ("subagent:research", "s1", {}, 1)
    assert call.duration >= observed.recorder.exchanges[0].ended - observed.recorder.exchanges[0].started


@pytest.mark.parametrize("way", ["batch", "abatch", "generate", "agenerate", "stream", "astream"])
def test_every_way_to_ask_counts_once(observed, over_http, way):
    """In threads, in tasks, several prompts at once, streamed."""
    model = over_http()

    async def streamed():
        return [[chunk async for chunk in model.astream(text)] for text in ("a", "b")]

    if way == "batch":
        model.batch(["a", "b"])
    elif way == "abatch":
        asyncio.run(model.abatch(["a", "b"]))
    elif way == "stream":
        for text in ("a", "b"):
            list(model.stream(text))
    elif way == "astream":
        asyncio.run(streamed())
    else:
        from langchain_core.messages import HumanMessage

        made = getattr(model, way)([[HumanMessage("a")], [HumanMessage("b")]])
        if way == "agenerate":
            asyncio.run(made)
    assert sorted(call.messages[0].text for call in observed.calls) == ["a", "b"]
    assert [(call.usage, len(call.attempts)) for call in observed.calls] == [(HTTP, 1)] * 2
    assert observed.events == []


def test_a_model_that_asks_another_one_is_that_call(observed, over_http, chat):
    """A wrapper of the application's own is not counted beside what it wraps."""

    class Wrapper(over_http):
        def _generate(self, messages, stop=None, run_manager=None, **kwargs):
            from langchain_core.outputs import ChatGeneration, ChatResult

            return ChatResult(generations=[ChatGeneration(message=over_http().invoke(messages))])

    Wrapper().invoke("hi", {"tags": ["agent:wrapped"]})
    call = observed.call
    assert (call.agent, call.usage, call.output.text) == ("wrapped", HTTP, "hello")


def test_a_call_by_hand_around_langchain_is_counted_once(observed, over_http):
    """Directly, or around a chain; what the application states wins."""
    from langchain_core.runnables import RunnableLambda

    with llmtrace.call(provider="acme", model="m9") as call:
        call.output = over_http().invoke("hi")
    with llmtrace.call(provider="acme", model="m9"):
        (RunnableLambda(lambda text: text) | over_http()).invoke("hi")
    assert [(one.name, one.usage, one.source) for one in observed.calls] == [("acme/m9", HTTP, "live")] * 2


def test_what_follows_a_run_is_outside_of_it(observed, over_http):
    """Also where LangChain says of the end in another task, so that the context still names the run."""

    async def go():
        await over_http().ainvoke("hi", {"tags": ["subagent:a"]})
        observed.chat("plain", "hello")

    asyncio.run(go())
    assert [(call.messages[0].text, call.agent) for call in observed.calls] == [("hi", "subagent:a"), ("plain", None)]


def test_streams_may_interleave(observed, over_http):
    """A second one that begins while the first is open is no part of it."""
    first, second = over_http().stream("a"), over_http().stream("b")
    next(first)
    next(second)
    list(first)
    list(second)
    assert [(call.messages[0].text, call.status) for call in observed.calls] == [("a", "ok"), ("b", "ok")]
    assert observed.events == []


def test_a_cache_hit_costs_nothing(observed, over_http):
    """LangChain's own cache answers: a call without HTTP, for nothing."""
    from langchain_core.caches import InMemoryCache

    model = over_http(cache=InMemoryCache())
    model.invoke("hi")
    model.invoke("hi")
    first, second = observed.calls
    assert (first.cache_hit, second.cache_hit, second.cost, second.source) == (False, True, 0.0, "local")
    assert (second.messages, second.output, len(observed.recorder.exchanges)) == (first.messages, first.output, 1)


def test_a_stream_says_how_it_ended(observed):
    """Heard to its end, given up, left open, failed."""
    from langchain_core.language_models.fake_chat_models import FakeListChatModel, FakeListChatModelError

    def model(**options):
        return FakeListChatModel(responses=["abc"], **options)

    list(model().stream("whole"))
    given_up = model().stream("given up")
    next(given_up)
    given_up.close()
    left_open = model().stream("open")
    next(left_open)
    with pytest.raises(FakeListChatModelError):
        list(model(error_on_chunk_number=1).stream("fails"))
    seen = [(call.status, call.output.text, call.streamed) for call in observed.calls]
    assert seen == [("ok", "abc", True), ("abandoned", "a", True), ("open", "a", True), ("error", "a", True)]
    assert observed.calls[3].error.type == "FakeListChatModelError"
    left_open.close()


@pytest.mark.parametrize("inside", [False, True], ids=["alone", "in a chain"])
def test_a_cancelled_call_is_an_entry(observed, chat, inside):
    """LangChain says nothing of it where the model stands alone."""
    from langchain_core.runnables import RunnableLambda

    started = asyncio.Event()
    scripted = chat()

    class Slow(type(scripted)):
        async def _agenerate(self, messages, stop=None, run_manager=None, **kwargs):
            started.set()
            await asyncio.Event().wait()

    model = Slow(messages=iter(()))

    async def go():
        task = asyncio.ensure_future((RunnableLambda(lambda text: text) | model if inside else model).ainvoke("hi"))
        await started.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(go())
    assert (observed.call.status, observed.call.messages[0].text) == ("cancelled", "hi")


def test_models_of_the_older_kind_are_calls(observed):
    """Text to text: one call for each prompt."""
    from langchain_core.language_models.fake import FakeListLLM

    FakeListLLM(responses=["x", "y"]).generate(["a", "b"])
    seen = [(call.operation, call.name, call.messages[0].text, call.output.text) for call in observed.calls]
    assert seen == [("completions", "FakeListLLM", "a", "x"), ("completions", "FakeListLLM", "b", "y")]


def test_prompts_that_go_out_in_one_request_are_one_call(observed):
    """As OpenAI's completions do."""
    from langchain_core.language_models.llms import LLM
    from langchain_core.outputs import Generation, LLMResult

    class Batching(LLM):
        @property
        def _llm_type(self) -> str:
            return "batching"

        def _call(self, prompt, stop=None, run_manager=None, **kwargs):
            raise NotImplementedError

        def _generate(self, prompts, stop=None, run_manager=None, **kwargs):
            answer = {"model": "m", "choices": [{"index": at, "text": "x"} for at in range(2)]}
            observed.request("/v1/completions", {"model": "m", "prompt": prompts}, answer)
            return LLMResult(generations=[[Generation(text="x")] for _ in prompts])

    Batching().generate(["a", "b"])
    assert [message.text for message in observed.call.messages] == ["a", "b"]


def test_later_changes_do_not_reach_what_was_captured(observed, chat):
    """Messages are copied when they are sent; one that is sent again, changed, is another one."""
    from langchain_core.messages import HumanMessage

    text, parts = HumanMessage("first"), HumanMessage([{"type": "text", "text": "first part"}])
    chat("a").invoke([text, parts])
    text.content = "second"
    parts.content[0]["text"] = "second part"
    chat("b").invoke([text, parts])
    said = [[message.text for message in call.messages] for call in observed.calls]
    assert said == [["first", "first part"], ["second", "second part"]]
