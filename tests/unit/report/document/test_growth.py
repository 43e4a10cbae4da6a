from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_llmtrace._model.usage import Usage
from pytest_llmtrace._report.document.document import document
from tests.unit.report.builders import chat, payload

A = "tests/test_a.py::test_a"
B = "tests/test_a.py::test_b"


def grown(calls, *, tokens=0, usd=0.0):
    """The calls, the first of which used so much more."""
    first = replace(calls[0], usage=Usage(input_tokens=100 + tokens, output_tokens=10), cost=calls[0].cost + usd)
    return [first, *calls[1:]]


def rows(*payloads):
    """What the document says about each test's growth."""
    return [row.get("growth") for row in document(payloads, {}, mode="trace")["tests"]]


@pytest.mark.parametrize(
    ("observed", "growth"),
    [
        (chat(2), {"tokens": 0.0, "usd": 0.0}),
        (grown(chat(2), tokens=22, usd=0.00005), {"tokens": 0.1, "usd": 0.25}),
        (chat(1), {"tokens": -0.5, "usd": -0.5}),
        ([replace(one, cost=None) for one in chat(2)], {"tokens": 0.0, "usd": None}),
        ([], {"tokens": -1.0, "usd": -1.0}),
    ],
)
def test_growth_of_a_test(observed, growth):
    """Tokens and dollars against the golden trace, as fractions; an unknown price leaves one unknown."""
    assert rows(payload(A, observed, golden=chat(2))) == [growth]


def test_growth_from_nothing():
    """What grew from nothing has no ratio; nothing that stayed nothing has not grown."""
    assert rows(payload(A, chat(1), golden=()), payload(B, (), golden=())) == [
        {"tokens": None, "usd": None},
        {"tokens": 0.0, "usd": 0.0},
    ]


def test_where_nothing_can_be_compared():
    """A test without a golden trace has no growth, and one that was stopped might have gone on."""
    stopped = {**payload(B, chat(1), golden=chat(2)), "stopped": True}
    made = document([payload(A, chat(1)), stopped], {}, mode="trace")

    assert [(row.get("growth"), row.get("stopped")) for row in made["tests"]] == [(None, None), (None, True)]
    assert "growth" not in made


def test_growth_of_all():
    """The run's growth is that of all tests that can be compared, together."""
    made = document(
        [payload(A, chat(3), golden=chat(2)), payload(B, chat(9)), payload("t.py::test_c", chat(2), golden=chat(2))],
        {},
        mode="record",
    )

    assert made["growth"] == {
        "tests": 2,
        "tokens": 0.25,
        "usd": 0.25,
        "golden": {"calls": 4, "usage": {"input_tokens": 400, "output_tokens": 40}, "cost_usd": 0.0004},
        "observed": {"calls": 5, "usage": {"input_tokens": 500, "output_tokens": 50}, "cost_usd": 0.0005},
    }


def test_growth_of_a_repeated_test():
    """A test that ran three times is compared with its golden trace three times."""
    runs = {"count": 3, "failed": 0, "threshold": 0.5}
    first = {**payload(A, chat(2), golden=chat(2)), "runs": runs}
    others = [{**payload(A, chat(2), golden=chat(2)), "phase": "again"} for _ in range(2)]

    assert rows(first, *others) == [{"tokens": 0.0, "usd": 0.0}]
