"""Flags, marker, ini and environment: who decides the mode."""

import pytest

from pytest_llmtrace._model.secret_key import SecretKey

MARKED = """
    @pytest.mark.llm_trace
    def test_marked():
        chat("marked")

    def test_plain():
        chat("plain")
"""


def test_without_a_mode_everything_is_live_and_untouched(project):
    """Plain pytest calls the provider, writes nothing, says nothing."""
    project.write(
        "def test_one(llm_trace):\n    chat('hi')\n    assert (llm_trace.calls, llm_trace.output) == ((), None)\n"
    )
    ran = project.run()
    ran.outcomes(passed=1)
    assert ran.requests == 1
    assert project.cassettes() == {}
    assert "llmtrace:" not in ran.text
    assert "= llmtrace =" not in ran.text


def test_a_marked_test_is_replayed_without_a_flag(project):
    """The marker asks for trace mode; unmarked tests stay as they are."""
    project.write(MARKED)
    project.record()
    ran = project.run()
    ran.outcomes(passed=2)
    assert ran.requests == 1


MARKS_LATE = """
    import os, pytest

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_setup(item):
        if item.name == "test_marked_late":
            item.add_marker(pytest.mark.llm_trace)
        return (yield)
"""
SETTINGS = """
    import os

    def test_that_changes_the_environment():
        os.environ["LLMTRACE_KEY"] = "another"

    def test_marked_late(request):
        chat("hi")

    def test_sees_what_was_set_when_the_run_began(request):
        settings = request.config.pluginmanager.get_plugin("llmtrace-installed").settings
        assert settings.key.check == {check!r}
"""


def test_a_test_may_be_marked_while_the_run_goes_on(project, monkeypatch):
    """Another plugin marks it just before it is set up; it is replayed, by the settings that the run began with."""
    monkeypatch.setenv("LLMTRACE_KEY", "of the run")
    project.write(MARKS_LATE, "conftest.py", prelude=False)
    project.write(SETTINGS.format(check=SecretKey("of the run").check))
    ran = project.run("-n", "1")
    ran.outcomes(passed=2, failed=1)
    assert ran.requests == 0
    assert ran.findings("test_marked_late") == [("no_cassette", None)]


def test_a_marked_test_without_a_recording_fails(project):
    """The marker never records by itself."""
    project.write(MARKED)
    ran = project.run("-k", "marked")
    ran.outcomes(failed=1, deselected=1)
    assert ran.requests == 0
    assert ran.findings("test_marked") == [("no_cassette", None)]


@pytest.mark.parametrize("switch", ["--llm-off", "LLMTRACE_DISABLED"])
def test_the_switches_off_beat_everything(project, monkeypatch, switch):
    """`--llm-off` and LLMTRACE_DISABLED make flags, markers and ini values void."""
    project.write(MARKED)
    project.pytester.makeini("[pytest]\nllm_mode = trace\n")
    flags = ["--llm-record"]
    if switch.startswith("--"):
        flags.append(switch)
    else:
        monkeypatch.setenv(switch, "1")
    ran = project.run(*flags)
    ran.outcomes(passed=2)
    assert ran.requests == 2
    assert project.cassettes() == {}


INERT = """
    import os, socket, subprocess, sys

    @pytest.mark.llm_trace(min_calls=9, no_such="argument")
    @pytest.mark.llm_budget(usd=0)
    def test_one(llm_trace):
        assert chat("hi")
        assert (llm_trace.calls, llm_trace.tools, llm_trace.output) == ((), (), None)
        ours = {name for name in sys.modules if name.startswith("pytest_llmtrace.")}
        assert not any(".".join(name.split(".")[:2]).endswith(("._capture", "._compare", "._report")) for name in ours)
        assert not {"pytest_llmtrace._run.run", "pytest_llmtrace._run.controller", "pytest_llmtrace._store"} & ours
        assert not {"vcr", "wrapt", "yaml", "deepdiff", "litellm"} & sys.modules.keys()
        assert socket.socket.connect.__objclass__.__module__ == "_socket"
        assert {one.__module__ for one in (socket.getaddrinfo, subprocess.Popen.__init__)} == {"socket", "subprocess"}
        assert not {"LITELLM_LOCAL_MODEL_COST_MAP", "LITELLM_RUST"} & os.environ.keys()
"""


def test_the_kill_switch_makes_the_plugin_inert(project, monkeypatch):
    """No patch, import or file; options, ini values, markers and the fixture are known, wrong ones accepted."""
    monkeypatch.setenv("LLMTRACE_DISABLED", "1")
    for name in ("LITELLM_LOCAL_MODEL_COST_MAP", "LITELLM_RUST"):
        monkeypatch.delenv(name, raising=False)
    project.write(INERT)
    project.pytester.makeini("[pytest]\nllm_mode = nonsense\nllm_allow_hosts = x\n")
    plain = ("-p", "no:recording", "-p", "no:langsmith_pytest_plugin", "--strict-markers")
    ran = project.run("--llm-record", "--llm-budget=1", "--llm-model=a=b", *plain, own_process=True)
    ran.outcomes(passed=1)
    assert (ran.exit, ran.requests, ran.report, project.cassettes()) == (0, 1, None, {})
    assert "llmtrace" not in ran.text.replace("llmtrace-0", "")


def test_the_ini_value_is_the_mode_of_plain_runs(project):
    """`llm_mode = trace` makes plain pytest replay."""
    project.write("def test_one():\n    chat('hi')\n")
    project.record()
    project.pytester.makeini("[pytest]\nllm_mode = trace\n")
    ran = project.run()
    ran.outcomes(passed=1)
    assert ran.requests == 0


def test_recording_in_ci_must_be_meant(project, monkeypatch):
    """Under CI, --llm-record alone is a usage error that names the way out."""
    project.write("def test_one():\n    chat('hi')\n")
    monkeypatch.setenv("CI", "true")
    ran = project.run("--llm-record")
    assert ran.exit == pytest.ExitCode.USAGE_ERROR
    assert "--llm-record-in-ci" in ran.result.stderr.str()
    assert project.run("--llm-record", "--llm-record-in-ci").exit == 0


def test_a_missing_recording_fails_and_says_how_to_record(project):
    """Trace mode without a cassette is a failure, and the provider is not called."""
    project.write("def test_one():\n    chat('hi')\n")
    ran = project.replay()
    ran.outcomes(failed=1)
    assert ran.findings("test_one") == [("no_cassette", None)]
    assert 'pytest --llm-record "test_it.py::test_one"' in ran.text


@pytest.mark.parametrize("mode", ["--llm-trace", "--llm-record", "--llm-live"])
def test_a_test_without_llm_calls_is_left_alone(project, mode):
    """No call and no cassette: nothing is written, reported or failed."""
    project.write("def test_one():\n    assert True\n")
    ran = project.run(mode)
    ran.outcomes(passed=1)
    assert project.cassettes() == {}
    assert ran.report["tests"] == []


def test_live_mode_says_what_it_has_nothing_to_compare_with(project):
    """A test without a golden trace passes live, and not without a word; a failure of its own says nothing of that."""
    project.write("def test_one():\n    chat('hi')\n\ndef test_two():\n    chat('ho')\n    assert False\n")
    ran = project.run("--llm-live")
    ran.outcomes(passed=1, failed=1)
    (said,) = ran.test("one")["findings"]
    place = "cassettes/test_it/test_one.trace.yaml"
    assert (said["type"], said["severity"], said["cassette"]) == ("no_cassette", "warn", place)
    assert f"test_it.py::test_one: compared with nothing: no golden trace at {place}" in " ".join(ran.text.split())
    assert "made an LLM call but has no recording" not in ran.text


def test_live_mode_calls_and_compares_and_writes_nothing(project):
    """`--llm-live` makes real calls and leaves the files alone."""
    project.write("def test_one():\n    chat('hi')\n")
    project.record()
    before = project.cassettes()
    ran = project.run("--llm-live")
    ran.outcomes(passed=1)
    assert ran.requests == 1
    assert project.cassettes() == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--llm-record", "--llm-live"], "exclude each other"),
        (["--llm-trace", "--llm-record-mode=all"], "has no effect without --llm-record"),
        (["--llm-trace", "--llm-budget=lots"], "is not an amount of US dollars"),
        (["--llm-trace", "--llm-budget-tokens=-1"], "not a number of tokens"),
        (["--llm-trace", "--llm-report=x.pdf"], ".json"),
        (["--llm-trace", "--llm-report=x.xml"], "--junitxml"),
    ],
)
def test_settings_that_cannot_be_used_are_usage_errors(project, arguments, message):
    """A bad option stops the run before any test, and says what to write instead."""
    project.write("def test_one():\n    assert True\n")
    ran = project.run(*arguments)
    assert ran.exit == pytest.ExitCode.USAGE_ERROR
    assert message in ran.result.stderr.str()


@pytest.mark.parametrize(
    ("marker", "message"),
    [
        ("llm_trace(polcy='exact')", "has no argument 'polcy'; the valid ones are policy, match"),
        ("llm_trace('exact')", "takes keyword arguments only"),
        ("llm_trace(policy='vague')", "is not a policy; choose one of exact, tools, outline"),
        ("llm_trace(match='some')", "not a match mode"),
        ("llm_budget()", "needs at least one of usd=, tokens=, calls="),
        ("llm_budget(usd='much')", "must be a number"),
        ("llm_budget(dollars=1)", "has no argument 'dollars'"),
    ],
)
def test_a_bad_marker_fails_its_test_and_lists_what_is_valid(project, marker, message):
    """A marker with a typo is never ignored."""
    project.write(f"@pytest.mark.{marker}\ndef test_one():\n    assert True\n")
    ran = project.run("--llm-trace")
    assert ran.exit == 1
    assert message in ran.text


def test_where_another_plugin_owns_the_record_flag_the_alias_records(project):
    """`--llm-record` stays the other plugin's, `--llmtrace-record` is ours, and the header and every failure say so."""
    project.write(
        "def pytest_addoption(parser):\n    parser.addoption('--llm-record', action='store_true', dest='theirs')\n",
        "other_recorder.py",
        prelude=False,
    )
    project.pytester.syspathinsert()
    project.write("def test_one():\n    chat('hi')\n")
    theirs = project.run("-p", "other_recorder", "--llm-record")
    assert (theirs.exit, project.cassettes()) == (0, {})
    proposed = project.run("-p", "other_recorder", "--llm-trace").text
    assert '  record  pytest --llmtrace-record "test_it.py::test_one"    makes live calls' in proposed
    assert 'to record: pytest --llmtrace-record "test_it.py::test_one"' in proposed
    project.header = True
    ours = project.run("-p", "other_recorder", "--llmtrace-record")
    assert ours.exit == 0
    assert len(project.cassettes()) == 2
    assert "another plugin owns --llm-record; record with --llmtrace-record" in ours.text
    project.edit("'hi'", "'ho'")
    assert (
        'accept  pytest --llmtrace-record "test_it.py::test_one"'
        in project.run("-p", "other_recorder", "--llm-trace").text
    )
    assert 'accept  pytest --llm-record "test_it.py::test_one"' in project.run("--llm-trace").text
