"""`llmtrace.agent`: labels, and how they reach tasks and threads."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar

import pytest

import pytest_llmtrace as llmtrace
from pytest_llmtrace._capture import threads
from pytest_llmtrace._capture.labels import NO_LABELS, current_labels
from pytest_llmtrace._capture.manual.calls import Record


def labels(entry):
    return (entry.agent, entry.session, entry.parent, entry.task)


def note(name):
    llmtrace.event(name)


def seen(observed):
    return {event.name: event.agent for event in observed.trace.events}


def test_everything_inside_is_labelled(observed):
    """Calls, tools and events, HTTP included; nothing before and after."""
    note("before")
    with llmtrace.agent("lead", session="s1", parent="boss", task="t1"):
        with llmtrace.call(model="m1"):
            pass
        llmtrace.tool(lambda: None)()
        note("inside")
        observed.chat()
    note("after")
    entries = observed.trace.entries
    assert [labels(one) for one in entries[1:-1]] == [("lead", "s1", "boss", "t1")] * 4
    assert labels(entries[0]) == labels(entries[-1]) == (None, None, None, None)


def test_an_agent_inside_another_one(observed):
    """It has the outer one's session and task, and the outer one as parent, unless it says otherwise."""
    with llmtrace.agent("lead", session="s1", task="t1", parent="boss"):
        with llmtrace.agent("researcher"):
            note("a")
        with llmtrace.agent("writer", session="s2", parent="editor"):
            note("b")
        with llmtrace.agent("lead", task="t2"):
            note("c")
        with llmtrace.agent(session="s3"):
            note("d")
    assert [labels(event) for event in observed.trace.events] == [
        ("researcher", "s1", "lead", "t1"),
        ("writer", "s2", "editor", "t1"),
        ("lead", "s1", "boss", "t2"),
        ("lead", "s3", "boss", "t1"),
    ]


def test_an_agent_is_a_decorator(observed):
    """Of plain functions, coroutine functions and generators, each execution inside, its consumer outside."""
    lead = llmtrace.agent("lead")

    @lead
    def work():
        note("function")
        return 1

    @lead
    async def work_async():
        await asyncio.sleep(0)
        note("coroutine")
        return 2

    @lead
    def stream():
        note("first step")
        yield 3
        note("second step")

    @lead
    async def stream_async():
        yield 4
        note("asynchronous step")

    async def main():
        async for _ in stream_async():
            note("asynchronous consumer")
        return await work_async()

    assert (work(), asyncio.run(main())) == (1, 2)
    for _ in stream():
        note("consumer")
    assert seen(observed) == {
        "function": "lead",
        "asynchronous step": "lead",
        "asynchronous consumer": None,
        "coroutine": "lead",
        "first step": "lead",
        "consumer": None,
        "second step": "lead",
    }


def test_tasks_have_the_labels_of_where_they_were_created(observed):
    """Agents that run at the same time are not mixed up, and one agent may be entered by many tasks."""
    shared = llmtrace.agent("shared")

    async def child(name):
        await asyncio.sleep(0)
        note(name)

    async def run(name):
        async with llmtrace.agent(name):
            await asyncio.gather(child(f"{name} 1"), child(f"{name} 2"))
        async with shared:
            await child(f"{name} 3")
        note(f"{name} 4")

    async def main():
        await asyncio.gather(run("a"), run("b"))

    asyncio.run(main())
    assert seen(observed) == {
        "a 1": "a",
        "a 2": "a",
        "a 3": "shared",
        "a 4": None,
        "b 1": "b",
        "b 2": "b",
        "b 3": "shared",
        "b 4": None,
    }


def test_threads_have_the_labels_of_where_they_were_started(observed):
    """A plain thread, one with its own `run`, and one that enters an agent itself."""

    class Worker(threading.Thread):
        def run(self):
            note("subclass")

    def nested():
        with llmtrace.agent("inner"):
            note("nested")

    with llmtrace.agent("lead"):
        started = [threading.Thread(target=note, args=("thread",)), Worker(), threading.Thread(target=nested)]
        for thread in started:
            thread.start()
    for thread in started:
        thread.join()
        assert "run" not in vars(thread)
    assert seen(observed) == {"thread": "lead", "subclass": "lead", "nested": "inner"}


def test_work_in_a_thread_pool_has_the_labels_of_where_it_was_submitted(observed):
    """Whichever thread of the pool does it, and whoever had that thread started."""
    with ThreadPoolExecutor(1) as pool:
        with llmtrace.agent("a"):
            pool.submit(note, "of a").result()
            nested = llmtrace.agent("b")
            with nested:
                list(pool.map(note, ["of b"]))
        pool.submit(note, "of nobody").result()

    async def main():
        async with llmtrace.agent("c"):
            await asyncio.get_running_loop().run_in_executor(None, note, "of c")
            await asyncio.to_thread(note, "of c too")

    asyncio.run(main())
    assert seen(observed) == {"of a": "a", "of b": "b", "of nobody": None, "of c": "c", "of c too": "c"}


def test_parallel_agents_with_pools_are_not_mixed_up(observed):
    """Four agents in four threads, each with a pool of its own."""

    def run(name):
        with llmtrace.agent(name), ThreadPoolExecutor(2) as pool:
            list(pool.map(note, [f"{name} {number}" for number in range(8)]))

    started = [threading.Thread(target=run, args=(name,)) for name in "abcd"]
    for thread in started:
        thread.start()
    for thread in started:
        thread.join()
    assert seen(observed) == {f"{name} {number}": name for name in "abcd" for number in range(8)}


def test_the_application_keeps_its_own_context(observed):
    """Context variables of the application do not reach threads because of us."""
    own = ContextVar("own", default="default")
    own.set("changed")
    found = []
    with llmtrace.agent("lead"), ThreadPoolExecutor(1) as pool:
        found.append(pool.submit(own.get).result())
        thread = threading.Thread(target=lambda: found.append(own.get()))
        thread.start()
        thread.join()
    assert found == ["default", "default"]


def test_threads_fail_as_they_do_without_us(observed):
    """Starting twice is an error, submitting to a pool that was shut down too, exceptions reach the future."""
    with llmtrace.agent("lead"):
        thread = threading.Thread(target=note, args=("thread",))
        thread.start()
        thread.join()
        with pytest.raises(RuntimeError, match="threads can only be started once"):
            thread.start()
        assert "run" not in vars(thread)
        with ThreadPoolExecutor(1) as pool:
            future = pool.submit(int, "x")
        with pytest.raises(ValueError, match="invalid literal"):
            future.result()
        with pytest.raises(RuntimeError, match="after shutdown"):
            pool.submit(note, "late")


def test_python_is_patched_only_while_something_is_labelled(observed):
    """And only in a traced test; nested agents and calls share the patches."""
    before = (threading.Thread.start, ThreadPoolExecutor.submit)
    with llmtrace.agent("lead"):
        assert threading.Thread.start is not before[0]
        with llmtrace.call():
            pass
        assert ThreadPoolExecutor.submit is not before[1]
    assert (threading.Thread.start, ThreadPoolExecutor.submit) == before


def test_a_call_that_a_bug_keeps_from_beginning_ends_no_other(observed, monkeypatch):
    """It never held the patches, so it does not release them: the agents after it have their threads."""
    before = threading.Thread.start
    with monkeypatch.context() as broken:
        broken.setattr(Record, "keep", None)
        with llmtrace.call(messages="x"):
            pass
    with llmtrace.agent("lead"):
        assert threading.Thread.start is not before
    assert threading.Thread.start is before


def test_patches_of_others_stay(observed, monkeypatch):
    """One that is put over ours survives, and works with ours below it, in any order of leaving."""
    original = threading.Thread.start
    started = []

    def start_and_run(name):
        thread = threading.Thread(target=note, args=(name,))
        thread.start()
        thread.join()

    with llmtrace.agent("a"):
        ours = threading.Thread.start

        def theirs(thread):
            started.append(thread)
            ours(thread)

        monkeypatch.setattr(threading.Thread, "start", theirs)
    assert threading.Thread.start is theirs
    for name in ("b", "c"):
        with llmtrace.agent(name):
            start_and_run(name)
    start_and_run("nobody")
    monkeypatch.undo()
    assert threading.Thread.start is ours
    with llmtrace.agent("d"):
        start_and_run("d")
    assert threading.Thread.start is original
    assert seen(observed) == {"b": "b", "c": "c", "nobody": None, "d": "d"}
    assert len(started) == 3


def test_outside_of_a_traced_test_nothing_is_patched():
    """Labels are a variable of the context and nothing else."""
    before = (threading.Thread.start, ThreadPoolExecutor.submit, threads._holders)
    with llmtrace.agent("lead"):
        assert (threading.Thread.start, ThreadPoolExecutor.submit, threads._holders) == before
        assert current_labels.get().agent == "lead"
    assert current_labels.get() is NO_LABELS


def test_leaving_without_having_entered_does_nothing(observed):
    """As happens when a generator is finished off in another context."""
    llmtrace.agent("lead").__exit__(None, None, None)
    assert current_labels.get() is NO_LABELS


def test_pools_of_other_interpreters_are_left_alone(observed):
    """What they are given must be picklable, and nothing of ours is."""
    given = []

    class InterpreterPoolExecutor(ThreadPoolExecutor):
        pass

    def submit(pool, function, /, *args, **kwargs):
        given.append(function)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ThreadPoolExecutor, "submit", submit)
        with llmtrace.agent("lead"), InterpreterPoolExecutor(1) as pool:
            pool.submit(note, "elsewhere")
    assert given == [note]
