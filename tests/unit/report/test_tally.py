"""What calls come to: the same from a trace and from the outline of a replay."""

from __future__ import annotations

import pytest

from pytest_llmtrace._capture.assembly.outlining import outline_of
from pytest_llmtrace._model.trace import LLMCall
from pytest_llmtrace._model.usage import Totals, Usage
from pytest_llmtrace._report.tally import Tally, tally_of, tally_of_replay


def call(model: str, agent: str | None, cost: float | None, tokens: int = 3) -> LLMCall:
    usage = Usage(input_tokens=tokens, output_tokens=1)
    return LLMCall(provider="p", model=model, agent=agent, cost=cost, usage=usage, source="tape")


CALLS = [call("b", "lead", 0.1), call("a", None, None), call("b", "lead", 0.2, 5), call("", "other", 0.7)]


@pytest.mark.parametrize("calls", [CALLS[:number] for number in range(5)] + [CALLS[:1] * 3, CALLS[1:2]])
def test_a_replay_comes_to_what_its_trace_does(calls: list[LLMCall]) -> None:
    """Calls of one model and agent, of several, without a price, and none at all."""
    outline = outline_of(calls)
    assert outline is not None
    assert tally_of_replay(outline, [one.cost for one in calls]) == tally_of(calls)


def test_each_name_has_its_totals() -> None:
    """By model, agent and source; what is without a name, and what is without a price, is said."""
    one = Totals(calls=2, usage=Usage(input_tokens=8, output_tokens=2), priced_usd=0.1 + 0.2)
    unpriced = Totals(calls=1, usage=Usage(input_tokens=3, output_tokens=1), unpriced_calls=1)
    last = Totals(calls=1, usage=Usage(input_tokens=3, output_tokens=1), priced_usd=0.7)
    whole = one + unpriced + last
    assert tally_of(CALLS) == Tally(
        whole=whole,
        models={"p/": last, "p/a": unpriced, "p/b": one},
        agents={"(no agent)": unpriced, "lead": one, "other": last},
        sources={"tape": whole},
        unpriced_models=("p/a",),
    )
