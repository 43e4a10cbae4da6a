"""Budgets as rows of the page."""

from __future__ import annotations

from pytest_llmtrace._report.html.budgets import budget_rows, pricing

SPENT = {"scope": "run", "what": "usd", "limit": 0.01, "value": 0.0124, "source": "--llm-budget"}
UNPRICED = {"scope": "tests/a", "what": "usd", "limit": 0.01, "value": None, "models": ["acme/m9"]}
KEPT = {"scope": "run", "what": "tokens", "limit": 1000, "value": 250}
GROWTH = {"scope": "run", "what": "growth", "of": "usd", "limit": 0.1, "value": 0.02}


def test_breached_budgets_come_first():
    """Each says what was used of it, and how much of it that is where a share has a meaning."""
    document = {"breaches": [SPENT, UNPRICED], "budgets": [KEPT, GROWTH, {**SPENT}, {**UNPRICED}]}

    assert budget_rows(document) == [
        {"line": "cost $0.0124 of $0.01 allowed (set by --llm-budget)", "share": 1.24, "breached": True},
        {
            "line": "tests/a: cost ? of $0.01 allowed (no price for acme/m9: enter it in [tool.llmtrace.prices])",
            "share": None,
            "breached": True,
        },
        {"line": "tokens 250 of 1,000 allowed", "share": 0.25, "breached": False},
        {"line": "growth of cost 2 % of 10 % allowed", "share": None, "breached": False},
    ]


def test_a_model_without_a_price_can_be_priced():
    """The lines for pyproject.toml are there, ready to paste; where every price is known there are none."""
    text = pricing({"breaches": [UNPRICED]})
    assert text is not None
    assert '[tool.llmtrace.prices."acme/m9"]' in text
    assert pricing({"breaches": [SPENT]}) is None


def test_a_document_of_before_has_no_budgets():
    """A document without the list of budgets shows its breaches all the same."""
    assert [row["line"] for row in budget_rows({"breaches": [KEPT]})] == ["tokens 250 of 1,000 allowed"]
