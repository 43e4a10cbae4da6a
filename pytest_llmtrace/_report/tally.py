"""What the calls of one owner come to, in all and by name: what budgets are held against, and what reports show."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from operator import add
from typing import TYPE_CHECKING, Final, TypeVar

from pytest_llmtrace._model.frozen import frozen
from pytest_llmtrace._model.outline import Kind, Outline
from pytest_llmtrace._model.usage import Totals, Usage
from pytest_llmtrace._report.plain import plain

if TYPE_CHECKING:
    from pytest_llmtrace._model.trace import LLMCall

Item = TypeVar("Item")
NO_AGENT: Final = "(no agent)"
"""What the calls without an agent count under, where others have one."""
_NO_MODEL: Final = "(no model)"


@frozen
class Tally:
    """The totals of all calls, and those of the calls with each name."""

    whole: Totals
    models: Mapping[str, Totals]
    agents: Mapping[str, Totals]
    sources: Mapping[str, Totals]
    unpriced_models: tuple[str, ...] = ()
    """Models of calls whose price is not known, each once, sorted."""
    unpriced_live: int = 0
    """Live calls whose price is not known."""


def tally_of(calls: Sequence[LLMCall]) -> Tally:
    """Of the calls of a trace."""
    from pytest_llmtrace._model.trajectory import is_unpriced, totals, unpriced_models  # noqa: PLC0415

    whole = totals(calls)
    made = [call for call in calls if call.status != "missed"]

    def parts(name: Callable[[LLMCall], str]) -> dict[str, Totals]:
        return _parts(made, name, totals, whole)

    return Tally(
        whole=whole,
        models=parts(lambda call: call.name or _NO_MODEL),
        agents=parts(lambda call: call.agent or NO_AGENT),
        sources=parts(lambda call: call.source),
        unpriced_models=unpriced_models(calls),
        unpriced_live=sum(is_unpriced(call) for call in calls if call.source == "live"),
    )


def tally_of_replay(outline: Outline, costs: Sequence[float | None]) -> Tally:
    """Of a replay that was the recording, word for word: of its outline, and what each call costs today."""
    calls = [(kind, usage, cost) for (kind, usage), cost in zip(outline.calls, costs, strict=True)]
    whole, kinds = _replayed(calls), {id(kind): kind for kind, _ in outline.calls}
    sources = {"tape": whole} if calls else {}
    if len(kinds) == 1:  # as nearly always
        ((kind, _), *_) = outline.calls
        models, agents = {model_of(kind): whole}, {agent_of(kind): whole}
        unpriced = (kind.name,) if whole.unpriced_calls else ()
        return Tally(whole=whole, models=models, agents=agents, sources=sources, unpriced_models=unpriced)
    return Tally(
        whole=whole,
        models=_parts(calls, lambda call: model_of(call[0]), _replayed, whole),
        agents=_parts(calls, lambda call: agent_of(call[0]), _replayed, whole),
        sources=sources,
        unpriced_models=tuple(sorted({kind.name for kind, _, cost in calls if cost is None})),
    )


def model_of(kind: Kind) -> str:
    """What its calls count under by model."""
    return str(plain(kind.name or _NO_MODEL))


def agent_of(kind: Kind) -> str:
    """What its calls count under by agent."""
    return str(plain(kind.labels.get("agent") or NO_AGENT))


def _parts(
    calls: Sequence[Item], name: Callable[[Item], str], total: Callable[[Sequence[Item]], Totals], whole: Totals
) -> dict[str, Totals]:
    """The totals by name, sorted; where all have one, as nearly always, those are the whole."""
    names = list(map(name, calls))
    if names and names.count(names[0]) == len(names):
        return {plain(names[0]): whole}
    groups: dict[str, list[Item]] = {}
    for label, call in zip(names, calls, strict=True):
        groups.setdefault(plain(label), []).append(call)
    return {label: total(group) for label, group in sorted(groups.items())}


def _replayed(calls: Sequence[tuple[Kind, Usage, float | None]]) -> Totals:
    """The totals of calls that the tape has answered: nothing was paid."""
    if len(calls) == 1:
        ((_, usage, cost),) = calls
        return Totals(calls=1, usage=usage, priced_usd=cost or 0.0, unpriced_calls=int(cost is None))
    costs = [cost for *_, cost in calls]
    return Totals(
        calls=len(calls),
        usage=Usage.sum([usage for _, usage, _ in calls]),
        priced_usd=reduce(add, [cost or 0.0 for cost in costs], 0.0),  # one after the other, as totals add up
        unpriced_calls=costs.count(None),
    )
