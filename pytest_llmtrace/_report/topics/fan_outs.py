"""Fan-outs as plain data, and as the lines that a transcript ends with."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pytest_llmtrace._model.usage import Totals
from pytest_llmtrace._report.amounts import dollars
from pytest_llmtrace._report.clean import clean_line
from pytest_llmtrace._report.layout import Line, table
from pytest_llmtrace._report.money import UNKNOWN, count, usd_or_part
from pytest_llmtrace._report.wording import plural

if TYPE_CHECKING:
    from pytest_llmtrace._model.fanout import FanOut
    from pytest_llmtrace._model.trace import LLMCall


def fan_outs_data(calls: Iterable[LLMCall]) -> list[dict[str, Any]]:
    """The fan-outs of a trace: each with its `members`, the `aggregator`, and the sum of the members."""
    from pytest_llmtrace._model.fanout import fan_outs  # noqa: PLC0415  # where they are looked for
    from pytest_llmtrace._model.trajectory import totals  # noqa: PLC0415

    return [
        {
            "members": [
                {"member": member.label, "model": member.call.name, **_amounts(member.totals)} for member in one.members
            ],
            "aggregator": {"model": one.aggregator.name, **_amounts(totals((one.aggregator,)))},
            **_amounts(one.totals),
        }
        for one in fan_outs(calls)
    ]


def fan_out_lines(found: Sequence[FanOut], width: int) -> Iterator[Line]:
    """A table for each fan-out: a row per member, their sum, and the aggregator."""
    from pytest_llmtrace._model.trajectory import totals  # noqa: PLC0415

    for fan_out in found:
        title = f"fan-out of {plural(len(fan_out.members), 'member')}"
        whole = _cells(fan_out.totals)
        rows = [(clean_line(member.label), *_cells(member.totals)) for member in fan_out.members]
        rows += [("all members", *whole)]
        rows += [(f"into {clean_line(fan_out.aggregator.name) or UNKNOWN}", *_cells(totals((fan_out.aggregator,))))]
        lines = table((title, "calls", "in", "out", "cost"), rows, width)
        yield Line(text=lines[0], markup={"bold": True})
        yield from (Line(text=line) for line in lines[1:])
        yield Line(text="")


def fan_out_rows(fan_out: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    """The rows of a fan-out's data: what each is called, and its amounts."""
    rows = [(str(member["member"]), member) for member in fan_out["members"]]
    return [*rows, ("all members", fan_out), (f"into {fan_out['aggregator']['model']}", fan_out["aggregator"])]


def _amounts(amounts: Totals) -> dict[str, Any]:
    """Calls, tokens and cost; where that is unknown, the part that is known."""
    part = {"priced_usd": dollars(amounts.priced_usd)} if amounts.unpriced_calls else {}
    return {
        "calls": amounts.calls,
        "usage": amounts.usage.to_data(),
        "cost_usd": dollars(amounts.cost_usd),
        **part,
    }


def _cells(amounts: Totals) -> tuple[str, ...]:
    usage = amounts.usage
    cost = usd_or_part(amounts.cost_usd, amounts.priced_usd)
    return count(amounts.calls), count(usage.input_tokens), count(usage.output_tokens), cost
