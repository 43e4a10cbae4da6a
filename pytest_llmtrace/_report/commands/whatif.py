"""Recorded cost beside that of other models: a table, what must be known to read it, and the same as data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pytest_llmtrace._model.usage import Totals, Usage
from pytest_llmtrace._report.amounts import dollars
from pytest_llmtrace._report.clean import clean_line
from pytest_llmtrace._report.layout import Line, plain_lines, table, wrapped
from pytest_llmtrace._report.money import count, usd, usd_or_part
from pytest_llmtrace._report.topics.outcome import change, grew
from pytest_llmtrace._report.wording import joined, plural

_TOKENS: Final = ("in", "cached", "out")
"""Columns that are left out, one after the other, where there is no room for all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A scenario of the table."""

    name: str
    selective: bool = False
    """Whether it moves the calls of some models alone."""
    uncached: tuple[str, ...] = ()
    """Models of it without a price for cached tokens."""
    swapped: Usage = Usage()
    """Tokens of the calls that another model gets, in sum."""
    swapped_calls: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class CostRow:
    """A recorded model, or all of them."""

    model: str
    recorded: Totals
    scenarios: tuple[Totals, ...]


def whatif_lines(
    rows: Sequence[CostRow], whole: CostRow, columns: Sequence[Column], today: Totals, width: int
) -> Iterator[Line]:
    """A row per recorded model and their sum, and the notes."""
    cells = [_cells(row) for row in (*rows, whole)]
    header = ("recorded with", "calls", *_TOKENS, "recorded", *(clean_line(one.name) for one in columns))
    lines = table(header, cells, width, droppable=(*_TOKENS, "calls"))
    yield Line(text=lines[0], markup={"bold": True})
    yield from plain_lines(lines[1:-1])
    yield Line(text=lines[-1], markup={"bold": True})
    yield Line(text="")
    for note in notes(whole, columns, today):
        yield from plain_lines(wrapped(note, width), faint=True)


def whatif_data(rows: Sequence[CostRow], whole: CostRow, columns: Sequence[Column], today: Totals) -> dict[str, Any]:
    """The same as data; a cost that is not known is `None`, with the part that is in `priced_usd`."""
    return {
        "scenarios": [one.name for one in columns],
        "models": [{"model": row.model, **_data(row, columns)} for row in rows],
        "totals": {**_data(whole, columns), "today_usd": dollars(today.cost_usd)},
        "notes": list(notes(whole, columns, today)),
    }


def notes(whole: CostRow, columns: Sequence[Column], today: Totals) -> Iterator[str]:
    """What the figures assume, and what they leave out."""
    yield (
        "Token counts are those of the recorded models: another tokenizer counts the same texts otherwise, and another "
        "model says more or less. What a model does, `pytest --llm-live --llm-model OLD=NEW` shows."
    )
    for column in columns:
        yield from _column_notes(column, whole.recorded.calls)
    thought = max((one.swapped.reasoning_tokens for one in columns), default=0)
    if thought:
        yield (
            f"{count(thought)} reasoning tokens are in the output: another model thinks more, less, or not at all, and "
            "is charged for what it thinks."
        )
    if whole.recorded.usage.estimated:
        yield "Some tokens were counted here, since the provider did not say how many there were."
    recorded, now = whole.recorded.cost_usd, today.cost_usd
    if recorded and now is not None and grew(now / recorded - 1):
        yield f"Recorded costs are of the day of the recording; at the prices known now they are {usd(now)}."
    if whole.recorded.unpriced_calls:
        yield f"{plural(whole.recorded.unpriced_calls, 'recorded call')} without a price: no change can be computed."


def _column_notes(column: Column, calls: int) -> Iterator[str]:
    name = clean_line(column.name)
    stay = calls - column.swapped_calls
    if not column.swapped_calls:
        yield f"{name}: no recorded call is one that it gets, so nothing changes."
    elif stay:
        which = "of other models" if column.selective else "of another kind (embeddings, images, ...)"
        yield f"{name}: {plural(stay, 'call')} {which} at the recorded cost."
    cached = column.swapped.cache_read_tokens
    if cached and column.uncached:
        models = joined([clean_line(model) for model in column.uncached])
        yield f"{name}: {count(cached)} cached tokens cost as much as others, since no price of {models} says less."
    elif cached:
        yield f"{name}: {count(cached)} cached tokens are taken to be cached there, too, at its price for those."
    written = column.swapped.cache_write_tokens
    if written:
        yield f"{name}: {count(written)} tokens written to a cache cost its price for that, or that of others."


def _cells(row: CostRow) -> tuple[str, ...]:
    usage = row.recorded.usage
    return (
        clean_line(row.model),
        count(row.recorded.calls),
        count(usage.input_tokens),
        count(usage.cache_read_tokens) if usage.cache_read_tokens else "",
        count(usage.output_tokens),
        usd_or_part(row.recorded.cost_usd, row.recorded.priced_usd),
        *(_cell(one, row.recorded) for one in row.scenarios),
    )


def _cell(amounts: Totals, recorded: Totals) -> str:
    growth = _growth(amounts, recorded)
    text = usd_or_part(amounts.cost_usd, amounts.priced_usd)
    return text if growth is None else f"{text} ({change(growth) if grew(growth) else '='})"


def _growth(amounts: Totals, recorded: Totals) -> float | None:
    before, after = recorded.cost_usd, amounts.cost_usd
    return None if not before or after is None else after / before - 1


def _data(row: CostRow, columns: Sequence[Column]) -> dict[str, Any]:
    made: dict[str, Any] = {"calls": row.recorded.calls, "usage": row.recorded.usage.to_data(), **_cost(row.recorded)}
    made["scenarios"] = {
        column.name: {**_cost(amounts), "change": _rounded(_growth(amounts, row.recorded))}
        for column, amounts in zip(columns, row.scenarios, strict=True)
    }
    return made


def _cost(amounts: Totals) -> Mapping[str, float | None]:
    part = {"priced_usd": dollars(amounts.priced_usd)} if amounts.unpriced_calls else {}
    return {"cost_usd": dollars(amounts.cost_usd), **part}


def _rounded(growth: float | None) -> float | None:
    return None if growth is None else round(growth, 6)
