"""`llmtrace.call` and `llmtrace.event`."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from types import SimpleNamespace

import pytest

import pytest_llmtrace as llmtrace
from pytest_llmtrace._capture import current
from pytest_llmtrace._model.trace import Attempt, CallError
from pytest_llmtrace._model.usage import Usage
from tests.unit.capture.conftest import SECRET

QUESTION = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "hi"}]


class BusyError(Exception):
    status_code = 429


def fail(error):
    raise error


def test_a_call_is_an_entry_with_everything_it_was_given(observed):
    """Provider, model, messages, parameters, tools, output, usage and finish reason; priced like any other call."""
    tools = [{"type": "function", "function": {"name": "find", "parameters": {"type": "object"}}}]
    with llmtrace.call(provider="acme", model="m1", messages=QUESTION, params={"temperature": 0}, tools=tools) as call:
        call.output = "hello"
        call.usage = {"prompt_tokens": 10, "completion_tokens": 5}
        call.finish_reason = "stop"
    made = observed.call
    assert (made.provider, made.model, made.params, made.operation) == ("acme", "m1", {"temperature": 0}, "chat")
    assert list(made.messages) == QUESTION
    assert made.tools == ({"name": "find", "parameters": {"type": "object"}},)
    assert made.output == {"role": "assistant", "content": "hello"}
    assert (made.usage, made.cost) == (Usage(input_tokens=10, output_tokens=5), 10.0)
    assert (made.finish_reason, made.status, made.source, made.attempts) == ("stop", "ok", "local", ())
    assert made.started > 0
    assert made.duration > 0


def test_everything_may_come_late(observed):
    """Attributes win over arguments, the last one set counts, and what is set after the `with` counts too."""
    with llmtrace.call(model="planned") as call:
        call.provider, call.model = "acme", "m1"
        call.messages = "hi"
        call.params["temperature"] = 1
        call.output = "first"
        call.output = {"role": "assistant", "content": "last"}
    call.usage = SimpleNamespace(input_tokens=4, output_tokens=2)
    made = observed.call
    assert (made.name, made.params) == ("acme/m1", {"temperature": 1})
    assert list(made.messages) == [{"role": "user", "content": "hi"}]
    assert made.output == {"role": "assistant", "content": "last"}
    assert made.usage == Usage(input_tokens=4, output_tokens=2)


def test_an_attribute_reads_as_it_was_set(observed):
    """The application gets its own objects back, not our copies."""
    answer = SimpleNamespace(content="hello")
    with llmtrace.call() as call:
        call.output = answer
        assert call.output is answer
        assert (call.usage, call.messages, call.params, call.error) == (None, [], {}, None)


def test_copies_are_taken_when_a_value_is_set(observed):
    """An application that goes on with its own lists does not change what was captured."""
    history = [dict(one) for one in QUESTION]
    reply = {"role": "assistant", "content": [{"type": "text", "text": "hello"}]}
    params = {"stop": ["x"]}
    with llmtrace.call(model="m1", messages=history, params=params) as call:
        call.output = reply
        history.append(reply)
        history[0]["content"] = "changed"
        reply["content"][0]["text"] = "changed"
        params["stop"].append("y")
    made = observed.call
    assert list(made.messages) == QUESTION
    assert made.output.text == "hello"
    assert made.params == {"stop": ["x"]}


def test_a_growing_history_is_held_once(observed):
    """The messages that two calls share are the same objects."""
    history = list(QUESTION)
    for number in range(3):
        with llmtrace.call(model="m1", messages=history) as call:
            call.output = f"answer {number}"
        history += [{"role": "assistant", "content": f"answer {number}"}, {"role": "user", "content": f"more {number}"}]
    first, second, third = observed.calls
    assert all(one is other for one, other in zip(first.messages, third.messages, strict=False))
    assert second.messages[2] is first.output
    assert len(observed.recorder.hand_messages) == 6


def test_a_call_without_usage_is_estimated(observed):
    """Tokens are counted and labelled where nobody said them; without an answer there is nothing to count."""
    with llmtrace.call(model="m1", messages="hi") as call:
        call.output = "hello there"
    with llmtrace.call(model="m1", messages="hi"):
        pass
    with_answer, without = observed.calls
    assert with_answer.usage.estimated
    assert with_answer.cost == with_answer.usage.input_tokens * 0.5 + with_answer.usage.output_tokens
    assert (without.usage, without.cost, without.status) == (None, None, "ok")


def test_an_unknown_price_is_none(observed):
    """Never a zero that means unknown."""
    with llmtrace.call(provider="acme", model="acme-9000") as call:
        call.output = "hello"
        call.usage = {"prompt_tokens": 10, "completion_tokens": 5}
    assert observed.call.cost is None


def test_an_exception_is_recorded_and_goes_on(observed):
    """Type, message and HTTP status; the very exception reaches the caller."""
    raised = BusyError("try later")
    caught = None
    try:
        with llmtrace.call(model="m1", messages="hi") as call:
            raise raised
    except BusyError as error:
        caught = error
    assert caught is raised
    made = observed.call
    assert (made.status, made.error) == ("error", CallError(type="BusyError", message="try later", status=429))
    assert (made.usage, made.cost) == (None, None)
    assert call.error == made.error


def test_an_error_may_be_stated(observed):
    """An application that swallows its errors says so itself: as text, or with the exception."""
    with llmtrace.call(model="m1") as call:
        call.error = "quota exceeded"
    with llmtrace.call(model="m1") as call:
        call.error = ValueError("bad")
    assert [(one.status, one.error) for one in observed.calls] == [
        ("error", CallError(type="error", message="quota exceeded")),
        ("error", CallError(type="ValueError", message="bad")),
    ]


@pytest.mark.parametrize(
    ("ending", "status"),
    [(GeneratorExit, "abandoned"), (asyncio.CancelledError, "cancelled"), (KeyboardInterrupt, "cancelled")],
)
def test_a_call_that_was_cut_off_says_how(observed, ending, status):
    """Closed early, cancelled, interrupted: not an error of the model."""
    call = llmtrace.call(model="m1")
    call.__enter__()
    call.output = "so far"
    call.__exit__(ending, ending(), None)
    assert (observed.call.status, observed.call.error, observed.call.output.text) == (status, None, "so far")


def test_a_call_that_runs_when_the_test_ends_is_open(observed):
    """It is an entry with that status."""
    call = llmtrace.call(model="m1", messages="hi")
    call.__enter__()
    assert (observed.call.status, observed.call.duration) == ("open", 0.0)
    call.__exit__(None, None, None)
    assert observed.call.status == "ok"


def test_a_cache_hit_is_free(observed):
    """The application's own cache answered: nobody was paid, and nothing is estimated."""
    with llmtrace.call(model="m1", messages="hi") as call:
        call.cache_hit = True
        call.output = "hello"
    made = observed.call
    assert (made.cache_hit, made.cost, made.usage) == (True, 0.0, None)


def test_a_fallback_chain_is_shown(observed):
    """Each fallback is an event with what failed; the call has the last model, and a try for each."""
    with llmtrace.call(provider="openai", model="gpt-4o", messages="hi") as call:
        try:
            fail(BusyError("try later"))
        except BusyError:
            call.fallback_to("anthropic", "claude")
        call.fallback_to("acme", "m1", error="also down")
        call.output = "hello"
    made = observed.call
    assert (made.name, made.status, call.model) == ("acme/m1", "ok", "m1")
    assert made.attempts == (
        Attempt(status=429, source="local", cost=0.0),
        Attempt(status=None, source="local", cost=0.0),
        Attempt(status=200, source="local", cost=made.cost),
    )
    assert observed.events == [
        ("fallback", {"from": "openai/gpt-4o", "to": "anthropic/claude", "error": "BusyError: try later"}),
        ("fallback", {"from": "anthropic/claude", "to": "acme/m1", "error": "error: also down"}),
    ]
    assert observed.order == ["m1", "fallback", "fallback"]


def test_what_was_retrieved_and_metadata_are_events(observed):
    """They stand right after their call, with its labels."""
    with llmtrace.agent("lead"), llmtrace.call(model="m1") as call:
        call.rag_hits = [{"doc": "a", "score": 0.5}]
        call.metadata["route"] = "cheap"
        call.output = "hello"
    assert observed.order == ["m1", "rag_hits", "metadata"]
    assert observed.events == [("rag_hits", [{"doc": "a", "score": 0.5}]), ("metadata", {"route": "cheap"})]
    assert [entry.agent for entry in observed.trace.entries] == ["lead"] * 3


class Hostile:
    """Raises whatever is done with it."""

    def __getattribute__(self, name):
        raise RuntimeError(name)

    def __str__(self):
        raise RuntimeError("str")


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("usage", {"tokens": "many"}, "dict (ValueError)"),
        ("usage", 15, "int (ValueError)"),
        ("usage", object(), "object (ValueError)"),
        ("params", ["temperature"], "list (TypeError)"),
    ],
)
def test_what_cannot_be_understood_never_raises_and_is_shown(observed, name, value, shown):
    """The application goes on, and the trace has an event that says what was wrong."""
    with llmtrace.call(model="m1") as call:
        setattr(call, name, value)
        call.output = "hello"
    assert observed.call.output.text == "hello"
    assert observed.events == [("unreadable", {"what": name, "value": shown})]


@pytest.mark.parametrize("name", ["messages", "params", "tools", "output", "usage", "error", "rag_hits", "metadata"])
def test_hostile_objects_never_raise(observed, name):
    """Whatever is set, nothing breaks: neither when it is set nor when the trace is made."""
    cycle: list[object] = []
    cycle.append(cycle)
    for value in (Hostile(), [Hostile()], {"a": Hostile()}, cycle, float("nan"), b"\xff", {1: {2, 3}}, print, object):
        with llmtrace.call(model="m1") as call:
            setattr(call, name, value)
            call.provider = call.model = Hostile()
            call.finish_reason = Hostile()
    assert len(observed.calls) == 9


def test_secrets_do_not_reach_the_trace(observed):
    """Known values and fields with secret names are replaced in everything that is given by hand."""
    said = f"key {SECRET}"
    with llmtrace.call(model="m1", messages=said, params={"api_key": "abc", "user": SECRET}) as call:
        call.output = said
        call.metadata = {"password": "abc"}
        call.error = ValueError(said)
    llmtrace.event("login", {"token": SECRET})
    assert SECRET not in repr(observed.trace)
    made = observed.call
    assert made.params == {"api_key": "REDACTED", "user": "REDACTED"}
    assert (made.messages[0].text, made.output.text, made.error.message) == ("key REDACTED",) * 3
    assert observed.events == [("metadata", {"password": "REDACTED"}), ("login", {"token": "REDACTED"})]


def test_events_are_entries(observed):
    """Name, data as a copy, time and labels."""
    data = {"replaced": 3, "who": ("a", "b")}
    with llmtrace.agent("lead", session="s1"):
        llmtrace.event("compaction", data)
    data["replaced"] = 4
    llmtrace.event("plain")
    first, second = observed.trace.events
    assert (first.name, first.data, first.agent, first.session) == (
        "compaction",
        {"replaced": 3, "who": ["a", "b"]},
        "lead",
        "s1",
    )
    assert (second.name, second.data) == ("plain", None)
    assert 0 < first.started < second.started


def test_calls_in_threads_and_tasks_are_all_kept(observed):
    """Eight threads and eight tasks, each call whole."""

    def work(number):
        with llmtrace.call(model="m1", messages=f"question {number}") as call:
            call.output = f"answer {number}"

    async def work_async(number):
        async with llmtrace.call(model="m1", messages=f"question {number}") as call:
            await asyncio.sleep(0)
            call.output = f"answer {number}"

    async def all_tasks():
        await asyncio.gather(*(work_async(number) for number in range(8, 16)))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    asyncio.run(all_tasks())
    said = {call.messages[0].text: call.output.text for call in observed.calls}
    assert said == {f"question {number}": f"answer {number}" for number in range(16)}


def test_outside_of_a_traced_test_nothing_is_kept():
    """The same objects work, hold what they were given, and touch no recorder."""
    assert current.current() is None
    messages = [{"role": "user", "content": "hi"}]
    with llmtrace.call(provider="acme", model="m1", messages=messages) as call:
        call.output = "hello"
        call.usage = object()
        call.params["temperature"] = 0
        call.fallback_to("other", "m2")
        call.metadata["a"] = 1
    assert call.record is None
    assert call.messages is messages
    assert (call.output, call.params, call.model) == ("hello", {"temperature": 0}, "m2")
    assert llmtrace.event("plain", object()) is None
    with pytest.raises(ValueError, match="as it was"), llmtrace.call():
        fail(ValueError("as it was"))


def test_outside_of_a_traced_test_nothing_is_imported():
    """The whole manual API in a plain program loads only its own light modules."""
    program = (
        "import sys, pytest_llmtrace as llmtrace\n"
        "with llmtrace.agent('lead'), llmtrace.call(model='m1') as call:\n"
        "    call.output = 'hello'\n"
        "llmtrace.event('plain')\n"
        "llmtrace.traced(model='m1')(len)('abc')\n"
        "llmtrace.tool(len)('abc')\n"
        "print(*sorted(name for name in sys.modules if name.startswith('pytest_llmtrace._')))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    light = ("manual", "manual.agents", "manual.calls", "manual.tools", "manual.traced", "manual.wrapping")
    names = sorted(("current", "enclosing", "faults", "labels", *light))
    own = ["_capture", *(f"_capture.{name}" for name in names), "_model", "_model.frozen"]
    assert done.stdout.split() == [f"pytest_llmtrace.{name}" for name in own]


def test_an_unknown_attribute_is_an_error(observed):
    """A typo is told, in a traced test and outside of one."""
    with llmtrace.call() as call, pytest.raises(AttributeError):
        call.ouput = "hello"


def test_names_that_do_not_exist_are_told():
    """As by any other module; `dir` lists those that do."""
    with pytest.raises(AttributeError, match="module 'pytest_llmtrace' has no attribute 'calls'"):
        _ = llmtrace.calls
    assert {"agent", "call", "event", "tool", "traced"} <= set(dir(llmtrace))
