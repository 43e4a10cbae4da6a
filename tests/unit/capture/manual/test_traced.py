"""`llmtrace.traced`: functions of every kind whose results are answers."""

from __future__ import annotations

import asyncio
import functools
import gc
import inspect
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest

import pytest_llmtrace as llmtrace
from pytest_llmtrace._model.trace import CallError
from pytest_llmtrace._model.usage import Usage

ANSWER = {
    "model": "m1-2024",
    "choices": [{"finish_reason": "stop", "message": {"role": "assistant", "content": "hello"}}],
    "usage": {"prompt_tokens": 10, "completion_tokens": 5},
}


def test_a_function_is_a_call(observed):
    """Output, usage, finish reason and model are taken from the result, which the caller gets as it is."""

    @llmtrace.traced(provider="acme", model="m1", params={"temperature": 0})
    def ask(question):
        return ANSWER

    assert ask("hi") is ANSWER
    made = observed.call
    assert (made.name, made.params, made.response_model) == ("acme/m1", {"temperature": 0}, "m1-2024")
    assert list(made.messages) == [{"role": "user", "content": "hi"}]
    assert (made.output.text, made.finish_reason, made.status) == ("hello", "stop", "ok")
    assert (made.usage, made.cost, made.streamed) == (Usage(input_tokens=10, output_tokens=5), 10.0, False)


def test_the_decorator_needs_no_arguments(observed):
    """`@llmtrace.traced` alone takes everything from arguments and result."""

    @llmtrace.traced
    def ask(messages, *, model="m1", system=None, temperature=None, tools=(), **options):
        return SimpleNamespace(message=SimpleNamespace(content="hello"), prompt_eval_count=10, eval_count=5)

    tools = [{"name": "find", "parameters": {}}]
    ask([{"role": "user", "content": "hi"}], system="Be brief.", temperature=0.5, tools=tools, max_tokens=7, other=1)
    made = observed.call
    assert (made.model, made.params) == ("m1", {"temperature": 0.5, "max_tokens": 7})
    assert [one["role"] for one in made.messages] == ["system", "user"]
    assert made.tools == ({"name": "find", "parameters": {}},)
    assert (made.output.text, made.usage) == ("hello", Usage(input_tokens=10, output_tokens=5))


def test_what_was_stated_beats_arguments(observed):
    """The decorator's model and parameters stay."""

    @llmtrace.traced(model="m1", params={"temperature": 0})
    def ask(question, model, temperature, seed):
        return "hello"

    ask("hi", "other", 1, seed=3)
    assert (observed.call.model, observed.call.params) == ("m1", {"temperature": 0, "seed": 3})


def test_methods_lambdas_partials_and_static_methods(observed):
    """`self` is no argument; anything callable can be traced."""

    class Client:
        @llmtrace.traced(model="m1")
        def ask(self, question):
            return f"{question}!"

        @llmtrace.traced(model="m1")
        @staticmethod
        def ask_statically(question):
            return f"{question}!"

        @llmtrace.traced(model="m1")
        @classmethod
        def ask_class(cls, question):
            return f"{question}!"

    assert Client().ask("a") == "a!"
    assert Client.ask_statically("b") == Client().ask_statically("b") == "b!"
    assert Client.ask_class("c") == "c!"
    assert llmtrace.traced(functools.partial(Client().ask_statically, "d"))() == "d!"
    assert llmtrace.traced(model="m1")(lambda question: question)("e") == "e"
    asked = [call.messages[0].text for call in observed.calls if call.messages]
    assert asked == ["a", "b", "b", "c", "d", "e"]


def test_an_exception_is_recorded_and_goes_on(observed):
    """The call failed, with type and message; wrong arguments fail as they do without us."""

    @llmtrace.traced(model="m1")
    def ask(question):
        raise ValueError("no answer")

    with pytest.raises(ValueError, match="no answer"):
        ask("hi")
    with pytest.raises(TypeError, match="missing 1 required positional argument"):
        ask()
    first, second = observed.calls
    assert (first.status, first.error) == ("error", CallError(type="ValueError", message="no answer"))
    assert (second.status, second.error.type) == ("error", "TypeError")


def test_coroutine_functions(observed):
    """Sixteen at once, each its own call; the wrapped function is a coroutine function too."""

    @llmtrace.traced(model="m1")
    async def ask(question):
        await asyncio.sleep(0)
        return f"{question}!"

    async def main():
        return await asyncio.gather(*(ask(f"q{number}") for number in range(16)))

    assert inspect.iscoroutinefunction(ask)
    assert asyncio.run(main()) == [f"q{number}!" for number in range(16)]
    assert {call.messages[0].text: call.output.text for call in observed.calls} == {
        f"q{number}": f"q{number}!" for number in range(16)
    }


def test_a_cancelled_call_says_so(observed):
    """A timeout is no error of the model."""

    @llmtrace.traced(model="m1")
    async def ask(question):
        await asyncio.Event().wait()

    async def main():
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(ask("hi"), 0.001)

    asyncio.run(main())
    assert (observed.call.status, observed.call.error) == ("cancelled", None)


def test_functions_in_threads(observed):
    """Eight threads, each call whole."""

    @llmtrace.traced(model="m1")
    def ask(question):
        return f"{question}!"

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(ask, [f"q{number}" for number in range(24)]))
    assert {call.messages[0].text: call.output.text for call in observed.calls} == {
        f"q{number}": f"q{number}!" for number in range(24)
    }


@llmtrace.traced(model="m1")
def stream(question):
    """A generator that takes and gives values, and cleans up."""
    log.append("began")
    try:
        got = yield "hel"
        log.append(got)
        try:
            yield "lo"
        except KeyError:
            yield " again"
    finally:
        log.append("closed")
    return {"prompt_tokens": 10, "completion_tokens": 5}


@llmtrace.traced(model="m1")
async def stream_async(question):
    """The same, asynchronous."""
    log.append("began")
    try:
        got = yield "hel"
        log.append(got)
        try:
            yield "lo"
        except KeyError:
            yield " again"
    finally:
        await asyncio.sleep(0)
        log.append("closed")


log: list[object] = []


@pytest.fixture(autouse=True)
def _clean_log():
    log.clear()


def test_a_generator_is_a_streamed_call(observed):
    """Its chunks are joined, and what it returns in the end tells the usage."""
    assert inspect.isgeneratorfunction(stream)
    chunks = stream("hi")
    assert observed.calls == ()
    assert list(chunks) == ["hel", "lo"]
    made = observed.call
    assert (made.output.text, made.streamed, made.status) == ("hello", True, "ok")
    assert made.usage == Usage(input_tokens=10, output_tokens=5)
    assert log == ["began", None, "closed"]


def test_a_generator_stays_one(observed):
    """What is sent, thrown and returned passes through."""
    chunks = stream("hi")
    assert (next(chunks), chunks.send("value"), chunks.throw(KeyError("x"))) == ("hel", "lo", " again")
    with pytest.raises(StopIteration) as end:
        next(chunks)
    assert end.value.value == {"prompt_tokens": 10, "completion_tokens": 5}
    assert log == ["began", "value", "closed"]
    assert observed.call.output.text == "hello again"


@pytest.mark.parametrize("close", ["close", "forget"])
def test_a_generator_that_is_closed_early_is_abandoned(observed, close):
    """With what came so far, whether it was closed or only dropped; it cleans up at once."""
    chunks = stream("hi")
    assert next(chunks) == "hel"
    if close == "close":
        chunks.close()
    del chunks
    gc.collect()
    assert log == ["began", "closed"]
    made = observed.call
    assert (made.status, made.output.text, made.streamed, made.usage.estimated) == ("abandoned", "hel", True, True)


def test_a_generator_that_still_waits_is_open(observed):
    """When the test ends before it does."""
    chunks = stream("hi")
    next(chunks)
    assert (observed.call.status, observed.call.output.text) == ("open", "hel")
    chunks.close()


def test_an_error_inside_or_thrown_into_a_generator(observed):
    """Both fail the call and reach the consumer."""

    @llmtrace.traced(model="m1")
    def failing(question):
        yield "hel"
        raise ValueError("broke")

    with pytest.raises(ValueError, match="broke"):
        list(failing("hi"))
    chunks = stream("hi")
    next(chunks)
    with pytest.raises(RuntimeError, match="thrown"):
        chunks.throw(RuntimeError("thrown"))
    assert [(one.status, one.error.message, one.output.text) for one in observed.calls] == [
        ("error", "broke", "hel"),
        ("error", "thrown", "hel"),
    ]


def test_an_asynchronous_generator_is_a_streamed_call(observed):
    """Joined, sent to, thrown into, closed early: as for the other kind."""
    assert inspect.isasyncgenfunction(stream_async)

    async def main():
        assert [chunk async for chunk in stream_async("hi")] == ["hel", "lo"]
        chunks = stream_async("hi")
        assert await chunks.__anext__() == "hel"
        assert await chunks.asend("value") == "lo"
        assert await chunks.athrow(KeyError("x")) == " again"
        assert [chunk async for chunk in chunks] == []
        chunks = stream_async("hi")
        await chunks.__anext__()
        await chunks.aclose()

    asyncio.run(main())
    assert [(one.status, one.output.text) for one in observed.calls] == [
        ("ok", "hello"),
        ("ok", "hello again"),
        ("abandoned", "hel"),
    ]
    assert log == ["began", None, "closed", "began", "value", "closed", "began", "closed"]


@pytest.mark.parametrize("traced", [True, False])
def test_generators_are_the_same_outside_of_a_traced_test(request, traced):
    """Sending, throwing and closing work alike where nothing is traced."""
    if traced:
        request.getfixturevalue("observed")
    chunks = stream("hi")
    assert (next(chunks), chunks.send("value"), chunks.throw(KeyError("x"))) == ("hel", "lo", " again")
    chunks.close()

    async def main():
        chunks = stream_async("hi")
        assert await chunks.__anext__() == "hel"
        assert await chunks.asend("value") == "lo"
        assert await chunks.athrow(KeyError("x")) == " again"
        await chunks.aclose()

    asyncio.run(main())
    assert log == ["began", "value", "closed"] * 2


def test_a_function_that_gives_a_generator_or_a_coroutine(observed):
    """The call lasts until that has ended."""

    @llmtrace.traced(model="m1")
    def ask(question):
        return (part for part in ("hel", "lo"))

    async def answer():
        return "hello"

    async def chunks():
        yield "hello"

    async def main():
        assert await llmtrace.traced(model="m1")(lambda question: answer())("hi") == "hello"
        assert [one async for one in llmtrace.traced(model="m1")(lambda question: chunks())("hi")] == ["hello"]

    assert list(ask("hi")) == ["hel", "lo"]
    asyncio.run(main())
    assert [(one.status, one.output.text, one.streamed) for one in observed.calls] == [
        ("ok", "hello", True),
        ("ok", "hello", False),
        ("ok", "hello", True),
    ]


def test_a_stream_of_another_kind_is_left_alone(observed):
    """An iterator that is no generator is the caller's: nothing of it is read."""
    given = iter(["hel", "lo"])
    assert llmtrace.traced(model="m1")(lambda question: given)("hi") is given
    assert list(given) == ["hel", "lo"]
    assert (observed.call.status, observed.call.output) == ("ok", None)


def test_chunks_are_copied_as_they_come(observed):
    """A generator that gives the same object each time is recorded with what it held each time."""

    @llmtrace.traced(model="m1")
    def ask(question):
        chunk = {"choices": [{"delta": {"content": ""}}]}
        for part in ("hel", "lo"):
            chunk["choices"][0]["delta"]["content"] = part
            yield chunk

    for _ in ask("hi"):
        pass
    assert observed.call.output.text == "hello"


def test_nothing_is_around_the_consumer_of_a_stream(observed):
    """What the consumer of a generator calls between two chunks is no part of the call."""

    @llmtrace.traced(provider="acme", model="m1")
    def ask(question):
        yield "hel"
        yield "lo"

    for _ in ask("hi"):
        observed.chat("unrelated")
    assert [(one.name, len(one.attempts)) for one in observed.calls] == [
        ("acme/m1", 0),
        ("openai/gpt-4o-mini", 1),
        ("openai/gpt-4o-mini", 1),
    ]


def test_outside_of_a_traced_test_the_function_just_runs():
    """Result and identity of what passes are untouched."""
    made = object()
    assert llmtrace.traced(model="m1")(lambda: made)() is made

    @llmtrace.traced
    async def ask():
        return made

    assert asyncio.run(ask()) is made


def test_the_wrapped_function_looks_like_the_original():
    """Name, docstring and signature, which frameworks read."""

    @llmtrace.traced(model="m1")
    def ask(question: str, *, loud: bool = False) -> str:
        """Ask."""
        return question

    assert (ask.__name__, ask.__doc__) == ("ask", "Ask.")
    assert list(inspect.signature(ask).parameters) == ["question", "loud"]


class Hostile:
    """Raises whatever is done with it."""

    def __getattribute__(self, name):
        raise RuntimeError(name)


@pytest.mark.parametrize("kind", ["object", "list", "response", "wrong"])
def test_weird_arguments_and_results_never_raise(observed, kind):
    """The function gets what it is given, and the caller what it gave."""
    results = {
        "object": Hostile(),
        "list": [Hostile()],
        "response": {"choices": [{"message": Hostile()}]},
        "wrong": {"choices": 7, "usage": "many"},
    }
    result = results[kind]

    @llmtrace.traced(model="m1")
    def ask(*args, **kwargs):
        return result

    @llmtrace.traced(model="m1")
    def stream(*args, **kwargs):
        yield result

    assert ask(Hostile(), [Hostile()], model=Hostile(), tools=[Hostile()], temperature=Hostile()) is result
    (chunk,) = stream({1: Hostile()}, messages=Hostile())
    assert chunk is result
    assert [call.status for call in observed.calls] == ["ok", "ok"]
