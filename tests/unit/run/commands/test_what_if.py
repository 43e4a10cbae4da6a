"""What recorded calls would cost with other models: which calls move, and at which prices."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_llmtrace._capture.prices.book import PriceBook
from pytest_llmtrace._model.trace import CallError
from pytest_llmtrace._model.usage import Totals, Usage
from pytest_llmtrace._run.commands.what_if import Moved, Scenario, scenarios_of, unmatched, what_if
from pytest_llmtrace.errors import SettingsError
from tests.unit.report.builders import call, said

BOOK = PriceBook(
    {
        "small": {"input_cost_per_token": 1e-6, "output_cost_per_token": 2e-6},
        "large": {
            "input_cost_per_token": 1e-5,
            "output_cost_per_token": 4e-5,
            "cache_read_input_token_cost": 1e-6,
        },
    }
)
ASKED = [said("user", "x")]


def test_each_new_is_a_scenario_and_pairs_make_one():
    """A second pair for the same model is an alternative, so it begins another scenario."""
    assert scenarios_of(["small", "a=large", "large", "b=small", "a=small"], BOOK) == (
        Scenario(name="small", everything="small"),
        Scenario(name="large", everything="large"),
        Scenario(name="a=large, b=small", pairs={"a": "large", "b": "small"}),
        Scenario(name="a=small", pairs={"a": "small"}),
    )


@pytest.mark.parametrize("text", ["", "a=", "=large"])
def test_half_a_model_is_an_error(text):
    """It says what to write."""
    with pytest.raises(SettingsError, match="write a model, or OLD=NEW"):
        scenarios_of([text], BOOK)


def test_a_model_without_a_price_names_its_neighbours():
    """The error has names that are nearly the same, the project's own too, and the lines that would price it."""
    with pytest.raises(SettingsError) as found:
        scenarios_of(["gpt-4o=smal"], BOOK)
    text = str(found.value)
    assert text.startswith("--model smal: no price per token is known; did you mean small")
    assert text.endswith(
        '? To price it yourself, in pyproject.toml here:\n\n  [tool.llmtrace.prices."smal"]\n'
        "  input_cost_per_token = 1e-6\n  output_cost_per_token = 2e-6"
    )
    with pytest.raises(SettingsError) as found:
        scenarios_of(["qqqqqqqqqqqqqqqqqqqqqqqq"], BOOK)
    assert "no price per token is known. To price it yourself" in str(found.value)


def test_the_same_tokens_at_other_prices():
    """Cached tokens at the new price for them, or as others where it has none; failed calls cost nothing."""
    usage = Usage(input_tokens=1000, output_tokens=100, cache_read_tokens=400, reasoning_tokens=60)
    made = call(ASKED, said("assistant", "y"), provider="", model="large", usage=usage, cost=0.01)
    failed = call(ASKED, status="error", error=CallError(type="e", message="m"), usage=None, cost=None, provider="")
    rows = what_if([made, replace(failed, model="large")], scenarios_of(["small", "large"], BOOK), BOOK)

    (row,) = rows.values()
    assert (row.model, row.recorded.calls, row.recorded.cost_usd) == ("large", 2, 0.01)
    small, large = row.scenarios
    assert small.totals.cost_usd == pytest.approx(1000 * 1e-6 + 100 * 2e-6)
    assert large.totals.cost_usd == pytest.approx(600 * 1e-5 + 400 * 1e-6 + 100 * 4e-5)
    assert row.today.cost_usd == large.totals.cost_usd
    assert (small.swapped, small.swapped_calls) == (usage, 2)
    assert (BOOK.prices_cached_tokens("small"), BOOK.prices_cached_tokens("large")) == (False, True)


def test_a_pair_moves_the_calls_of_one_model():
    """It is found with the provider or without; the others keep what was recorded."""
    one = call(ASKED, said("assistant", "y"), model="gpt-4o")
    other = call(ASKED, said("assistant", "y"))
    for old in ("gpt-4o", "openai/gpt-4o"):
        rows = what_if([one, other], scenarios_of([f"{old}=small"], BOOK), BOOK)
        moved = rows["openai/gpt-4o"].scenarios[0].totals.cost_usd
        assert moved == pytest.approx(100 * 1e-6 + 10 * 2e-6)
        assert rows["openai/gpt-4o-mini"].scenarios == (Moved(totals=rows["openai/gpt-4o-mini"].recorded),)
    assert unmatched(scenarios_of(["gpt-4o=small", "openai/gpt-4o=small", "gpt-5=small"], BOOK), rows) == ["gpt-5"]


def test_a_chat_model_gets_no_embeddings():
    """Each call goes to a model that could answer it; an embedding model gets the embeddings alone."""
    chat = call(ASKED, said("assistant", "y"))
    embedding = call(ASKED, operation="embeddings", model="text-embedding-3-small")
    rows = what_if([chat, embedding], scenarios_of(["small", "text-embedding-3-large"], BOOK), BOOK)

    moved = {name: [one.swapped_calls for one in row.scenarios] for name, row in rows.items()}
    assert moved == {"openai/gpt-4o-mini": [1, 0], "openai/text-embedding-3-small": [0, 1]}


def test_an_unknown_usage_has_an_unknown_cost():
    """It is not zero."""
    (row,) = what_if([call(ASKED, usage=None, cost=None)], scenarios_of(["small"], BOOK), BOOK).values()
    assert row.scenarios[0].totals == Totals(calls=1, unpriced_calls=1)


def test_surcharges_stay_with_the_provider_that_was_asked():
    """Twice the price for a priority tier of OpenAI is no price of another provider."""
    made = call(ASKED, said("assistant", "y"), params={"service_tier": "priority"})
    rows = what_if([made], scenarios_of(["openai/gpt-4o", "anthropic/claude-haiku-4-5"], PriceBook()), PriceBook())
    plain = what_if(
        [replace(made, params={})],
        scenarios_of(["openai/gpt-4o", "anthropic/claude-haiku-4-5"], PriceBook()),
        PriceBook(),
    )
    there, elsewhere = (one.totals.priced_usd for one in rows["openai/gpt-4o-mini"].scenarios)
    before, same = (one.totals.priced_usd for one in plain["openai/gpt-4o-mini"].scenarios)
    assert there > before > 0
    assert elsewhere == same > 0
