"""Every mode with a test that was never recorded, an unchanged and a changed one: who answers, what is written."""

from __future__ import annotations

import pytest

FLAGS = {
    "off": [],
    "trace": ["--llm-trace"],
    "changed": ["--llm-record"],
    "new": ["--llm-record", "--llm-record-mode=new"],
    "all": ["--llm-record", "--llm-record-mode=all"],
    "live": ["--llm-live", "--llm-live-runs=1"],
}


@pytest.mark.parametrize(
    ("mode", "state", "requests", "outcome", "files"),
    [
        ("off", "unrecorded", 1, "passed", "none"),
        ("off", "unchanged", 1, "passed", "kept"),
        ("off", "changed", 1, "passed", "kept"),
        ("trace", "unrecorded", 0, "failed", "none"),
        ("trace", "unchanged", 0, "passed", "kept"),
        ("trace", "changed", 0, "failed", "kept"),
        ("changed", "unrecorded", 1, "passed", "written"),
        ("changed", "unchanged", 0, "passed", "kept"),
        ("changed", "changed", 1, "passed", "written"),
        ("new", "unrecorded", 1, "passed", "written"),
        ("new", "unchanged", 0, "passed", "kept"),
        ("new", "changed", 0, "failed", "kept"),
        ("all", "unrecorded", 1, "passed", "written"),
        ("all", "unchanged", 1, "passed", "kept"),
        ("all", "changed", 1, "passed", "written"),
        ("live", "unrecorded", 1, "passed", "none"),
        ("live", "unchanged", 1, "passed", "kept"),
        ("live", "changed", 1, "passed", "kept"),
    ],
)
def test_the_table_of_modes(project, mode, state, requests, outcome, files):
    """The provider is asked, the test judged and its files written as the table of modes says."""
    project.write("def test_one():\n    chat('hi')\n")
    if state != "unrecorded":
        project.record()
    before = project.cassettes()
    if state == "changed":
        project.edit("'hi'", "'hello'")
    ran = project.run(*FLAGS[mode])
    ran.outcomes(**{outcome: 1})
    assert ran.requests == requests
    after = project.cassettes()
    assert {name for name in after if name.endswith(".journal.jsonl")} == set()
    if files == "written":
        assert len(after) == 2
        assert all(before.get(name) != data for name, data in after.items())
    else:
        assert (after == before, bool(after)) == (True, files == "kept")


@pytest.mark.parametrize("mode", ["changed", "new", "all"])
@pytest.mark.parametrize("state", ["unrecorded", "changed"])
def test_no_mode_writes_what_a_failing_test_recorded(project, mode, state):
    """A failing test keeps its old files, whatever the mode."""
    project.write("def test_one():\n    chat('hi')\n")
    if state != "unrecorded":
        project.record()
    before = project.cassettes()
    project.edit("chat('hi')", "chat('hello')\n    assert False")
    project.run(*FLAGS[mode]).outcomes(failed=1)
    after = project.cassettes()
    assert {name: data for name, data in after.items() if not name.endswith(".journal.jsonl")} == before


def test_everything_anew_does_not_ask_the_journal(project):
    """Who asks for live answers gets them, although older ones wait."""
    project.write("def test_one():\n    chat('hi')\n    assert False\n")
    assert project.run("--llm-record").requests == 1
    project.edit("    assert False\n", "")
    assert project.run("--llm-record", "--llm-record-mode=all").requests == 1
