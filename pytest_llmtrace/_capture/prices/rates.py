"""What a usage costs at the rates of one entry of the price map, computed as litellm computes it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from pytest_llmtrace._model.frozen import frozen
from pytest_llmtrace._model.usage import Usage


@frozen
class Rates:
    """US dollars per token."""

    input: float
    output: float
    cache_read: float
    cache_write: float
    cache_write_1h: float
    reasoning: float

    def cost(self, usage: Usage, *, keep_one_hour: bool = False) -> float:
        """US dollars. `keep_one_hour`: what was written to the cache stays for an hour instead of five minutes."""
        written = usage.cache_write_tokens
        fresh = usage.input_tokens - usage.cache_read_tokens - written
        fresh = fresh if fresh > 0 else 0  # noqa: FURB136  # each test asks, and a call takes longer
        sent = fresh * self.input + usage.cache_read_tokens * self.cache_read
        sent += written * (self.cache_write_1h if keep_one_hour else self.cache_write)
        said = usage.output_tokens - usage.reasoning_tokens
        said = said if said > 0 else 0  # noqa: FURB136  # as above
        return sent + said * self.output + usage.reasoning_tokens * self.reasoning


def rates(entry: Mapping[str, Any], provider: str, input_tokens: int, service_tier: str | None) -> Rates | None:
    """The rates that hold for a request of this size and service tier; `None` where the entry has no price.

    Off-peak prices (DeepSeek's nights and weekends) are left out: what a recorded call costs must not depend on when
    the test runs.
    """
    tier = _tier(entry, input_tokens)
    if tier is not None:
        return _tier_rates(entry, tier)
    if _number(entry, "input_cost_per_token") is None and _number(entry, "output_cost_per_token") is None:
        return None
    suffix = "" if provider in _ONE_TIER else _TIER_SUFFIXES.get((service_tier or "").lower(), "")
    passed = _passed(entry, suffix, input_tokens, inclusive=provider == "xai") if provider != "perplexity" else []
    read = _Reader(entry, suffix, passed)
    sent = read("input_cost_per_token") or 0.0
    said = read("output_cost_per_token") or _number(entry, "output_cost_per_image_token") or 0.0
    cached = read("cache_read_input_token_cost")
    if cached is None and entry.get("litellm_provider") == "fireworks_ai":
        cached = (_number(entry, "input_cost_per_token") or 0.0) * _FIREWORKS_CACHE_DISCOUNT
    written = read("cache_creation_input_token_cost")
    written = sent if written is None else written
    one_hour = read("cache_creation_input_token_cost_above_1hr", tiered=False)
    found = Rates(
        input=sent,
        output=said,
        cache_read=sent if cached is None else cached,
        cache_write=written,
        cache_write_1h=written if one_hour is None else one_hour,
        reasoning=said if provider == "xai" else _reasoning(entry, suffix, said),
    )
    return replace(found, cache_write=sent, cache_write_1h=sent) if provider == "perplexity" else found


def depends_on_size(entry: Mapping[str, Any]) -> bool:
    """Whether the rates of an entry may differ with the size of a request."""
    return "tiered_pricing" in entry or any("_above_" in name and not name.endswith("_above_1hr") for name in entry)


class _Reader:
    """Reads a rate of an entry for a service tier and a prompt beyond some thresholds."""

    def __init__(self, entry: Mapping[str, Any], suffix: str, passed: Sequence[str]) -> None:
        self._entry = entry
        self._suffix = suffix
        self._passed = passed

    def __call__(self, name: str, *, tiered: bool = True) -> float | None:
        value = self._of_tier(name) if tiered else _number(self._entry, name)
        for threshold in self._passed:
            beyond = self._of_tier(f"{name}_above_{threshold}_tokens")
            value = value if beyond is None else beyond
        return value

    def _of_tier(self, name: str) -> float | None:
        value = _number(self._entry, name + self._suffix) if self._suffix else None
        return _number(self._entry, name) if value is None else value


def _passed(entry: Mapping[str, Any], suffix: str, tokens: int, *, inclusive: bool) -> list[str]:
    """The thresholds, as the entry spells them (``200k``), that a prompt goes beyond, the lowest first."""
    found = {threshold: _threshold(threshold) for threshold in _thresholds(entry, suffix)}
    passed = [name for name, limit in found.items() if tokens > limit or (inclusive and tokens == limit)]
    return sorted(passed, key=lambda name: found[name])


def _thresholds(entry: Mapping[str, Any], suffix: str) -> Iterator[str]:
    for key, value in entry.items():
        if value is None or "_above_" not in key or not key.startswith(_RATE_NAMES):
            continue
        threshold, tokens, kind = key.rpartition("_above_")[2].partition("_tokens")
        if tokens and kind in ("", suffix) and threshold.rstrip("k").isdigit():
            yield threshold


def _threshold(name: str) -> int:
    return int(name.rstrip("k")) * (1000 if name.endswith("k") else 1)


def _tier(entry: Mapping[str, Any], tokens: int) -> Mapping[str, Any] | None:
    """The row of a table of prices by prompt size: all tokens of a request are billed at one row's rates."""
    table = entry.get("tiered_pricing")
    if not isinstance(table, list) or tokens <= 0:
        return None
    rows = [row for row in table if isinstance(row, dict) and len(row.get("range") or ()) == 2]
    rows.sort(key=lambda row: float(row["range"][0]))
    row = next((row for row in rows if row["range"][0] < tokens <= row["range"][1]), rows[-1] if rows else None)
    return row if row is not None and "input_cost_per_token" in row else None


def _tier_rates(entry: Mapping[str, Any], row: Mapping[str, Any]) -> Rates:
    sent = _number(row, "input_cost_per_token") or 0.0
    said = _number(row, "output_cost_per_token")
    if said is None:
        said = _number(entry, "output_cost_per_token") or 0.0
    cached = _number(row, "cache_read_input_token_cost")
    written = _number(row, "cache_creation_input_token_cost")
    written = sent if written is None else written
    one_hour = _number(row, "cache_creation_input_token_cost_above_1hr")
    thought = _number(row, "output_cost_per_reasoning_token")
    if thought is None and "output_cost_per_token" not in row:
        thought = _number(entry, "output_cost_per_reasoning_token")
    return Rates(
        input=sent,
        output=said,
        cache_read=sent if cached is None else cached,
        cache_write=written,
        cache_write_1h=one_hour or written,
        reasoning=said if thought is None else thought,
    )


def _reasoning(entry: Mapping[str, Any], suffix: str, said: float) -> float:
    """A tier that has an output price of its own, but none for reasoning, prices reasoning as output."""
    own = _number(entry, f"output_cost_per_reasoning_token{suffix}")
    if own is not None:
        return own
    if suffix and _number(entry, f"output_cost_per_token{suffix}") is not None:
        return said
    standard = _number(entry, "output_cost_per_reasoning_token")
    return said if standard is None else standard


def _number(fields: Mapping[str, Any], name: str) -> float | None:
    """A price; a string where it came from a YAML file that spells ``3e-7`` without a point."""
    value = fields.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        price = float(value)
    except (ValueError, OverflowError):
        return None
    return price if 0 <= price < math.inf else None


_RATE_NAMES: Final = (
    "input_cost_per_token",
    "output_cost_per_token",
    "cache_read_input_token_cost",
    "cache_creation_input_token_cost",
)
_TIER_SUFFIXES: Final = {
    "flex": "_flex",
    "balanced": "_balanced",
    "priority": "_priority",
    "fast": "_priority",
    "ultrafast": "_ultrafast",
}
_ONE_TIER: Final = frozenset(
    {
        "dashscope",
        "deepseek",
        "fireworks_ai",
        "perplexity",
        "qwen_ai_platform",
        "qwencloud",
        "tencent",
        "xai",
    }
)
"""Providers whose prices litellm does not tell apart by service tier."""

_FIREWORKS_CACHE_DISCOUNT: Final = 0.5
"""https://docs.fireworks.ai/guides/prompt-caching: cached input is billed at half the input rate by default."""
