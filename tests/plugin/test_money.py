"""Tokens, dollars, budgets."""

import pytest

TWO = """
    def test_one():
        chat("one")

    def test_two():
        chat("two words")
"""


def test_the_summary_says_what_a_replay_would_have_cost(project):
    """Replayed calls are priced, and marked as not paid."""
    project.write(TWO)
    recorded = project.record().report["totals"]
    replayed = project.replay()
    totals = replayed.report["totals"]
    assert totals["calls"] == 2
    assert totals["cost_usd"] == recorded["cost_usd"] > 0
    assert (totals["live_calls"], totals["live_cost_usd"]) == (0, 0.0)
    assert (recorded["live_calls"], recorded["live_cost_usd"]) == (2, recorded["cost_usd"])
    assert "llmtrace" in replayed.text


def test_a_run_budget_fails_the_run(project):
    """A cent too little fails with exit status 1 and says so; enough passes. It holds on replay."""
    project.write(TWO)
    project.record()
    ran = project.run("--llm-trace", "--llm-budget=0.000001")
    ran.outcomes(passed=2)
    assert ran.exit == 1
    assert ran.report["exit"] == "failed"
    (breach,) = ran.report["breaches"]
    assert (breach["scope"], breach["what"], breach["limit"]) == ("run", "usd", 0.000001)
    assert breach["value"] == ran.report["totals"]["cost_usd"]
    assert "budget" in ran.text.lower()
    assert project.run("--llm-trace", "--llm-budget=1").exit == 0


def test_a_token_budget_fails_the_run(project):
    """Tokens are a budget too, input and output together."""
    project.write(TWO)
    project.record()
    ran = project.run("--llm-trace", "--llm-budget-tokens=3")
    assert ran.exit == 1
    assert [(one["what"], one["limit"]) for one in ran.report["breaches"]] == [("tokens", 3)]
    assert project.run("--llm-trace", "--llm-budget-tokens=1000").exit == 0


@pytest.mark.parametrize(("limit", "what"), [("usd=0.0000001", "usd"), ("tokens=1", "tokens"), ("calls=0", "calls")])
def test_a_test_over_its_own_budget_fails(project, limit, what):
    """The marker's budget fails the test, on replay as well."""
    project.write("@pytest.mark.llm_budget(usd=1)\ndef test_one():\n    chat('hi')\n")
    project.record()
    project.edit("usd=1", limit)
    ran = project.replay()
    ran.outcomes(failed=1)
    assert [(one["type"], one["what"]) for one in ran.test("test_one")["findings"]] == [("breach", what)]


def test_an_unknown_price_is_never_zero(project):
    """A model without a price costs `null` and `?`; under a dollar budget it fails and says how to price it."""
    project.write("def test_one():\n    chat('hi', model='acme-9000')\n")
    project.record()
    ran = project.replay()
    assert (ran.exit, ran.test("test_one")["cost_usd"], ran.report["totals"]["cost_usd"]) == (0, None, None)
    assert ran.report["totals"]["unpriced_calls"] == 1
    assert "?" in ran.text
    ran = project.run("--llm-trace", "--llm-budget=1")
    assert ran.exit == 1
    assert ran.report["breaches"][0]["value"] is None
    assert "acme-9000" in ran.text
    project.pytester.makepyprojecttoml(
        '[tool.llmtrace.prices."acme-9000"]\ninput_cost_per_token = 1e-6\noutput_cost_per_token = 2e-6\n'
    )
    ran = project.run("--llm-trace", "--llm-budget=1")
    assert ran.exit == 0
    usage = ran.test("test_one")["usage"]
    assert ran.test("test_one")["cost_usd"] == pytest.approx(
        usage["input_tokens"] * 1e-6 + usage["output_tokens"] * 2e-6
    )


def test_recording_stops_when_the_budget_is_spent(project):
    """The call after the one that spent the budget is refused before it goes out; nothing paid for is lost."""
    project.write("def test_one():\n    for n in range(5):\n        chat(f'call {n}')\n")
    ran = project.run("--llm-record", "--llm-budget=0.000001")
    ran.outcomes(failed=1)
    assert ran.requests == 1
    (finding,) = ran.test("test_one")["findings"]
    assert (finding["type"], finding["what"], finding["refused"]) == ("breach", "usd", True)
    assert ran.exit == 1
    assert project.record("--llm-budget=1").requests == 4


def test_growth_against_the_golden_is_a_gate(project):
    """A test that uses many more tokens than its golden trace fails under --llm-max-growth."""
    project.write("@pytest.mark.llm_trace(policy='tools')\ndef test_one():\n    chat('hi')\n")
    project.record()
    project.edit("chat('hi')", "chat('hi ' * 50)")
    ran = project.run("--llm-live", "--llm-max-growth=10%")
    ran.outcomes(failed=1)
    assert {one["what"] for one in ran.test("test_one")["findings"]} == {"growth"}
    assert project.run("--llm-live", "--llm-max-growth=100000%").exit == 0


def test_a_call_budget_that_stops_a_recording_is_one_finding(project):
    """The call that would be one too many is refused, and said once."""
    project.write("@pytest.mark.llm_budget(calls=1)\ndef test_one():\n    chat('a')\n    chat('b')\n")
    ran = project.run("--llm-record")
    ran.outcomes(failed=1)
    assert ran.requests == 1
    assert [(one["type"], one["what"], one["refused"]) for one in ran.test("test_one")["findings"]] == [
        ("breach", "calls", True)
    ]
