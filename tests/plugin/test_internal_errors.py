"""A bug in this plugin, wherever it is, fails the test that it concerns, by name, and the rest of the run goes on."""

import importlib

import pytest

BEFORE = {
    "plan": ("_run.plans.planning", "marks_of", "the test could not be set up"),
    "owner": ("_run.owner", "Old", "the test could not be set up"),
    "fixture_plan": ("_run.run", "plan_of_fixture", "the fixture "),
}
"""Where the bug is by the name of the test that meets it: module, attribute, and what could not be done."""
IN_CALL = {
    "hold": ("_run.capturing", "Capturing.hold", "the test could not be judged"),
    "drained": ("_run.run", "drained", "the test could not be judged"),
    "judge": ("_run.judging.judge", "verdict", "the test could not be judged"),
    "look_up": ("_capture.recorder", "Recorder._made", "a request could not be looked up"),
    "read_request": ("_capture.wire.httpx_stub", "request_of", "a request could not be read"),
    "read_answer": ("_capture.wire.httpx_stub", "response_of", "the answer of a live request could not be read"),
    "stream": ("_capture.wire.reading", "_is_stream", "a streamed answer could not be watched"),
    "spending": ("_run.owner", "Spending.answered", "what a live call has cost could not be counted"),
    "guard": ("_capture.guard.network", "is_loopback", "a connection could not be judged"),
    "names": ("_capture.guard.network", "is_provider_host", "the look-up of a name could not be judged"),
    "by_hand": ("_capture.manual.calls", "Record.keep", "a call given by hand could not be recorded"),
    "tool": ("_capture.manual.executions", "execution", "an execution could not be recorded"),
    "so_far": ("_capture.assembly.assembler", "Assembler.assembled", "what the test did could not be kept"),
    "note": ("_run.run", "Run.note", "the report of the test could not be made"),
}
AFTER = {
    "save": ("_run.owner", "saving.save", "what the test did could not be kept"),
    "torn_down": ("_run.judging.judge", "teardown_verdict", "what the test did could not be kept"),
    "payload": ("_run.telling", "owner_payload", "what the test did could not be kept"),
    "properties": ("_run.outbox", "properties_of", "the report of the test could not be made"),
}
PLACES = BEFORE | IN_CALL | AFTER
OF_THE_RUN = {
    "header": ("_settings.early", "header", "the header could not be written"),
    "collecting": ("_run.run", "Run.collecting", "the collection of tests could not be prepared"),
    "collected": ("_run.scope", "Coverage.collected", "a test could not be counted"),
    "kept": ("_run.scope", "Coverage.kept", "the tests that are left to run could not be counted"),
    "reported": ("_run.scope", "Coverage.collect_report", "the report of a collection could not be taken in"),
    "taken": ("_run.controller", "Controller.take", "the report of a test could not be taken in"),
    "finished": ("_run.controller", "Controller.finish", "what the run came to could not be reported"),
    "summarised": ("_run.controller", "Controller.summarise", "the summary could not be written"),
    "closed": ("_run.run", "Run.close", "what it put in place could not be taken away"),
}

CONFTEST = """
    import importlib, operator, pytest

    def broken(*_, **__):
        raise LookupError("a bug")

    def target(place):
        module, path, _ = place
        owner, _, name = path.rpartition(".")
        found = importlib.import_module("pytest_llmtrace." + module)
        return (operator.attrgetter(owner)(found) if owner else found), name
"""
OF_TESTS = """
    PLACES = {places!r}

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(item):
        place = PLACES.get(item.originalname.removeprefix("test_"))
        if place is None:
            return (yield)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(*target(place), broken)
            return (yield)
"""
OF_RUN = """
    patch = pytest.MonkeyPatch()
    for place in {places!r}.values():
        patch.setattr(*target(place), broken)

    def pytest_unconfigure(config):
        run = vars(vars(config.pluginmanager.get_plugin("llmtrace-hooks"))["run"])
        run["_capturing"].remove()
        run["_variables"].put_back()

    @pytest.fixture(scope="session", autouse=True)
    def put_back(request):
        request.config.add_cleanup(patch.undo)
"""

TEST = """
    def test_{name}(llm_trace{fixture}):
        try:
            chat("hi")
            {line}
        except Exception:
            pass  # an application that falls back on something else
"""
HEAD = """
    import socket
    import pytest_llmtrace as llmtrace

    @pytest.fixture(scope="module")
    def module_wide():
        yield
"""
LINES = {
    "so_far": "llm_trace.calls",
    "names": "socket.getaddrinfo('localhost', 1)",
    "by_hand": "with llmtrace.call(messages='x'): pass",
    "tool": "llmtrace.tool(len)('x')",
}


def write(project, places):
    """One test for each place, and a good one."""
    tests = (
        TEST.format(name=name, line=LINES.get(name, "pass"), fixture=", module_wide" if name == "fixture_plan" else "")
        for name in (*places, "good")
    )
    project.write(HEAD + "".join(tests))


def internal(row):
    return [finding["text"] for finding in row["findings"] if finding["type"] == "internal"]


def test_a_bug_anywhere_fails_the_test_that_meets_it(project):
    """With a bug in each of twenty-one places each test fails by name, and is not recorded unless it was already."""
    write(project, PLACES)
    project.write(CONFTEST + OF_TESTS.format(places=PLACES), "conftest.py", prelude=False)
    ran = project.run("--llm-record")
    assert ran.exit == pytest.ExitCode.TESTS_FAILED
    rows = {row["nodeid"].partition("::test_")[2]: row for row in ran.report["tests"]}
    assert {name: row["outcome"] for name, row in rows.items() if row["outcome"] != "failed"} == {
        **dict.fromkeys((*BEFORE, *AFTER), "error"),
        "good": "passed",
    }
    told = {name: internal(row) for name, row in rows.items()}
    assert told.pop("good") == []
    assert told.keys() == PLACES.keys()
    for name, (_, _, what) in PLACES.items():
        text = told[name][0]
        assert (text[: len(what)], text.rpartition(": ")[2]) == (what, "LookupError('a bug')"), name
        assert f"\n  {text}\n\n    Traceback (most recent call last):\n" in ran.text
    assert 'conftest.py", line 5, in broken\n' in ran.text
    assert ran.text.count("  This is a bug in pytest-llmtrace: please report it with the lines above.") >= len(PLACES)
    assert ran.text.count("LLMTRACE_DISABLED=1 in the environment.") >= len(PLACES)
    goldens = [name for name in project.cassettes() if name.endswith(".trace.yaml")]
    reported_later = ("good", "payload", "properties")
    assert goldens == [f"cassettes/test_it/test_{name}.trace.yaml" for name in reported_later]


def test_a_bug_outside_of_tests_fails_the_run(project):
    """The tests run and pass; the summary shows each bug under its own heading, and the exit status is 1."""
    write(project, ())
    project.write(CONFTEST + OF_RUN.format(places=OF_THE_RUN), "conftest.py", prelude=False)
    project.header = True
    ran = project.run("--llm-record")
    ran.outcomes(passed=1)
    assert ran.exit == pytest.ExitCode.TESTS_FAILED
    shown = ran.text + ran.result.stderr.str()
    for _, _, what in OF_THE_RUN.values():
        assert f"  {what}: LookupError('a bug')\n" in shown
    assert ran.text.count("= llmtrace internal error =") >= len(OF_THE_RUN) - 1


AT_THE_END = {
    "page": ("_report.html.page", "html_page", "the report page.html could not be written"),
    "github": ("_run.ci", "write_step_summary", "the summary for GitHub could not be written"),
    "history": ("_run.history", "keep", "the run could not be kept in the history"),
    "spans": ("_run.sending_spans", "send_spans", "the spans could not be sent"),
}


def test_a_bug_in_one_report_costs_none_of_the_others(project, monkeypatch):
    """Each of those that come after it gets its turn, every traceback is shown, and the exit status is 1."""

    def broken(*_args, **_options):
        raise LookupError("a bug")

    for module, name, _ in AT_THE_END.values():
        monkeypatch.setattr(importlib.import_module(f"pytest_llmtrace.{module}"), name, broken)
    project.write("def test_one():\n    chat('hi')\n")
    asked = ("--llm-report=page.html", "--llm-report=report.md", "--llm-history=h.db", "--llm-otlp=http://127.0.0.1:1")
    ran = project.run("--llm-record", *asked)
    ran.outcomes(passed=1)
    assert (ran.exit, ran.test("test_one")["calls"]) == (pytest.ExitCode.TESTS_FAILED, 1)
    assert "test_it.py::test_one" in (project.path / "report.md").read_text("utf-8")
    assert [*project.path.glob("*page*")] == []
    for _, _, what in AT_THE_END.values():
        assert f"  {what}: LookupError('a bug')\n\n    Traceback (most recent call last):\n" in ran.text
