"""`llmtrace.tool`: executions of tools, observed and replayed."""

from __future__ import annotations

import asyncio
import json
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

import pytest_llmtrace as llmtrace
from pytest_llmtrace._capture import current
from pytest_llmtrace._capture.exchange import ReplayStopError
from pytest_llmtrace._capture.manual.executions import RecordedToolError, recorded_error
from tests.unit.capture.conftest import SECRET, observed_with


def shown(observed):
    return [(one.name, one.arguments, one.result, one.error) for one in observed.tools]


class OrderError(Exception):
    """With a constructor that takes something else than a message."""

    def __init__(self, order, reason):
        super().__init__(f"order {order}: {reason}")


def test_an_execution_is_an_entry(observed):
    """Name, arguments by name as they were given, result, time; the caller gets the result as it is."""
    made = {"price": 3}

    @llmtrace.tool
    def find(query, limit=5, *more, exact=False, **filters):
        return made

    with llmtrace.agent("lead"):
        assert find("shoes", exact=True, colour="red") is made
        assert find("hats", 3, "x", "y") is made
    assert shown(observed) == [
        ("find", {"query": "shoes", "exact": True, "colour": "red"}, made, None),
        ("find", {"query": "hats", "limit": 3, "more": ["x", "y"]}, made, None),
    ]
    first, second = observed.tools
    assert (first.agent, first.executed, first.call_id) == ("lead", True, None)
    assert 0 < first.started < second.started
    assert first.duration > 0


def test_a_tool_may_have_another_name(observed):
    """As the model knows it."""
    assert llmtrace.tool(name="search")(lambda q: q)("x") == "x"
    assert shown(observed) == [("search", {"q": "x"}, "x", None)]


def test_an_error_is_recorded_and_goes_on(observed):
    """As type and message; wrong arguments fail as they do without us."""

    @llmtrace.tool
    def find(query):
        raise OrderError(7, "gone")

    with pytest.raises(OrderError, match="order 7: gone"):
        find("x")
    with pytest.raises(TypeError, match="missing 1 required positional argument"):
        find()
    first, second = shown(observed)
    assert first == ("find", {"query": "x"}, None, "OrderError: order 7: gone")
    assert second[3].startswith("TypeError: ")


def test_tools_of_every_kind(observed):
    """Methods without `self`, coroutine functions, generators with their chunks as result."""

    class Shop:
        @llmtrace.tool
        def find(self, query):
            return query

        @llmtrace.tool
        async def find_async(self, query):
            await asyncio.sleep(0)
            return query

        @llmtrace.tool
        def stream(self, query):
            yield query
            yield "more"

    assert Shop().find("a") == "a"
    assert asyncio.run(Shop().find_async("b")) == "b"
    assert list(Shop().stream("c")) == ["c", "more"]
    assert shown(observed) == [
        ("find", {"query": "a"}, "a", None),
        ("find_async", {"query": "b"}, "b", None),
        ("stream", {"query": "c"}, ["c", "more"], None),
    ]


def test_copies_are_taken_and_secrets_removed(observed):
    """Arguments before the tool changes them, results before the application does."""

    @llmtrace.tool
    def add(items, api_key):
        items.append("late")
        return items

    result = add(["early"], api_key=SECRET)
    result.append("later")
    assert shown(observed) == [
        ("add", {"items": ["early"], "api_key": "REDACTED"}, ["early", "late"], None),
    ]


def test_a_tool_that_still_runs_when_the_test_ends_says_so(observed):
    """Nothing that was observed is lost."""

    @llmtrace.tool
    def stream():
        yield 1

    chunks = stream()
    next(chunks)
    assert shown(observed) == [("stream", {}, [1], "still running when the test ended")]
    chunks.close()
    assert shown(observed) == [("stream", {}, [1], None)]


def test_tools_in_threads_and_tasks(observed):
    """Sixteen at once, each its own entry."""
    find = llmtrace.tool(name="find")(lambda number: number * 2)

    @llmtrace.tool(name="find")
    async def find_async(number):
        await asyncio.sleep(0)
        return number * 2

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(find, range(8))) == [number * 2 for number in range(8)]

    async def main():
        return await asyncio.gather(*(find_async(number) for number in range(8, 16)))

    assert asyncio.run(main()) == [number * 2 for number in range(8, 16)]
    assert {one.arguments["number"]: one.result for one in observed.tools} == {n: n * 2 for n in range(16)}


def test_outside_of_a_traced_test_the_tool_just_runs():
    """Also one that is replayed."""
    made = object()
    assert llmtrace.tool(lambda: made)() is made
    assert llmtrace.tool(replay=True)(lambda: made)() is made


# Replay


@pytest.fixture
def replaying(observed):
    """Makes a recorder that replays what the current one recorded, and puts it in its place."""
    pushed = []

    def replay(wire="tape"):
        made = observed_with(wire, observed.taped())
        current.push(made.recorder)
        pushed.append(made.recorder)
        return made

    yield replay
    for recorder in pushed:
        current.pop(recorder)


def counting(name="search", result=None):
    """A replayed tool that counts its executions."""
    runs = []

    @llmtrace.tool(name=name, replay=True)
    def tool(query):
        runs.append(query)
        return {"found": query, "run": len(runs)} if result is None else result

    return tool, runs


def test_a_replayed_tool_is_recorded_beside_http(observed):
    """Method, URL, arguments and result, as a tape holds them."""
    tool, _ = counting("web search")
    tool("b")
    (one,) = observed.taped()
    assert (one.request.method, one.request.url) == ("TOOL", "tool:web%20search")
    assert json.loads(one.request.body) == {"query": "b"}
    assert (one.response.status, json.loads(one.response.body)) == (200, {"found": "b", "run": 1})


def test_replay_gives_the_recorded_result_and_executes_nothing(observed, replaying):
    """By arguments; equal ones in recorded order; the trace shows the same executions."""
    tool, runs = counting()
    recorded = [tool("a"), tool("b"), tool("a")]
    before = shown(observed)
    replay = replaying()
    assert [tool("a"), tool("a"), tool("b")] == [recorded[0], recorded[2], recorded[1]]
    assert runs == ["a", "b", "a"]
    assert sorted(shown(replay), key=str) == sorted(before, key=str)
    assert replay.recorder.tape.unplayed() == ()


def test_replay_in_threads_and_tasks(observed, replaying):
    """Every caller gets the result of its own arguments."""
    tool, runs = counting()

    @llmtrace.tool(name="search", replay=True)
    async def search(query):
        return tool.__wrapped__(query)

    for number in range(16):
        tool(f"q{number}")
    replaying()
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(tool, [f"q{number}" for number in range(8)]))

    async def main():
        return await asyncio.gather(*(search(f"q{number}") for number in range(8, 16)))

    found += asyncio.run(main())
    assert [one["found"] for one in found] == [f"q{number}" for number in range(16)]
    assert len(runs) == 16


def test_a_miss_stops_like_one_of_http(observed, replaying):
    """Other arguments, or one execution too many: nothing is executed, nothing swallows the stop."""
    tool, runs = counting()
    tool("a")
    replay = replaying()
    tool("a")
    for query in ("a", "b"):
        with pytest.raises(ReplayStopError, match="this test did not record TOOL tool:search"):
            tool(query)
    assert runs == ["a"]
    assert [one.request.url for one in replay.recorder.misses] == ["tool:search"] * 2


def test_recording_again_executes_only_what_is_new(observed, replaying):
    """As HTTP requests do, known executions answer from the tape."""
    tool, runs = counting()
    first = tool("a")
    again = replaying("fill")
    assert tool("a") == first
    assert tool("b") == {"found": "b", "run": 2}
    assert runs == ["a", "b"]
    assert [json.loads(one.request.body) for one in again.taped()] == [{"query": "a"}, {"query": "b"}]


class OrderGoneError(Exception):
    pass


def test_a_recorded_error_is_raised_again(observed, replaying):
    """With its own type and text, even where its constructor takes something else."""
    errors = {"a": ValueError("bad"), "b": OrderError(7, "gone"), "c": OrderGoneError("really")}

    @llmtrace.tool(replay=True)
    def find(query):
        raise errors[query]

    def outcomes():
        found = []
        for query in errors:
            with pytest.raises(Exception) as caught:  # noqa: PT011 - the types are compared
                find(query)
            found.append((type(caught.value), str(caught.value)))
        return found

    recorded = outcomes()
    before = shown(observed)
    replay = replaying()
    errors = dict.fromkeys(errors, AssertionError("executed"))
    assert outcomes() == recorded == [(ValueError, "bad"), (OrderError, "order 7: gone"), (OrderGoneError, "really")]
    assert shown(replay) == before


@pytest.mark.parametrize("kind", ["no.such.Error", "builtins.SystemExit", "os.system", "json.JSONDecodeError.x", ""])
def test_an_error_whose_type_cannot_be_found(kind):
    """It is one of ours that names it; only exceptions are ever made of what a file says."""
    error = recorded_error({"type": kind, "message": "text"})
    assert type(error) is RecordedToolError
    assert str(error) == (f"{kind}: text" if kind else "text")


@pytest.mark.parametrize(
    ("result", "problem"),
    [
        (object(), "Object of type object is not JSON serializable"),
        ((1, 2), "JSON would change it: tuples come back as lists, keys as texts"),
        ({1: "a"}, "JSON would change it: tuples come back as lists, keys as texts"),
    ],
)
def test_a_result_that_json_cannot_hold_is_told_when_it_is_recorded(observed, result, problem):
    """With the name of the tool, the type, and the way out."""
    tool, _ = counting(result=result)
    with pytest.raises(ReplayStopError) as caught:
        tool("a")
    assert str(caught.value) == (
        "llmtrace: the tool 'search' cannot be recorded for replay, because JSON cannot hold its result, a "
        f"{type(result).__name__} ({problem}); return JSON data, or use `@llmtrace.tool` without `replay=True`"
    )
    assert observed.taped() == ()


def test_such_a_result_does_not_matter_where_nothing_is_recorded():
    """A live run, or a test that is not replayed."""
    for wire in ("watch", "tape"):
        made = observed_with(wire)
        current.push(made.recorder)
        try:
            assert counting(result=(1, 2))[0]("a") == (1, 2)
        finally:
            current.pop(made.recorder)


def test_a_generator_cannot_be_replayed():
    """Told when it is decorated."""
    with pytest.raises(TypeError, match=r"llmtrace.tool\(replay=True\) cannot replay the generator 'stream'"):

        @llmtrace.tool(replay=True)
        def stream():
            yield 1


def test_what_a_replayed_tool_does_inside_is_no_part_of_the_trace(observed, replaying):
    """Model calls, other tools, events and HTTP would be missing in replay; threads inside are inside."""

    @llmtrace.tool
    def inner():
        return 1

    @llmtrace.tool(replay=True)
    def research(query):
        observed.chat(query)
        inner()
        llmtrace.event("inside")
        with llmtrace.call(model="m1"):
            pass
        thread = threading.Thread(target=observed.chat, args=("thread",))
        thread.start()
        thread.join()
        return "found"

    research("x")
    observed.chat("outside")
    assert observed.order == ["research", "gpt-4o-mini"]
    assert [one.request.method for one in observed.taped()] == ["TOOL", "POST"]
    replay = replaying()
    assert research("x") == "found"
    replay.chat("outside")
    assert replay.order == ["research", "gpt-4o-mini"]
    assert replay.recorder.tape.unplayed() == ()


def test_an_interrupted_execution_is_not_recorded(observed):
    """What ended by an interrupt or our own stop has no result that replay could give."""

    @llmtrace.tool(replay=True)
    def find(query):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        find("x")
    assert observed.taped() == ()
    assert shown(observed) == [("find", {"query": "x"}, None, "KeyboardInterrupt")]
