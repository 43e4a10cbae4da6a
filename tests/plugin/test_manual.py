"""The manual API under pytest: recorded, replayed, compared."""

import pytest

CALL = """
    import pytest_llmtrace as llmtrace

    def ask(question, system="Be brief."):
        messages = [{"role": "system", "content": system}, {"role": "user", "content": question}]
        with llmtrace.call(provider="acme", model="m1", messages=messages, params={"temperature": 0}) as call:
            call.output = f"About {question}"
            call.usage = {"prompt_tokens": 10, "completion_tokens": 5}
        return call.output

    def test_one(llm_trace):
        assert ask("rain") == "About rain"
        assert ask("snow") == "About snow"
"""


@pytest.fixture
def recorded(project):
    """A project with two calls by hand, recorded."""
    project.write(CALL, prelude=False)
    assert project.record().requests == 0
    return project


def test_calls_by_hand_replay(recorded):
    """They are executed for real and equal the golden trace, which needs no tape."""
    assert list(recorded.cassettes()) == ["cassettes/test_it/test_one.trace.yaml"]
    golden = recorded.cassettes()["cassettes/test_it/test_one.trace.yaml"].decode()
    assert "- model: acme/m1\n  params: {temperature: 0}\n" in golden
    ran = recorded.replay()
    ran.outcomes(passed=1)
    row = ran.test("test_one")
    assert (row["calls"], row["live_calls"], row["usage"], row["findings"]) == (
        2,
        0,
        {"input_tokens": 20, "output_tokens": 10},
        [],
    )


def test_recording_again_changes_nothing(recorded):
    """The same bytes."""
    before = recorded.cassettes()
    recorded.record()
    assert recorded.cassettes() == before


@pytest.mark.parametrize(
    ("old", "new", "kind", "path"),
    [
        ("Be brief.", "Be long.", "prompt", "messages[0].content"),
        ('ask("snow") == "About snow"', 'ask("hail") == "About hail"', "user", "messages[1].content"),
        ('"temperature": 0', '"temperature": 1', "params", "params.temperature"),
        ('model="m1"', 'model="m2"', "model", "model"),
    ],
)
def test_a_change_of_a_call_by_hand_is_named(recorded, old, new, kind, path):
    """What was sent, as for any other call."""
    recorded.edit(old, new)
    ran = recorded.replay()
    ran.outcomes(failed=1)
    finding = ran.test("test_one")["findings"][0]
    assert (finding["type"], finding["kind"], finding["path"]) == ("drift", kind, path)


def test_a_change_of_an_answer_is_named(recorded):
    """Nothing replays it, so another answer is drift of the output."""
    recorded.edit('f"About {question}"', 'f"On {question}"')
    recorded.edit('ask("rain") == "About rain"', 'ask("rain") == "On rain"')
    recorded.edit('ask("snow") == "About snow"', 'ask("snow") == "On snow"')
    assert recorded.replay().findings("test_one") == [("drift", "output"), ("drift", "output")]


def test_calls_that_came_or_went_are_named(recorded):
    """One more, one fewer."""
    recorded.edit('assert ask("snow") == "About snow"', "pass")
    assert recorded.replay().findings("test_one") == [("drift", "call_missing")]
    recorded.edit("pass", 'ask("snow"), ask("hail")')
    assert recorded.replay().findings("test_one") == [("drift", "call_added")]


def test_a_call_by_hand_without_a_cassette_fails(project):
    """As any other call in trace mode."""
    project.write(CALL, prelude=False)
    ran = project.replay()
    ran.outcomes(failed=1)
    assert ran.findings("test_one") == [("no_cassette", None)]


def test_a_call_by_hand_is_priced_by_the_project(recorded):
    """Project prices and budgets hold; without a price the cost is unknown."""
    assert recorded.replay().test("test_one")["cost_usd"] is None
    recorded.pytester.makepyprojecttoml(
        "[tool.llmtrace.prices.m1]\ninput_cost_per_token = 0.001\noutput_cost_per_token = 0.002\n"
    )
    ran = recorded.run("--llm-trace", "--llm-budget=0.01")
    assert ran.test("test_one")["cost_usd"] == pytest.approx(0.04)
    assert (ran.exit, ran.report["breaches"][0]["value"]) == (1, pytest.approx(0.04))


def test_without_a_mode_nothing_happens(project):
    """Plain pytest: the calls run, nothing is kept, nothing is written."""
    project.write(
        CALL + "        assert llm_trace.calls == ()\n        assert llmtrace.call().record is None\n", prelude=False
    )
    ran = project.run()
    ran.outcomes(passed=1)
    assert project.cassettes() == {}


def test_the_fixture_shows_calls_by_hand(project):
    """While the test runs."""
    check = """
        first, second = llm_trace.calls
        assert (first.name, first.output.text, first.usage.input_tokens) == ("acme/m1", "About rain", 10)
        assert llm_trace.output == "About snow"
    """
    project.write(CALL + check, prelude=False)
    project.record()


AGENT = """
    import concurrent.futures
    import pytest_llmtrace as llmtrace

    @llmtrace.tool
    def lookup(order):
        return {"order": order, "status": "delivered"}

    @llmtrace.agent("helper")
    def helper():
        return chat("help")

    def test_one(llm_trace):
        with llmtrace.agent("lead", session="s1"):
            chat("start")
            lookup("7")
            llmtrace.event("compaction", {"replaced": 3})
            with concurrent.futures.ThreadPoolExecutor() as pool:
                pool.submit(helper).result()
        assert [call.agent for call in llm_trace.calls] == ["lead", "helper"]
        assert llm_trace.tool_names == ["lookup"]
"""


def test_agents_tools_and_events_round_trip(project):
    """With HTTP calls between them; an unchanged test replays and records to the same bytes."""
    project.write(AGENT)
    project.record()
    golden = project.cassettes()["cassettes/test_it/test_one.trace.yaml"].decode()
    for line in ("agent: lead", "session: s1", "agent: helper", "parent: lead", "tool: lookup", "event: compaction"):
        assert line in golden
    before = project.cassettes()
    project.record("--llm-record-mode=all")
    assert project.cassettes() == before
    ran = project.replay()
    ran.outcomes(passed=1)
    agents = {row["agent"]: row["calls"] for row in ran.report["agents"]}
    assert agents == {"lead": 1, "helper": 1}


@pytest.mark.parametrize(
    ("old", "new", "kind", "path"),
    [
        ('"delivered"', '"lost"', "tool_result", "tool.lookup.result.status"),
        ('lookup("7")', 'lookup("8")', "tool_call", "tool.lookup.arguments.order"),
        ('"replaced": 3', '"replaced": 4', "event", "event.compaction.data.replaced"),
        ('llmtrace.event("compaction", {"replaced": 3})', "pass", "event", "event.compaction"),
    ],
)
def test_a_change_of_a_tool_or_an_event_is_named(project, old, new, kind, path):
    """Arguments, result, data."""
    project.write(AGENT)
    project.record()
    project.edit(old, new)
    ran = project.replay()
    ran.outcomes(failed=1)
    finding = ran.test("test_one")["findings"][0]
    assert (finding["kind"], finding["path"]) == (kind, path)


SEARCH = """
    import asyncio, concurrent.futures, pathlib
    import pytest_llmtrace as llmtrace

    @llmtrace.tool(replay=True)
    def search(query):
        with open("executed", "a") as file:
            file.write(query)
        if query == "bad":
            raise LookupError("nothing found")
        return {"hits": [query, chat(f"inside {query}")]}

    @llmtrace.tool(name="search", replay=True)
    async def search_async(query):
        return await asyncio.to_thread(search.__wrapped__, query)

    def test_one():
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            found = list(pool.map(search, ["a", "b", "c", "d"]))

        async def main():
            return await asyncio.gather(search_async("e"), search_async("f"))

        found += asyncio.run(main())
        assert [one["hits"][0] for one in found] == ["a", "b", "c", "d", "e", "f"]
        with pytest.raises(LookupError, match="nothing found"):
            search("bad")
        assert chat("outside") == "You said: outside"
"""


def test_a_replayed_tool_is_not_executed(project):
    """Results and errors come from the tape, in threads and tasks, and the provider is not needed."""
    project.write(SEARCH)
    assert project.record().requests == 7
    project.provider.stop()
    executed = project.path / "executed"
    assert sorted(executed.read_text()) == sorted("abcdefbad")
    executed.unlink()
    ran = project.replay()
    ran.outcomes(passed=1)
    assert (ran.test("test_one")["calls"], executed.exists()) == (1, False)


def test_a_replayed_tool_that_asks_something_else_is_a_miss(project):
    """It stops the test, which says what is recorded; nothing is executed."""
    project.write(SEARCH)
    project.record()
    (project.path / "executed").unlink()
    project.edit('search("bad")', 'search("worse")')
    ran = project.replay()
    ran.outcomes(failed=1)
    assert ran.findings("test_one")[0] == ("miss", None)
    assert "TOOL tool:search" in ran.text
    assert "body.query" in ran.text
    assert not (project.path / "executed").exists()


def test_a_miss_inside_a_call_or_a_tool_is_the_only_finding(project):
    """What the stop ended on its way is not reported as drift of its own."""
    project.write("""
        import pytest_llmtrace as llmtrace

        @llmtrace.tool(replay=True)
        def search(query):
            return query

        @llmtrace.tool
        def lookup(query):
            return search(query)

        @llmtrace.traced(model="m1")
        def agent(question):
            return chat(question) + lookup("a")

        def test_one():
            agent("hello")
    """)
    project.record()
    project.replay().outcomes(passed=1)
    project.edit('lookup("a")', 'lookup("b")')
    assert project.replay().findings("test_one") == [("miss", None)]


def test_a_replayed_tool_that_is_not_called_any_more_is_told(project):
    """Its recorded result is left over."""
    project.write(SEARCH)
    project.record()
    project.edit('["a", "b", "c", "d"]))', '["a", "b", "c"])) + [{"hits": ["d"]}]')
    ran = project.replay()
    ran.outcomes(failed=1)
    assert ("unplayed", None) in ran.findings("test_one")


def test_recording_again_executes_only_what_changed(project):
    """A paid search is paid once."""
    project.write(SEARCH)
    project.record()
    (project.path / "executed").unlink()
    project.edit('["a", "b", "c", "d"]', '["a", "b", "c", "x"]')
    project.edit('== ["a", "b", "c", "d"', '== ["a", "b", "c", "x"')
    assert project.record().requests == 1
    assert (project.path / "executed").read_text() == "x"


def test_a_result_that_cannot_be_replayed_fails_the_recording(project):
    """With a text that says what to do, and nothing is written."""
    project.write("""
        import pytest_llmtrace as llmtrace

        @llmtrace.tool(replay=True)
        def search(query):
            return {1, 2}

        def test_one():
            try:
                search("a")
            except Exception:
                pass
    """)
    ran = project.run("--llm-record")
    ran.outcomes(failed=1)
    assert "the tool 'search' cannot be recorded for replay" in ran.text
    assert project.cassettes() == {}


def test_a_request_inside_a_call_by_hand_counts_once(project):
    """Recorded with its HTTP request, replayed from the tape, and drift inside is named."""
    project.write("""
        import pytest_llmtrace as llmtrace

        @llmtrace.traced(provider="gateway", model="smart")
        def ask(question):
            return chat(question)

        def test_one(llm_trace):
            assert ask("hello") == "You said: hello"
            (call,) = llm_trace.calls
            assert (call.name, len(call.attempts), call.cost > 0) == ("gateway/smart", 1, True)
    """)
    assert project.record().requests == 1
    project.provider.stop()
    project.replay().outcomes(passed=1)
    project.edit("return chat(question)", 'return chat(question + "!")')
    ran = project.replay()
    ran.outcomes(failed=1)
    (finding,) = ran.test("test_one")["findings"]
    assert (finding["kind"], finding["path"], finding["turn"]) == ("user", "messages[0].content", 1)
