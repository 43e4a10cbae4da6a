"""`--llm-live` against a model that changes: wording, tools, and how often."""

from __future__ import annotations

import json

import pytest

from tests.plugin.conftest import AGENT


def rates(row):
    """Severity, kind and rate of each finding."""
    return [(one["severity"], one["kind"], one["rate"], one["runs"]) for one in row["findings"]]


def test_another_wording_is_a_warning_and_another_tool_fails(scripted):
    """Live mode tells a model that says it differently from one that does something else."""
    project = scripted("one", "two", "tool refund")
    project.record()
    ran = project.run("--llm-live")
    ran.outcomes(passed=1)
    assert [(one["severity"], one["kind"]) for one in ran.test("agent")["findings"]] == [("warn", "output")]
    assert "warning: test_it.py::test_agent: main turn 1 answer changed (output.content)" in ran.text
    ran = project.run("--llm-live")
    ran.outcomes(failed=1)
    assert ("fail", "tool_call") in [(one["severity"], one["kind"]) for one in ran.test("agent")["findings"]]
    assert '--llm-record --llm-record-mode=all "test_it.py::test_agent"' in ran.text


def test_a_policy_of_the_marker_decides_alone(scripted):
    """Where the marker names a policy, that one holds in live mode."""
    source = AGENT.replace("def test_agent", '@pytest.mark.llm_trace(policy="tools")\n    def test_agent')
    project = scripted("one", "two", source=source)
    project.record()
    assert project.run("--llm-live").findings("agent") == []


def test_a_drift_in_most_runs_fails_the_test_once(scripted):
    """Five runs are one row and one failure, which says how often each drift occurred."""
    project = scripted("tool refund", "tool lookup", "tool refund", "tool lookup", "tool lookup", "tool refund")
    project.record()
    ran = project.run("--llm-live", "--llm-live-runs=5")
    ran.outcomes(failed=1)
    assert ran.requests == 5
    row = ran.test("test_agent")
    assert row["runs"] == {"count": 5, "failed": 3, "threshold": 0.5}
    assert rates(row) == [("fail", "tool_call", 0.6, [1, 3, 4])]
    assert (row["calls"], row["live_calls"], row["cost_usd"]) == (5, 5, pytest.approx(5 * row["golden_cost_usd"]))
    section = ran.text.partition("llmtrace: 5 live runs ---")[2].split("\n")[1:4]
    assert section == [
        "failed in 3 of 5 live runs, more than the 50 % that may",
        "  main turn 1 tool call changed (output.tool_calls[0].name): 3 of 5 runs",
        "    refund -> lookup",
    ]


def test_a_drift_in_few_runs_is_a_warning(scripted):
    """A flaky model is no regression: the test passes, and the summary gives the rate."""
    project = scripted("tool refund", "tool lookup", "tool refund", "tool refund", "tool lookup", "tool refund")
    project.record()
    ran = project.run("--llm-live", "--llm-live-runs=5", "--llm-live-threshold=40%")
    ran.outcomes(passed=1)
    assert rates(ran.test("test_agent")) == [("warn", "tool_call", 0.4, [1, 4])]
    flat = " ".join(ran.text.split())
    assert "main turn 1 tool call changed (output.tool_calls[0].name): 2 of 5 runs" in flat


def test_the_threshold_is_the_projects_to_choose(scripted):
    """One run of two that drifts fails under a threshold of 20 %, given in the ini file."""
    project = scripted("tool refund", "tool refund", "tool lookup")
    project.record()
    project.pytester.makeini("[pytest]\nllm_live_threshold = 20%\n")
    ran = project.run("--llm-live", "--llm-live-runs=2")
    ran.outcomes(failed=1)
    assert ran.test("test_agent")["runs"] == {"count": 2, "failed": 1, "threshold": 0.2}


def test_drifts_that_differ_each_time_fail_together(scripted):
    """No single drift is in most runs, yet most runs drift: each of them fails the test."""
    project = scripted("tool refund", "tool lookup", "tool refund", "plain words")
    project.record()
    ran = project.run("--llm-live", "--llm-live-runs=3")
    ran.outcomes(failed=1)
    assert [one for one in rates(ran.test("test_agent")) if one[0] == "fail"] == [
        ("fail", "tool_call", 0.3333, [1]),
        ("fail", "tool_call", 0.3333, [3]),
    ]


def test_each_run_has_fresh_fixtures(scripted):
    """Fixtures of a test are made for each run; those of a module stay, for the last test too."""
    source = """
    made = []

    @pytest.fixture(scope="module")
    def wide():
        made.append("wide")
        yield
        made.append("wide gone")

    @pytest.fixture
    def narrow(wide):
        made.append("narrow")
        yield
        made.append("narrow gone")

    def test_one(narrow):
        chat("hi")

    def test_two(narrow):
        chat("ho")
        assert made.count("wide") == 1
        assert made.count("narrow") == made.count("narrow gone") + 1
        print(made)
    """
    project = scripted(source=source)
    project.record()
    ran = project.run("--llm-live", "--llm-live-runs=3", "-s")
    ran.outcomes(passed=2)
    assert ran.requests == 6
    assert ran.text.count("'narrow'") == 4 + 5 + 6


def test_a_test_that_fails_by_itself_now_and_then(scripted):
    """An assertion of the test that fails in one run of three is within the threshold; in two it is not."""
    source = """
    def test_says_yes():
        assert chat("?") == "yes"
    """
    project = scripted("yes", "yes", "no", "yes", "no", "yes", "no", source=source)
    project.record()
    ran = project.run("--llm-live", "--llm-live-runs=3")
    ran.outcomes(passed=1)
    assert ran.test("yes")["runs"]["failed"] == 1
    ran = project.run("--llm-live", "--llm-live-runs=3")
    ran.outcomes(failed=1)
    assert "failed in 2 of 3 live runs, more than the 50 % that may" in ran.text
    assert "AssertionError" in ran.text


def test_repeats_under_xdist_report_the_same(scripted):
    """What comes from a worker is the same."""
    source = """
    @pytest.mark.parametrize("word", ["a", "b"])
    def test_one(word):
        chat(word)
    """
    project = scripted(source=source)
    project.record()
    alone = project.run("--llm-live", "--llm-live-runs=3")
    spread = project.run("--llm-live", "--llm-live-runs=3", "-n", "1")
    spread.outcomes(passed=2)
    assert spread.requests == 6
    assert spread.timeless == alone.timeless
    assert [row["runs"]["count"] for row in spread.report["tests"]] == [3, 3]


def test_unittest_cases_are_repeated_too(scripted):
    """A method of a TestCase runs as often, and its setUp as well."""
    source = """
    import unittest

    class TestCase(unittest.TestCase):
        count = 0

        def setUp(self):
            type(self).count += 1

        def test_one(self):
            chat("hi")
            print("run", self.count)
    """
    project = scripted(source=source)
    project.record()
    ran = project.run("--llm-live", "--llm-live-runs=3", "-s")
    ran.outcomes(passed=1)
    assert [f"run {number}" in ran.text for number in (1, 2, 3, 4)] == [True, True, True, False]


def test_the_budget_of_the_run_counts_every_run(scripted):
    """A budget for two calls stops the third run: the test fails, and that run is no call, no drift and no rate."""
    project = scripted(source="def test_one():\n    chat('one two three')\n")
    project.record()
    cost = project.run("--llm-live").test("one")["cost_usd"]
    ran = project.run("--llm-live", "--llm-live-runs=5", f"--llm-budget={2 * cost:.10f}")
    ran.outcomes(failed=1)
    assert ran.requests == 2
    assert ran.findings("one") == [("breach", None)]
    assert ran.test("one")["runs"] == {"count": 2, "failed": 0, "threshold": 0.5}
    assert (ran.report["totals"]["calls"], ran.report["totals"]["live_calls"]) == (2, 2)


def test_growth_is_measured_per_run(scripted):
    """Five equal runs have not grown against one golden trace, neither the test nor the whole."""
    project = scripted(source="def test_one():\n    chat('hi')\n")
    project.record()
    assert project.run("--llm-live", "--llm-live-runs=5", "--llm-max-growth=10%").exit == 0


def test_tests_without_a_model_run_once(scripted):
    """A test that calls no LLM, a skipped one, and one whose fixture fails are not repeated."""
    source = """
    @pytest.fixture
    def broken():
        print("setting up")
        assert not "working"

    def test_plain():
        print("plain")

    @pytest.mark.skip
    def test_skipped():
        chat("hi")

    def test_broken(broken):
        chat("hi")
    """
    ran = scripted(source=source).run("--llm-live", "--llm-live-runs=4", "-s")
    ran.outcomes(passed=1, skipped=1, errors=1)
    assert (ran.text.count("plain\n"), ran.text.count("setting up\n")) == (1, 1)


def test_every_run_is_kept(scripted):
    """With --llm-save the first run has the plain name, the others their number."""
    project = scripted("tool refund")
    project.record()
    project.run("--llm-live", "--llm-live-runs=3", "--llm-save=seen")
    folder = project.path / "seen" / "cassettes" / "test_it"
    assert sorted(path.name for path in folder.iterdir()) == [
        "test_agent.run-2.trace.yaml",
        "test_agent.run-3.trace.yaml",
        "test_agent.trace.yaml",
    ]


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--llm-live", "--llm-live-runs=0"], "--llm-live-runs='0': not a number of runs"),
        (["--llm-trace", "--llm-live-runs=3"], "--llm-live-runs=3 has no effect without --llm-live"),
        (["--llm-live", "--llm-live-threshold=100%"], "--llm-live-threshold='100%': not a share"),
        (["--llm-live", "--llm-live-threshold=few"], "--llm-live-threshold='few': not a share"),
    ],
)
def test_values_that_cannot_be_used_are_named(scripted, flags, said):
    """A usage error says which value, and what to write."""
    ran = scripted().run(*flags)
    assert ran.exit == pytest.ExitCode.USAGE_ERROR
    assert said in ran.result.stderr.str()


def test_what_an_interrupted_repeat_has_paid_for_is_reported(scripted):
    """Ctrl-C in the second of three runs: both calls are in the report."""
    source = """
    made = []

    def test_one():
        chat("hi")
        made.append(1)
        if len(made) == 2:
            raise KeyboardInterrupt
    """
    ran = scripted(source=source).run("--llm-live", "--llm-live-runs=3", own_process=True)
    assert ran.exit == pytest.ExitCode.INTERRUPTED
    assert (ran.requests, ran.report["totals"]["live_calls"]) == (2, 2)


def test_the_entries_of_every_run_are_in_the_jsonl_report(scripted):
    """Three runs of one call are three lines."""
    project = scripted(source="def test_one():\n    chat('hi')\n")
    file = project.path / "calls.jsonl"
    project.run("--llm-live", "--llm-live-runs=3", f"--llm-report={file}")
    lines = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    assert [(line["type"], line["nodeid"]) for line in lines] == [("llm_call", "test_it.py::test_one")] * 3
