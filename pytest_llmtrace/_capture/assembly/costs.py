"""What a call cost, by whom knows best."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from pytest_llmtrace._capture.prices.book import PriceBook

if TYPE_CHECKING:
    from pytest_llmtrace._capture.from_litellm.call import LitellmCall
    from pytest_llmtrace._model.outline import Kind
    from pytest_llmtrace._model.trace import LLMCall
    from pytest_llmtrace._model.usage import Usage


def cost_of(call: LLMCall, lone: LitellmCall | None, prices: PriceBook) -> float | None:
    """The cost by whom knows best: the project, litellm, the provider's own answer, the price map."""
    if call.cache_hit:
        return 0.0
    if call.usage is None:
        return call.cost
    return cost_of_usage(call, call.usage, lone, prices, answered=call.cost)


def cost_of_usage(
    call: LLMCall | Kind, usage: Usage, lone: LitellmCall | None, prices: PriceBook, *, answered: float | None = None
) -> float | None:
    """The same for tokens that a call used, or that calls of a kind did; `answered`: what the answer said that it cost.

    Never a zero that means "unknown", and never litellm's zero for a stream whose tokens it did not see.
    """
    own = None
    for model in (call.response_model, call.model):  # litellm's order: an Azure deployment's name has no price
        if own is None and model:
            own = prices.cost(model, call.provider, usage, call.operation, call.params)
    if prices.is_project_price(call.model, call.provider):
        return prices.cost(call.model, call.provider, usage, call.operation, call.params)
    said = lone.cost if lone is not None and not usage.estimated else None
    if said is not None and (said > 0 or not own):
        return own if own is not None and math.isclose(said, own) else said
    return answered if answered is not None else own
