"""What the page knows of a run and of each test."""

from __future__ import annotations

import json

from pytest_llmtrace._model.findings import Drift, Internal, Miss, NoCassette
from pytest_llmtrace._report.document.document import document
from pytest_llmtrace._report.html.blocks import Values
from pytest_llmtrace._report.html.run_data import causes, key_of, rows_of, run_data, whole_row
from tests.unit.report.builders import TEST, chat, payload

DRIFT = Drift(
    kind="prompt",
    conversation="lead",
    turn=1,
    path="messages[0].content",
    golden="Be brief.",
    observed="Be long.",
    role="system",
    first=True,
    folded=2,
    folded_at=("lead turn 2", "lead turn 3"),
    suggestion=("date",),
)


def read(values):
    """All values, as the page reads them."""
    return [value for _, page in values.pages() for value in json.loads(page.json)]


def test_one_cause_in_several_tests_is_listed_once():
    """The same change in three tests is one cause with all of them; graver and more frequent causes come first."""
    other = Drift(kind="model", conversation="", turn=1, path="model", golden="a", observed="b", severity="warn")
    payloads = [
        payload(f"t::{name}", chat(1), other, DRIFT) if name == "b" else payload(f"t::{name}", chat(1), DRIFT)
        for name in "abc"
    ]
    values = Values()

    found = causes(rows_of(document(payloads, {}, mode="trace")), values)

    assert [(cause["title"], cause["severity"], cause["at"]) for cause in found] == [
        ("prompt changed", "fail", [[0, 0], [1, 1], [2, 0]]),
        ("model changed", "warn", [[1, 0]]),
    ]
    assert [read(values)[found[0][side]] for side in ("golden", "observed")] == ["Be brief.", "Be long."]


def test_a_test_in_full():
    """Findings with both sides and every place, notes, and the command that accepts them."""
    (row,) = rows_of(document([payload(TEST, chat(1), DRIFT)], {TEST: "failed"}, mode="trace"))
    values = Values()

    made = whole_row(row | {"nearest_answers": 2, "not_understood": ["POST https://x"]}, (), values)

    assert made == {
        "findings": [
            {
                "type": "drift",
                "kind": "prompt",
                "severity": "fail",
                "title": "prompt changed",
                "path": "messages[0].content",
                "role": "system",
                "golden": 0,
                "observed": 1,
                "suggestion": "[pytest]\nllm_normalize =\n    date",
                "more": None,
                "conversation": "lead",
                "turn": 1,
                "first": True,
                "folded": 2,
                "folded_at": ["lead turn 2", "lead turn 3"],
                "rate": "",
            }
        ],
        "notes": ["2 requests answered with the nearest recorded answer", "not understood: POST https://x"],
        "command": f'pytest --llm-record "{TEST}"',
        "traces": [],
    }


def test_findings_that_are_no_drift():
    """They have a line, and what else is known of them; where recording cannot help, no command says so."""
    found = [
        NoCassette(cassette="g.yaml", tapes_off=True),
        Miss(method="GET", url="https://x", detail="the query differs"),
        Internal(text="broken", traceback="Traceback ..."),
    ]
    (row,) = rows_of(document([payload(TEST, (), *found)], {TEST: "failed"}, mode="trace"))
    values = Values()

    made = whole_row(row, (), values)

    assert [one["title"] for one in made["findings"]] == [
        "cannot be replayed: llm_tapes = off",
        "GET https://x: not on the tape",
        "broken",
    ]
    assert [one["more"] is not None and read(values)[one["more"]] for one in made["findings"]] == [
        False,
        "the query differs",
        "Traceback ...",
    ]
    assert made["command"] == f'pytest --llm-live "{TEST}"'


def test_a_document_that_was_read_from_a_file_is_enough():
    """Rows without models, as an older document has them, and fixtures make a report all the same."""
    made = json.loads(
        json.dumps(
            document(
                [payload(TEST, chat(1)), payload("fixture session client", chat(1))], {TEST: "passed"}, mode="trace"
            )
        )
    )
    del made["tests"][0]["models"]
    rows = rows_of(made)

    data = run_data(made, rows, (), [], [])

    assert [key_of(row) for row in rows] == [(TEST, ""), ("fixture session client", "g.trace.yaml")]
    assert [(row["file"], row["name"], row["fixture"], row["models"], row["trace"]) for row in data["tests"]] == [
        ("tests/test_refund.py", "test_refund", False, [], False),
        ("", "fixture session client", True, ["openai/gpt-4o-mini"], False),
    ]
    assert data["models"] == [
        {"name": "openai/gpt-4o-mini", "calls": 2, "input": 200, "output": 20, "cost": 0.0002, "priced": 0.0002}
    ]


def test_a_repeated_test_is_compared_with_as_many_golden_traces():
    """The golden cost of a test that ran twice is that of two runs, and its growth the document's."""
    row = {**rows_of(document([payload(TEST, chat(2), golden=chat(1))], {}, mode="live"))[0]}
    row |= {"runs": {"count": 2, "failed": 0, "threshold": 0}, "growth": {"usd": 0.0, "tokens": 0.0}}

    (made,) = run_data(document([], {}, mode="live"), [row], (), [], [])["tests"]

    assert (made["cost"], made["golden_cost"], made["growth"], made["runs"]) == (0.0002, 0.0002, 0.0, 2)
