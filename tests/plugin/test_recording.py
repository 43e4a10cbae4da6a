"""What recording says of each test: kept, paid, written, and what behaves otherwise than before."""

from __future__ import annotations

import pytest

from tests.plugin.conftest import Project
from tests.plugin.test_drift import AGENT, SCRIPT
from tests.provider import Provider

OTHER = """
    def test_other():
        assert agent("Refund order 8") == "Done."
"""
ASKS_TWICE = [
    {"tool_results": False, "user": "Refund", "tool_calls": [{"lookup": {"order": "7"}}]},
    {"tool_results": True, "times": 1, "tool_calls": [{"refund": {"order": "7"}}]},
    {"tool_results": True, "text": "Done, and checked twice."},
]


@pytest.fixture
def agent(pytester):
    """Two recorded agents; a provider that answers otherwise may be put in place of theirs."""
    with Provider(SCRIPT) as provider:
        made = Project(pytester, provider)
        made.write(AGENT.replace("URL", repr(provider.openai_url)) + OTHER)
        yield made


def section(text: str) -> list[str]:
    """The lines of the summary below `recorded`."""
    lines = text.split("\n")
    start = lines.index("recorded") + 1
    end = next(at for at in range(start, len(lines)) if not lines[at].startswith("  "))
    return [line.strip() for line in lines[start:end]]


def test_new_tests_say_so(agent):
    """The first recording of a test is called new, with what it cost."""
    ran = agent.record()
    assert section(ran.text) == [
        "test_it.py::test_agent",
        "new, 2 live requests ($0.0000045), written to cassettes/test_it/test_agent.trace.yaml",
        "test_it.py::test_other",
        "new, 2 live requests ($0.0000045), written to cassettes/test_it/test_other.trace.yaml",
    ]
    assert ran.test("test_agent")["recorded"] == {
        "kept": 0,
        "live": 2,
        "from_journal": 0,
        "written": True,
        "new": True,
        "live_calls": 2,
        "live_cost_usd": 0.0000045,
    }


def test_what_behaves_otherwise_is_said_in_short(agent):
    """Tools, outputs and cost of the changed test are named; the files of the other stay as they are, byte for byte."""
    agent.record()
    before = agent.cassettes()
    agent.edit('agent("Refund order 7") == "Done."', 'agent("Refund order 7", system="Check twice.")')
    with Provider(ASKS_TWICE) as provider:
        agent.edit(agent.provider.openai_url, provider.openai_url)
        markdown = agent.path / "report.md"
        ran = agent.record(f"--llm-report={markdown}")
    assert section(ran.text) == [
        "test_it.py::test_agent",
        "3 live requests ($0.00000885), written to cassettes/test_it/test_agent.trace.yaml",
        "tools: refund -> lookup, refund",
        "output of turn 2 changed",
        "cost $0.0000045 -> $0.00000885 (+97 %)",
        "accepted: main turn 1 prompt changed (messages[0].content), 1 more follows",
        "from it",
        "accepted: main turn 1 tool call changed (output.tool_calls[0].name), 1",
        "more follows from it",
        "accepted: main turn 2 tool call added (output.tool_calls[0])",
        "accepted: 1 more difference",
        "1 test unchanged",
    ]
    recorded = ran.test("test_agent")["recorded"]
    assert recorded["tools"] == {"golden": ["refund"], "observed": ["lookup", "refund"]}
    assert recorded["outputs"] == [{"conversation": "main", "turn": 2}]
    assert "    * `tools: refund -> lookup, refund`" in markdown.read_text("utf-8").splitlines()
    after = agent.cassettes()
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {"cassettes/test_it/test_agent.tape.json", "cassettes/test_it/test_agent.trace.yaml"}


def test_an_unchanged_run_says_only_that(agent):
    """Where nothing changed nothing is paid, written or listed."""
    agent.record()
    before = agent.cassettes()
    ran = agent.record()
    assert section(ran.text) == ["2 tests unchanged"]
    assert (ran.requests, agent.cassettes()) == (0, before)
