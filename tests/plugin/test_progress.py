"""Running spend while recording, among pytest's own progress."""

import re

import pytest

THREE = """
    def test_one():
        chat("one")

    def test_two():
        chat("two")
        chat("three")
"""
LINE = re.compile(r"^llmtrace \d:\d\d: .*$")


@pytest.mark.parametrize(
    ("flags", "shown"),
    [
        ((), ["test_it.py ", "1", ".", "2", "3", ".", "[100%]"]),
        (("-q",), ["1", ".", "2", "3", ".", "[100%]"]),
        (
            ("-v",),
            [
                *("test_it.py::test_one ", "1", "test_it.py::test_one PASSED [ 50%]"),
                *("test_it.py::test_two ", "2", "3", "test_it.py::test_two PASSED [100%]"),
            ],
        ),
        (("--llm-progress=off",), ["test_it.py ..", "[100%]"]),
    ],
)
def test_lines_of_running_spend(project, flags, shown):
    """Each stands on a row of its own, without control characters, and dots and percentages go on as before."""
    project.write(THREE)
    ran = project.record("--llm-progress=0", *flags)
    rows = re.split(r"\n=+ llmtrace =+\n|\nllmtrace: 2 tests", ran.text)[0].splitlines()
    begin = next(number for number, row in enumerate(rows) if row.startswith(("test_it.py", "llmtrace 0:")))
    found = [re.sub(r" {2,}", " ", LINE.sub(_calls, row)) for row in rows[begin:]]
    joined = [part for row in found for part in re.split(r"(?<=\.) (?=\[100%\])", row)]
    assert joined == shown
    assert "\x1b" not in ran.text
    assert "\r" not in ran.text


def test_workers_spend_together(project):
    """Under xdist the process that shows results says what all workers have spent; a replay says nothing."""
    project.write(THREE)
    ran = project.record("--llm-progress=0", "-n1")
    assert all(" live call" in row for row in ran.text.splitlines() if LINE.match(row))
    assert "llmtrace 0:" not in project.replay("--llm-progress=0").text


def _calls(match):
    """The number of calls that a line names."""
    return re.search(r"(\d+) live calls?, \$0\.0+\d+$", match.group()).group(1)
