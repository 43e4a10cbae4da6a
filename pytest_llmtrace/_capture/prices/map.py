"""litellm's price map, read without importing litellm, and the entry in it that prices a model.

The order in which names are tried is litellm's own (`cost_per_token`, then `get_model_info`), so that a call costs
the same whoever computes it.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Final

from pytest_llmtrace._capture.prices.shipped import Entry, ShippedPrices
from pytest_llmtrace._model.expressions import expression

PriceMap = Mapping[str, Entry]


def price_map() -> PriceMap:
    """Model names to prices: the map of litellm where the process has imported it, else the file that it ships.

    The imported one also holds what the application registered through `litellm.register_model`.
    """
    imported = getattr(sys.modules.get("litellm"), "model_cost", None)
    return imported if isinstance(imported, dict) and imported else _shipped()


def entry_of(model: str, provider: str) -> Entry | None:
    """The prices of a model of a provider in the map that is in use; `None` where that has none."""
    return shipped_entry(model, provider) if is_shipped() else find_entry(model, provider, price_map())


def is_shipped() -> bool:
    """Whether the map in use is the file that litellm ships, which nobody changes: what is found in it stays."""
    return "litellm" not in sys.modules or price_map() is _shipped()


@lru_cache(maxsize=1024)
def shipped_entry(model: str, provider: str) -> Entry | None:
    """The prices of a model of a provider in the file that litellm ships."""
    return find_entry(model, provider, _shipped())


def find_entry(model: str, provider: str, prices: PriceMap) -> Entry | None:
    """The prices of a model of a provider, in litellm's names for both; `None` where the map has none."""
    if len(model) > _LONGEST_NAME:
        return None  # an answer may name its model as it likes
    for name in _names(model, provider, prices):
        entry = _get(prices, name)
        if entry is not None and _belongs(entry, provider):
            return entry
    return _by_size(model, provider, prices) or _elsewhere(model, provider, prices)


@lru_cache(maxsize=1)
def price_fields() -> frozenset[str]:
    """The names under which the price map has prices; empty where there is no map."""
    entries = (entry for entry in _shipped().values() if isinstance(entry, dict))
    return frozenset(name for entry in entries for name in entry if "cost" in name)


@lru_cache(maxsize=1)
def _shipped() -> PriceMap:
    spec = importlib.util.find_spec("litellm")
    for place in (spec.submodule_search_locations or ()) if spec is not None else ():
        try:
            return ShippedPrices((Path(place) / "model_prices_and_context_window_backup.json").read_bytes())
        except OSError:
            continue
    return {}


def _names(model: str, provider: str, prices: PriceMap) -> Iterator[str]:
    prefix = f"{provider}/"
    while model.startswith(prefix + prefix):
        model = model.removeprefix(prefix)
    full = model if model.startswith(prefix) else prefix + model
    _, _, after_slash = model.partition("/")
    name = next((one for one in (full, model, after_slash) if one in prices), model)
    name = _AZURE_NAMES.get(name, name)
    bare = name.removeprefix(prefix)
    stripped = _without_version(bare, provider)
    yield from (prefix + bare, name)
    if provider == "bedrock_mantle":
        bare = _AWS_REGION.sub("", bare)
        yield prefix + bare
    yield from (bare, prefix + stripped, stripped, prefix + name)
    if provider == "fireworks_ai":
        yield f"{prefix}accounts/fireworks/models/{bare}"
    if provider == "vertex_ai":
        yield from (f"{prefix}meta/{bare}", f"{prefix}{bare}@latest")


def _without_version(model: str, provider: str) -> str:
    """A model name without what providers add to say which release, region or tuning it is."""
    if provider in ("bedrock", "bedrock_converse"):
        name = _CONTEXT_WINDOW.sub("", _THROUGHPUT.sub(r"\1", _ROUTE.sub("", model)))
        name = name.rpartition("/")[2] if "arn:" in name else name
        return _AWS_REGION.sub("", _INFERENCE_REGION.sub("", name))
    if provider in ("vertex_ai", "gemini", "databricks"):
        return _RELEASE_NUMBER.sub("", model)
    if "ft:" in model:
        return _FINE_TUNING.sub("", model)
    return _DATE.sub("", model)


def _get(prices: PriceMap, name: str) -> Entry | None:
    entry = prices.get(name)
    if entry is None and not (isinstance(prices, ShippedPrices) and not prices.may_have(name)):
        entry = prices.get(_lower_case(prices).get(name.lower(), ""))
    return entry if isinstance(entry, dict) else None


def _lower_case(prices: PriceMap) -> Mapping[str, str]:
    """The map's names by their lower case; made again when the application registers models."""
    last, size, names = _LOWER_CASE[0]
    if last is not prices or size != len(prices):
        names = {name.lower(): name for name in prices}
        _LOWER_CASE[0] = (prices, len(prices), names)
    return names


def _belongs(entry: Entry, provider: str) -> bool:
    owner = entry.get("litellm_provider")
    if owner is None or owner == provider or provider in _ANY_OWNER:
        return True
    if provider in _FAMILIES:
        return isinstance(owner, str) and owner.startswith(_FAMILIES[provider])
    return owner in _ALSO.get(provider, ())


def _by_size(model: str, provider: str, prices: PriceMap) -> Entry | None:
    """Together and Fireworks price models that the map does not name by their number of parameters."""
    if provider not in _SIZES:
        return None
    name = model.lower()
    if provider == "fireworks_ai" and (mixture := _MIXTURE.search(name)):
        total = int(mixture.group(1)) * int(mixture.group(2))
        return prices.get("fireworks-ai-moe-up-to-56b" if total <= 56 else "fireworks-ai-56b-to-176b")
    size = _PARAMETERS.search(name)
    if size is None:
        return None
    billions = float(size.group(1))
    category = next((category for limit, category in _SIZES[provider] if billions <= limit), None)
    return prices.get(category) if category is not None else None


def _elsewhere(model: str, provider: str, prices: PriceMap) -> Entry | None:
    """A model that a gateway serves under the name that it has at its own provider.

    Providers that are only a guess from the shape of the request cannot contradict what the name says.
    """
    if provider not in _GUESSES:
        return None
    owner, slash, bare = model.partition("/")
    if slash:
        return find_entry(bare, owner, prices) if owner != provider else None
    return _get(prices, model) or _get(prices, _DATE.sub("", model))


_LOWER_CASE: Final[list[tuple[PriceMap, int, Mapping[str, str]]]] = [({}, 0, {})]

_AZURE_NAMES: Final = {
    "gpt-35-turbo": "azure/gpt-35-turbo",
    "gpt-35-turbo-16k": "azure/gpt-35-turbo-16k",
    "gpt-35-turbo-instruct": "azure/gpt-35-turbo-instruct",
    "azure/gpt-41": "gpt-4.1",
    "azure/gpt-41-mini": "gpt-4.1-mini",
    "azure/gpt-41-nano": "gpt-4.1-nano",
}
_ANY_OWNER: Final = frozenset({"litellm_proxy", "github", "nadir"})
_FAMILIES: Final = {
    "vertex_ai": "vertex_ai",
    "fireworks_ai": "fireworks_ai",
    "bedrock": "bedrock",
    "bedrock_converse": "bedrock",
    "bedrock_mantle": "bedrock",
}
_ALSO: Final = {
    "azure_ai": ("azure", "openai"),
    "cohere": ("cohere_chat",),
    "openai": ("text-completion-openai",),
    "azure": ("azure_text",),
    "codestral": ("text-completion-codestral",),
    "ollama": ("ollama_chat",),
}
"""Owners that share a provider's host: litellm tells them apart by the kind of call."""

_GUESSES: Final = frozenset({"", "openai", "anthropic", "custom_openai", "openai_like"})

_DATE: Final = expression(r"-\d{4}-\d{2}-\d{2}$")
_RELEASE_NUMBER: Final = expression(r"-\d+$")
_FINE_TUNING: Final = expression(r"(:[^:]*){3}$")
_ROUTE: Final = expression(r"^(?:(?:bedrock|converse|invoke|chat_completions|openai|mantle|nova-2|nova)/)+")
_INFERENCE_REGION: Final = expression(r"^(?:global|us-gov|us|eu|apac|jp|au)\.")
_AWS_REGION: Final = expression(r"^[a-z]{2}(?:-[a-z]+)+-\d/")
_THROUGHPUT: Final = expression(r"(:\d+):\d+k$")
_CONTEXT_WINDOW: Final = expression(r"\[\w+\]$")
_LONGEST_NAME: Final = 500
_MIXTURE: Final = expression(r"(\d+)x(\d+)b")
_PARAMETERS: Final = expression(r"(\d+)b")
_SIZES: Final = {
    "together_ai": (
        (4, "together-ai-up-to-4b"),
        (8, "together-ai-4.1b-8b"),
        (21, "together-ai-8.1b-21b"),
        (41, "together-ai-21.1b-41b"),
        (80, "together-ai-41.1b-80b"),
        (110, "together-ai-81.1b-110b"),
    ),
    "fireworks_ai": (
        (4, "fireworks-ai-up-to-4b"),
        (16, "fireworks-ai-4.1b-to-16b"),
        (float("inf"), "fireworks-ai-above-16b"),
    ),
}
