"""Whole screens of compared traces on a narrow terminal and in a script without blanks between words."""

from __future__ import annotations

from textwrap import dedent

import pytest

from pytest_llmtrace._compare.drift import compare
from pytest_llmtrace._compare.policies.policy import POLICIES
from pytest_llmtrace._report.failure.screen import failure_text
from tests.unit.compare.traces import refund, trace
from tests.unit.report.builders import verdict

PROMPT = (
    "You are a refund agent of the ACME shop. Orders placed within {} days of delivery may be refunded in full, others "
    "only by voucher."
)
QUESTION = "払い戻してください。注文番号は二十{}です。よろしくお願いします。"


@pytest.mark.parametrize(
    ("golden", "observed", "shown"),
    [
        (
            {"prompt": PROMPT.format(30)},
            {"prompt": PROMPT.format(14), "amount": 30, "status": {"status": "lost", "total": 20}},
            """
              main · gpt-4o-mini · 4 turns
              ~ turn 1  prompt changed  <- first divergence
                  messages[0].content (system)
                  -  …placed within 30 days of…
                  +  …placed within 14 days of…
                                    ^^
                  also in turns 2-4
              ~ turn 2  tool result and tool call changed
                  messages[3].content.status (tool)
                  -  delivered
                  +  lost
                  also in turns 3-4
                  output.…guments.amount (assistant)
                  -  20
                  +  30
                  also in turns 3-4
            """,
        ),
        (
            {"question": QUESTION.format("三"), "agent": "lead"},
            {"question": QUESTION.format("四"), "agent": "lead"},
            """
              lead · gpt-4o-mini · 4 turns
              ~ turn 1  user message changed  <- first divergence
                  messages[1].content (user)
                  -  …号は二十三です。よ…
                  +  …号は二十四です。よ…
                              ^^
                  also in turns 2-4
            """,
        ),
    ],
)
def test_forty_columns(golden, observed, shown):
    """On forty columns too, each value is cut around what changed, and wide characters take two of them."""
    here, there = refund(**golden), refund(**observed)
    drifts = compare(trace(here), trace(there), POLICIES["exact"])
    title, body, rest = failure_text(verdict(*drifts, golden=here, observed=there), 40).split("\n\n")
    assert title == "tests/test_refund.py::test_refund drifted from its golden trace"
    assert dedent(f"  {body}").strip() == dedent(shown).strip()
    assert [line.split()[0] for line in rest.split("\n")] == ["golden", "accept", "4"]
