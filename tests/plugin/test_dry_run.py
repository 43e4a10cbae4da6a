"""`--llm-record --llm-dry-run`: what recording would take, without a call and without a file."""

from __future__ import annotations

import pytest

from tests.plugin.conftest import Project
from tests.plugin.test_drift import AGENT, SCRIPT
from tests.provider import Provider

TESTS = """
    def test_other():
        assert agent("Refund order 8") == "Done."
"""


@pytest.fixture
def agent(pytester):
    """Two recorded agents of two calls each."""
    with Provider(SCRIPT) as provider:
        made = Project(pytester, provider)
        made.write(AGENT.replace("URL", repr(provider.openai_url)) + TESTS)
        made.record()
        yield made


def dry(project, *args):
    """A dry run: nothing is called, nothing is written, and nothing fails."""
    before = sorted((path, path.read_bytes()) for path in project.path.rglob("cassettes/**/*") if path.is_file())
    ran = project.run("--llm-record", "--llm-dry-run", *args)
    after = sorted((path, path.read_bytes()) for path in project.path.rglob("cassettes/**/*") if path.is_file())
    assert (ran.requests, after) == (0, before), ran.text
    return ran


def test_an_unchanged_project_would_cost_nothing(agent):
    """Everything is on the tape: no test would be recorded. No history has it, and no collector is told."""
    agent.header = True
    ran = dry(agent, "--llm-history=history.db", "--llm-otlp=http://127.0.0.1:1")
    assert ("warning" in ran.text, sorted(agent.path.glob("*history*"))) == (False, [])
    assert not (agent.path / ".llmtrace").exists()
    ran.outcomes(passed=2)
    assert (ran.exit, ran.report["dry_run"]) == (0, {"tests": 0, "calls": 0, "at_least": False, "cost_usd": 0.0})
    assert "llmtrace: record (changed, dry run) mode" in ran.text
    assert "0 tests would be recorded with 0 live calls, about $0; nothing was called or written" in " ".join(
        ran.text.split()
    )


def test_what_differs_by_rules_alone_would_not_be_recorded(agent):
    """Recording leaves those files alone, so a dry run does not count them."""
    agent.pytester.makeini("[pytest]\nllm_normalize = number\n")
    agent.edit('agent("Refund order 8")', 'agent("Refund order 88")')
    ran = dry(agent, "-k", "test_other")
    assert (ran.test("test_other")["would_record"]["why"], ran.report["dry_run"]["tests"]) == ("unchanged", 0)
    files = agent.cassettes()
    agent.record("-k", "test_other")
    assert agent.cassettes() == files


def test_where_nothing_is_new_mode_new_says_that_nothing_would_be_recorded(agent):
    """A run that only replays is a dry run, too: it says what would be recorded, which is nothing."""
    ran = dry(agent, "--llm-record-mode=new")
    assert "dry run: 0 tests would be recorded with 0 live calls, about $0" in ran.text
    assert ran.report["dry_run"] == {"tests": 0, "calls": 0, "at_least": False, "cost_usd": 0.0}


def test_a_changed_test_is_estimated_from_its_old_golden_trace(agent):
    """The calls from the first that is not on the tape, at what they cost when they were recorded."""
    agent.edit('{"refunded": order}', '{"refunded": order, "fee": 1}')
    ran = dry(agent, "-rs", "-k", "test_agent")
    ran.outcomes(skipped=1, deselected=1)
    assert ran.exit == 0
    would = {"why": "changed", "calls": 1, "at_least": False, "cost_usd": 0.00000225}
    assert ran.test("test_agent")["would_record"] == would
    assert ran.report["dry_run"] == {"tests": 1, "calls": 1, "at_least": False, "cost_usd": 0.00000225}
    assert "llmtrace dry run: 1 live call" in ran.text


def test_a_new_test_takes_at_least_one_call_at_an_unknown_price(agent):
    """Nobody knows what comes after the first answer: the sum says so."""
    agent.edit("Check the policy first.", "Refund quickly.")
    text = (agent.path / "test_it.py").read_text("utf-8")
    agent.write(text + "\ndef test_new():\n    agent('Refund order 9')\n", prelude=False)
    markdown = agent.path / "report.md"
    ran = dry(agent, f"--llm-report={markdown}")
    ran.outcomes(skipped=3)
    assert ran.exit == 0
    assert ran.test("test_new")["would_record"] == {"why": "new", "calls": 1, "at_least": True, "cost_usd": None}
    sums = {"tests": 3, "calls": 5, "at_least": True, "cost_usd": None, "priced_usd": 0.000009}
    assert ran.report["dry_run"] == sums
    assert [line.split() for line in ran.text.split("\n") if line.startswith(("would record", "test_it.py::"))] == [
        ["would", "record", "live", "calls", "about"],
        ["test_it.py::test_agent", "2", "$0.0000045", "changed"],
        ["test_it.py::test_new", "1", "or", "more", "?", "new"],
        ["test_it.py::test_other", "2", "$0.0000045", "changed"],
    ]
    assert (
        "dry run: 3 tests would be recorded with at least 5 live calls, about ? (at least $0.000009); "
        "nothing was called or written"
    ) in " ".join(ran.text.split())
    assert "| `test_it.py::test_new` | 1 or more | ? | new |" in markdown.read_text("utf-8")


def test_everything_anew_costs_what_everything_cost(agent):
    """With `--llm-record-mode=all` the tape answers nothing."""
    ran = dry(agent, "--llm-record-mode=all")
    ran.outcomes(skipped=2)
    assert ran.test("test_agent")["would_record"] == {
        "why": "all",
        "calls": 2,
        "at_least": False,
        "cost_usd": 0.0000045,
    }


def test_with_mode_new_recorded_tests_are_replayed_and_compared(agent):
    """They would not be recorded, and are not counted."""
    text = (agent.path / "test_it.py").read_text("utf-8")
    agent.write(text + "\ndef test_new():\n    agent('Refund order 9')\n", prelude=False)
    ran = dry(agent, "--llm-record-mode=new")
    ran.outcomes(passed=2, skipped=1)
    assert (ran.exit, ran.report["dry_run"]["tests"]) == (0, 1)
    assert ran.test("test_agent")["would_record"]["why"] == "unchanged"


def test_a_test_that_would_only_be_written_again_takes_no_call(agent):
    """It makes fewer calls than before: recording changes its golden trace, at no cost."""
    agent.edit("if not answer.tool_calls:", "if True:")
    agent.edit('agent("Refund order 7") == "Done."', 'agent("Refund order 7") is None')
    ran = dry(agent, "-k", "test_agent")
    ran.outcomes(passed=1, deselected=1)
    assert ran.test("test_agent")["would_record"] == {
        "why": "changed",
        "calls": 0,
        "at_least": False,
        "cost_usd": 0.0,
    }


def test_a_test_that_fails_by_itself_would_not_be_recorded(agent):
    """That is said, and stays a failure."""
    agent.edit('assert agent("Refund order 7") == "Done."', 'assert agent("Refund order 7") == "Other."')
    ran = dry(agent)
    ran.outcomes(failed=1, passed=1)
    assert ran.test("test_agent")["would_record"]["why"] == "failed"
    assert ran.report["dry_run"]["tests"] == 0


@pytest.mark.parametrize("phase", ["setup", "teardown", "swallowed", "session"])
def test_wherever_the_first_call_is_made_nothing_fails(project, phase):
    """In a fixture, in its end, in code that swallows everything: the test is skipped and counted."""
    fixture = "@pytest.fixture(scope='session')" if phase == "session" else "@pytest.fixture"
    call = "    chat('hi')\n"
    project.write(
        f"{fixture}\ndef made():\n{call if phase in ('setup', 'session') else ''}    yield\n"
        f"{call if phase == 'teardown' else ''}\n"
        "def test_one(made):\n    try:\n        if "
        f"{phase == 'swallowed'}:\n            chat('hi')\n    except BaseException:\n        pass\n"
    )
    ran = dry(project)
    assert ran.exit == 0, ran.text
    assert {key: ran.report["dry_run"][key] for key in ("tests", "calls", "at_least", "cost_usd")} == {
        "tests": 1,
        "calls": 1,
        "at_least": True,
        "cost_usd": None,
    }


def test_answers_that_wait_in_the_journal_are_not_paid_again(project):
    """A recording that was cut short has paid for its calls: they are no live calls of the next one."""
    project.write("def test_one():\n    chat('paid for')\n    assert False\n")
    assert project.run("--llm-record").requests == 1
    project.edit("    assert False\n", "")
    ran = dry(project)
    ran.outcomes(passed=1)
    assert ran.test("test_one")["would_record"] == {"why": "new", "calls": 0, "at_least": False, "cost_usd": 0.0}


def test_it_needs_no_leave_in_ci_and_a_recording_to_speak_of(project, monkeypatch):
    """A dry run costs nothing, so CI may make one; without --llm-record the flag means nothing."""
    project.write("def test_one():\n    chat('hi')\n")
    monkeypatch.setenv("CI", "true")
    assert dry(project).exit == 0
    ran = project.run("--llm-trace", "--llm-dry-run")
    assert ran.exit == pytest.ExitCode.USAGE_ERROR
    assert "--llm-dry-run has no effect without --llm-record" in ran.result.stderr.str()


def test_a_test_whose_tape_another_plugin_keeps_is_not_run(project):
    """Nobody can tell that plugin not to go live, so the test is left out, and named."""
    project.write("@pytest.mark.vcr\ndef test_one():\n    chat('hi')\n")
    ran = dry(project, "--record-mode=rewrite")
    ran.outcomes(skipped=1)
    assert ran.test("test_one")["would_record"]["why"] == "other_tape"
    assert ran.report["dry_run"]["tests"] == 0
    assert "not run: another plugin keeps its tape" in ran.text


def test_a_fixture_that_makes_the_first_call_skips_all_who_need_it(project):
    """The fixture is counted once; its tests were not reached."""
    project.write(
        "@pytest.fixture(scope='session')\ndef made():\n    return chat('hi')\n\n"
        "def test_one(made):\n    chat('one')\n\ndef test_two(made):\n    chat('two')\n"
    )
    project.record()
    project.edit("chat('hi')", "chat('hello')")
    ran = dry(project)
    ran.outcomes(skipped=2)
    (fixture,) = ran.report["fixtures"]
    assert fixture["would_record"] == {"why": "changed", "calls": 1, "at_least": False, "cost_usd": 0.00000195}
    assert [one["would_record"]["why"] for one in ran.report["tests"]] == ["not_reached", "not_reached"]
