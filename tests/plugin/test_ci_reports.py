"""What CI systems show of a run: GitHub's annotations and step summary, GitLab's reports, JUnit's properties."""

import json
import xml.etree.ElementTree as ET

import pytest

SOURCE = """
    def test_same(request):
        request.node.user_properties += [(7, "of the test"), ("llmtrace_note", "too")]
        chat("same")

    def test_drifts():
        chat("before")
"""


def command_lines(ran):
    return [line for line in ran.text.split("\n") if line.startswith("::")]


def properties(path):
    """The properties of each test in a JUnit file, by the test's name."""
    return {
        case.get("name"): {one.get("name"): one.get("value") for one in case.iter("property")}
        for case in ET.parse(path).iter("testcase")
    }


@pytest.fixture
def drifted(project, monkeypatch):
    """A project whose second test drifts, in GitHub's hands, in a folder of the checkout."""
    project.write(SOURCE)
    project.record()
    project.edit('chat("before")', 'chat("after @someone")')
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(project.path / "summary.md"))
    monkeypatch.setenv("GITHUB_WORKSPACE", str(project.path.parent))
    return project


def test_a_run_says_the_same_to_ci_with_and_without_workers(drifted):
    """One annotation at the line of the test, one report in the step summary, GitLab's files and JUnit's properties."""
    pytest.importorskip("xdist")
    seen = {}
    for way, args in {"plain": (), "xdist": ("-n", "1")}.items():
        (drifted.path / "summary.md").unlink(missing_ok=True)
        files = ["gl-codequality.json", "metrics.txt"]
        reports = [f"--llm-report={drifted.path / name}" for name in files]
        ran = drifted.replay("--junitxml=junit.xml", "--llm-budget=0.0000001", *reports, *args)
        ran.outcomes(passed=1, failed=1)
        seen[way] = (
            command_lines(ran),
            (drifted.path / "summary.md").read_text("utf-8"),
            properties(drifted.path / "junit.xml"),
            *((drifted.path / name).read_text("utf-8") for name in files),
        )
    commands, summary, junit, quality, metrics = seen["plain"]
    assert seen["xdist"] == seen["plain"]

    line = drifted.path.joinpath("test_it.py").read_text("utf-8").split("\n").index("def test_drifts():") + 1
    file = f"{drifted.path.name}/test_it.py"
    assert [command.split("::")[1] for command in commands] == [
        "error title=LLM budget of the run",
        f"error file={file},line={line},title=test_drifts drifted from its golden trace",
    ]
    assert "%0A-  before%0A+  after @someone%0A" in commands[1]
    assert summary.startswith(
        "## ❌ LLM calls: failed\n\n**1 of 2 tests drifted; the budget of the run is breached.**\n"
    )
    assert summary.count("# ❌ LLM calls") == 1
    assert junit["test_same"] == {
        "7": "of the test",
        "llmtrace_note": "too",
        "llmtrace_calls": "1",
        "llmtrace_live_calls": "0",
        "llmtrace_input_tokens": "1",
        "llmtrace_output_tokens": "3",
        "llmtrace_cost_usd": junit["test_same"]["llmtrace_cost_usd"],
        "llmtrace_findings": "0",
    }
    assert float(junit["test_same"]["llmtrace_cost_usd"]) == ran.test("test_same")["cost_usd"] > 0
    assert junit["test_drifts"]["llmtrace_findings"] == "1"
    assert [issue["location"] for issue in json.loads(quality)] == [
        {"path": file, "lines": {"begin": line}},
        {"path": file, "lines": {"begin": line - 4}},
    ]
    assert 'llmtrace_findings{type="drift",severity="fail"} 1\n' in metrics


def test_github_can_be_told_nothing(drifted):
    """`llm_github = off` leaves the output and the step summary alone."""
    ran = drifted.replay("-o", "llm_github=off")
    ran.outcomes(passed=1, failed=1)
    assert command_lines(ran) == []
    assert not (drifted.path / "summary.md").exists()
