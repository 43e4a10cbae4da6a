"""What calls cost, with every model of litellm's price map as the measure."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import types
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from pytest_llmtrace._capture.prices.book import PRICED_PARAMS, PriceBook
from pytest_llmtrace._capture.prices.map import find_entry, price_map
from pytest_llmtrace._capture.prices.rates import rates
from pytest_llmtrace._model.usage import Usage

pytestmark = pytest.mark.filterwarnings("ignore")
"""litellm warns while it is imported and on its first calls."""

USAGES = (
    Usage(input_tokens=1000, output_tokens=500),
    Usage(input_tokens=2000, output_tokens=300, cache_read_tokens=1500, reasoning_tokens=100),
    Usage(
        input_tokens=300_000,
        output_tokens=5000,
        cache_read_tokens=120_000,
        cache_write_tokens=10_000,
        reasoning_tokens=2000,
    ),
    Usage(input_tokens=200_000, output_tokens=1000, cache_write_tokens=1000),
)
THOUSAND = Usage(input_tokens=1000, output_tokens=1000)


@pytest.fixture(scope="module")
def litellm(litellm: Any) -> Iterator[Any]:
    """Litellm with the price map that it ships, without its advice."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(litellm, "suppress_debug_info", True)
        yield litellm


def priced_models(prices: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Model and provider of each text model, under the full name and under the bare one."""
    for name, entry in prices.items():
        owner = entry.get("litellm_provider") if isinstance(entry, dict) else None
        if not owner or entry.get("mode") not in ("chat", "completion", "responses", "embedding"):
            continue
        for family, provider in (
            ("vertex_ai", "vertex_ai"),
            ("bedrock_converse", "bedrock"),
            ("fireworks_ai", "fireworks_ai"),
        ):
            owner = provider if owner.startswith(family) else owner
        for model in {name, name.removeprefix(f"{owner}/")}:
            yield model, owner, entry


def explained(entry: Mapping[str, Any], provider: str, model: str) -> bool:
    """Where the figures differ on purpose.

    Ollama's are asked from its server, off-peak prices depend on the hour, litellm loses the publisher of a partner's
    model on Vertex AI, an entry without any token price is unknown here and free there, and litellm did not know
    Perplexity's price of cached input before it knew its off-peak prices.
    """
    from litellm.llms.perplexity import cost_calculator

    unpriced = entry.get("input_cost_per_token") is None and entry.get("output_cost_per_token") is None
    return (
        provider == "ollama"
        or (provider == "perplexity" and not hasattr(cost_calculator, "apply_off_peak_pricing"))
        or "off_peak_pricing" in entry
        or (unpriced and not entry.get("tiered_pricing"))
        or (provider == "vertex_ai" and "/" in model.removeprefix("vertex_ai/"))
    )


def takes_cached_tokens_for_free(litellm: Any) -> bool:
    """Whether reading from the cache makes a model cheaper that has one price for all of its input (1.83)."""
    assert "cache_read_input_token_cost" not in litellm.model_cost["gpt-4"]
    usages = Usage(input_tokens=1000), Usage(input_tokens=1000, cache_read_tokens=500)
    whole, cached = (sum(litellm.cost_per_token(model="gpt-4", usage_object=as_litellm(one))) for one in usages)
    return bool(cached < whole)


@pytest.mark.parametrize("tier", [None, "flex", "priority"])
def test_costs_equal_litellms_for_every_model_it_prices(litellm: Any, tier: str | None) -> None:
    """Cached, written and reasoning tokens, long prompts and service tiers, in thousands of models.

    Where an entry has no price for a tier the tier changes nothing: of those litellm is asked for every tenth.
    """
    if takes_cached_tokens_for_free(litellm):
        pytest.skip("this litellm takes cached tokens without a price of their own for free, and not for input")
    book = PriceBook()
    params = {"service_tier": tier} if tier else {}
    different = []
    compared = 0
    for number, (model, provider, entry) in enumerate(priced_models(litellm.model_cost)):
        if explained(entry, provider, model):
            continue
        tiered = tier is None or any(tier in rate for rate in entry)
        for usage in USAGES:
            compared += 1
            own = book.cost(model, provider, usage, params=params)
            theirs = book.cost(model, provider, usage)
            if tiered or own != theirs or number % 10 == 0:
                theirs = sum(
                    litellm.cost_per_token(
                        model=model, custom_llm_provider=provider, usage_object=as_litellm(usage), service_tier=tier
                    )
                )
            if own is None or not math.isclose(own, theirs, rel_tol=1e-9, abs_tol=1e-15):
                different.append((provider, model, usage.input_tokens, own, theirs))

    assert different == []
    assert compared > 5000


def as_litellm(usage: Usage) -> Any:
    from litellm.types.utils import Usage as LitellmUsage

    return LitellmUsage(
        prompt_tokens=usage.input_tokens,
        completion_tokens=usage.output_tokens,
        total_tokens=usage.total_tokens,
        prompt_tokens_details={
            "cached_tokens": usage.cache_read_tokens,
            "cache_creation_tokens": usage.cache_write_tokens,
        },
        completion_tokens_details={"reasoning_tokens": usage.reasoning_tokens},
    )


def test_registered_models_have_a_price(litellm: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """What an application registers through litellm counts."""
    monkeypatch.setattr(litellm, "model_cost", dict(litellm.model_cost))
    litellm.register_model(
        {"acme-9000": {"input_cost_per_token": 1e-6, "output_cost_per_token": 2e-6, "litellm_provider": "openai"}}
    )

    assert PriceBook().cost("acme-9000", "openai", THOUSAND) == pytest.approx(0.003)
    assert PriceBook().cost("Acme-9000", "openai", THOUSAND) == pytest.approx(0.003)


def test_prices_are_read_without_importing_litellm() -> None:
    """Pricing a call costs milliseconds, not the seconds that an import takes."""
    code = (
        "import sys, json\n"
        "from pytest_llmtrace._capture.prices.book import PRICED_PARAMS, PriceBook\n"
        "from pytest_llmtrace._model.usage import Usage\n"
        "cost = PriceBook().cost('gpt-4o-mini', 'openai', Usage(input_tokens=1000, output_tokens=1000))\n"
        "print(json.dumps([cost, 'litellm' in sys.modules]))"
    )
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env={**os.environ, "PYTHONPATH": "."}
    )

    assert json.loads(found.stdout) == [pytest.approx(0.00075), False]


@pytest.mark.parametrize(
    ("model", "provider", "same_as"),
    [
        ("openai/gpt-4o-mini", "openai", ("gpt-4o-mini", "openai")),
        ("gpt-4o-mini-2024-07-18", "openai", ("gpt-4o-mini", "openai")),
        ("gpt-4o-mini-2031-01-01", "openai", ("gpt-4o-mini", "openai")),
        ("GPT-4o-mini", "openai", ("gpt-4o-mini", "openai")),
        ("openai/openai/gpt-4o-mini", "openai", ("gpt-4o-mini", "openai")),
        (
            "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
            "bedrock",
            ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", "bedrock_converse"),
        ),
        ("gpt-35-turbo", "azure", ("azure/gpt-35-turbo", "azure")),
        ("anthropic/claude-sonnet-4-5", "openai", ("claude-sonnet-4-5", "anthropic")),
        ("claude-sonnet-4-5", "openai", ("claude-sonnet-4-5", "anthropic")),
        ("gpt-3.5-turbo-instruct", "openai", ("gpt-3.5-turbo-instruct", "text-completion-openai")),
        ("command-r-08-2024", "cohere", ("command-r-08-2024", "cohere_chat")),
    ],
)
def test_a_model_is_found_under_many_names(model: str, provider: str, same_as: tuple[str, str]) -> None:
    """Prefixes, dates, regions, case, and the names that gateways use."""
    expected = PriceBook().cost(*same_as, THOUSAND)

    assert expected is not None
    assert PriceBook().cost(model, provider, THOUSAND) == expected


@pytest.mark.parametrize(
    ("model", "provider"),
    [
        ("nobody-1", "openai"),
        ("gpt-4o-mini", "groq"),
        ("", ""),
        ("llama-unheard-of", "huggingface"),
        ("x/y/z", "openai"),
    ],
)
def test_an_unknown_model_costs_nobody_knows_what(model: str, provider: str) -> None:
    """Unknown is never 0, and another provider's price is not a price."""
    assert PriceBook().cost(model, provider, THOUSAND) is None


def test_project_prices_come_first() -> None:
    """By bare or by full name, in litellm's field names; fields that are not named keep the map's price."""
    book = PriceBook(
        {
            "acme-9000": {"input_cost_per_token": 1e-6, "output_cost_per_token": 2e-6},
            "openai/gpt-4o-mini": {"output_cost_per_token": 1e-3},
        }
    )

    assert book.cost("acme-9000", "acme", THOUSAND) == pytest.approx(0.003)
    assert book.cost("gpt-4o-mini", "openai", THOUSAND) == pytest.approx(0.15e-3 + 1.0)
    assert book.is_project_price("acme-9000", "whoever")
    assert book.is_project_price("gpt-4o-mini", "openai")
    assert not book.is_project_price("gpt-4o-mini", "azure")


def test_a_project_price_may_be_zero() -> None:
    """A model of one's own is free, not unknown."""
    book = PriceBook({"local": {"input_cost_per_token": 0.0, "output_cost_per_token": 0.0}})

    assert book.cost("local", "openai", THOUSAND) == 0.0


def test_the_parameters_of_a_call_change_its_price() -> None:
    """Service tier, an hour in the cache, Anthropic's fast mode and region."""
    entry = {
        "litellm_provider": "anthropic",
        "input_cost_per_token": 1.0,
        "output_cost_per_token": 2.0,
        "input_cost_per_token_priority": 3.0,
        "cache_creation_input_token_cost": 4.0,
        "cache_creation_input_token_cost_above_1hr": 5.0,
        "provider_specific_entry": {"us": 10.0, "fast": 100.0},
    }
    book = PriceBook({"m": entry})  # type: ignore[dict-item]

    def cost(params: Mapping[str, Any]) -> float | None:
        return book.cost("m", "anthropic", Usage(input_tokens=2, cache_write_tokens=1), params=params)

    assert cost({}) == 5.0
    assert cost({"service_tier": "priority"}) == 7.0
    assert cost({"service_tier": "standard_only"}) == 5.0
    assert cost({"cache_breakpoints": {"1h": 2}}) == 6.0
    assert cost({"cache_breakpoints": {"1h": 1, "5m": 1}}) == 5.0
    assert cost({"inference_geo": "us"}) == 50.0
    assert cost({"inference_geo": "us", "speed": "fast"}) == 5000.0


def test_no_other_parameters_are_looked_at() -> None:
    """The outline of a tape holds these alone, and a replay is priced by it."""
    asked: set[str] = set()

    class Params(dict[str, Any]):
        def get(self, name: str, default: Any = None) -> Any:
            asked.add(name)
            return default

    entry = {"input_cost_per_token": 1.0, "output_cost_per_image": 1.0, "provider_specific_entry": {"us": 10.0}}
    for operation in ("chat", "images"):
        PriceBook({"m": entry}).cost("m", "anthropic", Usage(), operation, Params(x=1))  # type: ignore[dict-item]
    assert asked == set(PRICED_PARAMS)


def test_long_prompts_have_prices_of_their_own() -> None:
    """Beyond a threshold every token costs the higher rate; prices may be spelled as text."""
    entry = {
        "input_cost_per_token": "1e-6",
        "output_cost_per_token": 1e-6,
        "input_cost_per_token_above_128k_tokens": 2e-6,
        "input_cost_per_token_above_256k_tokens": 3e-6,
        "output_cost_per_token_above_256k_tokens": 4e-6,
    }

    found = [rates(entry, "acme", tokens, None) for tokens in (128_000, 128_001, 256_001)]

    assert [(one.input, one.output) for one in found if one] == [(1e-6, 1e-6), (2e-6, 1e-6), (3e-6, 4e-6)]


def test_rates_that_are_remembered_are_those_of_the_map_in_use(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of litellm's file each model is read once, but for those whose price depends on the size of a request."""
    monkeypatch.setitem(sys.modules, "litellm", types.ModuleType("litellm"))
    for tokens in (1, 10_000_000, 1):
        for model, entry in price_map().items():
            provider = str(entry.get("litellm_provider"))
            usage = Usage(input_tokens=tokens, output_tokens=7)
            found = find_entry(model, provider, price_map())
            read = rates(found, provider, tokens, None) if found is not None else None
            if provider != "anthropic" and read is not None:
                assert PriceBook().cost(model, provider, usage) == read.cost(usage), model
    sys.modules["litellm"].model_cost = {"gpt-4o": {"input_cost_per_token": 3.0}}  # type: ignore[attr-defined]
    assert PriceBook().cost("gpt-4o", "openai", Usage(input_tokens=2)) == 6.0


def test_moderations_are_free_at_openai() -> None:
    """Also those by a model that the map does not know."""
    assert PriceBook().cost("text-moderation-next", "openai", Usage(), "moderations") == 0.0


def test_a_rerank_that_is_priced_by_the_query_is_not_free() -> None:
    """Cohere's tokens cost nothing there, the search does."""
    assert PriceBook().cost("rerank-v3.5", "cohere", Usage(input_tokens=10), "rerank") == 0.002


def test_images_may_be_priced_by_the_image() -> None:
    """As many as were asked for; where the provider counts tokens, and those have a price, they decide."""
    book = PriceBook({"painter": {"output_cost_per_image": 0.04}})

    assert book.cost("painter", "acme", Usage(input_tokens=9), "images") == 0.04
    assert book.cost("painter", "acme", Usage(input_tokens=9), "images", {"n": 3}) == pytest.approx(0.12)
    assert book.cost("painter", "acme", Usage(input_tokens=9), "chat") is None
    tokens = PriceBook({"both": {"output_cost_per_image": 0.04, "output_cost_per_token": 0.001}})
    assert tokens.cost("both", "acme", Usage(output_tokens=9), "images") == pytest.approx(0.009)
    assert tokens.cost("both", "acme", Usage(output_tokens=9, estimated=True), "images") == 0.04


def test_a_map_without_the_model_or_with_nonsense_is_no_price() -> None:
    """Damaged entries are unknown prices."""
    assert find_entry("m", "openai", {}) is None
    assert find_entry("m", "openai", {"m": "nonsense"}) is None  # type: ignore[dict-item]
    assert rates({"input_cost_per_token": "much"}, "openai", 1, None) is None
    assert price_map()


def test_a_model_name_without_end_is_no_price() -> None:
    """An answer may name its model as it likes: a megabyte of digits costs no minutes, and is no number."""
    assert find_entry("9" * 1_000_000, "together_ai", {}) is None
    assert find_entry(f"{'9' * 5_000}x7b", "fireworks_ai", {}) is None
