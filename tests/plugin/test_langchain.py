"""LangChain and LangGraph under pytest: recorded, replayed, compared, nothing changed in the application."""

import importlib
from pathlib import Path

import pytest

SUPPORT = """
    import pytest
    from langchain.agents import create_agent
    from langchain.agents.middleware import SummarizationMiddleware
    from langchain_core.callbacks import dispatch_custom_event
    from langchain_core.tools import tool
    from langchain_openai import ChatOpenAI
    from langgraph.checkpoint.memory import InMemorySaver

    def model(**options):
        key = "sk-plugin-0123456789"
        return ChatOpenAI(model="gpt-4o-mini", base_url={url!r}, api_key=key, max_retries=0, **options)

    @tool
    def look_up(order: str) -> str:
        "Look up an order."
        dispatch_custom_event("looked_up", {{"order": order}})
        return f"{{order}} is late"

    @tool
    def ask_expert(question: str) -> str:
        "Ask the expert."
        expert = create_agent(model(), tools=[])
        said = expert.invoke({{"messages": [("user", question)]}}, {{"tags": ["subagent:expert"]}})
        return said["messages"][-1].content

    def desk():
        summary = SummarizationMiddleware(
            model=model(), summary_prompt="SUMMARISE {{messages}}", trigger=("messages", 5), keep=("messages", 2)
        )
        tools, kept = [look_up, ask_expert], InMemorySaver()
        return create_agent(model(), tools=tools, system_prompt="Be kind.", middleware=[summary], checkpointer=kept)

    CONFIG = {{"configurable": {{"thread_id": "t1"}}}}
"""
SCRIPT = [
    {"user": "SUMMARISE", "text": "The customer asked about order 1."},
    {
        "user": "order 1",
        "tool_results": 0,
        "tool_calls": [{"look_up": {"order": "1"}}, {"ask_expert": {"question": "Why late?"}}],
    },
    {"user": "order 1", "tool_results": 2, "text": "It is late, sorry."},
    {"user": "Why late?", "text": "Snow."},
    {"user": "Thanks", "text": "You are welcome."},
]
AGENT = """
    def test_desk(llm_trace):
        agent = desk()
        agent.invoke({"messages": [("user", "Where is order 1?")]}, CONFIG)
        agent.invoke({"messages": [("user", "Thanks")]}, CONFIG)
        assert llm_trace.first_user == "Where is order 1?"
        assert llm_trace.output == "You are welcome."
        assert [(one.name, one.arguments, one.result) for one in llm_trace.tools] == [
            ("look_up", {"order": "1"}, "1 is late"),
            ("ask_expert", {"question": "Why late?"}, "Snow."),
        ]
"""


@pytest.fixture(scope="module", autouse=True)
def _langchain():
    """LangChain stays imported: pytester forgets what an inner run imports, and it takes seconds."""
    pytest.importorskip("langchain", reason="needs the `sdks` extra")
    for module in (
        "langchain.agents.middleware",
        "langchain_openai.chat_models.base",
        "langchain_core.caches",
        "langchain_core.runnables.base",
        "langchain_core.tracers.context",
        "langgraph.checkpoint.memory",
        "openai.resources.chat.completions",
    ):
        importlib.import_module(module)


@pytest.fixture
def provider():
    """A provider that plays a desk with an expert."""
    from tests.provider import Provider

    with Provider(SCRIPT) as started:
        yield started


def write(project, source):
    import textwrap

    head = textwrap.dedent(SUPPORT).format(url=project.provider.openai_url)
    project.write(head + textwrap.dedent(source), prelude=False)


def test_an_agent_with_a_subagent_and_a_summary_replays(project):
    """Calls, tokens and cost per caller; tools joined; the summarised context said; replayed and recorded the same."""
    write(project, AGENT)
    recorded = project.record()
    row = recorded.test("test_desk")
    assert (row["calls"], row["live_calls"], recorded.requests) == (5, 5, 5)
    callers = {one["agent"]: (one["calls"], one["cost_usd"] > 0) for one in recorded.report["agents"]}
    assert callers == {
        "lead_agent": (3, True),
        "subagent:expert": (1, True),
        "middleware:SummarizationMiddleware": (1, True),
    }
    cassettes = project.cassettes()
    golden = cassettes["cassettes/test_it/test_desk.trace.yaml"].decode()
    assert "- agent: subagent:expert\n  session: t1\n  parent: lead_agent\n" in golden
    assert "event: looked_up\n" in golden
    assert "event: context_summarized\n" in golden
    assert "run_start" not in golden
    project.record("--llm-record-mode=all")
    assert project.cassettes() == cassettes
    project.provider.stop()
    replayed = project.replay()
    replayed.outcomes(passed=1)
    assert (replayed.test("test_desk")["findings"], replayed.test("test_desk")["usage"]) == ([], row["usage"])
    paid = [{key: row[key] for key in row if key != "live_calls"} for row in recorded.timeless["agents"]]
    assert replayed.timeless["agents"] == paid


def test_what_changed_in_an_agent_is_named(project):
    """A prompt, a tool, an event of the application, the context that is summarised: each where it is."""
    write(project, AGENT)
    project.record()
    for old, new, kind in (
        ("Be kind.", "Be brief.", "prompt"),
        ('f"{order} is late"', 'f"{order} is lost"', "tool_result"),
        ('{"order": order}', '{"number": order}', "event"),
        ('("messages", 5)', '("messages", 50)', "user"),
    ):
        project.edit(old, new)
        replayed = project.replay()
        replayed.outcomes(failed=1)
        first = next(one for one in replayed.test("test_desk")["findings"] if one["severity"] == "fail")
        assert (first["type"], first["kind"], first["conversation"]) == ("drift", kind, "lead_agent")
        project.edit(new, old)


def test_every_way_to_ask_replays(project):
    """Streams, batches, threads, structured answers, asynchronous ones; each is counted once."""
    write(
        project,
        """
    import asyncio, httpx
    from pydantic import BaseModel

    class Said(BaseModel):
        you_said: str

    async def asked():
        async with httpx.AsyncClient() as client:
            llm = model(http_async_client=client)
            await llm.ainvoke("one")
            async for _ in llm.astream("two"):
                pass
            await llm.abatch(["three", "four"])

    def test_ways(llm_trace):
        llm = model()
        asyncio.run(asked())
        list(llm.stream("five"))
        llm.batch(["six", "seven"])
        assert llm.with_structured_output(Said, method="json_schema").invoke("eight").you_said == "eight"
        assert len(llm_trace.calls) == 8
        assert {call.agent for call in llm_trace.calls} == {"lead_agent"}
    """,
    )
    recorded = project.record()
    assert (recorded.requests, recorded.test("test_ways")["calls"]) == (8, 8)
    replayed = project.replay()
    replayed.outcomes(passed=1)
    assert replayed.test("test_ways")["findings"] == []


@pytest.mark.parametrize("way", ["asyncio.run(model().ainvoke(TEXT))", "model().invoke(TEXT)", "model().batch([TEXT])"])
def test_a_miss_is_shown_as_drift_whatever_langchain_makes_of_it(project, way):
    """`ainvoke` turns it into an AttributeError of its own, which nobody must have to read."""
    write(project, f"import asyncio\nTEXT = 'hello'\ndef test_one():\n    {way}\n")
    project.record()
    project.edit("'hello'", "'good bye'")
    replayed = project.replay()
    replayed.outcomes(failed=1)
    assert replayed.findings("test_one") == [("drift", "user")]
    assert "generations" not in replayed.text
    assert "good bye" in replayed.text


def test_models_without_http_need_no_tape(project):
    """A fake model's calls are executed for real and compared."""
    project.write(
        """
    from langchain_core.language_models.fake_chat_models import FakeListChatModel

    def test_one(llm_trace):
        answer = FakeListChatModel(responses=["rain"]).invoke("weather?", {"tags": ["subagent:sky"]})
        assert (answer.content, llm_trace.calls[0].agent) == ("rain", "subagent:sky")
    """,
        prelude=False,
    )
    project.record()
    assert list(project.cassettes()) == ["cassettes/test_it/test_one.trace.yaml"]
    project.replay().outcomes(passed=1)
    project.edit('"weather?"', '"time?"')
    assert project.replay().findings("test_one") == [("drift", "user")]


def test_a_test_that_calls_no_model_is_left_alone(project):
    """Chains and tools alone make no trace, in any mode."""
    project.write(
        """
    from langchain_core.runnables import RunnableLambda

    def test_one(llm_trace):
        assert RunnableLambda(len).invoke("four") == 4
        assert llm_trace.trace.entries == ()
    """,
        prelude=False,
    )
    assert project.record().report["tests"] == []
    assert project.cassettes() == {}
    ran = project.replay()
    ran.outcomes(passed=1)
    assert ran.report["tests"] == []


def test_a_bug_in_the_handler_fails_the_test_by_name(project):
    """A finding `internal` with the traceback, in place of a golden trace made from half of the events."""
    project.write(
        """
    from langchain_core.language_models.fake_chat_models import FakeListChatModel
    from pytest_llmtrace._capture.from_langchain import calls

    def broken(*_):
        raise LookupError("a bug")

    def test_one(monkeypatch):
        monkeypatch.setattr(calls, "ended", broken)
        assert FakeListChatModel(responses=["rain"]).invoke("weather?").content == "rain"
    """,
        prelude=False,
    )
    ran = project.run("--llm-record")
    ran.outcomes(failed=1)
    assert ran.findings("test_one") == [("internal", None)]
    assert "LangChain's event `model_ended` could not be recorded: LookupError('a bug')" in ran.text
    assert project.cassettes() == {}


def test_langchain_that_the_test_itself_imports_is_traced(project):
    """In a process of its own, where LangChain is imported after tracing began."""
    project.write(
        """
    import sys

    def test_one(llm_trace):
        assert "langchain_core" not in sys.modules
        from langchain_core.language_models.fake_chat_models import FakeListChatModel
        FakeListChatModel(responses=["rain"]).invoke("weather?")
        assert [call.output.text for call in llm_trace.calls] == ["rain"]
    """,
        prelude=False,
    )
    ran = project.run("--llm-record", own_process=True)
    assert ran.exit == 0, ran.text


NATIVE = """
    import sys, types, pytest
    from unittest import mock
    from langchain_core.language_models.fake_chat_models import FakeListChatModel
    from langchain_core.caches import InMemoryCache

    class ChatVertexAI(FakeListChatModel):
        \"\"\"As a client in native code does, it answers past all of Python's HTTP.\"\"\"

        @classmethod
        def get_lc_namespace(cls):
            return ["langchain", "chat_models", "vertexai"]

        @classmethod
        def is_lc_serializable(cls):
            return True

    class Own(FakeListChatModel):
        pass

    def test_native(monkeypatch):
        monkeypatch.setitem(sys.modules, "grpc", types.ModuleType("grpc"))
        assert ChatVertexAI(responses=["rain"]).invoke("weather?").content == "rain"

    def test_doubtful():
        assert ChatVertexAI(responses=["rain"]).invoke("weather?").content == "rain"

    def test_own():
        assert Own(responses=["rain"]).invoke("weather?").content == "rain"

    def test_mocked():
        genuine = ChatVertexAI(responses=["rain"])._generate
        with mock.patch.object(ChatVertexAI, "_generate", side_effect=genuine):
            assert ChatVertexAI(responses=["rain"]).invoke("weather?").content == "rain"

    def test_cached():
        model = ChatVertexAI(responses=["rain"], cache=InMemoryCache())
        model.cache.update("[]", "", [])
        with mock.patch.object(ChatVertexAI, "_generate", side_effect=model._generate):
            model.invoke("weather?")
        assert model.invoke("weather?").content == "rain"
"""


def test_an_answer_that_no_http_explains_is_said(project):
    """A client in native code went past the tape; what may be a mock is a warning; fakes, mocks, caches are neither."""
    project.write(NATIVE, prelude=False)
    ran = project.run("--llm-record")
    ran.outcomes(passed=4, failed=1)
    what = "LangChain ChatVertexAI (ChatVertexAI), which answered without an HTTP request"
    said = {row["nodeid"]: [(one["what"], one["severity"]) for one in row["findings"]] for row in ran.report["tests"]}
    assert {name.partition("::test_")[2]: found for name, found in said.items()} == {
        "native": [(what, "fail")],
        "doubtful": [(what, "warn")],
        "own": [],
        "mocked": [],
        "cached": [],
    }
    assert f"warning: test_it.py::test_doubtful: past the tape: {what}" in ran.text.replace("\n", " ")


def test_the_agent_of_the_guide(project, monkeypatch):
    """The test of docs/how-to/langchain.md is recorded as it is written there, and replays."""
    from tests.provider import Provider

    guide = (Path(__file__).parents[2] / "docs" / "how-to" / "langchain.md").read_text("utf-8")
    with Provider(
        [
            {"user": "Why is order 1 late?", "tool_calls": [{"ask_expert": {"question": "Why?"}}], "tool_results": 0},
            {"user": "Why is order 1 late?", "text": "Snow, sorry."},
            {"user": "Why?", "text": "Snow."},
        ]
    ) as expert:
        monkeypatch.setenv("OPENAI_BASE_URL", expert.openai_url)
        monkeypatch.setenv("OPENAI_API_KEY", "sk-plugin-0123456789")
        project.write(guide.partition("```python\n")[2].partition("```")[0], "test_guide.py", prelude=False)
        project.record()
        project.replay().outcomes(passed=1)
        assert expert.count == 3
