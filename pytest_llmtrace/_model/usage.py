"""Token counts and totals: values that add."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from functools import reduce
from operator import add
from typing import Final

from pytest_llmtrace._model.frozen import frozen


@frozen
class Usage:
    """Tokens of one call, or a sum of calls."""

    input_tokens: int = 0
    """The whole input, cached parts included, for every provider."""
    output_tokens: int = 0
    """The whole output, reasoning included."""
    cache_read_tokens: int = 0
    """The part of the input that came from the provider's cache."""
    cache_write_tokens: int = 0
    """The part of the input that was written to the provider's cache."""
    reasoning_tokens: int = 0
    """The part of the output that was reasoning."""
    estimated: bool = False
    """Whether any of it was counted by us because the provider did not say."""

    @property
    def total_tokens(self) -> int:
        """Input and output together."""
        return self.input_tokens + self.output_tokens

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            input_tokens=self.input_tokens + other.input_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
            cache_read_tokens=self.cache_read_tokens + other.cache_read_tokens,
            cache_write_tokens=self.cache_write_tokens + other.cache_write_tokens,
            reasoning_tokens=self.reasoning_tokens + other.reasoning_tokens,
            estimated=self.estimated or other.estimated,
        )

    @classmethod
    def sum(cls, of: Sequence[Usage]) -> Usage:
        """All of them together."""
        if len(of) == 1:
            return of[0]
        return cls(
            input_tokens=sum([one.input_tokens for one in of]),
            output_tokens=sum([one.output_tokens for one in of]),
            cache_read_tokens=sum([one.cache_read_tokens for one in of]),
            cache_write_tokens=sum([one.cache_write_tokens for one in of]),
            reasoning_tokens=sum([one.reasoning_tokens for one in of]),
            estimated=any(one.estimated for one in of),
        )

    def to_data(self) -> dict[str, int | bool]:
        """Plain data for files and reports: input and output always, the rest where it is not zero."""
        data: dict[str, int | bool] = {"input_tokens": self.input_tokens, "output_tokens": self.output_tokens}
        if not (self.cache_read_tokens or self.cache_write_tokens or self.reasoning_tokens or self.estimated):
            return data
        for name in _WHERE_NOT_ZERO:
            if value := getattr(self, name):
                data[name] = value
        return data

    @classmethod
    def from_data(cls, data: dict[str, int | bool]) -> Usage:
        """The inverse of `to_data`; unknown keys are ignored."""
        return cls(**{name: value for name, value in data.items() if name in _FIELDS})  # type: ignore[arg-type]


_FIELDS: Final = tuple(field.name for field in fields(Usage))
_WHERE_NOT_ZERO: Final = _FIELDS[2:]


@frozen
class Totals:
    """What a set of LLM calls used and cost."""

    calls: int = 0
    usage: Usage = Usage()
    priced_usd: float = 0.0
    """US dollars of the calls whose price is known."""
    unpriced_calls: int = 0
    """Calls whose price is not known; where there is one, the cost of the whole is not known."""
    live_calls: int = 0
    """Calls that went to a provider in this run."""
    live_usd: float = 0.0
    """US dollars of the live calls whose price is known."""
    live_seconds: float = 0.0
    """Seconds that the live calls took, added up, also where they were made at the same time."""

    @property
    def cost_usd(self) -> float | None:
        """US dollars of everything, or `None` where any price is unknown."""
        return None if self.unpriced_calls else self.priced_usd

    def __add__(self, other: Totals) -> Totals:
        return Totals(
            calls=self.calls + other.calls,
            usage=self.usage + other.usage,
            priced_usd=self.priced_usd + other.priced_usd,
            unpriced_calls=self.unpriced_calls + other.unpriced_calls,
            live_calls=self.live_calls + other.live_calls,
            live_usd=self.live_usd + other.live_usd,
            live_seconds=self.live_seconds + other.live_seconds,
        )


class Sum:
    """What thousands of totals come to, one added after the other, without a value for each step."""

    def __init__(self) -> None:
        self._calls = self._unpriced = self._live = 0
        self._usd = self._live_usd = self._live_seconds = 0.0
        self._input = self._output = self._read = self._written = self._reasoning = 0
        self._estimated = False

    def add(self, amounts: Totals) -> None:
        """Add one."""
        usage = amounts.usage
        self._calls += amounts.calls
        self._usd += amounts.priced_usd
        self._unpriced += amounts.unpriced_calls
        self._live += amounts.live_calls
        self._live_usd += amounts.live_usd
        self._live_seconds += amounts.live_seconds
        self._input += usage.input_tokens
        self._output += usage.output_tokens
        self._read += usage.cache_read_tokens
        self._written += usage.cache_write_tokens
        self._reasoning += usage.reasoning_tokens
        self._estimated |= usage.estimated

    def add_alike(self, calls: int, usage: Usage, usd: Sequence[float]) -> None:
        """Add so many calls with these tokens, all of them replayed, whose prices are added one after the other."""
        self._calls += calls
        self._usd = reduce(add, usd, self._usd)  # as `add` does, so that it comes to the same
        self._input += usage.input_tokens
        self._output += usage.output_tokens
        self._read += usage.cache_read_tokens
        self._written += usage.cache_write_tokens
        self._reasoning += usage.reasoning_tokens

    @property
    def totals(self) -> Totals:
        """What they come to."""
        return Totals(
            calls=self._calls,
            usage=Usage(
                input_tokens=self._input,
                output_tokens=self._output,
                cache_read_tokens=self._read,
                cache_write_tokens=self._written,
                reasoning_tokens=self._reasoning,
                estimated=self._estimated,
            ),
            priced_usd=self._usd,
            unpriced_calls=self._unpriced,
            live_calls=self._live,
            live_usd=self._live_usd,
            live_seconds=self._live_seconds,
        )
