from __future__ import annotations

import re
from dataclasses import replace

from pytest_llmtrace._model.findings import Breach, Drift, NoCassette, Unplayed
from pytest_llmtrace._report.document.document import document
from pytest_llmtrace._report.files.github import workflow_commands
from tests.unit.report.builders import GOLDEN, chat, payload

A, B = "tests/test_a.py::test_a", "tests/test_b.py::test_b"
PLACES = {A: ("tests/test_a.py", 3), B: ("tests/test_b.py", 7)}
DRIFT = Drift(
    kind="prompt", conversation="lead", turn=1, path="messages[0].content", golden="Hi.", observed="Ho.", first=True
)


def test_a_line_per_finding_at_its_test():
    """Errors for what fails, the run's budget first, then the first finding of each test; warnings for what warns."""
    payloads = [
        payload(A, chat(1), DRIFT, replace(DRIFT, kind="output", path="output.content", severity="warn")),
        payload(B, [], NoCassette(cassette=GOLDEN), Unplayed(method="GET", url="http://x/y")),
    ]
    breaches = [Breach(scope="run", what="usd", limit=0.1, value=0.2)]
    made = document(payloads, {}, mode="trace", breaches=breaches, places=PLACES)

    at_a, at_b = ("::{} file=tests/test_a.py,line=3,title=test_a ", "::error file=tests/test_b.py,line=7,title=test_b ")
    drifted = "drifted from its golden trace::lead turn 1"
    accept = f'%0Aaccept: pytest --llm-record "{A}"'
    values = "%0A-  Hi.%0A+  Ho."
    assert workflow_commands(made, ["cannot write the report"]) == [
        "::error title=LLM budget of the run::over budget: cost $0.20 of $0.10 allowed",
        "::error title=pytest-llmtrace::cannot write the report",
        f"{at_a.format('error')}{drifted} prompt changed (messages[0].content){values}{accept}",
        f'{at_b}made an LLM call but has no recording::no recording at {GOLDEN}%0Arecord: pytest --llm-record "{B}"',
        f"{at_b}did not make a request that was recorded::GET http://x/y: recorded, not made",
        f"{at_a.format('warning')}{drifted} answer changed (output.content){values}",
    ]


def test_texts_cannot_begin_a_command():
    """Per cent signs, line ends, colons and commas are written as GitHub's rules say, and nothing makes a new line."""
    name = "t.py::x[a,b:c%\n::stop-commands::z]"
    drift = replace(DRIFT, conversation="a\r\n::error::b", path="", golden="100%\n::error::c", observed=None)
    made = document([payload(name, [], drift)], {}, mode="trace", places={name: ("a,b:c%.py", 1)})

    (line,) = workflow_commands(made)

    assert line == (
        "::error file=a%2Cb%3Ac%25.py,line=1,title=x[a%2Cb%3Ac%25\\n%3A%3Astop-commands%3A%3Az] drifted from its "
        "golden trace::a\\r\\n::error::b turn 1 prompt gone%0A-  100%25%0A-  ::error::c%0A"
        'accept: pytest --llm-record "t.py::x[a,b:c%25\\n::stop-commands::z]"'
    )
    assert not re.search(r"[\r\n]", line)


def test_as_many_as_github_shows():
    """Of more than ten, nine stand there, one of each test before the second of any, and the rest is counted."""
    names = [f"t.py::test_{number}" for number in range(8)]
    payloads = [payload(name, [], DRIFT, DRIFT, replace(DRIFT, severity="warn")) for name in names]

    found = workflow_commands(document(payloads, {}, mode="trace"))

    errors = [line for line in found if line.startswith("::error ")]
    assert [re.findall("title=(test_.)", line) for line in errors] == [
        *([f"test_{n}"] for n in range(8)),
        ["test_0"],
        [],
    ]
    assert errors[-1] == (
        "::error title=pytest-llmtrace::7 more findings: GitHub shows 10 annotations of a kind; the output of pytest "
        "has all"
    )
    assert len(found) - len(errors) == 8


def test_what_is_expected_to_fail_is_no_error():
    """The findings of a test that xfailed are not annotated, and neither is drift that recording accepted."""
    payloads = [payload(A, [], DRIFT), payload(B, [], replace(DRIFT, severity="ignore"))]

    assert workflow_commands(document(payloads, {A: "xfailed"}, mode="trace")) == []
