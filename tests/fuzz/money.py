"""Money: a price is never negative, never NaN and never infinite, whatever was counted; totals add up."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

from hypothesis import strategies as st

from pytest_llmtrace._capture.prices.book import PriceBook
from pytest_llmtrace._capture.prices.map import price_fields, price_map
from pytest_llmtrace._model.usage import Totals, Usage
from pytest_llmtrace._report.money import count, percent, usd
from tests.fuzz.target import of_values

WORDS: Final = (
    "",
    "gpt-4o",
    "openai/gpt-4o",
    "claude-sonnet-4-5",
    "7b",
    "8x7b",
    "1" * 30 + "x" + "9" * 30 + "b",
    "ft:a:b:c",
)
PROVIDERS: Final = (
    "", "openai", "azure", "anthropic", "bedrock", "vertex_ai", "fireworks_ai", "together_ai", "xai", "perplexity",
    "deepseek", "custom_openai", "ollama", "groq",
)  # fmt: skip


FIELDS: Final = ("input_cost_per_token", "output_cost_per_token", "output_cost_per_image", "input_cost_per_query")


def prices(case: tuple[str, str, Usage, str, Mapping[str, Any], Mapping[str, float]]) -> None:
    """A call of any model with any count of tokens and any parameters costs an amount of dollars, or nobody knows."""
    model, provider, usage, operation, params, own = case
    for book in (PriceBook(), PriceBook({model: own})):
        cost = book.cost(model, provider, usage, operation, params)
        assert cost is None or (0 <= cost < math.inf)
        if cost is not None:
            assert usd(cost)
            totals = Totals(calls=1, usage=usage, priced_usd=cost)
            assert (totals + totals).priced_usd == 2 * cost
    if operation == "rerank":  # slow, and the same for all
        book.near(model)
    book.provider_of(model)
    assert count(usage.total_tokens)
    assert percent(usage.input_tokens / (usage.total_tokens or 1))


def _models() -> list[str]:
    return sorted(price_map())


tokens = st.integers(0, 10**6) | st.integers(0, 10**18) | st.sampled_from([0, 1, 128_000, 200_000, 200_001, 272_001])
usages = st.builds(
    Usage,
    input_tokens=tokens,
    output_tokens=tokens,
    cache_read_tokens=tokens,
    cache_write_tokens=tokens,
    reasoning_tokens=tokens,
    estimated=st.booleans(),
)
odd = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=6)
    | st.sampled_from([10**400, -(10**400)])
)
params_of = st.fixed_dictionaries(
    {},
    optional={
        "n": odd,
        "service_tier": odd | st.sampled_from(["flex", "priority", "FAST"]),
        "speed": odd | st.just("fast"),
        "inference_geo": odd | st.sampled_from(["us", "global"]),
        "cache_breakpoints": odd | st.sampled_from([{"1h": 1}, {"5m": 2, "1h": 1}]),
    },
)
models = st.deferred(lambda: st.sampled_from(WORDS) | st.sampled_from(_models()) | st.text(max_size=20))
own_prices = st.deferred(
    lambda: st.dictionaries(
        st.sampled_from(FIELDS) | st.sampled_from(sorted(price_fields())), st.floats(0, 1e6), min_size=1, max_size=4
    )
)
operations = st.sampled_from(["chat", "images", "rerank", "moderations", "embeddings"])

TARGETS: Final = (
    of_values(
        "prices",
        prices.__doc__ or "",
        prices,
        st.tuples(models, st.sampled_from(PROVIDERS), usages, operations, params_of, own_prices),
    ),
)
