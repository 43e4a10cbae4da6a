"""What recorded calls would cost with other models: the same tokens at other prices."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from pytest_llmtrace._capture.prices.book import PriceBook
from pytest_llmtrace._model.trace import LLMCall
from pytest_llmtrace._model.trajectory import totals
from pytest_llmtrace._model.usage import Totals, Usage
from pytest_llmtrace.errors import SettingsError

_KINDS: Final = {
    "embeddings": "embedding",
    "rerank": "rerank",
    "moderations": "moderation",
    "images": "image_generation",
}
"""Operations that no chat model can do, in litellm's words for the models that can."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """Which models are asked in place of the recorded ones."""

    name: str
    """``gpt-4o``, or ``gpt-4o-mini=gpt-4o``."""
    everything: str | None = None
    """The model for every call that it could answer."""
    pairs: Mapping[str, str] = field(default_factory=dict)
    """Models by those whose calls they get."""

    @property
    def models(self) -> tuple[str, ...]:
        """The models of the scenario."""
        return (self.everything,) if self.everything is not None else tuple(dict.fromkeys(self.pairs.values()))

    def model_for(self, call: LLMCall, book: PriceBook) -> str | None:
        """The model that gets a call; `None`: the recorded one keeps it."""
        if self.everything is not None:
            same = book.kind_of(self.everything) == _KINDS.get(call.operation)
            chats = call.operation not in _KINDS and book.kind_of(self.everything) not in _KINDS.values()
            return self.everything if same or chats else None
        return self.pairs.get(call.name) or self.pairs.get(call.model)


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """What calls would use and cost in a scenario."""

    totals: Totals = Totals()
    swapped: Usage = Usage()
    """Tokens of the calls that another model gets."""
    swapped_calls: int = 0

    def __add__(self, other: Moved) -> Moved:
        return Moved(
            totals=self.totals + other.totals,
            swapped=self.swapped + other.swapped,
            swapped_calls=self.swapped_calls + other.swapped_calls,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatIfRow:
    """A recorded model: what its calls used and cost, and would cost in each scenario."""

    model: str
    recorded: Totals
    today: Totals
    """The same calls of the same model at the prices that are known now."""
    scenarios: tuple[Moved, ...]

    def __add__(self, other: WhatIfRow) -> WhatIfRow:
        return WhatIfRow(
            model=self.model,
            recorded=self.recorded + other.recorded,
            today=self.today + other.today,
            scenarios=tuple(one + two for one, two in zip(self.scenarios, other.scenarios, strict=True)),
        )


def scenarios_of(models: Sequence[str], book: PriceBook) -> tuple[Scenario, ...]:
    """What `--model NEW` and `--model OLD=NEW` ask for.

    Each NEW is a scenario of its own; pairs make one together, and a second one where an OLD comes again.

    Raises:
        SettingsError: A model has no price; it names those that are called nearly the same, and how to price it.
    """
    made: list[Scenario] = []
    groups: list[dict[str, str]] = []
    for text in models:
        old, separator, new = text.rpartition("=")
        if not new or (separator and not old):
            raise SettingsError(f"--model {text!r}: write a model, or OLD=NEW for one of the recorded models alone")
        if book.provider_of(new) is None:
            raise SettingsError(_without_price(new, book))
        if not separator:
            made.append(Scenario(name=new, everything=new))
            continue
        group = next((one for one in groups if old not in one), None)
        if group is None:
            group = {}
            groups.append(group)
        group[old] = new
    named = (", ".join(f"{old}={new}" for old, new in group.items()) for group in groups)
    return (*made, *(Scenario(name=name, pairs=group) for name, group in zip(named, groups, strict=True)))


def what_if(calls: Iterable[LLMCall], scenarios: Sequence[Scenario], book: PriceBook) -> dict[str, WhatIfRow]:
    """A row per recorded model, by its name. Calls add up one by one: rows of two traces may be added."""
    rows: dict[str, WhatIfRow] = {}
    for call in calls:
        if call.status == "missed":
            continue
        name = call.name or "(no model)"
        row = WhatIfRow(
            model=name,
            recorded=totals((call,)),
            today=_priced(call, call.model, call.provider, book),
            scenarios=tuple(_moved(call, scenario, book) for scenario in scenarios),
        )
        rows[name] = rows[name] + row if name in rows else row
    return rows


def unmatched(scenarios: Iterable[Scenario], recorded: Iterable[str]) -> list[str]:
    """The OLDs that are no recorded model."""
    known = {*recorded} | {name.partition("/")[2] for name in recorded}
    return [old for scenario in scenarios for old in scenario.pairs if old not in known]


def _moved(call: LLMCall, scenario: Scenario, book: PriceBook) -> Moved:
    model = scenario.model_for(call, book)
    if model is None:
        return Moved(totals=totals((call,)))
    made = _priced(call, model, book.provider_of(model) or "", book)
    return Moved(totals=made, swapped=call.usage or Usage(), swapped_calls=1)


def _priced(call: LLMCall, model: str, provider: str, book: PriceBook) -> Totals:
    """What a call costs with a model. Surcharges that a request asked for hold at the provider that it asked."""
    usage = call.usage
    if call.cache_hit or (usage is None and call.status != "ok"):
        return Totals(calls=1, usage=usage or Usage())
    params = call.params if provider == call.provider else {}
    cost = None if usage is None else book.cost(model, provider, usage, call.operation, params)
    return Totals(calls=1, usage=usage or Usage(), priced_usd=cost or 0.0, unpriced_calls=int(cost is None))


def _without_price(model: str, book: PriceBook) -> str:
    *others, last = book.near(model) or [""]
    like = f"; did you mean {' or '.join(filter(None, (', '.join(others), last)))}?" if last else "."
    return (
        f"--model {model}: no price per token is known{like} To price it yourself, in pyproject.toml here:\n\n"
        f'  [tool.llmtrace.prices."{model}"]\n'
        "  input_cost_per_token = 1e-6\n"
        "  output_cost_per_token = 2e-6"
    )
