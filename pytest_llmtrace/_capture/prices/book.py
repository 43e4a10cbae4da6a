"""What a call costs: project prices first, then litellm's price map. Unknown is `None`, never 0."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, Final

from pytest_llmtrace._capture.prices.map import entry_of, is_shipped, price_map, shipped_entry
from pytest_llmtrace._capture.prices.rates import Rates, depends_on_size, rates
from pytest_llmtrace._model.outline import Kind
from pytest_llmtrace._model.usage import Usage

PRICED_PARAMS: Final = ("n", "service_tier", "speed", "inference_geo", "cache_breakpoints")
"""The parameters of a call that change what it costs; `PriceBook.cost` looks at no other."""


class PriceBook:
    """Prices of models."""

    def __init__(self, project_prices: Mapping[str, Mapping[str, float]] | None = None) -> None:
        """Args: project_prices: by model name (``acme-9000`` or ``provider/acme-9000``), in litellm's field names.

        A project price for a model that litellm knows replaces the fields that it names and keeps the others.
        """
        self._project = dict(project_prices or {})
        self._by_token: dict[int, tuple[Kind, Rates | None]] = {}
        """By kind, which those of a suite have in common."""

    def cost(
        self,
        call_model: str,
        provider: str,
        usage: Usage,
        operation: str = "chat",
        params: Mapping[str, Any] | None = None,
    ) -> float | None:
        """US dollars; `None` where the model has no known price.

        Args:
            call_model: The model, with or without the provider's prefix.
            provider: litellm's name of the provider.
            usage: The tokens of the call.
            operation: The kind of call; OpenAI's `moderations` are free, whichever model makes them, a `rerank` may be
                priced by the query (of at most 100 documents), and `images` by the image.
            params: The call's parameters: `n`, the number of images; `service_tier`, Anthropic's `speed` and
                `inference_geo`, and the lifetimes of `cache_breakpoints` change the price.
        """
        if not (params or self._project or operation in _BY_OTHER_THAN_TOKENS) and is_shipped():
            by_token = _fixed_rates(call_model, provider, None)  # nearly every call
            if by_token is not None:
                return by_token.cost(usage)
        params = params or {}
        entry = self._entry(call_model, provider)
        if entry is None:
            return 0.0 if (operation, provider) == ("moderations", "openai") else None
        if operation == "images" and (per_image := _per_image(entry, usage)) is not None:
            images = params.get("n")
            return per_image * (images if type(images) is int and 0 < images <= _MOST_IMAGES else 1)
        tier = params.get("service_tier")
        tier = tier if isinstance(tier, str) else None
        fixed = _fixed_rates(call_model, provider, tier) if not self._project and is_shipped() else None
        found = fixed or rates(entry, provider, usage.input_tokens, tier)
        if found is None:
            return None
        cost = found.cost(usage, keep_one_hour=_keeps_one_hour(params))
        fee = entry.get("input_cost_per_query")
        if operation == "rerank" and isinstance(fee, int | float):
            cost += fee
        return cost * _multiplier(entry, params) if provider == "anthropic" else cost

    def rates_of(self, kind: Kind) -> Rates | None:
        """The rates of calls of a kind, where they cost what they say and nothing else counts; found out once.

        `None`: `cost` knows. The map of litellm may change while a process has imported it, and is asked each time.
        """
        if self._project or not is_shipped():
            return None
        known = self._by_token.get(id(kind))
        if known is None or known[0] is not kind:
            by_token = None
            if not kind.params and kind.operation not in _BY_OTHER_THAN_TOKENS:
                by_token = _fixed_rates(kind.response_model or kind.model, kind.provider, None)
            if len(self._by_token) >= _MOST_KINDS:
                self._by_token.clear()
            known = self._by_token[id(kind)] = kind, by_token
        return known[1]

    def is_project_price(self, model: str, provider: str) -> bool:
        """Whether the project itself says what this model costs."""
        return self._own(model, provider) is not None

    def provider_of(self, model: str) -> str | None:
        """The provider of a model that is named with it or without; `None` where no price per token is known."""
        entry = self._entry(model, "")
        named = str(entry.get("litellm_provider") or "") if entry is not None else ""
        provider = model.partition("/")[0] if "/" in model else named
        known = entry is not None and rates(entry, provider, 0, None) is not None
        return provider if known else None

    def kind_of(self, model: str) -> str:
        """What a model is for, as litellm calls it: ``chat``, ``embedding``, ``rerank``, ...; ``chat`` if not known."""
        entry = self._entry(model, "")
        return str((entry or {}).get("mode") or "chat")

    def prices_cached_tokens(self, model: str) -> bool:
        """Whether tokens from the provider's cache have a price of their own; otherwise they cost as much as others."""
        entry = self._entry(model, "") or {}
        return "cache_read_input_token_cost" in entry or "tiered_pricing" in entry

    def near(self, model: str, most: int = 3) -> list[str]:
        """Models with a price whose names are most like this one, the nearest first."""
        names = {name.lower(): name for name in (*price_map(), *self._project) if ("/" in name) == ("/" in model)}
        found = get_close_matches(model.lower(), names, n=most * 3, cutoff=0.6)
        return [names[name] for name in found if self.provider_of(names[name]) is not None][:most]

    def _entry(self, model: str, provider: str) -> Mapping[str, Any] | None:
        own = self._own(model, provider)
        known = entry_of(model, provider)
        return known if own is None else {**(known or {}), **own}

    def _own(self, model: str, provider: str) -> Mapping[str, float] | None:
        if not self._project:
            return None
        for name in (f"{provider}/{model}", model, model.removeprefix(f"{provider}/")):
            if name in self._project:
                return self._project[name]
        return None


@functools.lru_cache(maxsize=1024)
def _fixed_rates(model: str, provider: str, tier: str | None) -> Rates | None:
    """The rates of the file that litellm ships, read once; `None` where there are none, or the size counts."""
    entry = shipped_entry(model, provider)
    return None if entry is None or depends_on_size(entry) else rates(entry, provider, 0, tier)


def _per_image(entry: Mapping[str, Any], usage: Usage) -> float | None:
    """The price of one image, where images and not the tokens that the provider counted are priced."""
    price = entry.get("output_cost_per_image")
    by_token = "output_cost_per_image_token" in entry or "output_cost_per_token" in entry
    if not isinstance(price, int | float) or (by_token and not usage.estimated):
        return None
    return float(price)


def _keeps_one_hour(params: Mapping[str, Any]) -> bool:
    """Whether everything that the request asks to cache is to stay for an hour."""
    marks = params.get("cache_breakpoints")
    return isinstance(marks, dict) and set(marks) == {"1h"}


def _multiplier(entry: Mapping[str, Any], params: Mapping[str, Any]) -> float:
    """Anthropic's surcharges for a region and for fast mode."""
    surcharges = entry.get("provider_specific_entry")
    if not isinstance(surcharges, dict):
        return 1.0
    factor = 1.0
    for name in (params.get("inference_geo"), "fast" if params.get("speed") == "fast" else None):
        surcharge = surcharges.get(name.lower()) if isinstance(name, str) and name != "global" else None
        factor *= float(surcharge) if isinstance(surcharge, int | float) else 1.0
    return factor


_BY_OTHER_THAN_TOKENS: Final = frozenset({"images", "rerank"})
_MOST_KINDS: Final = 1024
_MOST_IMAGES: Final = 1_000
"""Of one request: providers make ten at most."""
